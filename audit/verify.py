"""Checks chains of the trail and names the first entry of each that is not as it was written.

What it cannot see alone is a chain that was rewritten from some entry to its head; signed checkpoints are for that.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from sqlalchemy import ColumnElement, Connection, select

from audit.chain import Head
from audit.models import AuditEntryRow, AuditStreamRow
from audit.walking import BATCH, Finding, Progress, first_finding, walk
from core.errors import Forbidden
from storage.faults import translated
from storage.unit_of_work import Reading

__all__ = ["Finding", "Progress", "check_case", "check_chains", "check_stream", "require_auditor", "snapshot"]


def check_chains(view: Reading, progress: Progress | None = None) -> list[Finding]:
    """All findings, at most one per chain; an empty list means that no chain was tampered with.

    Reads one snapshot on a connection of its own, a batch at a time. Needs `audit.read`; raises `Forbidden`.
    """
    require_auditor(view)
    with snapshot(view) as connection:
        driver = connection.connection.driver_connection
        assert isinstance(driver, psycopg.Connection)
        return walk(driver, progress)


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
    finding = first_finding(stream, Head._make(found) if found else None, _rows(connection, entry.stream == stream))
    return [finding] if finding is not None else []


def _rows(connection: Connection, wanted: ColumnElement[bool]) -> Iterator[Any]:
    entry = AuditEntryRow.__table__.c
    columns = (entry.stream, entry.stream_seq, entry.id, entry.type, entry.at, entry.actor_id, entry.case_id)
    hashed = (entry.content, entry.previous_hash, entry.hash)
    query = select(*columns, *hashed).where(wanted).order_by(entry.stream, entry.stream_seq)
    streamed = connection.execution_options(stream_results=True, yield_per=BATCH).execute(query)
    yield from streamed
