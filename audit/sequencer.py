"""Gives every committed entry its place in the Merkle log, once; one process at a time, others wait or leave it to it.

Entries become visible when their unit commits, in another order than that of their ids. So the log keeps a mark below
which nothing can appear any more, and looks at everything above it. The mark follows a barrier: a moment, and the first
transaction number that was not given out then. Once all older transactions have ended, whatever appears later was
written by a unit that composed its entries after that moment, but for the tolerance that clocks and networks need.
A unit that was frozen for longer between composing and sending is found by the thorough pass, which counts.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from sqlalchemy import Engine

from audit.tiles import Growth, Place, TileMissing
from core.errors import Unavailable
from core.ids import encode
from core.records import dataclass
from storage.faults import translated

LOCK = 7_203_110_011  # advisory lock of a transaction: whoever holds it appends
AT_ONCE = 5000  # entries in one transaction
TOLERANCE = timedelta(seconds=10)  # how far clocks may differ, and how long a composed entry may take to arrive
STILL = timedelta(seconds=30)  # how long the barrier may stay when nothing happens
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)

BEGIN = """INSERT INTO audit_log (id, size, mark, barrier, barrier_at)
VALUES (1, 0, '', 0, '1970-01-01T00:00:00Z') ON CONFLICT DO NOTHING"""
STATE = "SELECT size, mark, barrier, barrier_at FROM audit_log WHERE id = 1"
NOW = """SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint,
pg_snapshot_xmax(pg_current_snapshot())::text::bigint, clock_timestamp()"""
NEXT = r"""
SELECT entry.id, sha256('\x00'::bytea || entry.content), entry.actor_id, entry.type FROM audit_entry AS entry
WHERE entry.id > %s AND NOT EXISTS (SELECT FROM audit_leaf WHERE audit_leaf.entry_id = entry.id)
ORDER BY entry.id LIMIT %s
"""
ADD_LEAVES = """INSERT INTO audit_leaf (position, entry_id, actor_id, type)
SELECT %s + number - 1, id, actor, type
FROM unnest(%s::text[], %s::text[], %s::text[]) WITH ORDINALITY AS fresh (id, actor, type, number)"""
KEEP_TILES = """INSERT INTO audit_tile (row, number, hashes)
SELECT * FROM unnest(%s::smallint[], %s::bigint[], %s::bytea[])
ON CONFLICT (row, number) DO UPDATE SET hashes = excluded.hashes"""
LOAD_TILE = "SELECT hashes FROM audit_tile WHERE row = %s AND number = %s"
GROW = "UPDATE audit_log SET size = %s WHERE id = 1"
MOVE = "UPDATE audit_log SET mark = greatest(mark, %s), barrier = %s, barrier_at = %s WHERE id = 1"
MISSING = """SELECT (SELECT coalesce(sum(seq), 0) FROM audit_stream) - (SELECT size FROM audit_log WHERE id = 1)
- (SELECT count(*) FROM audit_entry AS entry WHERE entry.id > (SELECT mark FROM audit_log WHERE id = 1)
   AND NOT EXISTS (SELECT FROM audit_leaf WHERE audit_leaf.entry_id = entry.id))"""

Driver = psycopg.Connection[tuple[Any, ...]]


class LogDamaged(Unavailable):
    """The stored tree does not hold what its size says; nothing is added to it until somebody has looked."""

    code = "log_damaged"

    def __init__(self, what: str) -> None:
        super().__init__(f"The log of the trail is damaged: {what} is missing. Run: obieg audit check")


@dataclass(frozen=True, slots=True)
class _State:
    size: int
    mark: str
    barrier: int
    barrier_at: datetime


def sequence(engine: Engine, *, wait: bool = False, at_once: int = AT_ONCE) -> int:
    """Append what was committed and has no place yet; the number of entries.

    When another process is at it, this one leaves the work to it, or with `wait` follows it. Raises `LogDamaged`.
    """
    total, after, start = 0, None, None
    with translated(), engine.connect() as connection:
        driver = _driver(connection)
        while True:
            with driver.transaction():
                if not _is_ours(driver, wait=wait):
                    return total
                state = _state(driver)
                start = start or (state, *_row(driver, NOW))
                fresh = driver.execute(NEXT, [state.mark if after is None else after, at_once]).fetchall()
                if fresh:
                    _append(driver, state.size, fresh)
                    total, after = total + len(fresh), fresh[-1][0]
                if len(fresh) < at_once:
                    _move(driver, start, is_idle=total == 0)
                    return total


def sequence_thoroughly(engine: Engine) -> int:
    """As `sequence`, and count: should an entry be missing below the mark, look at all of them."""
    total = sequence(engine, wait=True)
    with translated(), engine.connect() as connection:
        driver = _driver(connection)
        with driver.transaction():
            _is_ours(driver, wait=True)
            if _row(driver, MISSING)[0] == 0:
                return total
            driver.execute("UPDATE audit_log SET mark = '' WHERE id = 1")
    return total + sequence(engine, wait=True)


def load_tile(driver: Driver, place: Place) -> bytes:
    """The hashes of a tile; none when there is no such tile."""
    found = driver.execute(LOAD_TILE, place).fetchone()
    return bytes(found[0]) if found else b""


def _driver(connection: Any) -> Driver:
    driver = connection.connection.driver_connection
    assert isinstance(driver, psycopg.Connection)
    return driver


def _is_ours(driver: Driver, *, wait: bool) -> bool:
    if wait:
        driver.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        return True
    return bool(_row(driver, "SELECT pg_try_advisory_xact_lock(%s)", [LOCK])[0])


def _state(driver: Driver) -> _State:
    found = driver.execute(STATE).fetchone()
    if found is None:
        driver.execute(BEGIN)
        return _State(0, "", 0, BEGINNING)
    return _State(*found)


def _append(driver: Driver, size: int, fresh: Sequence[tuple[Any, ...]]) -> None:
    growth = Growth(size, lambda place: load_tile(driver, place))
    try:
        growth.append([leaf for _, leaf, *_ in fresh])
    except TileMissing as error:
        raise LogDamaged(str(error)) from error
    entries, _, actors, types = map(list, zip(*fresh, strict=True))
    driver.execute(ADD_LEAVES, [size, entries, actors, types])
    rows, numbers = zip(*growth.changed, strict=True)
    driver.execute(KEEP_TILES, [list(rows), list(numbers), [bytes(tile) for tile in growth.changed.values()]])
    driver.execute(GROW, [growth.size])


def _move(driver: Driver, start: tuple[Any, ...], *, is_idle: bool) -> None:
    """Everything visible is in: when all that was older than the barrier had ended before, the mark follows it."""
    state, oldest, following, now = start
    if oldest < state.barrier or (is_idle and now - state.barrier_at < STILL):
        return
    driver.execute(MOVE, [_lowest_id(state.barrier_at - TOLERANCE), following, now])


def _lowest_id(moment: datetime) -> str:
    milliseconds = max(0, (moment - BEGINNING) // timedelta(milliseconds=1))
    return encode(milliseconds << 80)  # core.ids: 80 random bits follow


def _row(driver: Driver, query: str, values: Sequence[Any] = ()) -> tuple[Any, ...]:
    found = driver.execute(query.encode(), values).fetchone()
    assert found is not None
    return found
