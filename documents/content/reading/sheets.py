"""Spreadsheets: XLSX, XLS, XLSB and ODS."""

import io
from datetime import date, datetime, time, timedelta
from importlib.metadata import version
from typing import Any

from python_calamine import CalamineError, CalamineWorkbook, PasswordError

from documents.content.reading import archive
from documents.content.reading.found import Collected, File, Found, Unreadable
from documents.content.reading.plain import ROWS, shown

MOST_SHEETS = 200
SHOWN_SHEETS = 20


def read(file: File) -> Found:
    """The text of all cells, and the beginning of each sheet as a table."""
    if file.bytes(4) == b"PK\x03\x04":
        archive.opened(file)
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(file.bytes()))
    except PasswordError as error:
        raise Unreadable("it is protected by a password") from error
    except (CalamineError, OSError, ValueError) as error:
        raise Unreadable("it is not a whole spreadsheet") from error
    found = Collected(file.limits.characters)
    sheets: list[dict[str, Any]] = []
    for name in book.sheet_names[:MOST_SHEETS]:
        try:
            rows = _rows(book.get_sheet_by_name(name), found)
        except (CalamineError, ValueError):  # a chart, or a damaged sheet among good ones
            continue
        if len(sheets) < SHOWN_SHEETS:
            sheets.append(shown(name, rows))
    return Found(
        text=found.text(),
        layout={"kind": "sheets", "sheets": sheets},
        pages=len(book.sheet_names),
        is_partial=found.is_full or len(book.sheet_names) > MOST_SHEETS,
        library=f"python-calamine {version('python-calamine')}",
    )


def _rows(sheet: Any, found: Collected) -> list[list[str]]:
    found.add(sheet.name)
    beginning: list[list[str]] = []
    for row in sheet.iter_rows():
        cells = [_text(cell) for cell in row]
        if len(beginning) <= ROWS:
            beginning.append(cells)
        line = "\t".join(cell for cell in cells if cell)
        if line and not found.add(line):
            break
    return beginning


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, datetime):
        return value.isoformat(" ", "minutes") if value.time() != time() else value.date().isoformat()
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return str(value)
    return str(value)
