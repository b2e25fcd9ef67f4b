"""Writes the events of a unit of work into the trail, in the unit's own transaction."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache
from typing import Any, LiteralString, TypeAlias

import psycopg
from psycopg.errors import UniqueViolation

from audit.content import FORMAT, GENESIS, SALT, canonical, chain_hash, commitment, moment
from audit.heads import Head, RecentHeads
from core.errors import StaleState
from core.identity import Actor
from core.ids import new_id, successor
from core.messages import Event
from storage.unit_of_work import UnitOfWork

# locks the heads in one order for everybody, then makes those that are missing
LOCK_HEADS = """
WITH held AS MATERIALIZED (
    SELECT stream, seq, hash, last_id FROM audit_stream WHERE stream = ANY(%(streams)s)
    ORDER BY stream FOR NO KEY UPDATE
), fresh AS (
    INSERT INTO audit_stream (stream, seq, hash, last_id)
    SELECT name, 0, %(genesis)s, '' FROM unnest(%(streams)s::text[]) AS name
    WHERE name NOT IN (SELECT stream FROM held)
    ON CONFLICT DO NOTHING
    RETURNING stream, seq, hash, last_id
)
SELECT stream, seq, hash, last_id FROM held UNION ALL SELECT stream, seq, hash, last_id FROM fresh
"""
ADD_ENTRIES = """
WITH entries AS (
    INSERT INTO audit_entry (id, stream, stream_seq, type, at, actor_id, case_id, content, previous_hash, hash)
    VALUES """
ADD_PERSONAL = """, kept AS (
    INSERT INTO audit_personal (commitment, subject, salt, content) VALUES """
MOVE_HEADS = """
UPDATE audit_stream SET seq = head.seq, hash = head.hash, last_id = head.last_id
FROM (VALUES ROWS) AS head (stream, seq, hash, last_id) WHERE audit_stream.stream = head.stream
"""
# the same in one step for one chain: nothing is written when the chain does not end where we remember
MOVE_KNOWN_HEAD = """
WITH moved AS (
    UPDATE audit_stream SET seq = %s, hash = %s, last_id = %s WHERE stream = %s AND hash = %s AND last_id = %s
    RETURNING stream
), entries AS (
    INSERT INTO audit_entry (id, stream, stream_seq, type, at, actor_id, case_id, content, previous_hash, hash)
    SELECT fresh.* FROM moved, (VALUES """
ADD_KNOWN_PERSONAL = """) AS fresh), kept AS (
    INSERT INTO audit_personal (commitment, subject, salt, content) SELECT personal.* FROM moved, (VALUES """
IS_MOVED = ") SELECT count(*) FROM moved"
KNOWN_ENTRY = "(%s, %s, %s::bigint, %s, %s::timestamptz, %s, %s::text, %s::bytea, %s::bytea, %s::bytea)"
KNOWN_PERSONAL = "(%s::bytea, %s, %s::bytea, %s::bytea)"
ENTRY = "(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
PERSONAL = "(%s, %s, %s, %s)"
HEAD = "(%s::text, %s::bigint, %s::bytea, %s::text)"
AT_ONCE = 1000  # entries in one statement; PostgreSQL takes at most 65 535 values
Driver: TypeAlias = "psycopg.Connection[tuple[Any, ...]]"
LOCK_TRIES = 3  # a second one only when two units make the same stream at the same moment


@dataclass(slots=True)
class _Batch:
    """The values that one unit adds, row after row."""

    at: datetime
    actor: str
    entries: list[Any] = field(default_factory=list)
    entry_count: int = 0
    personal: list[Any] = field(default_factory=list)
    personal_count: int = 0
    heads: dict[str, Head] = field(default_factory=dict)

    def commit_to(self, value: Any, subject: str) -> str:
        """Keep a personal value apart; returns what the entry shows instead, in hexadecimal."""
        salt, content = os.urandom(SALT), canonical(value)
        sealed = commitment(salt, content)
        self.personal += (sealed, subject, salt, content)
        self.personal_count += 1
        return sealed.hex()


RECENT = RecentHeads()


def record(unit: UnitOfWork, events: Sequence[Event]) -> None:
    """Append all events of a unit, each to the chain of its stream; one statement or two, whatever their number.

    The heads stay locked until the unit commits, which is at once: so numbers have no gaps and chains no forks. A unit
    with one stream first tries the head that this process wrote last, in a statement that adds nothing when somebody
    else has moved it since; that and everything else locks the heads, then reads them.
    """
    if not events:
        return
    streams = sorted({event.stream for event in events})
    known = RECENT.get(streams[0]) if len(streams) == 1 and len(events) <= AT_ONCE else None
    if known is not None:
        batch = _compose(unit, events, {known.stream: replace(known)})
        if _write_known(unit.driver, batch, known):
            _remember(unit, batch.heads)
            return
    heads = _lock(unit.driver, streams)
    for start in range(0, len(events), AT_ONCE):
        _write(unit.driver, _compose(unit, events[start : start + AT_ONCE], heads))
    _remember(unit, heads)


def _remember(unit: UnitOfWork, heads: dict[str, Head]) -> None:
    def keep() -> None:
        for head in heads.values():
            RECENT.remember(head)

    unit.after_commit(keep)


def _compose(unit: UnitOfWork, events: Sequence[Event], heads: dict[str, Head]) -> _Batch:
    """The rows of some events; moves the heads along."""
    batch = _Batch(unit.clock.now(), unit.actor.id)
    frame = {"v": FORMAT, "unit": unit.id, "at": moment(batch.at), "actor": batch.actor}
    person = _person(unit.actor, batch)
    for event in events:
        _append(event, heads[event.stream], batch, frame | {"personal": person})
    return batch


def _lock(driver: Driver, streams: list[str]) -> dict[str, Head]:
    for _ in range(LOCK_TRIES):
        rows = driver.execute(LOCK_HEADS, {"streams": streams, "genesis": GENESIS}).fetchall()
        if len(rows) == len(streams):
            return {row[0]: Head(*row) for row in rows}
    raise StaleState("Somebody else is writing to the same trail at this moment. Try again.")


def _person(actor: Actor, batch: _Batch) -> dict[str, str]:
    """Name and address of the actor, erasable; the system has neither."""
    if actor.is_system:
        return {}
    subject = f"account:{actor.id}"
    person = {"actor.name": batch.commit_to(actor.name, subject)}
    if actor.address is not None:
        person["actor.address"] = batch.commit_to(actor.address, subject)
    return person


def _append(event: Event, head: Head, batch: _Batch, frame: dict[str, Any]) -> None:
    fresh = new_id()
    entry_id = fresh if fresh > head.last_id else successor(head.last_id)
    payload = event.payload()
    sealed = {name: batch.commit_to(payload.pop(name), event.data_subject) for name in event.personal & payload.keys()}
    previous, case = head.hash, event.case
    head.seq, head.last_id = head.seq + 1, entry_id
    content = canonical(
        frame
        | {
            "id": entry_id,
            "stream": event.stream,
            "seq": head.seq,
            "type": event.type,
            "case": case,
            "data": payload,
            "personal": frame["personal"] | sealed,
        }
    )
    head.hash = chain_hash(previous, content)
    batch.entries += (
        *(entry_id, event.stream, head.seq, event.type, batch.at, batch.actor, case),
        *(content, previous, head.hash),
    )
    batch.entry_count += 1
    batch.heads[head.stream] = head


@cache
def _statement(entries: int, personal: int, heads: int) -> LiteralString:
    """One statement that adds so many rows: scalars are sent in a third of the time that arrays take."""
    kept = ADD_PERSONAL + ", ".join([PERSONAL] * personal) + ")" if personal else ""
    return (
        ADD_ENTRIES + ", ".join([ENTRY] * entries) + ")" + kept + MOVE_HEADS.replace("ROWS", ", ".join([HEAD] * heads))
    )


def _write(driver: Driver, batch: _Batch) -> None:
    moved = [value for head in batch.heads.values() for value in (head.stream, head.seq, head.hash, head.last_id)]
    statement = _statement(batch.entry_count, batch.personal_count, len(batch.heads))
    try:
        driver.execute(statement, [*batch.entries, *batch.personal, *moved])
    except UniqueViolation as error:
        raise StaleState("Somebody else is writing to the same trail at this moment. Try again.") from error


@cache
def _known_statement(entries: int, personal: int) -> LiteralString:
    kept = ADD_KNOWN_PERSONAL + ", ".join([KNOWN_PERSONAL] * personal) + ") AS personal" if personal else ") AS fresh"
    return MOVE_KNOWN_HEAD + ", ".join([KNOWN_ENTRY] * entries) + kept + IS_MOVED


def _write_known(driver: Driver, batch: _Batch, known: Head) -> bool:
    """Write one chain's entries if the chain still ends at `known`; whether it did."""
    (head,) = batch.heads.values()
    moved = [head.seq, head.hash, head.last_id, head.stream, known.hash, known.last_id]
    statement = _known_statement(batch.entry_count, batch.personal_count)
    row = driver.execute(statement, [*moved, *batch.entries, *batch.personal]).fetchone()
    return row is not None and row[0] == 1
