"""Numbers of documents: a pattern such as `FV/{year}/{seq:04}`, counted without gaps for everything but the counter."""

import re
from datetime import datetime

from sqlalchemy.dialects.postgresql import insert

from core.errors import InvalidInput
from documents.models import DocumentNumberRow
from storage.unit_of_work import UnitOfWork

LONGEST_PATTERN = 60  # characters
_PART = re.compile(r"\{(year|month|day|type|seq)(?::0?([1-9]))?\}")


class NumberingRefused(InvalidInput):
    """A pattern that cannot give numbers."""

    code = "document_numbering_refused"

    def __init__(self, pattern: str, why: str) -> None:
        sentence = f"{pattern!r} cannot number documents: {why}. Write one such as FV/{{year}}/{{seq:04}}."
        super().__init__(sentence, fields={"/numbering": sentence})


def checked_pattern(pattern: str | None) -> str | None:
    """The pattern, None for an empty one. Raises `NumberingRefused`."""
    text = (pattern or "").strip()
    if not text:
        return None
    if len(text) > LONGEST_PATTERN or not text.isprintable():
        raise NumberingRefused(text[:LONGEST_PATTERN], f"it may have {LONGEST_PATTERN} printable characters at most")
    if [part[1] for part in _PART.finditer(text)].count("seq") != 1:
        raise NumberingRefused(text, "it needs {seq}, the counter, exactly once")
    if re.search(r"[{}]", _PART.sub("", text)):
        raise NumberingRefused(text, "the known parts are {year}, {month}, {day}, {type} and {seq}")
    return text


def series_of(pattern: str, *, at: datetime, document_type: str) -> str:
    """The pattern with all but the counter filled in; each such text has a counter of its own."""
    values = {"year": f"{at.year:04}", "month": f"{at.month:02}", "day": f"{at.day:02}", "type": document_type}
    return _PART.sub(lambda part: part[0] if part[1] == "seq" else values[part[1]], pattern)


def number_in(series: str, counter: int) -> str:
    """The number that a counter makes in its series."""
    return _PART.sub(lambda part: f"{counter:0{part[2] or 1}}", series)


def next_number(unit: UnitOfWork, pattern: str, *, at: datetime, document_type: str) -> str:
    """The next number of the pattern at a local time.

    The series stays locked until the unit ends, and a unit that fails gives its number back: no number is lost, none
    is given twice.
    """
    series = series_of(pattern, at=at, document_type=document_type)
    order = insert(DocumentNumberRow).values(series=series, last=1)
    counted = order.on_conflict_do_update(
        index_elements=[DocumentNumberRow.series], set_={"last": DocumentNumberRow.last + 1}
    ).returning(DocumentNumberRow.last)
    return number_in(series, unit.session.execute(counted).scalar_one())
