"""A unit of work: all or nothing, and a plain word for whatever the database does."""

import io
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, ClassVar

import pytest
from sqlalchemy import Engine, String, create_engine, select, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.pool import NullPool

from core.clock import FixedClock
from core.errors import StaleState, StorageFull, Unavailable
from core.executor import Executor, Registry
from core.identity import SYSTEM, Actor
from core.messages import Command, Event
from storage.blobs.memory import MemoryBlobStore
from storage.blobs.staging import Staging
from storage.embedded import start_embedded
from storage.engine import connect
from storage.jobs.queue import JobRequest, ProcrastinateQueue
from storage.jobs.registry import JobRegistry
from storage.models import BlobRow
from storage.orm import Base
from storage.schema import migrate
from storage.unit_of_work import CommitInDoubt, UnitFactory, UnitOfWork


class TestBase(DeclarativeBase):
    __test__ = False


class CounterRow(TestBase):
    __tablename__ = "counter"

    id: Mapped[str] = mapped_column(String(26), primary_key=True)
    value: Mapped[int]
    revision: Mapped[int] = mapped_column()
    __mapper_args__: ClassVar[dict[str, Any]] = {"version_id_col": revision}


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted(Event):
    type: ClassVar[str] = "counter.counted"
    value: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Count(Command):
    by: int = 1


registry = JobRegistry()
registry.job("note")(lambda _context, _arguments: None)


def record(unit: UnitOfWork, events: Sequence[Event]) -> None:
    """What the audit does, as short as it can be."""
    for event in events:
        unit.session.execute(text("INSERT INTO said VALUES (:what)"), {"what": f"{event.type} {event.payload()}"})


def prepare(engine: Engine) -> None:
    TestBase.metadata.create_all(engine)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE said (what text)"))
        connection.execute(text("INSERT INTO counter VALUES ('one', 0, 1)"))


@pytest.fixture
def units(engine: Engine, clock: FixedClock) -> UnitFactory:
    prepare(engine)
    return UnitFactory(engine, queue=ProcrastinateQueue(registry), clock=clock, recorders=[record])


def count(unit: UnitOfWork, by: int = 1) -> int:
    row = unit.session.get_one(CounterRow, "one")
    row.value += by
    unit.emit(Counted(value=row.value))
    unit.enqueue(JobRequest(name="note"))
    return row.value


def count_and_commit(units: UnitFactory) -> int:
    with units.begin(SYSTEM) as unit:
        value = count(unit)
        unit.commit()
        return value


def traces(engine: Engine) -> tuple[int, int, int]:
    """The counter's value, the number of events and the number of jobs."""
    with engine.connect() as connection:
        row = connection.execute(
            text(
                "SELECT (SELECT value FROM counter WHERE id = 'one'),"
                " (SELECT count(*) FROM said), (SELECT count(*) FROM procrastinate_jobs)"
            )
        ).one()
    return row[0], row[1], row[2]


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


@pytest.fixture
def cut(database_url: str) -> Iterator[Any]:
    """Cuts all connections but its own, as a restart of the server does."""
    admin = create_engine(database_url, poolclass=NullPool, isolation_level="AUTOCOMMIT")

    def cut() -> None:
        with admin.connect() as connection:
            connection.execute(
                text(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
            )

    yield cut
    admin.dispose()


@pytest.mark.parametrize("moment", ["before the flush", "before the jobs", "in plain driver calls"])
def test_a_connection_that_is_cut_leaves_nothing_and_the_next_unit_works(
    units: UnitFactory, engine: Engine, cut: Any, moment: str
) -> None:
    with engine.connect() as one, engine.connect() as two:  # more connections in the pool, to be cut as well
        one.execute(text("SELECT 1"))
        two.execute(text("SELECT 1"))

    def run() -> None:
        with units.begin(SYSTEM) as unit:
            count(unit)
            if moment == "before the jobs":
                unit.session.flush()
                units.recorders.append(lambda _unit, _events: cut())
            else:
                cut()
            if moment == "in plain driver calls":
                unit.driver.execute("SELECT 1")
            unit.commit()

    with pytest.raises(Unavailable, match="does not answer") as refused:
        run()

    assert not isinstance(refused.value, CommitInDoubt)
    units.recorders[1:] = []
    assert traces(engine) == (0, 0, 0)
    with units.begin(SYSTEM) as unit:
        count(unit)
        unit.commit()
    assert traces(engine) == (1, 1, 1)


def test_a_connection_that_is_cut_at_the_commit_leaves_the_outcome_open(
    units: UnitFactory, engine: Engine, cut: Any
) -> None:
    class CutAfterwards(ProcrastinateQueue):
        def enqueue(self, session: Any, requests: Any) -> None:
            super().enqueue(session, requests)
            cut()

    units.queue = CutAfterwards(registry)

    with pytest.raises(CommitInDoubt, match="Look whether"):
        count_and_commit(units)

    assert traces(engine) == (0, 0, 0)


def test_reading_says_so_too_and_recovers(units: UnitFactory, cut: Any) -> None:
    def look(then: Any) -> Any:
        with units.reading(SYSTEM) as view:
            view.session.execute(text("SELECT 1"))
            then()
            return view.session.execute(text("SELECT 1")).scalar_one()

    with pytest.raises(Unavailable):
        look(cut)

    assert look(lambda: None) == 1


def test_whatever_is_written_while_reading_is_lost(units: UnitFactory, engine: Engine) -> None:
    with units.reading(SYSTEM) as view:
        view.session.execute(text("UPDATE counter SET value = 5"))

    assert traces(engine)[0] == 0


def test_a_database_that_goes_away_and_comes_back_is_used_again(tmp_path_factory: pytest.TempPathFactory) -> None:
    data = tmp_path_factory.mktemp("restart")
    server = start_embedded(data)
    engine = connect(server.url)
    migrate(engine)
    prepare(engine)
    units = UnitFactory(engine, queue=ProcrastinateQueue(registry), recorders=[record])

    assert count_and_commit(units) == 1
    server.stop()
    for _ in range(2):
        with pytest.raises(Unavailable):
            count_and_commit(units)
    server = start_embedded(data)

    assert count_and_commit(units) == 2
    engine.dispose()
    server.stop()


@pytest.mark.parametrize("where", ["statement", "commit"])
def test_a_full_disk_of_the_database_is_called_by_its_name(units: UnitFactory, engine: Engine, where: str) -> None:
    timing = "AFTER INSERT ON said DEFERRABLE INITIALLY DEFERRED" if where == "commit" else "AFTER INSERT ON said"
    with engine.begin() as connection:
        connection.execute(
            text(
                "CREATE FUNCTION fill() RETURNS trigger LANGUAGE plpgsql AS "
                "$$ BEGIN RAISE 'could not extend file' USING ERRCODE = '53100'; END $$"
            )
        )
        connection.execute(text(f"CREATE CONSTRAINT TRIGGER fill {timing} FOR EACH ROW EXECUTE FUNCTION fill()"))

    with pytest.raises(StorageFull, match="no room"):
        count_and_commit(units)

    assert traces(engine) == (0, 0, 0)


def test_a_busy_pool_is_said_so_and_is_not_thrown_away(database_url: str) -> None:
    engine = create_engine(database_url, pool_size=1, max_overflow=0, pool_timeout=0.01)
    units = UnitFactory(engine, queue=ProcrastinateQueue(registry))
    pool = engine.pool

    with units.begin(SYSTEM) as busy:
        busy.session.execute(text("SELECT 1"))
        with pytest.raises(Unavailable, match="busy"), units.begin(SYSTEM) as other:
            other.session.execute(text("SELECT 1"))

    assert engine.pool is pool
    engine.dispose()


def test_a_programming_error_is_not_dressed_up(units: UnitFactory) -> None:
    from sqlalchemy.exc import ProgrammingError

    with pytest.raises(ProgrammingError, match="nowhere"), units.begin(SYSTEM) as unit:
        unit.session.execute(text("SELECT * FROM nowhere"))


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
