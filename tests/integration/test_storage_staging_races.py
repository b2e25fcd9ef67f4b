"""Between the sweeper's look at a blob and its removal somebody claims or uploads it: nothing claimed is ever lost."""

import io
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import Engine, select

from core.clock import FixedClock
from core.identity import SYSTEM
from storage.blobs.memory import MemoryBlobStore
from storage.blobs.staging import GRACE, Staging, UploadExpired
from storage.blobs.store import BlobRef, BlobStore
from storage.jobs.queue import ProcrastinateQueue
from storage.models import BlobRow
from storage.unit_of_work import UnitFactory


@pytest.fixture
def units(engine: Engine, blobs: MemoryBlobStore, clock: FixedClock) -> UnitFactory:
    return UnitFactory(engine, queue=ProcrastinateQueue(), clock=clock, ports={BlobStore: blobs})


@pytest.fixture
def upload(blobs: MemoryBlobStore, staging: Staging) -> Any:
    def upload(content: bytes = b"contract") -> BlobRef:
        return blobs.put(io.BytesIO(content), announce=staging.announce)

    return upload


def claim(units: UnitFactory, blob: BlobRef) -> None:
    with units.begin(SYSTEM) as unit:
        unit.claim(blob)
        unit.commit()


def claimed(engine: Engine) -> set[str]:
    with engine.connect() as connection:
        return set(connection.execute(select(BlobRow.digest)).scalars())


def stored(blobs: MemoryBlobStore) -> set[str]:
    return {blob.digest for blob, _ in blobs.listing()}


def until_it_waits(engine: Engine) -> None:
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        while not connection.exec_driver_sql(waiting).scalar_one():
            pass


class Interrupted(MemoryBlobStore):
    """The store of others, which lets something happen between the sweeper's look and the removal."""

    def __init__(self, blobs: MemoryBlobStore, meanwhile: Callable[[str], object]) -> None:
        super().__init__()
        self._blobs, self._meanwhile = blobs, meanwhile

    def listing(self) -> Iterator[tuple[BlobRef, datetime]]:
        return self._blobs.listing()

    def delete(self, digest: str) -> None:
        self._meanwhile(digest)
        self._blobs.delete(digest)


def test_a_blob_that_is_claimed_behind_the_first_look_is_looked_at_again(
    upload: Any, units: UnitFactory, staging: Staging, blobs: MemoryBlobStore, clock: FixedClock, engine: Engine
) -> None:
    both = {blob.digest: blob for blob in (upload(b"one"), upload(b"two"))}
    clock.advance(GRACE * 2)

    def claim_the_other(digest: str) -> None:  # the sweeper took both for unused, and is at the first of them
        claim(units, next(blob for name, blob in both.items() if name != digest))

    assert staging.sweep(Interrupted(blobs, claim_the_other)).blobs == 1
    assert len(claimed(engine)) == 1
    assert claimed(engine) == stored(blobs)


def test_a_claim_that_comes_between_the_last_look_and_the_removal_waits_and_is_refused(
    upload: Any, units: UnitFactory, staging: Staging, blobs: MemoryBlobStore, clock: FixedClock, engine: Engine
) -> None:
    blob = upload()
    clock.advance(GRACE * 2)
    with ThreadPoolExecutor(1) as pool:
        claims: list[Future[None]] = []

        def begin_a_claim(_digest: str) -> None:
            claims.append(pool.submit(claim, units, blob))
            until_it_waits(engine)

        assert staging.sweep(Interrupted(blobs, begin_a_claim)).blobs == 1
        with pytest.raises(UploadExpired):
            claims[0].result(timeout=60)

    assert claimed(engine) == stored(blobs) == set()


def test_an_upload_that_comes_between_the_last_look_and_the_removal_stores_the_bytes_again(
    upload: Any, units: UnitFactory, staging: Staging, blobs: MemoryBlobStore, clock: FixedClock, engine: Engine
) -> None:
    blob = upload()
    clock.advance(GRACE * 2)
    with ThreadPoolExecutor(1) as pool:
        uploads: list[Future[BlobRef]] = []

        def begin_an_upload(_digest: str) -> None:
            uploads.append(pool.submit(upload))
            until_it_waits(engine)

        assert staging.sweep(Interrupted(blobs, begin_an_upload)).blobs == 1
        assert uploads[0].result(timeout=60) == blob
    claim(units, blob)

    assert claimed(engine) == stored(blobs) == {blob.digest}


def test_bytes_that_were_swept_are_not_claimed_by_the_word_of_somebody_who_is_still_on_the_way(
    upload: Any, units: UnitFactory, staging: Staging, blobs: MemoryBlobStore, clock: FixedClock, engine: Engine
) -> None:
    blob = upload()
    clock.advance(GRACE * 2)
    staging.sweep(blobs)
    staging.announce(blob)  # the same bytes were read again, and nobody knows whether they will be stored

    with pytest.raises(UploadExpired):
        claim(units, blob)
    assert claimed(engine) == set()

    assert upload() == blob
    claim(units, blob)
    assert claimed(engine) == stored(blobs) == {blob.digest}
