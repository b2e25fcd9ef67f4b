"""Finding the newest entries that match and that the reader may see, at a cost that does not grow with their number.

The index is walked from its newest end in stretches that double: each is one look-up in the GIN index in which text,
rights and stretch are intersected, so a frequent word costs what is looked at and not what there is. The walk ends when
enough is found. A rare word needs some ten look-ups in ten million entries.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from psycopg.errors import QueryCanceled
from sqlalchemy import ColumnElement, Integer, String, cast, func, not_, or_, select, text
from sqlalchemy.dialects.postgresql import ARRAY, TSQUERY
from sqlalchemy.exc import OperationalError

from core.errors import InvalidInput
from documents.models import DocumentTypeRow
from documents.search.models import BUCKET, NAME, SearchEntryRow
from documents.search.ports import OWN, Held, SearchRights
from storage.unit_of_work import Reading

LONGEST_SECONDS = 5.0  # of one statement; then the search is refused as too broad
ENOUGH_SECONDS = 1.0  # after which a walk that has found something stops, to be continued by who wants more
MOST_COMPARED = 4  # buckets of one look-up that compares phrases
SEPARATOR = "\x1f"  # no fact contains it
FOLLOWS = " <-> "
SAMPLED = 15  # buckets that tell how many entries match in all
LIMITS = text(
    "SELECT set_config('statement_timeout', :limit, true), set_config('work_mem', '32MB', true),"
    " set_config('jit', 'off', true), set_config('plan_cache_mode', 'force_custom_plan', true)"
)


class SearchTooBroad(InvalidInput):
    """Looking it up would take too long."""

    code = "search_too_broad"

    def __init__(self) -> None:
        super().__init__(
            "This search fits too much to look it up in time. Add a word, write more of a beginning before the *, or "
            "filter by type or year."
        )


@dataclass(frozen=True, slots=True)
class Found:
    """An entry that matches."""

    seq: int
    facts: Sequence[str]


@dataclass(frozen=True, slots=True)
class Window:
    """The newest entries that match; those at or below `rest` were not looked at, None: there are no others."""

    found: list[Found]
    rest: int | None


class Finder:
    """Finds what one reader may see; rights are looked up once."""

    def __init__(self, view: Reading) -> None:
        self._view = view
        self._held: Held = view.port(SearchRights).held(view)
        self._closed = _closed_types(view)
        view.session.execute(LIMITS, {"limit": str(int(LONGEST_SECONDS * 1000))})

    def newest(self, query: str, most: int, *, top: int | None = None) -> Window:
        """At most so many entries at or below `top` that match a text query. Raises `SearchTooBroad`."""
        began = time.monotonic()
        upper = self._newest_seq() if top is None else top
        found: list[Found] = []
        stretch, looked_at = 1, 0  # buckets
        is_compared = FOLLOWS in query  # entries that have all words of a phrase are read whole, one by one
        while upper > 0:
            bucket = upper >> BUCKET
            is_scarce = not is_compared and looked_at >= SAMPLED and len(found) * (bucket + 1) < most * looked_at
            lowest = 0 if is_scarce else max(0, bucket - stretch + 1)
            rows = self._stretch(query, (lowest, bucket), upper, most - len(found))
            found += rows
            if len(found) >= most:
                return Window(found, found[-1].seq - 1 or None)
            upper = (lowest << BUCKET) - 1
            looked_at += bucket - lowest + 1
            stretch = min(stretch * 2, MOST_COMPARED) if is_compared else stretch * 2
            elapsed = time.monotonic() - began
            if upper > 0 and elapsed > (ENOUGH_SECONDS if found else LONGEST_SECONDS):
                return Window(found, upper)
        return Window(found, None)

    def visible(self) -> list[ColumnElement[bool]]:
        """The conditions on entries that the reader may see, to be evaluated one by one on few rows."""
        rights, held = SearchEntryRow.rights, self._held
        if held.is_all:
            return self._open()
        others = [held.others(rights)] if held.others is not None else []
        return [or_(self._labelled(rights), *others), *self._open()]

    def _newest_seq(self) -> int:
        return self._view.session.scalar(select(func.max(SearchEntryRow.seq))) or 0

    def _stretch(self, query: str, buckets: tuple[int, int], upper: int, most: int) -> list[Found]:
        row, held = SearchEntryRow, self._held
        conditions = [*self._open(), *([row.terms.bool_op("@@")(cast(query, TSQUERY))] if query else [])]
        if not query and held.is_all:
            conditions.append(row.seq <= upper)
            order = row.seq.desc()
        else:  # not a number that the index on `seq` knows: a walk along that would look into every vector
            stretch = cast(list(range(buckets[0], buckets[1] + 1)), ARRAY(Integer))
            conditions += [row.bucket.bool_op("&&")(stretch), row.seq + 0 <= upper]
            order = (row.seq + 0).desc()
        if held.others is None:
            conditions += [] if held.is_all else [self._labelled(row.rights)]
            wanted: Any = select(row.seq, _joined(row.facts)).where(*conditions).order_by(order).limit(most)
        else:  # asked of one row after the other until there are enough
            inner = select(row.seq, row.facts, row.rights).where(*conditions).order_by(order).offset(0).subquery()
            single = or_(self._labelled(inner.c.rights), held.others(inner.c.rights))
            wanted = select(inner.c.seq, _joined(inner.c.facts)).where(single).limit(most)
        try:
            return [Found(seq, facts.split(SEPARATOR)) for seq, facts in self._view.session.execute(wanted)]
        except OperationalError as error:
            if isinstance(error.orig, QueryCanceled):
                raise SearchTooBroad from error
            raise

    def _labelled(self, rights: Any) -> ColumnElement[bool]:
        found: ColumnElement[bool] = rights.bool_op("&&")(cast(sorted(self._held.labels), ARRAY(NAME)))
        return found

    def _open(self) -> list[ColumnElement[bool]]:
        """Not of a type that only others read, unless it is one's own."""
        if not self._closed:
            return []
        row = SearchEntryRow
        closed = row.facts.bool_op("&&")(cast([f"type:{key}" for key in self._closed], ARRAY(String)))
        own = row.rights.bool_op("&&")(cast([OWN + self._view.actor.id], ARRAY(NAME)))
        return [or_(not_(closed), own)]


def _joined(facts: Any) -> Any:
    """As one text: a thousand arrays take as long to read as the search that finds them."""
    return func.array_to_string(facts, SEPARATOR)


def _closed_types(view: Reading) -> list[str]:
    """The types of documents that name who reads them and do not name the actor."""
    if view.actor.may("document.read_all"):
        return []
    readers = DocumentTypeRow.readers
    closed = select(DocumentTypeRow.key).where(
        func.cardinality(readers) > 0, ~readers.overlap(sorted(view.actor.roles))
    )
    return list(view.session.scalars(closed))
