"""Key-set paging: a page begins behind the last row of the one before, however long the list is."""

import base64
import json
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, func, literal, select, tuple_
from sqlalchemy.orm import InstrumentedAttribute, Session

from core.errors import InvalidInput
from core.records import dataclass

MOST = 500  # rows of one page
COUNTED = 10_000  # rows: longer lists are not counted to their end
READ_BACK: dict[type, Callable[[str], Any]] = {datetime: datetime.fromisoformat, int: int, str: str}


@dataclass(frozen=True, slots=True)
class Place:
    """The last row of a page: its value in the order, None where it has none, and its id.

    `then` is its value in the second column of an order that has two.
    """

    value: Any
    id: str
    then: Any = None


@dataclass(frozen=True, slots=True)
class Order:
    """A sort order: by a column, rows without a value last in both directions, then by the id."""

    column: InstrumentedAttribute[Any]
    id: InstrumentedAttribute[str]
    descending: bool = False

    @property
    def has_gaps(self) -> bool:
        """Whether rows may be without a value."""
        return bool(self.column.expression.nullable)

    def read(self, session: Session, query: Select[Any], after: str | None, limit: int) -> list[Any]:
        """The query's rows behind `after`, one more than asked for; for a column without gaps."""
        if after is not None:
            query = query.where(self.behind(self.place(after)))
        return list(session.execute(query.order_by(*self.by()).limit(limit + 1)))

    def place(self, after: str) -> Place:
        """Where a mark stands. Raises `InvalidInput`."""
        try:
            text, identifier = json.loads(base64.urlsafe_b64decode(after))
            value = _read_back(self.column, text)
        except (ValueError, TypeError) as error:
            raise _no_mark() from error
        if not isinstance(identifier, str) or "\0" in identifier or (value is None and not self.has_gaps):
            raise _no_mark()
        return Place(value, identifier)

    def mark(self, row: Any) -> str:
        """Where the page behind this row begins; `row` has the order's attributes."""
        return _encoded(_written(row, self.column), getattr(row, self.id.key))

    def behind(self, place: Place, row: Any = None) -> ColumnElement[bool]:
        """The rows behind a place and in the same part of the list: with a value, or without."""
        column, identifier = self._columns(row)
        if place.value is None:
            in_gap: ColumnElement[bool] = column.is_(None)
            return in_gap & self._follows(identifier, literal(place.id, identifier.type))
        if column is identifier:
            return self._follows(identifier, literal(place.id, identifier.type))
        last = tuple_(literal(place.value, column.type), literal(place.id, identifier.type))
        return self._follows(tuple_(column, identifier), last)

    def by(self, row: Any = None) -> list[ColumnElement[Any]]:
        """What to sort by, as indexes have it: gaps come last upwards, first downwards."""
        columns = dict.fromkeys(self._columns(row))
        return [column.desc() if self.descending else column.asc() for column in columns]

    def _columns(self, row: Any) -> tuple[Any, Any]:
        if row is None:
            return self.column, self.id
        return getattr(row, self.column.key), getattr(row, self.id.key)

    def _follows(self, key: ColumnElement[Any], last: ColumnElement[Any]) -> ColumnElement[bool]:
        compared: ColumnElement[bool] = key < last if self.descending else key > last
        return compared


@dataclass(frozen=True, slots=True, kw_only=True)
class DoubleOrder(Order):
    """A sort order by two columns, then by the id.

    Downwards the first column falls while the second rises, rows without a value in it last: the most urgent first and
    among these what is due first. Upwards is the same list from its end.
    """

    then: InstrumentedAttribute[Any]

    def place(self, after: str) -> Place:
        """Where a mark stands. Raises `InvalidInput`."""
        try:
            text, second, identifier = json.loads(base64.urlsafe_b64decode(after))
            value, then = _read_back(self.column, text), _read_back(self.then, second)
        except (ValueError, TypeError) as error:
            raise _no_mark() from error
        if not isinstance(identifier, str) or "\0" in identifier or value is None:
            raise _no_mark()
        return Place(value, identifier, then)

    def mark(self, row: Any) -> str:
        """Where the page behind this row begins; `row` has the order's attributes."""
        _, identifier = self._columns(None)
        return _encoded(_written(row, self.column), _written(row, self.then), getattr(row, identifier.key))


def _read_back(column: InstrumentedAttribute[Any], text: Any) -> Any:
    """A value of a column that a mark holds. Raises `ValueError` or `TypeError`."""
    return None if text is None else READ_BACK[column.type.python_type](text)


def _written(row: Any, column: InstrumentedAttribute[Any]) -> str | None:
    """A row's value of a column, as a mark holds it."""
    value = getattr(row, column.key)
    return value.isoformat() if isinstance(value, datetime) else None if value is None else str(value)


def _encoded(*parts: str | None) -> str:
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode()


def _no_mark() -> InvalidInput:
    return InvalidInput("`after` is no mark of a list in this order; take it from the answer's `next`.")


def checked(limit: int) -> int:
    """A page size. Raises `InvalidInput`."""
    if not 1 <= limit <= MOST:
        raise InvalidInput(f"Ask for 1 to {MOST} entries at a time.", fields={"/limit": f"Between 1 and {MOST}."})
    return limit


def count(session: Session, query: Select[Any]) -> int:
    """How many rows a query has, counted up to `COUNTED`."""
    inner = query.with_only_columns(literal(1), maintain_column_froms=True).order_by(None).limit(COUNTED).subquery()
    return session.scalar(select(func.count()).select_from(inner)) or 0


def split(rows: Sequence[Any], limit: int) -> tuple[Sequence[Any], bool]:
    """The rows of the page, and whether there are more."""
    return rows[:limit], len(rows) > limit


def contains(text: str) -> str:
    """A LIKE pattern for a text anywhere."""
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"
