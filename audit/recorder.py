"""Writes the events of a unit of work into the trail, in the unit's own transaction."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import psycopg
from psycopg.errors import UniqueViolation

from audit.content import FORMAT, GENESIS, SALT, canonical, chain_hash, commitment, moment
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
APPEND = """
WITH entries AS (
    INSERT INTO audit_entry
        (id, stream, stream_seq, type, at, actor_id, case_id, content, previous_hash, hash)
    SELECT id, stream, seq, type, %(at)s, %(actor)s, case_id, content, previous, hash
    FROM unnest(%(ids)s::text[], %(streams)s::text[], %(seqs)s::bigint[], %(types)s::text[], %(cases)s::text[],
                %(contents)s::bytea[], %(previous)s::bytea[], %(hashes)s::bytea[])
        AS row (id, stream, seq, type, case_id, content, previous, hash)
), kept AS (
    INSERT INTO audit_personal (commitment, subject, salt, content)
    SELECT * FROM unnest(%(commitments)s::bytea[], %(subjects)s::text[], %(salts)s::bytea[], %(secrets)s::bytea[])
)
UPDATE audit_stream SET seq = head.seq, hash = head.hash, last_id = head.last_id
FROM unnest(%(head_streams)s::text[], %(head_seqs)s::bigint[], %(head_hashes)s::bytea[], %(head_ids)s::text[])
    AS head (stream, seq, hash, last_id)
WHERE audit_stream.stream = head.stream
"""
LOCK_TRIES = 3  # a second one only when two units make the same stream at the same moment


@dataclass(slots=True)
class _Head:
    stream: str
    seq: int
    hash: bytes
    last_id: str


@dataclass(slots=True)
class _Batch:
    """The rows that one unit adds, column by column, as PostgreSQL's `unnest` takes them."""

    entries: list[tuple[str, str, int, str, str | None, bytes, bytes, bytes]] = field(default_factory=list)
    personal: list[tuple[bytes, str, bytes, bytes]] = field(default_factory=list)

    def commit_to(self, value: Any, subject: str) -> str:
        """Keep a personal value apart; returns what the entry shows instead, in hexadecimal."""
        salt, content = os.urandom(SALT), canonical(value)
        sealed = commitment(salt, content)
        self.personal.append((sealed, subject, salt, content))
        return sealed.hex()


def record(unit: UnitOfWork, events: Sequence[Event]) -> None:
    """Append all events of a unit, each to the chain of its stream; two statements, whatever their number.

    The heads stay locked until the unit commits, which is at once: so numbers have no gaps and chains no forks.
    """
    if not events:
        return
    driver, at = unit.driver, unit.clock.now()
    heads = _lock(driver, sorted({event.stream for event in events}))
    batch = _Batch()
    person = _person(unit.actor, batch)
    for event in events:
        _append(event, heads[event.stream], batch, {**_common(unit, at), "personal": person})
    _write(driver, heads, batch, at=at, actor=unit.actor)


def _lock(driver: "psycopg.Connection[tuple[Any, ...]]", streams: list[str]) -> dict[str, _Head]:
    for _ in range(LOCK_TRIES):
        rows = driver.execute(LOCK_HEADS, {"streams": streams, "genesis": GENESIS}).fetchall()
        if len(rows) == len(streams):
            return {row[0]: _Head(*row) for row in rows}
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


def _common(unit: UnitOfWork, at: datetime) -> dict[str, Any]:
    return {"v": FORMAT, "unit": unit.id, "at": moment(at), "actor": unit.actor.id}


def _append(event: Event, head: _Head, batch: _Batch, frame: dict[str, Any]) -> None:
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
    batch.entries.append((entry_id, event.stream, head.seq, event.type, case, content, previous, head.hash))


def _write(
    driver: "psycopg.Connection[tuple[Any, ...]]",
    heads: dict[str, _Head],
    batch: _Batch,
    *,
    at: datetime,
    actor: Actor,
) -> None:
    ids, streams, seqs, types, cases, contents, previous, hashes = map(list, zip(*batch.entries, strict=True))
    personal = list(zip(*batch.personal, strict=True)) or [(), (), (), ()]
    commitments, subjects, salts, secrets = map(list, personal)
    values = {
        "at": at,
        "actor": actor.id,
        "ids": ids,
        "streams": streams,
        "seqs": seqs,
        "types": types,
        "cases": cases,
        "contents": contents,
        "previous": previous,
        "hashes": hashes,
        "commitments": commitments,
        "subjects": subjects,
        "salts": salts,
        "secrets": secrets,
        "head_streams": [head.stream for head in heads.values()],
        "head_seqs": [head.seq for head in heads.values()],
        "head_hashes": [head.hash for head in heads.values()],
        "head_ids": [head.last_id for head in heads.values()],
    }
    try:
        driver.execute(APPEND, values)
    except UniqueViolation as error:
        raise StaleState("Somebody else is writing to the same trail at this moment. Try again.") from error
