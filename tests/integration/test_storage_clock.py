"""The clock: one ticks, whatever happens to the others, to it, or to the database."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from core.errors import Unavailable
from storage.engine import connect, start_embedded
from storage.jobs.clock import LOCK, Tick, Ticker

PATIENCE = 120  # seconds until a test gives up
HOLDER = (
    f"SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted AND objid = {LOCK & 0xFFFFFFFF}"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)


class Clocks:
    """Clocks that share a log of who ticked."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.log: list[str] = []
        self.clocks: dict[str, Ticker] = {}

    def start(self, name: str, action: Callable[[], object] | None = None) -> Ticker:
        ticks = [Tick(name="look", every_seconds=0.05, action=action or (lambda: self.log.append(name)))]
        ticker = Ticker(self.engine, ticks, check=0.1)
        ticker.start()
        self.clocks[name] = ticker
        return ticker

    def holder(self) -> int | None:
        with self.engine.connect() as connection:
            return connection.execute(text(HOLDER)).scalar_one_or_none()

    def next_ticks(self, count: int) -> list[str]:
        """The next so many ticks from now."""
        start = len(self.log)
        until(lambda: len(self.log) >= start + count)
        return self.log[start : start + count]


@pytest.fixture
def clocks(engine: Engine) -> Iterator[Clocks]:
    clocks = Clocks(engine)
    yield clocks
    for ticker in clocks.clocks.values():
        ticker.stop()


def until(condition: Callable[[], object]) -> None:
    late = time.monotonic() + PATIENCE
    pause = threading.Event()
    while not condition():
        assert time.monotonic() < late, "this took too long"
        pause.wait(0.01)


def test_it_ticks_at_once_and_again(clocks: Clocks) -> None:
    clocks.start("a")

    assert clocks.next_ticks(3) == ["a"] * 3
    assert clocks.clocks["a"].is_ticking


def test_of_three_clocks_one_ticks(clocks: Clocks) -> None:
    for name in "abc":
        clocks.start(name)

    assert len(set(clocks.next_ticks(20))) == 1
    assert sum(ticker.is_ticking for ticker in clocks.clocks.values()) == 1


def test_another_takes_over_when_it_stops(clocks: Clocks) -> None:
    first = clocks.start("a")
    clocks.next_ticks(1)
    clocks.start("b")

    first.stop()

    assert set(clocks.next_ticks(3)) == {"b"}


def test_another_takes_over_when_its_connection_dies(clocks: Clocks) -> None:
    clocks.start("a")
    clocks.next_ticks(1)
    clocks.start("b")
    before = clocks.holder()

    with clocks.engine.connect() as connection:
        connection.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": before})
    until(lambda: clocks.holder() not in (None, before))
    until(lambda: sum(ticker.is_ticking for ticker in clocks.clocks.values()) == 1)
    assert len(set(clocks.next_ticks(10))) == 1


def test_another_takes_over_when_its_process_is_killed(clocks: Clocks, database_url: str) -> None:
    program = (
        "import sys, threading; from storage.engine import connect; from storage.jobs.clock import Tick, Ticker\n"
        "say = lambda: print('tick', flush=True)\n"
        "Ticker(connect(sys.argv[1]), [Tick(name='say', every_seconds=0.1, action=say)]).start()\n"
        "threading.Event().wait()"
    )
    root = Path(__file__).parents[2]
    with subprocess.Popen([sys.executable, "-c", program, database_url], stdout=subprocess.PIPE, cwd=root) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"tick\n"
        clocks.start("heir")
        assert clocks.log == []
        os.kill(process.pid, signal.SIGKILL)

    assert clocks.next_ticks(2) == ["heir", "heir"]


@pytest.mark.parametrize("error", [Unavailable("away"), ZeroDivisionError()])
def test_an_action_that_fails_stops_nothing(clocks: Clocks, error: Exception) -> None:
    def fail() -> None:
        clocks.log.append("tried")
        raise error

    clocks.start("a", fail)

    assert clocks.next_ticks(3) == ["tried"] * 3


def test_a_slow_action_is_not_run_twice_at_the_same_time(clocks: Clocks) -> None:
    busy = threading.Lock()

    def slow() -> None:
        clocks.log.append("alone" if busy.acquire(blocking=False) else "together")
        threading.Event().wait(0.15)  # three ticks long
        busy.release()

    clocks.start("a", slow)

    assert set(clocks.next_ticks(4)) == {"alone"}


def test_stopping_waits_for_a_running_action(clocks: Clocks) -> None:
    running, go_on = threading.Event(), threading.Event()

    def slow() -> None:
        running.set()
        go_on.wait(PATIENCE)
        clocks.log.append("finished")

    ticker = clocks.start("a", slow)
    running.wait(PATIENCE)
    stopping = threading.Thread(target=ticker.stop)
    stopping.start()
    go_on.set()
    stopping.join(PATIENCE)

    assert clocks.log == ["finished"]
    assert clocks.holder() is None


def test_it_survives_that_the_database_goes_away_and_comes_back(tmp_path_factory: pytest.TempPathFactory) -> None:
    data = tmp_path_factory.mktemp("clock")
    server = start_embedded(data)
    engine = connect(server.url)
    clocks = Clocks(engine)
    ticker = clocks.start("a")
    clocks.next_ticks(2)

    server.stop()
    until(lambda: not ticker.is_ticking)
    silence = len(clocks.log)
    server = start_embedded(data)

    assert clocks.next_ticks(2) == ["a", "a"]
    assert len(clocks.log) >= silence + 2
    ticker.stop()
    engine.dispose()
    server.stop()
