"""Rows of cells as a workbook: written row by row, texts as texts, so that nothing in them is a formula."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, BinaryIO

import xlsxwriter

from core.errors import InvalidInput

MOST_ROWS = 1_048_575  # of a sheet, below its head
LONGEST_CELL = 32_767  # characters
WIDTHS = {"name": 32, "company": 32, "subject": 40, "note": 40, "reference": 40, "email": 28}  # characters
USUAL_WIDTH = 16
FORMS: Mapping[type, str] = {datetime: "yyyy-mm-dd hh:mm", date: "yyyy-mm-dd", Decimal: "#,##0.00##"}


def write_workbook(target: BinaryIO, title: str, heads: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
    """Write one sheet with a frozen head and a filter; returns how many rows it has.

    Moments are written without their time zone, in UTC, because a sheet knows none. Raises `InvalidInput` for more rows
    than a sheet has.
    """
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "remove_timezone": True}
    written = 0
    with xlsxwriter.Workbook(target, options) as book:
        sheet = book.add_worksheet(title.capitalize()[:31])
        bold = book.add_format({"bold": True})
        forms = {kind: book.add_format({"num_format": form}) for kind, form in FORMS.items()}
        sheet.freeze_panes(1, 0)
        for column, head in enumerate(heads):
            sheet.set_column(column, column, WIDTHS.get(head, USUAL_WIDTH))
            sheet.write_string(0, column, head.replace(".", " ").replace("_", " ").capitalize(), bold)
        for row in rows:
            written += 1
            if written > MOST_ROWS:
                raise InvalidInput(f"A sheet has room for {MOST_ROWS} rows. Choose fewer records, or CSV.")
            for column, value in enumerate(row):
                _write(sheet, written, column, value, forms)
        sheet.autofilter(0, 0, written, max(len(heads) - 1, 0))
    return written


def _write(sheet: Any, row: int, column: int, value: Any, forms: Mapping[type, Any]) -> None:
    match value:
        case None | "":
            return
        case bool():
            sheet.write_boolean(row, column, value)
        case datetime() | date():
            sheet.write_datetime(row, column, value, forms[type(value)])
        case Decimal():
            sheet.write_number(row, column, float(value), forms[Decimal])
        case int():
            sheet.write_number(row, column, value)
        case _:
            sheet.write_string(row, column, str(value)[:LONGEST_CELL])
