"""Contacts as Outlook saves them (.msg), one file or a ZIP of them, as rows of contacts (MS-OXMSG, MS-OXOCNTC)."""

import io
import struct
import zipfile
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import BinaryIO

import olefile

from crm.imports.errors import FileUnreadable
from crm.imports.reading import LONGEST_CELL, MOST_ROWS, Row
from crm.imports.vcards import COLUMNS

COMPOUND, ARCHIVE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"PK\x03\x04"
LARGEST_CONTACT = 20 << 20  # bytes of one file, with its photo
CLASS = "IPM.Contact"
PLACES: Mapping[str, tuple[int, ...]] = {  # a column, and the properties that it is taken from, best first
    "name": (0x3001, 0x0037),  # display name, subject
    "company": (0x3A16,),
    "job_title": (0x3A17,),
    "phone": (0x3A08, 0x3A1B, 0x3A1A, 0x3A09),  # business, second business, primary, home
    "mobile": (0x3A1C,),
    "customer.website": (0x3A51, 0x3A50),
}
NAMED: Mapping[str, tuple[int, ...]] = {  # the same by the numbers that Outlook gives names of its own
    "email": (0x8083, 0x8093, 0x80A3),
    "customer.street": (0x8045,),
    "customer.city": (0x8046,),
    "customer.postal_code": (0x8048,),
    "customer.country": (0x8049,),
}
GIVEN, MIDDLE, FAMILY = 0x3A06, 0x3A44, 0x3A11
BIRTHDAY, TIME, CODE_PAGE = 0x3A42, 0x0040, 0x3FFD
HEADER = 32  # bytes before the entries of a message's properties
ENTRY = 16
FIRST_NAMED = 0x8000
EPOCH = datetime(1601, 1, 1, tzinfo=UTC)
TROUBLE = (OSError, struct.error, IndexError, ValueError, OverflowError, LookupError)


def is_outlook(content: bytes) -> bool:
    """Whether a file begins like a contact of Outlook, or like a ZIP."""
    return content[: len(COMPOUND)] == COMPOUND or content[: len(ARCHIVE)] == ARCHIVE


def contact_rows(source: BinaryIO) -> Iterator[Row]:
    """A row with `COLUMNS` of vCards for each contact. Raises `FileUnreadable` with the file that is none."""
    content = source.read()
    if content[: len(COMPOUND)] == COMPOUND:
        yield Row(line=1, cells=_cells(content, "The file"))
        return
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as pack:
            files = [each for each in pack.infolist() if each.filename.lower().endswith(".msg")]
            if not files or len(files) > MOST_ROWS:
                told = f"The ZIP must hold between 1 and {MOST_ROWS} contacts of Outlook (.msg)."
                raise FileUnreadable(f"{told} A workbook of Excel is one, too: save it as CSV instead.")
            for number, each in enumerate(files, 1):
                name = f"The file {each.filename[-80:]!r} in it"
                with pack.open(each) as inside:
                    found = inside.read(LARGEST_CONTACT + 1)  # what the ZIP says of its size may be wrong
                if len(found) > LARGEST_CONTACT:
                    raise FileUnreadable(f"{name} has more than {LARGEST_CONTACT >> 20} MiB.", line=number)
                yield Row(line=number, cells=_cells(found, name))
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError) as error:
        raise FileUnreadable("The ZIP cannot be read; it is damaged, or locked by a password.") from error


def _cells(content: bytes, name: str) -> tuple[str, ...]:
    try:
        with olefile.OleFileIO(io.BytesIO(content)) as file:
            texts = _texts(file)
            birthday = _birthday(file)
            named = _named(file)
    except TROUBLE as error:
        raise FileUnreadable(f"{name} is no contact of Outlook, or a damaged one.") from error
    if not texts.get(0x001A, "").startswith(CLASS):
        raise FileUnreadable(f"{name} is no contact; save contacts of Outlook, not messages or appointments.")
    values = dict.fromkeys(COLUMNS, "")
    for column, places in PLACES.items():
        values[column] = next((texts[each] for each in places if texts.get(each)), "")
    for column, places in NAMED.items():
        values[column] = next((texts[named[each]] for each in places if texts.get(named.get(each, 0))), "")
    parts = (texts.get(each, "") for each in (GIVEN, MIDDLE, FAMILY))
    values["name"] = values["name"] or " ".join(filter(None, parts))
    values["birthday"] = birthday
    return tuple(values[column] for column in COLUMNS)


def _texts(file: olefile.OleFileIO) -> dict[int, str]:
    """The properties that are texts, by number."""
    found = {}
    for path in file.listdir(streams=True, storages=False):
        stream = path[0]
        if len(path) != 1 or not stream.startswith("__substg1.0_") or len(stream) != len("__substg1.0_") + 8:
            continue
        number, kind = int(stream[-8:-4], 16), stream[-4:]
        if kind in {"001F", "001E"}:
            content = file.openstream(path).read(4 * LONGEST_CELL)
            encoding = "utf-16-le" if kind == "001F" else f"cp{_code_page(file)}"
            found[number] = content.decode(encoding, errors="replace").replace("\0", "").strip()[:LONGEST_CELL]
    return found


def _named(file: olefile.OleFileIO) -> dict[int, int]:
    """Numbers of names to numbers of properties in this file (MS-OXMSG, section 2.2.3)."""
    place = "__nameid_version1.0/__substg1.0_00030102"
    if not file.exists(place):
        return {}
    entries = file.openstream(place).read(1 << 20)
    found = {}
    for number, kind, index in struct.iter_unpack("<IHH", entries[: len(entries) // 8 * 8]):
        if not kind & 1:  # a number, not a word
            found[number] = FIRST_NAMED + index
    return found


def _properties(file: olefile.OleFileIO) -> Iterator[tuple[int, int, bytes]]:
    content = file.openstream("__properties_version1.0").read(1 << 20)[HEADER:]
    for kind, number, _flags, value in struct.iter_unpack("<HHI8s", content[: len(content) // ENTRY * ENTRY]):
        yield number, kind, value


def _birthday(file: olefile.OleFileIO) -> str:
    """The day where the person lives: Outlook keeps the moment at which it begins there."""
    for number, kind, value in _properties(file):
        if (number, kind) == (BIRTHDAY, TIME):
            moment = EPOCH + timedelta(microseconds=int.from_bytes(value, "little") // 10)
            return (moment + timedelta(hours=12)).date().isoformat()
    return ""


def _code_page(file: olefile.OleFileIO) -> int:
    pages = (int.from_bytes(value[:4], "little") for number, _, value in _properties(file) if number == CODE_PAGE)
    return next(pages, 1250)
