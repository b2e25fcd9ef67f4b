"""Walks every chain over a bare connection, so that a process which does nothing else starts at once."""

from collections.abc import Callable, Iterable, Iterator
from itertools import chain, groupby
from operator import itemgetter
from typing import Any

import psycopg

from audit.chain import Chain, Fault, Head
from audit.content import commitment
from core.records import dataclass

BATCH = 2000  # rows that are in memory at a time
ENTRIES = """SELECT stream, stream_seq, id, type, at, actor_id, case_id, content, previous_hash, hash
FROM audit_entry ORDER BY stream, stream_seq"""
HEADS = "SELECT stream, seq, hash, last_id FROM audit_stream ORDER BY stream"
PERSONAL = "SELECT subject, commitment, salt, content FROM audit_personal"

Driver = psycopg.Connection[tuple[Any, ...]]
Progress = Callable[[int, int], None]  # entries checked so far, entries in all
Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What is wrong with a chain, at the first entry where it is wrong.

    `problem` is `changed`, `removed`, `reordered`, `inserted`, `head` (the chain's end is recorded wrongly) or
    `personal` (a personal value is not the one that was committed to).
    """

    stream: str
    seq: int | None
    entry_id: str | None
    problem: str
    sentence: str


def walk(driver: Driver, progress: Progress | None = None) -> list[Finding]:
    """The first fault of each chain, then the personal values that are not those that were committed to.

    The connection must see one moment; nothing is written.
    """
    tell = progress or _silent
    row = driver.execute("SELECT count(*) FROM audit_entry").fetchone()
    total = row[0] if row else 0
    findings = [finding for each in _chains(driver, tell, total) if (finding := first_finding(*each)) is not None]
    return [*findings, *_wrong_values(driver)]


def first_finding(stream: str, head: Head | None, rows: Iterable[Any]) -> Finding | None:
    """What is wrong with one chain; `rows` have the columns of `audit.chain.Link`."""
    fault = Chain(stream, head).first_fault(rows)
    if fault is None:
        return None
    return Finding(
        stream=stream, seq=fault.seq, entry_id=fault.entry_id, problem=fault.problem, sentence=_sentence(stream, fault)
    )


def _sentence(stream: str, fault: Fault) -> str:
    return f"{stream}, entry {fault.seq}: {fault.what}." if fault.seq is not None else f"{stream}: {fault.what}."


def _chains(driver: Driver, tell: Progress, total: int) -> Iterator[tuple[str, Head | None, Iterable[Row]]]:
    """Every stream that has a head or an entry, in order, with both."""
    with driver.cursor(name="heads", binary=True) as ends, driver.cursor(name="entries", binary=True) as cursor:
        ends.execute(HEADS)
        cursor.execute(ENTRIES)
        heads = _Heads(batched(ends))
        for stream, rows in groupby(batched(cursor, lambda done: tell(done, total)), key=itemgetter(0)):
            yield from ((head.stream, head, ()) for head in heads.before(stream))
            yield stream, heads.of(stream), rows
        yield from ((head.stream, head, ()) for head in heads.before(None))


def batched(cursor: "psycopg.ServerCursor[Row]", tell: Callable[[int], None] | None = None) -> Iterator[Row]:
    """The rows of an open cursor, a batch in memory at a time; `tell` hears how many have come."""
    done = 0

    def more() -> list[Row]:
        nonlocal done
        rows = cursor.fetchmany(BATCH)
        done += len(rows)
        if tell is not None and rows:
            tell(done)
        return rows

    return chain.from_iterable(iter(more, []))


class _Heads:
    """The heads in order, taken as the walk over the entries comes by."""

    def __init__(self, rows: Iterator[Row]) -> None:
        self._rest = map(Head._make, rows)
        self._next = next(self._rest, None)

    def before(self, stream: str | None) -> Iterator[Head]:
        """The heads that sort before a stream, all that are left for None: they have no entries."""
        while self._next is not None and (stream is None or self._next.stream < stream):
            yield self._next
            self._next = next(self._rest, None)

    def of(self, stream: str) -> Head | None:
        """The head of this very stream, if it has one."""
        if self._next is None or self._next.stream != stream:
            return None
        found, self._next = self._next, next(self._rest, None)
        return found


def _wrong_values(driver: Driver) -> Iterator[Finding]:
    with driver.cursor(name="personal", binary=True) as cursor:
        cursor.execute(PERSONAL)
        for subject, sealed, salt, content in batched(cursor):
            if commitment(salt, content) != sealed:
                yield Finding(
                    stream=subject,
                    seq=None,
                    entry_id=None,
                    problem="personal",
                    sentence=f"{subject}: the personal value behind {sealed.hex()} is not the one that was recorded.",
                )


def _silent(done: int, total: int) -> None:
    """Nobody watches."""
