"""The way of a blob into the database: announced before it is visible, claimed with what uses it, or swept."""

import hashlib
import logging
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, Protocol

from sqlalchemy import Connection, Engine, delete, exists, func, select

from core.clock import Clock, SystemClock
from core.errors import Conflict
from core.ids import new_id
from core.records import dataclass
from storage.blobs.store import BlobMissing, BlobRef, BlobStore
from storage.faults import translated
from storage.models import BlobRow, BlobUploadRow
from storage.prepared import executing

logger = logging.getLogger(__name__)

GRACE = timedelta(hours=24)  # how long an upload may wait for the command that uses it
BATCH = 500  # blobs that the sweeper compares with the database at a time
NAMESPACE = b"obieg.blob:"  # keeps our advisory locks apart from those of others


class Fetch(Protocol):
    """Executes a statement with places such as `$1` in a transaction and gives its rows."""

    def __call__(self, text: bytes, *values: Any) -> list[dict[str, Any]]:
        """All rows."""


class UploadExpired(Conflict):
    """The content was uploaded too long ago, and has been swept."""

    code = "upload_expired"


@dataclass(frozen=True, slots=True)
class Swept:
    """What a sweep removed: blobs that nothing used, and the bytes that they took."""

    blobs: int
    bytes: int


def lock_key(digest: str) -> int:
    """The advisory lock of a digest: a signed 64-bit number."""
    return int.from_bytes(hashlib.sha256(NAMESPACE + digest.encode()).digest()[:8], signed=True)


SHARE = b"SELECT pg_advisory_xact_lock_shared($1::bigint)"
CLAIM = b"""
WITH owned AS (SELECT digest FROM blob WHERE digest = $1 FOR KEY SHARE),
fresh AS (
    INSERT INTO blob (digest, size, claimed_at) SELECT $1, $2::bigint, $3
    WHERE NOT EXISTS (SELECT FROM owned) AND EXISTS (SELECT FROM blob_upload WHERE digest = $1)
    ON CONFLICT DO NOTHING RETURNING digest
)
SELECT EXISTS (SELECT FROM owned) AS is_ours, EXISTS (SELECT FROM fresh) AS is_new,
    EXISTS (SELECT FROM blob_upload WHERE digest = $1) AS is_announced
"""
# durable with the claim at the latest: the server writes its log in order, and without a claim nothing is promised
ANNOUNCE = b"""
WITH held AS MATERIALIZED (
    SELECT pg_advisory_xact_lock_shared($1::bigint), set_config('synchronous_commit', 'off', true)
)
INSERT INTO blob_upload (id, digest, announced_at) SELECT $2, $3, $4 FROM held
"""


def claim(fetch: Fetch, blob: BlobRef, at: datetime, store: BlobStore | None) -> None:
    """Make a blob belong to the database with this transaction. Raises `UploadExpired` when it was swept.

    The shared lock keeps the sweeper away until the commit, so it comes first, in a statement of its own: the second
    one sees all that a sweeper did before. The row lock does the same to whoever removes the row. An announcement may
    be that of somebody else who is still on the way with the same bytes, after ours were swept; so with the lock held,
    the store is asked whether it has them.
    """
    fetch(SHARE, lock_key(blob.digest))
    while True:
        (found,) = fetch(CLAIM, blob.digest, blob.size, at)
        if found["is_ours"] or (found["is_new"] and (store is None or _holds(store, blob.digest))):
            return
        if found["is_new"] or not found["is_announced"]:
            raise UploadExpired(
                "This file was uploaded too long ago and has been removed since. Upload it again.", digest=blob.digest
            )
        # somebody else has claimed the same bytes at this moment: the next look locks that row


def _holds(store: BlobStore, digest: str) -> bool:
    try:
        store.size(digest)
    except BlobMissing:
        return False
    return True


class Staging:
    """Announces blobs that are on their way, and sweeps those that nobody claimed.

    A race is impossible because announcing and claiming take a lock on the digest that they share, and the sweeper
    takes it alone: it looks whether anybody wants the blob and deletes it without anybody in between.
    """

    def __init__(self, engine: Engine, *, clock: Clock | None = None, grace: timedelta = GRACE) -> None:
        self._engine = engine
        self._clock = clock or SystemClock()
        self._grace = grace

    def announce(self, blob: BlobRef) -> None:
        """Say, in a transaction of its own, that a blob is about to be stored; `BlobStore.put` calls it in time.

        Everybody sees it when this returns. Raises `Unavailable`, also when the sweeper holds the digest for too long.
        """
        values = (lock_key(blob.digest), new_id(), blob.digest, self._clock.now())
        with translated(), executing(self._engine) as prepared:
            prepared.execute(ANNOUNCE, values)

    def sweep(self, store: BlobStore) -> Swept:
        """Delete stored blobs that nothing in the database uses and nobody announced within the grace period.

        Blobs stored within the grace period are spared too, whatever the database says.
        """
        before = self._clock.now() - self._grace
        swept = Swept(0, 0)
        old = (blob for blob, stored_at in store.listing() if stored_at < before)
        with translated(), self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            while batch := list(islice(old, BATCH)):
                for blob in _unclaimed(connection, batch):
                    if _remove(connection, blob, before, store):
                        swept = Swept(swept.blobs + 1, swept.bytes + blob.size)
            # what is left over are announcements of blobs that were claimed, or that never came
            connection.execute(delete(BlobUploadRow).where(BlobUploadRow.announced_at < before))
        unfinished = store.discard_unfinished(before)
        extra = {"action": "sweep_blobs", "blobs": swept.blobs, "bytes": swept.bytes, "unfinished": unfinished}
        logger.info("blobs swept", extra=extra)
        return swept


def _unclaimed(connection: Connection, batch: list[BlobRef]) -> list[BlobRef]:
    """Those of a batch that look unused; a cheap first look, without locks."""
    digests = [blob.digest for blob in batch]
    claimed = set(connection.execute(select(BlobRow.digest).where(BlobRow.digest.in_(digests))).scalars())
    return [blob for blob in batch if blob.digest not in claimed]


def _remove(connection: Connection, blob: BlobRef, before: datetime, store: BlobStore) -> bool:
    """Look again and delete, holding the lock alone; whoever is busy with the blob is not waited for.

    The connection commits each statement by itself: the announcements are gone for good before the blob is, so that
    no crash in between leaves an announcement, and with it the right to claim, of a blob that is not there.
    """
    key = lock_key(blob.digest)
    if not connection.execute(select(func.pg_try_advisory_lock(key))).scalar_one():
        return False
    try:
        fresh = (BlobUploadRow.digest == blob.digest) & (BlobUploadRow.announced_at >= before)
        wanted = select(exists().where(BlobRow.digest == blob.digest) | exists().where(fresh))
        if connection.execute(wanted).scalar_one():
            return False
        connection.execute(delete(BlobUploadRow).where(BlobUploadRow.digest == blob.digest))
        store.delete(blob.digest)
        return True
    finally:
        connection.execute(select(func.pg_advisory_unlock(key)))
