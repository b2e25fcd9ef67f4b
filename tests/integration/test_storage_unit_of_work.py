"""A unit of work: all or nothing, and a plain word for whatever the database does."""

import io
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
from sqlalchemy import Engine, select, text

from core.clock import FixedClock
from core.errors import StaleState
from core.executor import Executor, Registry
from core.identity import SYSTEM, Actor
from core.messages import Event
from storage.blobs.memory import MemoryBlobStore
from storage.blobs.staging import Staging
from storage.jobs.queue import ProcrastinateQueue
from storage.models import BlobRow
from storage.orm import Base
from storage.unit_of_work import UnitFactory, UnitOfWork
from tests.counting import Count, CounterRow, count, count_and_commit, prepare, record, registry, traces


@pytest.fixture
def units(engine: Engine, clock: FixedClock) -> UnitFactory:
    prepare(engine)
    return UnitFactory(engine, queue=ProcrastinateQueue(registry), clock=clock, recorders=[record])


def test_state_events_and_jobs_are_there_after_the_commit_and_not_before(units: UnitFactory, engine: Engine) -> None:
    with units.begin(SYSTEM) as unit:
        count(unit)
        before = traces(engine)
        unit.commit()

    assert (before, traces(engine)) == ((0, 0, 0), (1, 1, 1))


def test_leaving_without_a_commit_leaves_nothing(units: UnitFactory, engine: Engine) -> None:
    with units.begin(SYSTEM) as unit:
        count(unit)
        unit.session.flush()

    assert traces(engine) == (0, 0, 0)


def test_an_error_leaves_nothing_and_stays_what_it_is(units: UnitFactory, engine: Engine) -> None:
    def run() -> None:
        with units.begin(SYSTEM) as unit:
            count(unit)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run()

    assert traces(engine) == (0, 0, 0)


def test_a_recorder_that_fails_undoes_everything(units: UnitFactory, engine: Engine) -> None:
    def refuse(_unit: UnitOfWork, _events: Sequence[Event]) -> None:
        raise PermissionError("no trail, no change")

    units.recorders.append(refuse)

    with pytest.raises(PermissionError):
        count_and_commit(units)

    assert traces(engine) == (0, 0, 0)


def test_what_follows_in_memory_waits_for_the_commit(units: UnitFactory) -> None:
    done: list[str] = []

    with units.begin(SYSTEM) as unit:
        unit.after_commit(lambda: done.append("told"))
        before = list(done)
        unit.commit()
    with units.begin(SYSTEM) as unit:
        unit.after_commit(lambda: done.append("never"))

    assert (before, done) == ([], ["told"])


def test_a_part_can_be_undone_alone_with_its_events_and_jobs(units: UnitFactory, engine: Engine) -> None:
    with units.begin(SYSTEM) as unit:
        count(unit)
        with suppress(ZeroDivisionError), unit.savepoint():
            count(unit)
            raise ZeroDivisionError
        unit.commit()

    assert traces(engine) == (1, 1, 1)


ADD_BLOB = b"INSERT INTO blob (digest, size, claimed_at) VALUES (repeat('a', 64), 1, now())"


@pytest.mark.parametrize("through", ["driver", "fetch"])
def test_a_part_that_never_asked_for_the_session_is_undone_too(
    units: UnitFactory, engine: Engine, through: str
) -> None:
    with units.begin(SYSTEM) as unit:
        with suppress(ZeroDivisionError), unit.savepoint():
            if through == "driver":
                unit.driver.execute(ADD_BLOB)
            else:
                unit.fetch(ADD_BLOB)
            raise ZeroDivisionError
        unit.commit()

    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM blob")).scalar_one() == 0


def test_a_lost_update_is_refused(units: UnitFactory, engine: Engine) -> None:
    with units.begin(SYSTEM) as slow:
        count(slow, by=10)
        with units.begin(SYSTEM) as quick:
            count(quick)
            quick.commit()
        with pytest.raises(StaleState):
            slow.commit()

    assert traces(engine) == (1, 1, 1)


def test_a_lost_update_that_surfaces_in_an_autoflush_is_refused_too(units: UnitFactory, engine: Engine) -> None:
    def run() -> None:
        with units.begin(SYSTEM) as slow:
            slow.session.get_one(CounterRow, "one").value = 10
            with units.begin(SYSTEM) as quick:
                count(quick)
                quick.commit()
            slow.session.execute(select(CounterRow))  # flushes before it reads

    with pytest.raises(StaleState):
        run()

    assert traces(engine) == (1, 1, 1)


def test_the_executor_tries_again_after_a_lost_update(units: UnitFactory, engine: Engine) -> None:
    commands = Registry()
    commands.handles(Count, needs=None)(lambda command, unit: count(unit, command.by))
    executor = Executor(units, registry=commands)
    start = threading.Barrier(3)

    def work(_: int) -> int:
        start.wait()
        return int(executor.execute(Count(), actor=SYSTEM))

    with ThreadPoolExecutor(3) as pool:
        values = sorted(pool.map(work, range(3)))

    assert values == [1, 2, 3]
    assert traces(engine) == (3, 3, 3)


def test_of_eight_that_want_the_same_row_one_wins_and_seven_hear_so(units: UnitFactory, engine: Engine) -> None:
    start = threading.Barrier(8)

    def work(_: int) -> str:
        try:
            with units.begin(SYSTEM) as unit:
                count(unit)
                start.wait()
                unit.commit()
        except StaleState:
            return "stale"
        return "won"

    with ThreadPoolExecutor(8) as pool:
        outcomes = sorted(pool.map(work, range(8)))

    assert outcomes == ["stale"] * 7 + ["won"]
    assert traces(engine) == (1, 1, 1)


def test_two_that_wait_for_each_other_are_told_to_try_again(units: UnitFactory, engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO counter VALUES ('two', 0, 1)"))
    both_hold_one = threading.Barrier(2)

    def work(names: list[str]) -> str:
        lock = text("SELECT 1 FROM counter WHERE id = :id FOR UPDATE")
        try:
            with units.begin(SYSTEM) as unit:
                unit.session.execute(lock, {"id": names[0]})
                both_hold_one.wait()
                unit.session.execute(lock, {"id": names[1]})
                unit.commit()
        except StaleState:
            return "told"
        return "done"

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(work, (["one", "two"], ["two", "one"]))) == ["done", "told"]


def test_a_crash_between_blob_and_commit_leaves_nothing_claimed(
    units: UnitFactory, engine: Engine, staging: Staging, blobs: MemoryBlobStore
) -> None:
    blob = blobs.put(io.BytesIO(b"contract"), announce=staging.announce)

    with suppress(KeyboardInterrupt), units.begin(SYSTEM) as unit:
        unit.claim(blob)
        count(unit)
        raise KeyboardInterrupt

    assert traces(engine) == (0, 0, 0)
    with engine.connect() as connection:
        assert connection.execute(select(BlobRow)).all() == []


def test_a_unit_knows_its_actor_its_time_and_its_ports(units: UnitFactory, clock: FixedClock) -> None:
    actor = Actor(id="eva", name="Eva")
    units.ports[str] = "an adapter"

    with units.begin(actor) as unit, units.begin(actor) as other:
        assert (unit.actor, unit.clock) == (actor, clock)
        assert unit.port(str) == "an adapter"
        assert unit.id < other.id


def test_flask_sqlalchemy_accepts_our_base() -> None:
    from flask import Flask
    from flask_sqlalchemy import SQLAlchemy

    database = SQLAlchemy(model_class=Base)
    app = Flask(__name__)
    app.config["SQLALCHEMY_DATABASE_URI"] = "postgresql+psycopg:///unused"
    database.init_app(app)

    assert database.metadata is Base.metadata
    assert database.Model.registry is Base.registry
    with app.app_context():
        assert "blob.digest" in str(database.select(BlobRow))
