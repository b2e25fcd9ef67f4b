"""Pages of long lists: each page is one range of an index, however many rows there are."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Generic, TypeVar

from sqlalchemy import Select, Subquery, func, select, tuple_, union
from sqlalchemy.orm import InstrumentedAttribute

from core.records import dataclass
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """Some of the wanted rows, as one range of an index, with the columns that order it."""

    wanted: Select[Any]
    day: Any
    key: Any

    def page(self, size: int, *, after: str | None, newest_first: bool) -> Select[Any]:
        """The first rows, or the first after a place."""
        found = self.wanted
        if after is not None:
            here, place = tuple_(self.day, self.key), tuple_(*placed(after))
            found = found.where(here < place if newest_first else here > place)
        order = (self.day.desc(), self.key.desc()) if newest_first else (self.day, self.key)
        return found.order_by(*order).limit(size)


def keyset(
    view: Reading,
    wanted: Select[Any],
    columns: tuple[InstrumentedAttribute[date] | InstrumentedAttribute[datetime], InstrumentedAttribute[str]],
    *,
    after: str | None,
    limit: int,
    newest_first: bool = True,
    ways: Sequence[Way] = (),
) -> tuple[list[Any], str | None, int | None]:
    """Rows of one page by day (or moment) and id, where the next page begins, and how many there are.

    With `ways` the rows that are in any of them count, each looked at only as far as the page needs it. Raises
    `WrongFields` for an `after` that no page gave.
    """
    day, key = columns
    whole = Way(wanted=wanted, day=day, key=key)
    counts = [each.wanted.with_only_columns(each.key.label("key")).limit(COUNTED + 1) for each in ways or [whole]]
    counted = view.session.scalars(select(func.count()).select_from(_either(counts))).one()
    size = max(1, min(limit, MOST))
    if ways:
        pages = [each.page(size + 1, after=after, newest_first=newest_first) for each in ways]
        keys = [page.with_only_columns(each.key.label("key")) for page, each in zip(pages, ways, strict=True)]
        whole = Way(wanted=wanted.where(key.in_(select(_either(keys)))), day=day, key=key)
        after = None
    rows: Sequence[Any] = view.session.scalars(whole.page(size + 1, after=after, newest_first=newest_first)).all()
    following = None
    if len(rows) > size:
        last = rows[size - 1]
        following = f"{getattr(last, day.key).isoformat()}{MARK}{last.id}"
    return list(rows[:size]), following, counted if counted <= COUNTED else None


def _either(keys: Sequence[Select[Any]]) -> Subquery:
    """The keys that are in any, each once."""
    return keys[0].subquery() if len(keys) == 1 else union(*(select(each.subquery()) for each in keys)).subquery()


def placed(after: str) -> tuple[date, str]:
    """The day, or the moment, and the id that a page ended with. Raises `WrongFields`."""
    day, _, key = after.partition(MARK)
    try:
        return datetime.fromisoformat(day) if "T" in day else date.fromisoformat(day), key
    except ValueError:
        raise WrongFields({"/after": "This is not where a page ended. Begin with the first page."}) from None
