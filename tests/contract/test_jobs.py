"""What every job queue does; the same sentences hold for PostgreSQL with its worker and for memory."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import pytest
from sqlalchemy import Engine, text

from core.clock import SystemClock
from core.errors import InvalidInput, NotFound, StaleState, Unavailable
from core.identity import SYSTEM
from storage.jobs.memory import MemoryQueue
from storage.jobs.queue import JobQueue, JobRequest, ProcrastinateQueue
from storage.jobs.registry import JobRegistry
from storage.jobs.worker import Worker
from storage.models import BlobRow
from storage.unit_of_work import UnitFactory


class Log(list[str]):
    """The context that jobs get here: what they did, in order."""


class Harness(Protocol):
    queue: JobQueue

    def run(self) -> None: ...
    def failed(self) -> list[str]: ...
    def make_due(self) -> None: ...


class InMemory:
    def __init__(self, registry: JobRegistry, log: Log) -> None:
        self.clock = MovableClock()
        self.queue: MemoryQueue = MemoryQueue(registry=registry, clock=self.clock)
        self._log = log

    def run(self) -> None:
        self.queue.run(self._log)

    def failed(self) -> list[str]:
        return [request.name for request, _ in self.queue.failed]

    def make_due(self) -> None:
        self.clock.ahead += timedelta(days=1)


class MovableClock:
    ahead = timedelta(0)

    def now(self) -> datetime:
        return SystemClock().now() + self.ahead


class InPostgres:
    def __init__(self, registry: JobRegistry, log: Log, engine: Engine) -> None:
        self.queue = ProcrastinateQueue(registry)
        self._worker = Worker(engine, log, registry=registry, threads=4)
        self._engine = engine

    def run(self) -> None:
        self._worker.drain()

    def failed(self) -> list[str]:
        with self._engine.connect() as connection:
            found = connection.execute(
                text("SELECT task_name FROM procrastinate_jobs WHERE status = 'failed' ORDER BY id")
            )
            return list(found.scalars())

    def make_due(self) -> None:
        with self._engine.begin() as connection:
            connection.execute(text("UPDATE procrastinate_jobs SET scheduled_at = NULL WHERE status = 'todo'"))


@pytest.fixture
def log() -> Log:
    return Log()


@pytest.fixture
def registry() -> JobRegistry:
    registry = JobRegistry()

    @registry.job("note")
    def note(log: Log, arguments: dict[str, Any]) -> None:
        log.append(arguments.get("text", "noted"))

    return registry


@pytest.fixture(params=["memory", "postgres"])
def harness(request: pytest.FixtureRequest, registry: JobRegistry, log: Log, engine: Engine) -> Any:
    return InMemory(registry, log) if request.param == "memory" else InPostgres(registry, log, engine)


@pytest.fixture
def units(engine: Engine, harness: Harness) -> UnitFactory:
    return UnitFactory(engine, queue=harness.queue)


def note(text: str, **options: Any) -> JobRequest:
    return JobRequest(name="note", arguments={"text": text}, **options)


def enqueue(units: UnitFactory, *requests: JobRequest) -> None:
    with units.begin(SYSTEM) as unit:
        for request in requests:
            unit.enqueue(request)
        unit.commit()


def test_a_job_runs_once_after_the_commit(units: UnitFactory, harness: Harness, log: Log) -> None:
    with units.begin(SYSTEM) as unit:
        unit.enqueue(note("committed"))
        harness.run()
        before = list(log)
        unit.commit()
    harness.run()
    harness.run()

    assert (before, log) == ([], ["committed"])


def test_jobs_can_be_run_by_a_program_with_an_event_loop(units: UnitFactory, harness: Harness, log: Log) -> None:
    with units.begin(SYSTEM) as unit:
        unit.enqueue(note("committed"))
        unit.commit()

    async def program() -> None:
        harness.run()

    asyncio.run(program())

    assert log == ["committed"]


def test_a_job_of_a_unit_that_fails_never_runs(units: UnitFactory, harness: Harness, log: Log) -> None:
    with suppress(KeyboardInterrupt), units.begin(SYSTEM) as unit:
        harness.queue.enqueue(unit, [note("never")])  # as the commit does, before it fails
        raise KeyboardInterrupt

    harness.run()

    assert log == []


def test_arguments_arrive_as_they_were(units: UnitFactory, harness: Harness, registry: JobRegistry) -> None:
    arguments = {"text": "zażółć", "n": 1.5, "none": None, "deep": {"list": [1, "%s", {"context": True}]}, "self": 1}
    seen: list[dict[str, Any]] = []
    registry.job("look")(lambda _, given: seen.append(given))

    with units.begin(SYSTEM) as unit:
        unit.enqueue(JobRequest(name="look", arguments=arguments))
        unit.commit()
    harness.run()

    assert seen == [arguments]


def test_jobs_of_one_lock_run_in_order(units: UnitFactory, harness: Harness, log: Log) -> None:
    enqueue(units, *(note(str(number), lock="case") for number in range(5)))

    harness.run()

    assert log == ["0", "1", "2", "3", "4"]


def test_jobs_of_one_lock_never_run_at_the_same_time(
    units: UnitFactory, harness: Harness, registry: JobRegistry, log: Log
) -> None:
    busy = threading.Lock()

    @registry.job("exclusive")
    def exclusive(log: Log, _: dict[str, Any]) -> None:
        log.append("alone" if busy.acquire(blocking=False) else "together")
        threading.Event().wait(0.02)
        busy.release()

    enqueue(units, *(JobRequest(name="exclusive", lock="case") for _ in range(6)))

    harness.run()

    assert log == ["alone"] * 6


def test_a_job_that_waits_for_its_time_holds_back_those_of_its_lock(
    units: UnitFactory, harness: Harness, log: Log
) -> None:
    enqueue(units, note("later", lock="case", at=datetime.now(UTC) + timedelta(hours=1)), note("after", lock="case"))
    harness.run()
    before = list(log)

    harness.make_due()
    harness.run()

    assert (before, log) == ([], ["later", "after"])


def test_higher_priority_runs_first(units: UnitFactory, harness: Harness, log: Log) -> None:
    enqueue(units, note("low", lock="case"), note("high", lock="case", priority=5))

    harness.run()

    assert log == ["high", "low"]


def test_of_jobs_with_the_same_once_one_waits(units: UnitFactory, harness: Harness, log: Log) -> None:
    enqueue(units, note("first", once="index"), note("second", once="index"), note("other"))
    enqueue(units, note("third", once="index"))

    harness.run()

    assert sorted(log) == ["first", "other"]
    enqueue(units, note("fourth", once="index"))
    harness.run()
    assert sorted(log) == ["first", "fourth", "other"]


def test_a_duplicate_leaves_the_callers_transaction_whole(
    units: UnitFactory, harness: Harness, engine: Engine, log: Log
) -> None:
    enqueue(units, note("first", once="index"))

    with units.begin(SYSTEM) as unit:
        unit.session.add(BlobRow(digest="0" * 64, size=1, claimed_at=unit.clock.now()))
        unit.enqueue(note("second", once="index"))
        unit.enqueue(note("third"))
        unit.commit()

    harness.run()
    assert sorted(log) == ["first", "third"]
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM blob")).scalar_one() == 1


def test_a_job_that_fails_runs_again_after_a_pause(
    units: UnitFactory, harness: Harness, registry: JobRegistry, log: Log
) -> None:
    @registry.job("flaky")
    def flaky(log: Log, _: dict[str, Any]) -> None:
        log.append("tried")
        if len(log) < 3:
            raise Unavailable("the mail server is away")

    enqueue(units, JobRequest(name="flaky"))

    for expected in (1, 2, 3, 3):
        harness.make_due()
        harness.run()
        assert len(log) == expected
    assert harness.failed() == []


def test_a_job_that_keeps_failing_is_given_up(
    units: UnitFactory, harness: Harness, registry: JobRegistry, log: Log
) -> None:
    @registry.job("broken", attempts=3)
    def broken(log: Log, _: dict[str, Any]) -> None:
        log.append("tried")
        raise ZeroDivisionError

    enqueue(units, JobRequest(name="broken"))

    for _ in range(5):
        harness.make_due()
        harness.run()

    assert log == ["tried"] * 3
    assert harness.failed() == ["broken"]


@pytest.mark.parametrize(("error", "tries"), [(InvalidInput, 1), (NotFound, 1), (StaleState, 2)])
def test_what_is_refused_for_good_is_not_tried_again(
    units: UnitFactory, harness: Harness, registry: JobRegistry, log: Log, error: type[Exception], tries: int
) -> None:
    @registry.job("refused", attempts=2)
    def refused(log: Log, _: dict[str, Any]) -> None:
        log.append("tried")
        raise error("no")

    enqueue(units, JobRequest(name="refused"))

    for _ in range(3):
        harness.make_due()
        harness.run()

    assert log == ["tried"] * tries


def test_a_failed_job_makes_room_for_one_that_waits_with_the_same_once(
    units: UnitFactory, harness: Harness, registry: JobRegistry, log: Log
) -> None:
    # the lock keeps the second from starting before the first has failed
    @registry.job("index")
    def index(log: Log, arguments: dict[str, Any]) -> None:
        log.append(arguments["run"])
        if arguments["run"] == "first":
            enqueue(units, JobRequest(name="index", arguments={"run": "second"}, once="index", lock="index"))
            raise Unavailable("not now")

    enqueue(units, JobRequest(name="index", arguments={"run": "first"}, once="index", lock="index"))

    for _ in range(3):
        harness.make_due()
        harness.run()

    assert log == ["first", "second"]


def test_a_name_that_nobody_registered_is_found_at_once(units: UnitFactory) -> None:
    with pytest.raises(LookupError, match="nope"):
        enqueue(units, JobRequest(name="nope"))


def test_eight_threads_with_the_same_once_leave_one_job(units: UnitFactory, harness: Harness, log: Log) -> None:
    start = threading.Barrier(8)

    def work(number: int) -> None:
        start.wait()
        enqueue(units, note(f"by {number}", once="index"))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    harness.run()

    assert len(log) == 1
