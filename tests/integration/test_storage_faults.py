"""A database that is cut off, stopped, busy or full: a plain word for it, nothing half-done, and on with the next."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.pool import NullPool

from core.clock import FixedClock
from core.errors import StorageFull, Unavailable
from core.identity import SYSTEM
from storage.embedded import start_embedded
from storage.engine import connect
from storage.faults import Busy
from storage.jobs.queue import ProcrastinateQueue
from storage.schema import migrate
from storage.unit_of_work import CommitInDoubt, UnitFactory
from tests.counting import count, count_and_commit, prepare, record, registry, traces


@pytest.fixture
def units(engine: Engine, clock: FixedClock) -> UnitFactory:
    prepare(engine)
    return UnitFactory(engine, queue=ProcrastinateQueue(registry), clock=clock, recorders=[record])


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
        def enqueue(self, unit: Any, requests: Any) -> None:
            super().enqueue(unit, requests)
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


def test_nothing_can_be_written_while_reading(units: UnitFactory, engine: Engine) -> None:
    with pytest.raises(Unavailable) as refused, units.reading(SYSTEM) as view:
        view.session.execute(text("UPDATE counter SET value = 5"))

    assert "read-only transaction" in str(refused.value.__cause__)
    assert traces(engine)[0] == 0


def test_a_connection_keeps_its_prepared_statements_after_reading(engine: Engine) -> None:
    units = UnitFactory(engine, queue=ProcrastinateQueue(registry))

    for _ in range(4):
        with units.reading(SYSTEM) as view:
            view.session.execute(text("SELECT 1 + :more"), {"more": 1}).all()

    with units.reading(SYSTEM) as view:
        assert view.session.execute(text("SELECT count(*) FROM pg_prepared_statements")).scalar_one() > 0


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


def test_whoever_waits_too_long_for_a_row_is_told_and_not_made_to_wait_again(
    units: UnitFactory, engine: Engine
) -> None:
    lock = text("SELECT 1 FROM counter FOR UPDATE")

    def run() -> None:
        with units.begin(SYSTEM) as unit:
            unit.session.execute(text("SET LOCAL lock_timeout = 20"))
            unit.session.execute(lock)

    with engine.begin() as busy:
        busy.execute(lock)
        with pytest.raises(Busy, match="for a while"):
            run()


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
