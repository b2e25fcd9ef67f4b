"""vCards 2.1, 3.0 and 4.0 as rows of contacts.

A small reader of our own: the kept libraries read the lines of RFC 6350 and stop at what 2.1 writes otherwise
(parameters without names, soft line breaks of quoted-printable), which is what old telephones and Outlook send.
"""

import binascii
import quopri
from collections.abc import Iterator
from dataclasses import field
from typing import BinaryIO

from core.records import dataclass
from crm.imports.errors import FileUnreadable
from crm.imports.reading import MOST_ROWS, Row

COLUMNS = (
    "name",
    "company",
    "job_title",
    "email",
    "phone",
    "mobile",
    "birthday",
    "customer.street",
    "customer.postal_code",
    "customer.city",
    "customer.country",
    "customer.website",
    "external_reference",
    "photo",
)
LONGEST_LINE = 8 << 20  # characters of an unfolded line, a photo at most
ENCODED = {"QUOTED-PRINTABLE": "quoted", "B": "base64", "BASE64": "base64"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Property:
    """A line of a card: its name, what is said of it, its value as written."""

    name: str
    kinds: frozenset[str] = frozenset()  # HOME, WORK, CELL, PREF, …
    parameters: dict[str, str] = field(default_factory=dict)
    value: str = ""


def card_rows(source: BinaryIO) -> Iterator[Row]:
    """A row with `COLUMNS` for each card. Raises `FileUnreadable` with the line that is wrong."""
    count, begins = 0, 0
    found: list[Property] = []
    for line, text in _lines(source.read()):
        said = text.strip().upper()
        if said == "BEGIN:VCARD":
            begins, found = line, []
        elif said == "END:VCARD" and begins:
            count += 1
            if count > MOST_ROWS:
                raise FileUnreadable(f"The file has more than {MOST_ROWS} cards. Split it.")
            yield Row(line=begins, cells=_cells(found))
            begins = 0
        elif begins and ":" in text:
            found.append(_property(text))
    if begins:
        raise FileUnreadable(f"The card that begins at line {begins} has no end.", line=begins)


def _lines(content: bytes) -> Iterator[tuple[int, str]]:
    """Unfolded lines with the number of their first one; soft breaks of quoted-printable are folds, too."""
    text = _decoded(content)
    whole, begins = "", 0
    for number, line in enumerate(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"), 1):
        soft = "QUOTED-PRINTABLE" in whole.partition(":")[0].upper() and whole.endswith("=")
        if begins and (soft or line[:1] in {" ", "\t"}):
            whole = whole[:-1] + line if soft else whole + line[1:]
            if len(whole) > LONGEST_LINE:
                raise FileUnreadable(f"The line {begins} is too long.", line=begins)
            continue
        if begins:
            yield begins, whole
        whole, begins = line, number
    if begins:
        yield begins, whole


def _decoded(content: bytes) -> str:
    for encoding in ("utf-8-sig", "cp1250"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    return content.decode("latin-1")


def _property(text: str) -> Property:
    head, value = _parted(text)
    name, *said = head.split(";")
    kinds, parameters = set(), {}
    for each in said:
        key, equals, told = each.partition("=")
        if not equals:
            key, told = ("ENCODING", key) if key.upper() in ENCODED else ("TYPE", key)
        if key.upper() == "TYPE":
            kinds |= {kind.strip('" ').upper() for kind in told.split(",")}
        else:
            parameters[key.upper()] = told.strip('"')
    bare = name.rpartition(".")[2].upper()  # item1.TEL
    if ENCODED.get(parameters.get("ENCODING", "").upper()) == "quoted":
        charset = parameters.get("CHARSET", "utf-8")
        value = _quoted(value, charset)
    return Property(name=bare, kinds=frozenset(kinds), parameters=parameters, value=value)


def _parted(text: str) -> tuple[str, str]:
    """Head and value: at the first colon outside quotation marks."""
    is_quoted = False
    for index, each in enumerate(text):
        if each == '"':
            is_quoted = not is_quoted
        elif each == ":" and not is_quoted:
            return text[:index], text[index + 1 :]
    return text, ""


def _quoted(value: str, charset: str) -> str:
    content = quopri.decodestring(value.encode("latin-1", errors="replace"))
    try:
        return content.decode(charset)
    except (LookupError, UnicodeDecodeError):
        return content.decode("utf-8", errors="replace")


def _parts(value: str, mark: str) -> list[str]:
    """Parts at a mark that no backslash precedes, unescaped."""
    found, part, is_escaped = [], "", False
    for each in value:
        if is_escaped:
            part += "\n" if each in "nN" else each
            is_escaped = False
        elif each == "\\":
            is_escaped = True
        elif each == mark:
            found.append(part)
            part = ""
        else:
            part += each
    return [*found, part]


def _text(value: str) -> str:
    return _parts(value, "\0")[0].strip()


def _cells(found: list[Property]) -> tuple[str, ...]:
    values = dict.fromkeys(COLUMNS, "")
    values["name"] = _name(found)
    values["company"] = _parts(_first(found, "ORG"), ";")[0].strip()
    values["job_title"] = _text(_first(found, "TITLE") or _first(found, "ROLE"))
    values["email"] = _text(_best(found, "EMAIL", ("PREF", "WORK"))).removeprefix("mailto:")
    values["mobile"] = _number(_best(found, "TEL", ("CELL",), only=True))
    values["phone"] = _number(_best(found, "TEL", ("WORK", "VOICE", "PREF", "HOME"), without={"CELL", "FAX", "PAGER"}))
    values["birthday"] = _birthday(_first(found, "BDAY"))
    address = [part.strip() for part in _parts(_best(found, "ADR", ("WORK",)), ";")]
    if len(address) >= 7:
        values |= {"customer.street": " ".join(part for part in address[:3] if part), "customer.city": address[3]}
        values |= {"customer.postal_code": address[5], "customer.country": address[6]}
    values["customer.website"] = _web(_text(_first(found, "URL")))
    values["external_reference"] = _text(_first(found, "UID")).removeprefix("urn:uuid:")[:64]
    values["photo"] = _photo(found)
    return tuple(values[name] for name in COLUMNS)


def _name(found: list[Property]) -> str:
    full = _text(_first(found, "FN"))
    if full:
        return full
    parts = [part.strip() for part in _parts(_first(found, "N"), ";")] + [""] * 5
    return " ".join(part for part in (parts[3], parts[1], parts[2], parts[0], parts[4]) if part)


def _first(found: list[Property], name: str) -> str:
    return next((each.value for each in found if each.name == name), "")


def _best(
    found: list[Property],
    name: str,
    wanted: tuple[str, ...],
    *,
    only: bool = False,
    without: set[str] | frozenset[str] = frozenset(),
) -> str:
    """The value of the line whose kind is wanted most."""
    own = [each for each in found if each.name == name and not each.kinds & without]
    for kind in wanted:
        for each in own:
            if kind in each.kinds or (kind == "PREF" and "PREF" in each.parameters):
                return each.value
    return "" if only or not own else own[0].value


def _number(value: str) -> str:
    return _text(value).removeprefix("tel:")


def _birthday(value: str) -> str:
    """`19800531`, `1980-05-31T00:00:00Z`, `--0531` as ISO days."""
    text = _text(value).partition("T")[0]
    bare = text.replace("-", "")
    if text.startswith("--") and len(bare) == 4:
        return f"--{bare[:2]}-{bare[2:]}"
    return f"{bare[:4]}-{bare[4:6]}-{bare[6:]}" if len(bare) == 8 and bare.isdigit() else text


def _web(text: str) -> str:
    return text if not text or "://" in text else f"https://{text}"


def _photo(found: list[Property]) -> str:
    """The photo in base64, if there is one that stands in the card itself."""
    for each in found:
        if each.name != "PHOTO":
            continue
        if ENCODED.get(each.parameters.get("ENCODING", "").upper()) == "base64":
            text = "".join(each.value.split())
        elif each.value.startswith("data:") and ";base64," in each.value:
            text = each.value.partition(";base64,")[2]
        else:
            continue
        try:
            binascii.a2b_base64(text, strict_mode=True)
        except binascii.Error:
            continue
        return text
    return ""
