"""Finding the newest entries that match and that the reader may see, at a cost that does not grow with their number.

The index is walked from its newest end in stretches that grow: each is one look-up in the GIN index in which text,
rights and stretch are intersected, so a frequent word costs what is looked at and not what there is. The walk ends when
enough is found. A rare word needs some twenty look-ups in a million entries, each costing what it finds.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from psycopg.errors import QueryCanceled
from sqlalchemy import (
    CTE,
    BigInteger,
    BindParameter,
    ColumnElement,
    Integer,
    Select,
    String,
    bindparam,
    cast,
    func,
    literal_column,
    not_,
    or_,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, TSQUERY
from sqlalchemy.exc import OperationalError

from core.errors import InvalidInput
from documents.models import DocumentTypeRow
from documents.search.models import BUCKETS, COARSE, FINE, NAME, SearchEntryRow
from documents.search.ports import OWN, Held, Others, SearchRights
from storage.unit_of_work import Reading

WINDOW = 300  # newest entries that fit: ranked among themselves, counted for the facets
WINDOW_ASKED = 100  # the same for who is asked about entry by entry
LONGEST_SECONDS = 5.0  # of one statement; then the search is refused as too broad
ENOUGH, ENOUGH_SECONDS = 20, 0.1  # with so many found a walk stops then, to be continued by who wants more
SOME_SECONDS = 1.0  # after which one stops that has found anything
FIRST = 2  # buckets of the first look-up
GROWTH = 4  # times the stretch before, at most
APIECE = 1 << (COARSE - FINE)  # buckets that one number of the index stands for
PART = 4  # a stretch is at most so much of what was looked at, once that is many times `APIECE`
MOST_COMPARED = 16  # buckets of one look-up that compares phrases
SAMPLED = 16  # buckets that tell how many entries match in all
SEPARATOR = "\x1f"  # no fact contains it
FOLLOWS = " <-> "
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


@dataclass(frozen=True, slots=True)
class _Statement:
    """A query, and the names of what it is given."""

    query: Select[Any]
    names: frozenset[str]


class Finder:
    """Finds what one reader may see; rights are looked up once."""

    def __init__(self, view: Reading) -> None:
        self._view = view
        self._held: Held = view.port(SearchRights).held(view)
        self._closed = _closed_types(view)
        self._statements: dict[tuple[bool, bool], _Statement] = {}
        self.window = WINDOW if self._held.others is None else WINDOW_ASKED
        view.session.execute(LIMITS, {"limit": str(int(LONGEST_SECONDS * 1000))})

    def newest(self, query: str, most: int, *, top: int | None = None, is_even: bool = False) -> Window:
        """At most so many entries at or below `top` that match a text query. Raises `SearchTooBroad`.

        `is_even`: what matches lies about as close everywhere, as words do and dates do not; then what is rare at the
        newest end is looked up in all the rest at once.
        """
        began = time.monotonic()
        upper = self._newest_seq() if top is None else top
        found: list[Found] = []
        stretch, looked_at = FIRST, 0  # buckets
        is_compared = FOLLOWS in query  # entries that have all words of a phrase are read whole, one by one
        while upper > 0:
            bucket = upper >> FINE
            is_scarce = (
                is_even and not is_compared and looked_at >= SAMPLED and len(found) * (bucket + 1) < most * looked_at
            )
            lowest = 0 if is_scarce else _lowest(bucket, stretch)
            rows = self._stretch(query, (lowest, bucket), upper, most - len(found))
            found += rows
            if len(found) >= most:
                return Window(found, found[-1].seq - 1 or None)
            upper = (lowest << FINE) - 1
            looked_at += bucket - lowest + 1
            stretch = min(stretch * GROWTH, max(APIECE, looked_at // PART))
            if is_compared:
                stretch = min(stretch, MOST_COMPARED)
            elif found:
                stretch = min(stretch, 1 + looked_at * (most - len(found)) * 5 // (len(found) * 4))
            if upper > 0 and self._is_enough(len(found), most, time.monotonic() - began):
                return Window(found, upper)
        return Window(found, None)

    def _is_enough(self, found: int, most: int, elapsed: float) -> bool:
        if found >= min(most, ENOUGH):
            return elapsed > ENOUGH_SECONDS
        return elapsed > (SOME_SECONDS if found else LONGEST_SECONDS)

    def visible(self) -> list[ColumnElement[bool]]:
        """The conditions on entries that the reader may see, to be evaluated one by one on few rows."""
        rights, held = SearchEntryRow.rights, self._held
        if held.is_all:
            return self._open()
        others = (
            [held.others(select(func.unnest(rights)).correlate(SearchEntryRow)).exists()]
            if held.others is not None
            else []
        )
        return [or_(self._labelled(rights), *others), *self._open()]

    def _newest_seq(self) -> int:
        return self._view.session.scalar(select(func.max(SearchEntryRow.seq))) or 0

    def _stretch(self, query: str, buckets: tuple[int, int], upper: int, most: int) -> list[Found]:
        is_cut = buckets[0] > 0 or not query
        values = {"query": query, "upper": upper, "most": most, "cover": _cover(*buckets) if is_cut else []}
        statement = self._statement(has_query=bool(query), is_cut=is_cut)
        used = {name: value for name, value in values.items() if name in statement.names}
        try:
            rows = self._view.session.execute(statement.query, used)
            return [Found(seq, facts.split(SEPARATOR)) for seq, facts in rows]
        except OperationalError as error:
            if isinstance(error.orig, QueryCanceled):
                raise SearchTooBroad from error
            raise

    def _statement(self, *, has_query: bool, is_cut: bool) -> "_Statement":
        """Made once: putting it together takes as long as a look-up."""
        key = has_query, is_cut
        if key not in self._statements:
            self._statements[key] = self._made(has_query=has_query, is_cut=is_cut)
        return self._statements[key]

    def _made(self, *, has_query: bool, is_cut: bool) -> "_Statement":
        row, held, most = SearchEntryRow, self._held, bindparam("most", type_=Integer)
        upper = bindparam("upper", type_=BigInteger)
        conditions, names = self._open(), {"most", "upper"}
        if has_query:
            conditions.append(row.terms.bool_op("@@")(cast(bindparam("query"), TSQUERY)))
            names.add("query")
        if held.others is None and not held.is_all:
            conditions.append(self._labelled(row.rights))
        if not has_query and held.is_all:
            conditions.append(row.seq <= upper)
            order = row.seq.desc()
        else:  # not a number that the index on `seq` knows: a walk along that would look into every vector
            conditions.append(row.seq + 0 <= upper)
            order = (row.seq + 0).desc()
            if is_cut:
                stretch = cast(bindparam("cover"), ARRAY(Integer))
                conditions.append(literal_column(BUCKETS).bool_op("&&")(stretch))
                names.add("cover")
        if held.others is not None:
            candidates: Any = select(row.seq, row.facts, row.rights).where(*conditions)
            return _Statement(self._asked(candidates, held.others, most), frozenset(names))
        wanted: Any = select(row.seq, _joined(row.facts)).where(*conditions).order_by(order).limit(most)
        return _Statement(wanted, frozenset(names))

    def _asked(self, candidates: Select[Any], others: Others, most: BindParameter[int]) -> Select[Any]:
        """Those of the candidates that the reader may see; each label is asked for once."""
        candidate = _apart(candidates, "candidate")
        label = func.unnest(candidate.c.rights)
        mine = _apart(others(select(label).distinct()), "mine")
        each = select(candidate.c.seq, label.label("label")).subquery()
        opened = candidate.c.seq.in_(select(each.c.seq).where(each.c.label.in_(select(mine))))
        wanted = select(candidate.c.seq, _joined(candidate.c.facts))
        return (
            wanted.where(or_(self._labelled(candidate.c.rights), opened)).order_by(candidate.c.seq.desc()).limit(most)
        )

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


def _lowest(bucket: int, stretch: int) -> int:
    """Where a stretch below a bucket ends; a long one where a number of the index stands for many buckets."""
    lowest = max(0, bucket - stretch + 1)
    return lowest if stretch < APIECE else -(-lowest // APIECE) * APIECE if bucket // APIECE > 0 else 0


def _cover(lowest: int, bucket: int) -> list[int]:
    """The numbers of the index that stand for the buckets from one to another."""
    found: list[int] = []
    at = bucket
    while at >= lowest:
        whole = at - APIECE + 1
        if (at + 1) % APIECE == 0 and whole >= lowest:
            found.append(-1 - (whole // APIECE))
            at = whole - 1
        else:
            found.append(at)
            at -= 1
    return found


def _apart(query: Select[Any], name: str) -> CTE:
    """A part that is worked out once and by itself, whatever is guessed of its size."""
    return query.cte(name).prefix_with("MATERIALIZED", dialect="postgresql")


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
