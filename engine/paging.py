"""Key-set paging: a page begins behind the last row of the one before, however long the list is."""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Select, Text, cast, func, literal, select, tuple_
from sqlalchemy.orm import Session
from sqlalchemy.types import TypeEngine

from core.errors import InvalidInput

MOST = 500  # rows of one page
COUNTED = 10_000  # rows: longer lists are not counted to their end


@dataclass(frozen=True, slots=True)
class Order:
    """A sort order: an expression that is never null, then the id."""

    expression: ColumnElement[Any]
    id: ColumnElement[str]
    descending: bool
    kind: TypeEngine[Any] = field(default_factory=Text)  # what the value is read back as

    def apply(self, query: Select[Any], after: str | None, limit: int) -> Select[Any]:
        """The query's page behind `after`, one row more than asked for. Raises `InvalidInput`."""
        if after is not None:
            value, identifier = _read(after)
            bound = cast(literal(value), self.kind)
            key, last = tuple_(self.expression, self.id), tuple_(bound, literal(identifier))
            query = query.where(key < last if self.descending else key > last)
        if self.descending:
            return query.order_by(self.expression.desc(), self.id.desc()).limit(limit + 1)
        return query.order_by(self.expression, self.id).limit(limit + 1)


def checked(limit: int) -> int:
    """A page size. Raises `InvalidInput`."""
    if not 1 <= limit <= MOST:
        raise InvalidInput(f"Ask for 1 to {MOST} entries at a time.", fields={"/limit": f"Between 1 and {MOST}."})
    return limit


def mark(value: Any, identifier: str) -> str:
    """Where the next page begins."""
    return base64.urlsafe_b64encode(json.dumps([str(value), identifier]).encode()).decode()


def _read(after: str) -> tuple[str, str]:
    try:
        value, identifier = json.loads(base64.urlsafe_b64decode(after))
    except (ValueError, TypeError) as error:
        raise InvalidInput("`after` is no mark of a list; take it from the answer's `next`.") from error
    if not isinstance(value, str) or not isinstance(identifier, str):
        raise InvalidInput("`after` is no mark of a list; take it from the answer's `next`.")
    return value, identifier


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
