"""Changes that are posted one after the other: sent without waiting for each, undone and blamed as if they had been."""

import os
import re
import signal
import socket
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from psycopg import IntegrityError
from sqlalchemy import Engine, create_engine, text

from core.errors import StaleState, Unavailable
from core.identity import SYSTEM
from storage.engine import connect
from storage.jobs.queue import ProcrastinateQueue
from storage.unit_of_work import UnitFactory, UnitOfWork
from storage.writes import Writes
from tests.counting import registry
from tests.protocol import listening

PUT = "INSERT INTO heap (number) VALUES (%(number)s::int)"
SLEEP = "INSERT INTO heap SELECT %(number)s::int FROM pg_sleep(%(seconds)s::float)"
SUM = b"SELECT coalesce(sum(number), 0)::int AS sum FROM heap"
SYNC = re.compile(r"^F\s+\d+\s+Sync\b", re.MULTILINE)
KNOWN = 100  # is in the heap; how it came there made the statements known, so that they are prepared


@pytest.fixture
def units(database_url: str) -> Iterator[UnitFactory]:
    """On one connection, with a heap of numbers that are all different."""
    yield from heaped(connect(database_url, pool=1))


@pytest.fixture
def plain_units(database_url: str) -> Iterator[UnitFactory]:
    """On one connection that is psycopg's own, which knows nothing of what is on its way."""
    yield from heaped(create_engine(database_url, pool_size=1, max_overflow=0))


def heaped(engine: Engine) -> Iterator[UnitFactory]:
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE heap (number int UNIQUE)"))
    made = UnitFactory(engine, queue=ProcrastinateQueue(registry))
    for number in (KNOWN, KNOWN + 1, KNOWN + 2):
        with made.begin(SYSTEM) as unit:
            put(unit, number)
            unit.send()
            sleep(unit, number + 10)
            unit.send()
            unit.commit()
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM heap WHERE number <> :known"), {"known": KNOWN})
    yield made
    engine.dispose()


def put(unit: UnitOfWork, *numbers: int) -> None:
    for number in numbers:
        writes = Writes()
        writes.add(PUT, number=number)
        unit.post(writes)


def sleep(unit: UnitOfWork, number: int, seconds: float = 0.0) -> None:
    writes = Writes()
    writes.add(SLEEP, number=number, seconds=seconds)
    unit.post(writes)


def heap(units: UnitFactory) -> int:
    with units.begin(SYSTEM) as unit:
        found: int = unit.fetch(SUM)[0]["sum"]
        unit.commit()
    return found - KNOWN


def test_many_changes_are_waited_for_once(units: UnitFactory) -> None:
    with listening(units.engine) as sent, units.begin(SYSTEM) as unit:
        put(unit, 1, 2, 4, 8, 16, 32)
        unit.commit()

    assert (len(SYNC.findall(sent.told)), sent.statements, sent.commits) == (1, 6, 1)
    assert heap(units) == 63


def test_a_connection_that_does_not_wait_is_sent_nothing_ahead(plain_units: UnitFactory) -> None:
    with plain_units.begin(SYSTEM) as unit:
        session = unit.session
        put(unit, 1, 2, 4)
        seen = session.execute(text(SUM.decode())).scalar_one()
        unit.commit()

    assert seen == KNOWN + 3
    assert heap(plain_units) == 7


def test_who_reads_sees_all_that_was_posted_before(units: UnitFactory) -> None:
    with units.begin(SYSTEM) as unit:
        put(unit, 1, 2, 4)
        first = unit.fetch(SUM)
        put(unit, 8, 16)
        second = unit.session.execute(text(SUM.decode())).scalar_one()
        unit.commit()

    assert (first, second) == ([{"sum": KNOWN + 7}], KNOWN + 31)
    assert heap(units) == 31


def test_a_session_or_a_driver_that_somebody_kept_waits_too(units: UnitFactory) -> None:
    with units.begin(SYSTEM) as unit:
        session, driver = unit.session, unit.driver
        put(unit, 1, 2, 4)
        by_session = session.execute(text(SUM.decode())).scalar_one()
        put(unit, 8, 16)
        by_driver = driver.execute(SUM).fetchone()
        unit.commit()

    assert by_session == KNOWN + 3  # the last one is kept back until the unit itself is asked for something
    assert by_driver == (KNOWN + 15,)
    assert heap(units) == 31


@pytest.mark.parametrize("ends", ["commit", "fetch", "send"])
def test_what_goes_wrong_on_the_way_undoes_everything_and_is_told_by_whatever_comes_next(
    units: UnitFactory, ends: str
) -> None:
    def act() -> None:
        with units.begin(SYSTEM) as unit:
            put(unit, 1, KNOWN, 2, 4)
            if ends == "fetch":
                unit.fetch(SUM)
            else:
                getattr(unit, ends)()

    with pytest.raises(IntegrityError, match=r"Key \(number\)=\(100\) already exists"):
        act()

    assert heap(units) == 0


def test_what_is_undone_on_the_way_leaves_the_unit_as_new(units: UnitFactory) -> None:
    with units.begin(SYSTEM) as unit:
        put(unit, 1, KNOWN, 2)
        unit.start_over()
        put(unit, 4, 8)
        unit.commit()

    assert heap(units) == 12


def test_a_part_is_undone_with_what_was_on_its_way(units: UnitFactory) -> None:
    with units.begin(SYSTEM) as unit:
        put(unit, 1, 2)
        with suppress(ZeroDivisionError), unit.savepoint():
            put(unit, 4, 8, 16)
            raise ZeroDivisionError
        put(unit, 32, 64)
        with pytest.raises(IntegrityError), unit.savepoint():
            put(unit, 128, KNOWN, 256)
        put(unit, 512, 1024)
        unit.commit()

    assert heap(units) == 1 + 2 + 32 + 64 + 512 + 1024


def test_a_connection_that_is_cut_on_the_way_is_told_and_replaced(units: UnitFactory) -> None:
    def act(direction: int) -> None:
        with units.begin(SYSTEM) as unit:
            put(unit, 1, 2)
            with socket.socket(fileno=os.dup(unit._open().driver.fileno())) as cut:
                cut.shutdown(direction)
            put(unit, 4, 8)
            unit.commit()

    for direction in (socket.SHUT_RD, socket.SHUT_WR, socket.SHUT_RDWR):
        with pytest.raises(Unavailable):
            act(direction)

        assert heap(units) == 0


def test_a_server_that_ends_the_session_on_the_way_is_told_and_it_is_replaced(units: UnitFactory) -> None:
    def act() -> None:
        with units.begin(SYSTEM) as unit:
            pid = unit.fetch(b"SELECT pg_backend_pid() AS pid")[0]["pid"]
            put(unit, 1, 2)
            other = create_engine(units.engine.url)
            with other.begin() as connection:
                connection.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})
            other.dispose()
            put(unit, 4, 8)
            unit.commit()

    with pytest.raises(Unavailable):
        act()

    assert heap(units) == 0


class StoppedError(BaseException):
    """Somebody pressed Ctrl-C."""


@pytest.mark.parametrize("is_dressed", [True, False])
def test_who_is_interrupted_while_waiting_does_not_give_back_a_connection_that_others_would_wait_on(
    units: UnitFactory, is_dressed: bool, caplog: pytest.LogCaptureFixture
) -> None:
    def interrupt(*_: Any) -> None:
        raise StoppedError

    def act() -> None:
        with units.begin(SYSTEM) as unit:
            if is_dressed:
                unit.session.execute(text("SELECT 1"))
            put(unit, 1)
            sleep(unit, 2, 0.5)
            put(unit, 4)
            signal.setitimer(signal.ITIMER_REAL, 0.1)
            unit.send()

    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        with pytest.raises(StoppedError):
            act()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)

    assert heap(units) == 0
    assert caplog.messages == []


def test_statements_that_were_dropped_under_way_are_prepared_again_when_it_is_tried_again(units: UnitFactory) -> None:
    def act(*, is_dropped: bool) -> None:
        with units.begin(SYSTEM) as unit:
            put(unit, 1, 2)
            if is_dropped:
                unit.connection.exec_driver_sql("DEALLOCATE ALL")
            put(unit, 4, 8)
            unit.commit()

    with pytest.raises(StaleState):
        act(is_dropped=True)
    act(is_dropped=False)

    assert heap(units) == 15
