"""The statements that look into the index, as text: to put them together from parts takes longer than to run them.

Every value is given to the driver beside the text. In the text stand names of our own and the condition of `Others`.
"""

from collections.abc import Collection, Sequence
from typing import Any

from psycopg.errors import QueryCanceled
from sqlalchemy.exc import OperationalError

from core.errors import InvalidInput
from core.records import dataclass
from documents.search.models import BUCKETS
from documents.search.ports import OWN, Held
from storage.unit_of_work import Reading

SEPARATOR = "\x1f"  # no fact contains it
SLICES, SLICE = 8, 64  # of how many entries each a sample consists
FACTS = f"array_to_string(facts, E'\\x{ord(SEPARATOR):02x}')"  # a thousand arrays take as long to read as to find
LIMITS = """
SELECT set_config('statement_timeout', %(search_limit)s, true), set_config('work_mem', '32MB', true),
    set_config('jit', 'off', true), set_config('plan_cache_mode', 'force_custom_plan', true),
    set_config('max_parallel_workers_per_gather', '0', true)
"""
NEWEST = "SELECT seq FROM search_entry ORDER BY seq DESC LIMIT 1"
# `seq + 0`: not a number that the index on `seq` knows; a walk along that would look into every vector
BY_INDEX = """
WITH candidate AS MATERIALIZED (
    SELECT seq, kind, subject, facts, rights, terms FROM search_entry WHERE {matching} AND seq + 0 <= %(search_upper)s
    ORDER BY seq + 0 DESC LIMIT %(search_room)s
)
SELECT count(*), coalesce(min(seq), 0), NULL FROM candidate
UNION ALL (SELECT seq, NULL, {facts} FROM candidate WHERE {asked} LIMIT %(search_most)s)
"""
ONE_BY_ONE = """
WITH candidate AS MATERIALIZED (
    SELECT seq, kind, subject, facts, rights, terms FROM search_entry
    WHERE seq <= %(search_upper)s AND seq > %(search_lower)s AND {matching} ORDER BY seq DESC
)
SELECT seq, {facts} FROM candidate WHERE {asked} LIMIT %(search_most)s
"""
SAMPLE = """
WITH candidate AS MATERIALIZED (
    SELECT entry.kind, entry.subject, entry.facts, entry.rights, entry.terms @@ %(search_query)s::tsquery AS fits
    FROM generate_series(0, {slices} - 1) AS n
    JOIN search_entry AS entry ON entry.seq BETWEEN 1 + n * %(search_step)s AND {slice} + n * %(search_step)s
)
SELECT count(*), count(*) FILTER (WHERE fits), (SELECT count(*) FROM candidate WHERE fits AND {asked}) FROM candidate
"""
TITLES = "SELECT subject, title FROM search_entry WHERE kind = %(search_kind)s AND subject = ANY(%(search_ids)s)"
COMPARED = "CASE WHEN {seen} THEN terms @@ %(search_compared)s::tsquery ELSE false END"
BESIDE = "rights && %(search_beside)s::varchar[]"
EITHER = "rights && %(search_either)s::varchar[]"
LABELLED = "rights && %(search_labels)s::varchar[]"
OPEN = "(NOT facts && %(search_closed)s::varchar[] OR rights && %(search_own)s::varchar[])"
ID = 26  # characters of labels that are not listed: ids, as no other label is


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
class Part:
    """What one look-up brought: how many candidates, the lowest of them, and those that are found."""

    candidates: int
    lowest: int
    found: list[Found]


@dataclass(frozen=True, slots=True)
class Sample:
    """Of some entries from everywhere, how many fit, and how many of these the reader may see."""

    of: int
    fitting: int
    seen: int


class Statements:
    """Looks for one reader; `closed` are types of documents that they do not read, unless it is their own."""

    def __init__(self, view: Reading, held: Held, closed: Sequence[str], *, seconds: float) -> None:
        self._connection = view.session.connection()
        self._held = held
        self._values: dict[str, Any] = {"search_labels": sorted(held.labels)}
        if held.others is not None:
            self._values["search_beside"] = [held.others.beside]
            self._values["search_either"] = [*sorted(held.labels), held.others.beside]
        self._open = [OPEN] if closed else []
        if closed:
            self._values["search_closed"] = [f"type:{key}" for key in closed]
            self._values["search_own"] = [OWN + view.actor.id]
        self._within = [] if held.within is None else [held.within.condition]
        self._connection.exec_driver_sql(LIMITS, {"search_limit": str(int(seconds * 1000))})

    def newest_seq(self) -> int:
        """The number of the newest entry, 0 when there is none."""
        return self._connection.exec_driver_sql(NEWEST).scalar() or 0

    def by_index(
        self, query: str, compared: str, cover: Sequence[int] | None, upper: int, room: int, most: int
    ) -> Part:  # fmt: skip
        """Of the newest candidates, `room` at most, those that the reader may see and that match `compared`, too."""
        matching = list(self._open)
        values: dict[str, Any] = {"search_upper": upper, "search_room": room, "search_most": most}
        if query:
            matching.append("terms @@ %(search_query)s::tsquery")
            values |= {"search_query": query}
        if self._held.others is None:
            matching += self._rights()
        if cover is not None:
            matching.append(f"{BUCKETS} && %(search_cover)s::integer[]")
            values |= {"search_cover": cover}
        asked = [*(self._rights() if self._held.others is not None else []), *self._within]
        if compared:  # last: to look into an entry takes longest
            asked = [COMPARED.format(seen=_all(asked))]
            values |= {"search_compared": compared}
        text = BY_INDEX.format(matching=_all(matching), asked=_all(asked), facts=FACTS)
        (candidates, lowest, _), *rows = self._rows(text, values)
        return Part(candidates, lowest, [_found(seq, facts) for seq, _, facts in rows])

    def one_by_one(self, query: str, lower: int, upper: int, most: int) -> list[Found]:
        """The newest that match and may be seen of those above one number up to another, looked at one by one."""
        asked = [*self._open, *self._rights(), *self._within]
        matching = [EITHER] if self._held.others is not None else []
        values: dict[str, Any] = {"search_lower": lower, "search_upper": upper, "search_most": most}
        if query:
            asked.append("terms @@ %(search_query)s::tsquery")
            values["search_query"] = query
        rows = self._rows(ONE_BY_ONE.format(matching=_all(matching), asked=_all(asked), facts=FACTS), values)
        return [_found(seq, facts) for seq, facts in rows]

    def sampled(self, query: str, upper: int) -> Sample:
        """How frequent a query is in some entries from everywhere up to a number."""
        text = SAMPLE.format(slices=SLICES, slice=SLICE, asked=_all([*self._open, *self._rights(), *self._within]))
        ((number, fitting, seen),) = self._rows(text, {"search_query": query, "search_step": upper // SLICES})
        return Sample(number, fitting, seen)

    def titles(self, kind: str, ids: Collection[str]) -> dict[str, str]:
        """The titles of those of some subjects that the reader may see."""
        text = f"{TITLES} AND {_all([*self._open, *self._rights(), *self._within])}"
        return {row[0]: row[1] for row in self._rows(text, {"search_kind": kind, "search_ids": list(ids)})}

    def _rights(self) -> list[str]:
        """The condition that the reader may see an entry; none for who sees everything."""
        if self._held.is_all:
            return []
        if self._held.others is None:
            return [LABELLED]
        asked = self._held.others.condition
        one = f"EXISTS (SELECT FROM unnest(rights) AS asked (label) WHERE length(asked.label) = {ID} AND {asked})"
        return [f"({LABELLED} OR {BESIDE} AND {one})"]

    def _rows(self, text: str, values: dict[str, Any]) -> Sequence[Any]:
        others = dict(self._held.others.values) if self._held.others else {}
        others |= self._held.within.values if self._held.within else {}
        try:
            return self._connection.exec_driver_sql(text, {**others, **self._values, **values}).all()
        except OperationalError as error:
            if isinstance(error.orig, QueryCanceled):
                raise SearchTooBroad from error
            raise


def _all(conditions: Sequence[str]) -> str:
    return " AND ".join(conditions) or "true"


def _found(seq: int, facts: str) -> Found:
    return Found(seq, facts.split(SEPARATOR))
