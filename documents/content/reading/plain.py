"""Plain text in the encodings that people really send."""

import codecs
import csv
import io
import itertools
from typing import Any

from documents.content.reading.found import File, Found, tidy

MOST = 16 << 20  # bytes of text that are read
SAMPLE = 64 << 10  # characters from which the separator of a table is told
ROWS, COLUMNS, CELL = 500, 40, 500
MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
CENTRAL = frozenset("ąćęłńóśźżĄĆĘŁŃÓŚŹŻáčďéěíňřšťúůýžÁČĎÉĚÍŇŘŠŤÚŮÝŽäöüßÄÖÜőűŐŰăâîșțşţĂÂÎŞŢ")
CODE_PAGES = ("cp1250", "iso-8859-2")  # the first one where both are as good
CYRILLIC = "cp1251"


def read(file: File) -> Found:
    """The text; a table too for CSV."""
    content = file.bytes(MOST)
    text = tidy(decoded(content))
    most = file.limits.characters
    layout = table(text) if file.media_type == "text/csv" or file.extension in {".csv", ".tsv"} else None
    is_partial = file.size > MOST or len(text) > most
    return Found(text=text[:most], layout=layout, is_partial=is_partial, library="text")


def decoded(content: bytes) -> str:
    """The text of bytes in an encoding that nobody names; what cannot be read becomes a replacement character."""
    for mark, encoding in MARKS:
        if content.startswith(mark):
            return content.decode(encoding, "replace")
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        if error.start > len(content) - 4 and len(content) >= MOST:  # cut in the middle of a character
            return content[: error.start].decode()
    return content.decode(code_page(content), "replace")


def code_page(content: bytes) -> str:
    """The likeliest eight-bit encoding: Cyrillic where most letters are high, else where the letters make sense."""
    sample = content[:SAMPLE]
    high = sum(byte >= 0xC0 for byte in sample)
    low = sum(0x41 <= byte <= 0x5A or 0x61 <= byte <= 0x7A for byte in sample)
    if high > low:
        return CYRILLIC
    return max(CODE_PAGES, key=lambda name: _sense(sample.decode(name, "replace")))


def _sense(text: str) -> int:
    strange = sum(
        ord(character) > 0x7F and not character.isalpha() and before.isalpha()
        for before, character in itertools.pairwise(text)
    )
    return sum(character in CENTRAL for character in text) - 2 * strange


def table(text: str) -> dict[str, Any] | None:
    """Lines with separators, as a table to show; None where they are none."""
    try:
        dialect = csv.Sniffer().sniff(text[:SAMPLE], delimiters=";,\t|")
        rows = list(itertools.islice(csv.reader(io.StringIO(text), dialect), ROWS + 1))
    except csv.Error:
        return None
    return {"kind": "sheets", "sheets": [shown("", rows)]}


def shown(name: str, rows: list[list[str]]) -> dict[str, Any]:
    """The beginning of a sheet."""
    widest = max((len(row) for row in rows), default=0)
    return {
        "name": name[:100],
        "rows": [[cell[:CELL] for cell in row[:COLUMNS]] for row in rows[:ROWS]],
        "is_partial": len(rows) > ROWS or widest > COLUMNS,
    }
