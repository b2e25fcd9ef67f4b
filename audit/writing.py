"""The trail's rows as changes that ride with what a unit writes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any

from audit.heads import Head
from storage.writes import Writes

MOVE_HEADS = """
UPDATE audit_stream SET seq = head.seq, hash = head.hash, last_id = head.last_id
FROM (VALUES {rows}) AS head (stream, seq, hash, last_id) WHERE audit_stream.stream = head.stream
"""
HEAD = "(%(head{n}_stream)s::text, %(head{n}_seq)s::bigint, %(head{n}_hash)s::bytea, %(head{n}_last)s::text)"
# moves nothing when the chain does not end where we remember; then the entries refuse the unit as stale
MOVE_KNOWN_HEAD = """
UPDATE audit_stream SET seq = %(head0_seq)s, hash = %(head0_hash)s, last_id = %(head0_last)s
WHERE stream = %(head0_stream)s AND hash = %(known)s RETURNING stream
"""
BEGIN_CHAIN = """
INSERT INTO audit_stream (stream, seq, hash, last_id)
VALUES (%(head0_stream)s, %(head0_seq)s, %(head0_hash)s, %(head0_last)s)
"""
SURE = "coalesce((SELECT stream FROM moved), audit_stale())"
ADD_ENTRIES = """
INSERT INTO audit_entry (stream, id, stream_seq, type, case_id, content, previous_hash, hash, at, actor_id) VALUES """
ADD_PERSONAL = "INSERT INTO audit_personal (commitment, subject, salt, content) VALUES "


@dataclass(slots=True)
class Batch:
    """The rows that one unit adds, in the order of the statements' columns, and the ends of its chains after them."""

    at: datetime
    actor: str
    entries: list[tuple[Any, ...]] = field(default_factory=list)
    personal: list[tuple[Any, ...]] = field(default_factory=list)
    heads: dict[str, Head] = field(default_factory=dict)


def add(writes: Writes, batch: Batch, known: bytes | None = None, *, is_new: bool = False) -> None:
    """Add the rows of a batch to a unit's changes.

    With `known`, the hash at which its only chain should end now, everything is refused unless it does; with `is_new`
    its only chain begins with it; otherwise the heads must be locked.
    """
    for number, head in enumerate(batch.heads.values()):
        mine = {"stream": head.stream, "seq": head.seq, "hash": head.hash, "last": head.last_id}
        writes.values.update({f"head{number}_{name}": value for name, value in mine.items()})
    entries = _places(writes, "entry", batch.entries)
    if known is not None:
        writes.add(MOVE_KNOWN_HEAD, name="moved", known=known)
        entries[0][0] = SURE
    elif is_new:
        writes.add(BEGIN_CHAIN, name="moved")
    else:
        rows = ", ".join([HEAD.format(n=number) for number in range(len(batch.heads))])
        writes.add(MOVE_HEADS.format(rows=rows), name="moved")
    for row in entries:
        row.extend(("%(entry_at)s", "%(entry_actor)s"))
    writes.add(ADD_ENTRIES + _rows(entries), name="entries", entry_at=batch.at, entry_actor=batch.actor)
    if batch.personal:
        writes.add(ADD_PERSONAL + _rows(_places(writes, "personal", batch.personal)), name="kept")


def _places(writes: Writes, kind: str, rows: Sequence[tuple[Any, ...]]) -> list[list[str]]:
    """The places of the values, row after row."""
    found = []
    for number, row in enumerate(rows):
        names, places = _named(kind, number, len(row))
        writes.values.update(zip(names, row, strict=True))
        found.append([*places])
    return found


@lru_cache(maxsize=5000)  # as many rows as one statement has
def _named(kind: str, number: int, columns: int) -> tuple[list[str], list[str]]:
    names = [f"{kind}{number}_{column}" for column in range(columns)]
    return names, [f"%({name})s" for name in names]


def _rows(places: Iterable[Sequence[str]]) -> str:
    return ", ".join([f"({', '.join(row)})" for row in places])
