"""Pages of long lists: each page is one range of an index, however many rows there are."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, Select, Tuple, func, select, tuple_
from sqlalchemy.orm import InstrumentedAttribute

from crm.errors import WrongFields
from storage.unit_of_work import Reading

Item = TypeVar("Item")
MOST = 200  # items of one page
COUNTED = 1000  # rows that are counted; of more it is only said that there are more
MARK = "~"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part(Generic[Item]):
    """Some items; `next` continues after them, None at the end; `total` is None when there are more than 1 000."""

    items: list[Item]
    next: str | None
    total: int | None


def keyset(
    view: Reading,
    wanted: Select[Any],
    columns: tuple[InstrumentedAttribute[date] | InstrumentedAttribute[datetime], InstrumentedAttribute[str]],
    *,
    after: str | None,
    limit: int,
    newest_first: bool = True,
) -> tuple[list[Any], str | None, int | None]:
    """Rows of one page by day (or moment) and id, where the next page begins, and how many there are.

    Raises `WrongFields` for an `after` that no page gave.
    """
    day, key = columns
    counted = view.session.scalars(
        select(func.count()).select_from(wanted.with_only_columns(key).limit(COUNTED + 1).subquery())
    ).one()
    if after is not None:
        here: Tuple = tuple_(day, key)
        place = tuple_(*placed(after))
        beyond: ColumnElement[bool] = here < place if newest_first else here > place
        wanted = wanted.where(beyond)
    order = (day.desc(), key.desc()) if newest_first else (day, key)
    size = max(1, min(limit, MOST))
    rows: Sequence[Any] = view.session.scalars(wanted.order_by(*order).limit(size + 1)).all()
    following = None
    if len(rows) > size:
        last = rows[size - 1]
        following = f"{getattr(last, day.key).isoformat()}{MARK}{last.id}"
    return list(rows[:size]), following, counted if counted <= COUNTED else None


def placed(after: str) -> tuple[date, str]:
    """The day, or the moment, and the id that a page ended with. Raises `WrongFields`."""
    day, _, key = after.partition(MARK)
    try:
        return datetime.fromisoformat(day) if "T" in day else date.fromisoformat(day), key
    except ValueError:
        raise WrongFields({"/after": "This is not where a page ended. Begin with the first page."}) from None
