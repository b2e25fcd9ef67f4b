"""Walks every chain of the trail and names the first entry of each that is not as it was written.

What it cannot see alone is a chain that was rewritten from some entry to its head; signed checkpoints are for that.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import psycopg
from sqlalchemy import ColumnElement, Connection, Row, func, select

from audit.chain import Chain, Fault, Head, Link
from audit.content import commitment
from audit.models import AuditEntryRow, AuditPersonalRow, AuditStreamRow
from core.errors import Forbidden
from storage.faults import translated
from storage.unit_of_work import Reading

BATCH = 2000  # rows that are in memory at a time
ENTRIES = """SELECT stream, stream_seq, id, type, at, actor_id, case_id, content, previous_hash, hash
FROM audit_entry ORDER BY stream, stream_seq"""
Progress = Callable[[int, int], None]  # entries checked so far, entries in all


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


def check_chains(view: Reading, progress: Progress | None = None) -> list[Finding]:
    """All findings, at most one per chain; an empty list means that no chain was tampered with.

    Reads one snapshot on a connection of its own, a batch at a time. Needs `audit.read`; raises `Forbidden`.
    """
    require_auditor(view)
    with snapshot(view) as connection:
        meter = _Meter(progress or _silent, connection.scalar(select(func.count()).select_from(AuditEntryRow)) or 0)
        findings = [finding for chain in _chains(connection, meter) if (finding := _check(*chain)) is not None]
        meter.tell()
        return [*findings, *_wrong_values(connection)]


def require_auditor(view: Reading) -> None:
    """Raises `Forbidden` for whoever may not read the log."""
    if not view.actor.may("audit.read"):
        raise Forbidden("Only auditors may check the log; ask for the right audit.read.", permission="audit.read")


@contextmanager
def snapshot(view: Reading) -> Iterator[Connection]:
    """A connection of its own that sees one moment and cannot write."""
    engine = view.session.connection().engine
    options: dict[str, Any] = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    with translated(), engine.connect().execution_options(**options) as connection:
        yield connection


def check_case(view: Reading, case: str) -> list[Finding]:
    """The findings in the chains that a case appears in: its own and those of its documents and records.

    For whoever may read the trail of the case; the caller has asked for it. An entry names its case in what is hashed,
    so none can be moved to another case without a finding.
    """
    entry = AuditEntryRow.__table__.c
    connection = view.session.connection()
    streams = connection.scalars(select(entry.stream).where(entry.case_id == case).distinct().order_by(entry.stream))
    return [finding for stream in list(streams) for finding in _check_stream(connection, stream)]


def check_stream(view: Reading, stream: str) -> list[Finding]:
    """The finding in one chain, if there is one; the caller has asked for rights."""
    return _check_stream(view.session.connection(), stream)


def _check_stream(connection: Connection, stream: str) -> list[Finding]:
    entry, head = AuditEntryRow.__table__.c, AuditStreamRow.__table__.c
    query = select(head.stream, head.seq, head.hash, head.last_id).where(head.stream == stream)
    found = connection.execute(query).one_or_none()
    finding = _check(stream, Head._make(found) if found else None, _links(connection, entry.stream == stream))
    return [finding] if finding is not None else []


def _check(stream: str, head: Head | None, links: Iterable[Link]) -> Finding | None:
    fault = Chain(stream, head).first_fault(links)
    if fault is None:
        return None
    return Finding(
        stream=stream, seq=fault.seq, entry_id=fault.entry_id, problem=fault.problem, sentence=_sentence(stream, fault)
    )


def _sentence(stream: str, fault: Fault) -> str:
    return f"{stream}, entry {fault.seq}: {fault.what}." if fault.seq is not None else f"{stream}: {fault.what}."


def _chains(connection: Connection, meter: "_Meter") -> Iterator[tuple[str, Head | None, Iterable[Link]]]:
    """Every stream that has a head or an entry, in order, with both."""
    heads = _Heads(connection)
    for stream, rows in groupby(meter.count(_entries(connection)), key=lambda link: link.stream):
        yield from ((head.stream, head, ()) for head in heads.before(stream))
        yield stream, heads.of(stream), rows
    yield from ((head.stream, head, ()) for head in heads.before(None))


def _entries(connection: Connection) -> Iterator[Link]:
    """All of them; sent without SQLAlchemy, which would take a third of the time."""
    driver = connection.connection.driver_connection
    assert isinstance(driver, psycopg.Connection)
    with driver.cursor(name="entries", binary=True) as cursor:
        cursor.execute(ENTRIES)
        while rows := cursor.fetchmany(BATCH):
            yield from map(Link._make, rows)


def _links(connection: Connection, wanted: ColumnElement[bool]) -> Iterator[Link]:
    entry = AuditEntryRow.__table__.c
    columns = (entry.stream, entry.stream_seq, entry.id, entry.type, entry.at, entry.actor_id, entry.case_id)
    hashed = (entry.content, entry.previous_hash, entry.hash)
    query = select(*columns, *hashed).where(wanted).order_by(entry.stream, entry.stream_seq)
    streamed = connection.execution_options(stream_results=True, yield_per=BATCH).execute(query)
    for rows in streamed.partitions():
        yield from map(Link._make, rows)


class _Heads:
    """The heads in order, taken as the walk over the entries comes by."""

    def __init__(self, connection: Connection) -> None:
        head = AuditStreamRow.__table__.c
        query = select(head.stream, head.seq, head.hash, head.last_id).order_by(head.stream)
        self._rest = (Head._make(row) for row in _streamed(connection, query))
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


def _wrong_values(connection: Connection) -> Iterator[Finding]:
    kept = AuditPersonalRow.__table__.c
    for row in _streamed(connection, select(kept.subject, kept.commitment, kept.salt, kept.content)):
        if commitment(row.salt, row.content) != row.commitment:
            sealed = row.commitment.hex()
            yield Finding(
                stream=row.subject,
                seq=None,
                entry_id=None,
                problem="personal",
                sentence=f"{row.subject}: the personal value behind {sealed} is not the one that was recorded.",
            )


def _streamed(connection: Connection, query: Any) -> Iterator[Row[Any]]:
    yield from connection.execution_options(stream_results=True, yield_per=BATCH).execute(query)


class _Meter:
    """Counts entries as they pass, and tells now and then."""

    def __init__(self, progress: Progress, total: int) -> None:
        self._progress = progress
        self._total = total
        self._done = 0

    def count(self, links: Iterable[Link]) -> Iterator[Link]:
        """The same entries, counted."""
        for link in links:
            self._done += 1
            if self._done % BATCH == 0:
                self.tell()
            yield link

    def tell(self) -> None:
        """Report how far we are."""
        self._progress(self._done, self._total)


def _silent(done: int, total: int) -> None:
    """Nobody watches."""
