"""The worker: quick to wake, slow to give up, and never the reason that a job is lost."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

import pytest
from procrastinate import PsycopgConnector
from procrastinate.manager import JobManager
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.pool import NullPool

from core.identity import SYSTEM
from storage.engine import connect, start_embedded
from storage.jobs.queue import JobRequest, ProcrastinateQueue
from storage.jobs.registry import JobRegistry
from storage.jobs.schema import NEWEST_MIGRATION
from storage.jobs.worker import Pace, Worker
from storage.schema import migrate
from storage.unit_of_work import UnitFactory

PATIENCE = 120  # seconds until a test gives up
QUICK = Pace(poll=3600, heartbeat=0.2, dead_after=1)  # no poll comes to the rescue of a missed wake-up

POLLING = Pace(poll=0.5, heartbeat=0.2, dead_after=1)  # a wake-up that nobody heard is made up for


class Bench:
    """A registry whose one job calls `work`, a queue, and workers that are stopped in the end."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.registry = JobRegistry()
        self.registry.job("work")(lambda _, arguments: self.work(arguments))
        self.units = UnitFactory(engine, queue=ProcrastinateQueue(self.registry))
        self.done: list[Any] = []
        self.workers: list[Worker] = []

    def work(self, arguments: dict[str, Any]) -> None:
        self.done.append(arguments.get("text"))

    def enqueue(self, *texts: str, **options: Any) -> None:
        with self.units.begin(SYSTEM) as unit:
            for each in texts:
                unit.enqueue(JobRequest(name="work", arguments={"text": each}, **options))
            unit.commit()

    def start(self, pace: Pace = QUICK, engine: Engine | None = None) -> Worker:
        worker = Worker(engine or self.engine, None, registry=self.registry, pace=pace)
        worker.start()
        self.workers.append(worker)
        return worker

    def scalar(self, statement: str) -> Any:
        with self.engine.connect() as connection:
            return connection.execute(text(statement)).scalar_one()

    def listening(self) -> bool:
        return bool(self.scalar("SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'"))


@pytest.fixture
def bench(engine: Engine) -> Iterator[Bench]:
    bench = Bench(engine)
    yield bench
    for worker in bench.workers:
        worker.stop()


def until(condition: Callable[[], object]) -> None:
    """Wait for what other threads do; fails after `PATIENCE`."""
    late = time.monotonic() + PATIENCE
    pause = threading.Event()
    while not condition():
        assert time.monotonic() < late, "this took too long"
        pause.wait(0.01)


def test_a_commit_wakes_the_worker(bench: Bench) -> None:
    bench.start()
    until(bench.listening)

    bench.enqueue("now")

    until(lambda: bench.done)


def test_the_end_of_a_job_wakes_the_worker_for_the_next_of_its_lock(bench: Bench) -> None:
    bench.start()
    until(bench.listening)

    bench.enqueue("1", "2", "3", "4", lock="case")
    until(lambda: len(bench.done) == 4)

    assert bench.done == ["1", "2", "3", "4"]


def test_finished_jobs_leave_the_table(bench: Bench) -> None:
    bench.start()
    bench.enqueue("1", "2")

    until(lambda: len(bench.done) == 2)

    until(lambda: bench.scalar("SELECT count(*) FROM procrastinate_jobs") == 0)


def test_a_waiting_job_starts_after_the_commit_of_everybody_who_asked_for_it(bench: Bench) -> None:
    bench.enqueue("index", once="index")  # nobody works yet

    with bench.units.begin(SYSTEM) as unit:
        unit.session.execute(text("INSERT INTO blob VALUES (repeat('0', 64), 1, now())"))
        ProcrastinateQueue(bench.registry).enqueue(unit, [JobRequest(name="work", once="index")])
        bench.work = lambda _: bench.done.append(bench.scalar("SELECT count(*) FROM blob"))  # type: ignore[method-assign]
        bench.start()
        until(bench.listening)
        bench.enqueue("other")  # to know that the worker has looked
        until(lambda: bench.done == [0])
        unit.connection.commit()
    until(lambda: len(bench.done) == 2)

    assert bench.done == [0, 1]


def test_a_job_committed_before_the_worker_listens_is_not_left_for_the_next_poll(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    search, connect_to_listen = JobManager.fetch_job, PsycopgConnector._get_standalone_connection
    searched = asyncio.Event()

    async def fetch_job(manager: JobManager, *arguments: Any) -> Any:
        job = await search(manager, *arguments)
        searched.set()
        return job

    @asynccontextmanager
    async def late(connector: PsycopgConnector) -> AsyncIterator[Any]:
        await searched.wait()
        bench.enqueue("late")
        async with connect_to_listen(connector) as connection:
            yield connection

    monkeypatch.setattr(JobManager, "fetch_job", fetch_job)
    monkeypatch.setattr(PsycopgConnector, "_get_standalone_connection", late)
    bench.start()

    until(lambda: bench.done == ["late"])


def test_a_job_committed_while_the_worker_searches_is_not_left_for_the_next_poll(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    search = JobManager.fetch_job
    late = iter(["late"])

    async def overtaken(manager: Any, *arguments: Any, **options: Any) -> Any:
        found = await search(manager, *arguments, **options)
        for each in late if found is None and bench.listening() else ():
            heard = manager.calls_heard
            bench.enqueue(each)
            while manager.calls_heard == heard:  # noqa: ASYNC110 -- only a count is there to be looked at
                await asyncio.sleep(0)
        return found

    monkeypatch.setattr(JobManager, "fetch_job", overtaken)
    bench.start()
    until(bench.listening)
    bench.enqueue("first")  # after it, the worker finds nothing

    until(lambda: sorted(bench.done) == ["first", "late"])


def test_stopping_lets_a_running_job_finish(bench: Bench) -> None:
    running, go_on = threading.Event(), threading.Event()

    def work(_: dict[str, Any]) -> None:
        running.set()
        go_on.wait(PATIENCE)
        bench.done.append("finished")

    bench.work = work  # type: ignore[method-assign]
    worker = bench.start()
    bench.enqueue("slow")
    running.wait(PATIENCE)

    stopping = threading.Thread(target=worker.stop)
    stopping.start()
    go_on.set()
    stopping.join(PATIENCE)

    assert bench.done == ["finished"]
    assert bench.scalar("SELECT count(*) FROM procrastinate_workers") == 0


def test_a_stopped_worker_takes_no_more_jobs(bench: Bench) -> None:
    worker = bench.start()
    until(bench.listening)

    worker.stop()
    bench.enqueue("left")

    assert bench.scalar("SELECT status FROM procrastinate_jobs") == "todo"


def test_stopping_before_anything_was_started_is_fine(engine: Engine) -> None:
    worker = Worker(engine, None, registry=JobRegistry())

    worker.stop()


KILLED = """
import os, sys
from sqlalchemy import create_engine
from storage.jobs.registry import JobRegistry
from storage.jobs.worker import Pace, Worker

registry = JobRegistry()

@registry.job("work")
def work(context, arguments):
    print("taken", flush=True)
    if arguments["text"] == "deadly":
        os.kill(os.getpid(), 9)

worker = Worker(create_engine(sys.argv[1]), None, registry=registry, pace=Pace(heartbeat=0.2, dead_after=1))
print("ready", flush=True)
worker.run()
"""


def other_process(engine: Engine) -> "subprocess.Popen[str]":
    url = engine.url.render_as_string(hide_password=False)
    root = Path(__file__).parents[2]
    return subprocess.Popen([sys.executable, "-c", KILLED, url], stdout=subprocess.PIPE, text=True, cwd=root)


def test_the_job_of_a_killed_worker_runs_again(bench: Bench) -> None:
    bench.enqueue("deadly")
    with other_process(bench.engine) as process:
        process.communicate(timeout=PATIENCE)
    assert process.returncode == -signal.SIGKILL
    assert bench.scalar("SELECT status FROM procrastinate_jobs") == "doing"

    bench.start(POLLING)
    until(lambda: bench.done == ["deadly"])


def test_a_job_that_kills_every_worker_is_given_up(bench: Bench) -> None:
    bench.enqueue("deadly")
    attempts = bench.registry.of("work").attempts
    with bench.engine.begin() as connection:
        update = "UPDATE procrastinate_jobs SET status = 'doing', attempts = :tried, worker_id = NULL"
        connection.execute(text(update), {"tried": attempts - 1})

    bench.start()

    until(lambda: bench.scalar("SELECT status FROM procrastinate_jobs") == "failed")
    assert bench.done == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_a_worker_process_cleanly(bench: Bench, number: signal.Signals) -> None:
    bench.enqueue("harmless")
    with other_process(bench.engine) as process:
        assert process.stdout is not None
        assert [process.stdout.readline(), process.stdout.readline()] == ["ready\n", "taken\n"]
        process.send_signal(number)
        process.communicate(timeout=PATIENCE)

    assert process.returncode == 0
    assert bench.scalar("SELECT count(*) FROM procrastinate_workers") == 0
    assert bench.scalar("SELECT count(*) FROM procrastinate_jobs") == 0


def test_two_workers_share_the_work(bench: Bench) -> None:
    bench.start()
    bench.start()
    until(lambda: bench.scalar("SELECT count(*) FROM procrastinate_workers") == 2)

    bench.enqueue(*map(str, range(40)))
    until(lambda: len(bench.done) >= 40)

    assert sorted(bench.done, key=int) == [str(number) for number in range(40)]


def test_the_worker_survives_that_its_connections_are_cut(bench: Bench, database_url: str) -> None:
    bench.start(POLLING)
    until(bench.listening)

    cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'obieg worker'"
    admin = create_engine(database_url.replace("postgresql:", "postgresql+psycopg:"), poolclass=NullPool)
    with admin.connect() as connection:
        connection.execute(text(cut))
    bench.enqueue("after the storm")

    until(lambda: bench.done == ["after the storm"])


@pytest.fixture(scope="module")
def away(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Folder of a server that runs and may be stopped: no other test uses it."""
    data = tmp_path_factory.mktemp("away")
    server = start_embedded(data)
    engine = connect(server.url)
    migrate(engine)
    engine.dispose()
    yield data
    start_embedded(data).stop()


@pytest.mark.parametrize("slowly", [False, True], ids=["at once", "slowly"])
def test_the_worker_waits_for_a_database_that_is_away(
    away: Path, slowly: bool, caplog: pytest.LogCaptureFixture
) -> None:
    server = start_embedded(away)
    bench = Bench(connect(server.url))
    worker = bench.start(POLLING)
    until(bench.listening)
    checkpointer = bench.scalar("SELECT pid FROM pg_stat_activity WHERE backend_type = 'checkpointer'")
    caplog.clear()

    bench.engine.dispose()
    with held(checkpointer) if slowly else nullcontext():  # then connections are refused for a while
        stopping = threading.Thread(target=server.stop)
        stopping.start()
        until(lambda: not slowly or caplog.text.count("is shutting down") >= 5)
    stopping.join(PATIENCE)
    server = start_embedded(away)
    bench.enqueue("after the break")

    until(lambda: bench.done == ["after the break"])
    until(bench.listening)
    worker.stop()
    bench.engine.dispose()


@contextmanager
def held(process: int) -> Iterator[None]:
    """Halt a process for that long."""
    os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(process, signal.SIGCONT)


def test_our_migrations_bring_the_schema_to_where_the_installed_procrastinate_wants_it() -> None:
    from procrastinate.schema import SchemaManager

    newest = max(path.name for path in Path(SchemaManager.get_migrations_path()).glob("*.sql"))

    assert newest == NEWEST_MIGRATION, "write a migration that applies procrastinate's newer ones, then name the last"
