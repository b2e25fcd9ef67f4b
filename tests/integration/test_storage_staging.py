"""A blob is announced, stored and claimed, or swept; never lost, whatever happens in between."""

import io
import random
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlalchemy import Engine, delete, func, select

from core.clock import FixedClock
from core.identity import SYSTEM
from storage.blobs.memory import MemoryBlobStore
from storage.blobs.staging import GRACE, Staging, Swept, UploadExpired, lock_key
from storage.blobs.store import BlobRef, BlobStore
from storage.models import BlobRow, BlobUploadRow
from storage.unit_of_work import UnitFactory

ROUNDS = 40


class NoQueue:
    def enqueue(self, unit: Any, requests: Any) -> None:
        raise AssertionError("nothing is enqueued here")


@pytest.fixture
def units(engine: Engine, blobs: MemoryBlobStore, clock: FixedClock) -> UnitFactory:
    return UnitFactory(engine, queue=NoQueue(), clock=clock, ports={BlobStore: blobs})


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


def test_a_claimed_blob_stays_for_ever(
    upload: Any, units: UnitFactory, staging: Staging, blobs: MemoryBlobStore, clock: FixedClock
) -> None:
    blob = upload()
    claim(units, blob)
    clock.advance(timedelta(days=4000))

    assert staging.sweep(blobs) == Swept(0, 0)
    assert blobs.size(blob.digest) == blob.size


def test_a_fresh_upload_is_spared_and_an_old_one_is_swept(
    upload: Any, staging: Staging, blobs: MemoryBlobStore, clock: FixedClock, engine: Engine
) -> None:
    upload(b"forgotten")

    clock.advance(GRACE)
    spared = staging.sweep(blobs)
    clock.advance(timedelta(seconds=1))
    swept = staging.sweep(blobs)

    assert (spared, swept) == (Swept(0, 0), Swept(1, 9))
    assert stored(blobs) == set()
    with engine.connect() as connection:
        assert connection.execute(select(func.count()).select_from(BlobUploadRow)).scalar_one() == 0


def test_uploading_again_starts_a_new_grace_period(
    upload: Any, staging: Staging, blobs: MemoryBlobStore, clock: FixedClock
) -> None:
    upload()
    clock.advance(GRACE)
    upload()
    clock.advance(GRACE)

    assert staging.sweep(blobs) == Swept(0, 0)


def test_an_announcement_alone_protects_what_is_already_stored(
    upload: Any, staging: Staging, blobs: MemoryBlobStore, clock: FixedClock
) -> None:
    blob = upload()
    clock.advance(GRACE * 2)
    staging.announce(blob)  # somebody has read the same bytes and is about to store them

    assert staging.sweep(blobs) == Swept(0, 0)


def test_a_swept_upload_cannot_be_claimed(
    upload: Any, units: UnitFactory, staging: Staging, blobs: MemoryBlobStore, clock: FixedClock, engine: Engine
) -> None:
    blob = upload()
    clock.advance(GRACE * 2)
    staging.sweep(blobs)

    with pytest.raises(UploadExpired, match="Upload it again"):
        claim(units, blob)

    assert claimed(engine) == set()


def test_a_blob_that_was_never_announced_cannot_be_claimed(units: UnitFactory, blobs: MemoryBlobStore) -> None:
    blob = blobs.put(io.BytesIO(b"unannounced"))

    with pytest.raises(UploadExpired):
        claim(units, blob)


def test_a_late_claim_succeeds_as_long_as_nothing_was_swept(
    upload: Any, units: UnitFactory, staging: Staging, blobs: MemoryBlobStore, clock: FixedClock
) -> None:
    blob = upload()
    clock.advance(GRACE * 3)

    claim(units, blob)

    assert staging.sweep(blobs) == Swept(0, 0)


def test_claiming_twice_is_one_row_and_needs_no_new_announcement(
    upload: Any, units: UnitFactory, staging: Staging, blobs: MemoryBlobStore, clock: FixedClock, engine: Engine
) -> None:
    blob = upload()
    claim(units, blob)
    clock.advance(GRACE * 2)
    staging.sweep(blobs)  # forgets the announcement

    claim(units, blob)

    assert claimed(engine) == {blob.digest}


def test_a_crash_between_blob_and_commit_claims_nothing_and_is_swept_later(
    upload: Any, units: UnitFactory, staging: Staging, blobs: MemoryBlobStore, clock: FixedClock, engine: Engine
) -> None:
    blob = upload()

    with suppress(KeyboardInterrupt), units.begin(SYSTEM) as unit:
        unit.claim(blob)
        unit.session.flush()
        raise KeyboardInterrupt

    assert claimed(engine) == set()
    assert stored(blobs) == {blob.digest}
    clock.advance(GRACE * 2)
    assert staging.sweep(blobs) == Swept(1, blob.size)


def test_the_sweeper_leaves_alone_what_a_running_command_claims(
    upload: Any, units: UnitFactory, staging: Staging, blobs: MemoryBlobStore, clock: FixedClock, engine: Engine
) -> None:
    blob = upload()
    clock.advance(GRACE * 2)

    with units.begin(SYSTEM) as unit:
        unit.claim(blob)
        during = staging.sweep(blobs)
        unit.commit()

    assert during == Swept(0, 0)
    assert claimed(engine) == stored(blobs) == {blob.digest}


def test_the_right_to_claim_ends_before_the_blob_does(
    upload: Any, units: UnitFactory, staging: Staging, blobs: MemoryBlobStore, clock: FixedClock
) -> None:
    blob = upload()
    clock.advance(GRACE * 2)

    class DyingStore(MemoryBlobStore):
        listing = blobs.listing  # type: ignore[assignment]

        def delete(self, digest: str) -> None:
            blobs.delete(digest)
            raise KeyboardInterrupt  # the process dies right after the blob

    with pytest.raises(KeyboardInterrupt):
        staging.sweep(DyingStore())

    with pytest.raises(UploadExpired):
        claim(units, blob)


def test_a_row_that_is_removed_while_it_is_claimed_comes_back(upload: Any, units: UnitFactory, engine: Engine) -> None:
    blob = upload()
    claim(units, blob)

    with units.begin(SYSTEM) as unit, ThreadPoolExecutor(1) as pool:
        unit.session.execute(delete(BlobRow).where(BlobRow.digest == blob.digest))
        other = pool.submit(claim, units, blob)  # waits for the row
        until_it_waits(engine)
        unit.commit()
        other.result(timeout=60)

    assert claimed(engine) == {blob.digest}


def until_it_waits(engine: Engine) -> None:
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        while not connection.exec_driver_sql(waiting).scalar_one():
            pass


def test_locks_of_blobs_are_signed_64_bit_numbers() -> None:
    keys = {lock_key(f"{number:064x}") for number in range(100)}

    assert len(keys) == 100
    assert all(-(1 << 63) <= key < 1 << 63 for key in keys)


def test_eight_threads_that_sweep_upload_and_claim_never_lose_a_claimed_blob(engine: Engine, clock: FixedClock) -> None:
    blobs = MemoryBlobStore(clock)
    staging = Staging(engine, clock=clock, grace=timedelta(0))  # everything is swept unless its lock is held
    units = UnitFactory(engine, queue=NoQueue(), clock=clock, ports={BlobStore: blobs})
    problems: list[str] = []
    start = threading.Barrier(8)

    def work(seed: int) -> None:
        dice = random.Random(seed)
        start.wait()
        for round_ in range(ROUNDS):
            content = bytes([dice.randrange(4)])
            clock.advance(timedelta(microseconds=1))
            if seed % 2:
                staging.sweep(blobs)
                continue
            blob = blobs.put(io.BytesIO(content), announce=staging.announce)
            with suppress(UploadExpired), units.begin(SYSTEM) as unit:
                unit.claim(blob)
                if blob.digest not in stored(blobs):
                    problems.append(f"claimed {blob.digest} is gone")
                if round_ == ROUNDS - 1:  # until then every command fails after its claim
                    unit.commit()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))

    assert problems == []
    assert claimed(engine) <= stored(blobs)


def disown(engine: Engine, blob: BlobRef) -> None:
    with engine.begin() as connection:
        connection.execute(delete(BlobRow).where(BlobRow.digest == blob.digest))


class Uploads(RuleBasedStateMachine):
    """Any order of uploading, claiming, crashing, disposing, waiting and sweeping."""

    engine: Engine
    contents = st.sampled_from([b"a", b"b", b"c"])

    def __init__(self) -> None:
        super().__init__()
        with self.engine.begin() as connection:
            connection.execute(delete(BlobRow))
            connection.execute(delete(BlobUploadRow))
        self.clock = FixedClock(datetime(2026, 1, 5, tzinfo=UTC))
        self.blobs = MemoryBlobStore(self.clock)
        self.staging = Staging(self.engine, clock=self.clock)
        self.units = UnitFactory(self.engine, queue=NoQueue(), clock=self.clock, ports={BlobStore: self.blobs})

    @rule(content=contents)
    def upload(self, content: bytes) -> None:
        self.blobs.put(io.BytesIO(content), announce=self.staging.announce)

    @rule(content=contents)
    def announce_and_crash(self, content: bytes) -> None:
        self.staging.announce(ref(content))

    @rule(content=contents)
    def claim(self, content: bytes) -> None:
        """A client claims only what was stored for it."""
        if ref(content).digest in stored(self.blobs):
            with suppress(UploadExpired):
                claim(self.units, ref(content))

    @rule(content=contents)
    def claim_and_crash(self, content: bytes) -> None:
        with suppress(UploadExpired), self.units.begin(SYSTEM) as unit:
            unit.claim(ref(content))

    @rule(content=contents)
    def dispose(self, content: bytes) -> None:
        disown(self.engine, ref(content))

    @rule(hours=st.sampled_from([1, 13, 25]))
    def wait(self, hours: int) -> None:
        self.clock.advance(timedelta(hours=hours))

    @rule()
    def sweep(self) -> None:
        self.staging.sweep(self.blobs)

    @invariant()
    def whatever_is_claimed_is_stored(self) -> None:
        assert claimed(self.engine) <= stored(self.blobs)


def ref(content: bytes) -> BlobRef:
    return MemoryBlobStore().put(io.BytesIO(content))


def test_no_order_of_steps_loses_a_claimed_blob(engine: Engine) -> None:
    machine = type("UploadsHere", (Uploads,), {"engine": engine})

    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=30, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
