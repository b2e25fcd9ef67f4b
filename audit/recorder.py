"""Writes the events of a unit of work into the trail, in the unit's own transaction."""

import os
from collections.abc import Sequence
from typing import Any, TypeAlias

import psycopg

from audit.content import FORMAT, GENESIS, SALT, canonical, chain_hash, commitment, moment
from audit.heads import Head, RecentHeads
from audit.writing import Batch, add
from core.errors import StaleState
from core.identity import Actor
from core.ids import new_id, successor
from core.messages import Event
from storage.unit_of_work import UnitOfWork
from storage.writes import Writes

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
AT_ONCE = 1000  # entries in one statement; PostgreSQL takes at most 65 535 values
Driver: TypeAlias = "psycopg.Connection[tuple[Any, ...]]"
LOCK_TRIES = 3  # a second one only when two units make the same stream at the same moment


RECENT = RecentHeads()


def record(unit: UnitOfWork, events: Sequence[Event]) -> None:
    """Append all events of a unit, each to the chain of its stream; one statement or two, whatever their number.

    The heads stay locked until the unit commits, which is at once: so numbers have no gaps and chains no forks. A unit
    with one stream goes on from the head that this process wrote last, if the stream's subject is still as it was
    then: its entries ride with the unit's other changes, and all of it is refused as stale should somebody else have
    told of the same subject since. The stream of what the unit itself made begins with it. Everything else locks the
    heads, then reads them.
    """
    if not events:
        return
    streams = sorted({event.stream for event in events})
    if len(streams) == 1 and streams[0] in unit.begun and len(events) <= AT_ONCE:
        add(unit.posted, _compose(unit, events, {streams[0]: Head(streams[0], 0, GENESIS, "")}), is_new=True)
        return
    revision = unit.revisions.get(streams[0]) if len(streams) == 1 and len(events) <= AT_ONCE else None
    known = RECENT.take(streams[0], revision[0]) if revision else None
    if known is not None:
        batch = _compose(unit, events, {known.stream: Head(known.stream, known.seq, known.hash, known.last_id)})
        add(unit.posted, batch, known.hash)
        _remember(unit, batch.heads)
        return
    heads = _lock(unit.driver, streams)
    for start in range(0, len(events), AT_ONCE):
        unit.post(Writes())
        add(unit.posted, _compose(unit, events[start : start + AT_ONCE], heads))
    _remember(unit, heads)


def _remember(unit: UnitOfWork, heads: dict[str, Head]) -> None:
    """Only where a revision tells whether somebody else went on meanwhile."""
    revisions = unit.revisions

    def keep() -> None:
        for head in heads.values():
            if head.stream in revisions:
                RECENT.remember(head, revisions[head.stream][1])

    unit.after_commit(keep)


def _compose(unit: UnitOfWork, events: Sequence[Event], heads: dict[str, Head]) -> Batch:
    """The rows of some events; moves the heads along."""
    batch = Batch(unit.clock.now(), unit.actor.id)
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


def _person(actor: Actor, batch: Batch) -> dict[str, str]:
    """Name and address of the actor, erasable; the system has neither."""
    if actor.is_system:
        return {}
    subject = f"account:{actor.id}"
    person = {"actor.name": _commit(batch, actor.name, subject)}
    if actor.address is not None:
        person["actor.address"] = _commit(batch, actor.address, subject)
    return person


def _append(event: Event, head: Head, batch: Batch, frame: dict[str, Any]) -> None:
    fresh = new_id()
    entry_id = fresh if fresh > head.last_id else successor(head.last_id)
    payload = event.payload()
    sealed = {name: _commit(batch, payload.pop(name), event.data_subject) for name in event.personal & payload.keys()}
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
    batch.entries.append((event.stream, entry_id, head.seq, event.type, case, content, previous, head.hash))
    batch.heads[head.stream] = head


def _commit(batch: Batch, value: Any, subject: str) -> str:
    """Keep a personal value apart; returns what the entry shows instead, in hexadecimal."""
    salt, content = os.urandom(SALT), canonical(value)
    sealed = commitment(salt, content)
    batch.personal.append((sealed, subject, salt, content))
    return sealed.hex()
