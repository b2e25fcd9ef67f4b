"""Prepared statements: kept by their connection, and never missed when somebody dropped them."""

import os
import socket
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from psycopg import OperationalError
from psycopg.pq import ExecStatus, TransactionStatus
from sqlalchemy import Engine, create_engine, text

from core.errors import Unavailable
from core.identity import SYSTEM
from storage import prepared
from storage.engine import connect
from storage.jobs.queue import ProcrastinateQueue
from storage.prepared import PreparedStatements
from storage.unit_of_work import UnitFactory
from storage.writes import to_array
from tests.counting import registry

DOUBLE = b"SELECT $1::int * 2 AS twice, $2::text AS word"
KEPT = text("SELECT count(*) FROM pg_prepared_statements WHERE name LIKE 'obieg%'")


@pytest.fixture(params=["counts what it drops", "is psycopg's own"])
def units(database_url: str, request: pytest.FixtureRequest) -> Iterator[UnitFactory]:
    """On one connection of a kind."""
    counts = request.param == "counts what it drops"
    engine = connect(database_url, pool=1) if counts else create_engine(database_url, pool_size=1)
    yield UnitFactory(engine, queue=ProcrastinateQueue(registry))
    engine.dispose()


def ask(units: UnitFactory, statement: bytes = DOUBLE, *values: Any) -> Any:
    with units.begin(SYSTEM) as unit:
        rows = unit.fetch(statement, *(values or (21, "ą")))
        unit.commit()
    return rows


def kept(engine: Engine) -> int:
    with engine.connect() as connection:
        found: int = connection.execute(KEPT).scalar_one()
        connection.commit()
    return found


def idle(engine: Engine) -> bool:
    pooled = engine.raw_connection()
    driver: Any = pooled.driver_connection
    status = driver.pgconn.transaction_status
    pooled.close()
    return bool(status == TransactionStatus.IDLE)


def roll_back(units: UnitFactory) -> None:
    with units.engine.connect() as connection:
        for _ in range(7):  # until psycopg has prepared it, or it would not drop anything
            connection.exec_driver_sql("SELECT 1")
        connection.rollback()


def test_a_statement_that_comes_again_is_prepared(units: UnitFactory) -> None:
    answers = [ask(units) for _ in range(3)]

    assert answers == [[{"twice": 42, "word": "ą"}]] * 3
    assert kept(units.engine) == 1


def test_values_arrive_as_what_they_are(units: UnitFactory) -> None:
    values = {
        "a": 7,
        "b": None,
        "c": True,
        "d": b"\x00\xff",
        "e": ["a", "b,c"],
        "f": datetime(2026, 1, 5, 8, tzinfo=UTC),
    }
    types = ("int", "text", "bool", "bytea", "text[]", "timestamptz")
    columns = ", ".join(f"${n}::{kind} AS {name}" for n, (name, kind) in enumerate(zip(values, types, strict=True), 1))

    with units.begin(SYSTEM) as unit:
        found = [unit.fetch(f"SELECT {columns}".encode(), *values.values()) for _ in range(3)]

    assert found == [[values]] * 3


def test_a_rollback_drops_them_and_nobody_notices(units: UnitFactory) -> None:
    for _ in range(3):
        ask(units)
    roll_back(units)

    assert ask(units) == [{"twice": 42, "word": "ą"}]


def test_they_are_dropped_by_hand_and_nobody_notices(units: UnitFactory) -> None:
    for _ in range(3):
        ask(units)
    with units.begin(SYSTEM) as unit:
        unit.connection.exec_driver_sql("DEALLOCATE ALL")
        unit.commit()

    assert ask(units) == [{"twice": 42, "word": "ą"}]


@pytest.mark.parametrize("first", ["connection", "driver"])
def test_they_are_looked_for_where_the_transaction_could_not_begin_anew(units: UnitFactory, first: str) -> None:
    for _ in range(3):
        ask(units)
    roll_back(units)

    with units.begin(SYSTEM) as unit:
        execute = unit.connection.exec_driver_sql if first == "connection" else unit.driver.execute
        execute("CREATE TEMPORARY TABLE mine AS SELECT 5 AS five")
        found = unit.fetch(DOUBLE, 1, "x"), unit.fetch(b"SELECT five FROM mine")

    assert found == ([{"twice": 2, "word": "x"}], [{"five": 5}])


def test_a_part_that_is_undone_drops_them_and_the_rest_goes_on(units: UnitFactory) -> None:
    for _ in range(3):
        ask(units)
    with units.begin(SYSTEM) as unit:
        with suppress(ZeroDivisionError), unit.savepoint():
            for _ in range(7):
                unit.connection.exec_driver_sql("SELECT 1")
            raise ZeroDivisionError

        assert unit.fetch(DOUBLE, 1, "x") == [{"twice": 2, "word": "x"}]


def test_a_view_asks_without_a_transaction_and_notices_nothing_of_what_was_dropped(units: UnitFactory) -> None:
    answers = []
    for _ in range(3):
        with units.reading(SYSTEM) as view:
            answers.append(view.fetch(DOUBLE, 21, "ą"))
    roll_back(units)
    with units.reading(SYSTEM) as view:
        answers += [view.fetch(DOUBLE, 21, "ą"), view.fetch(b"SELECT pg_current_xact_id_if_assigned() AS mine")]

    assert answers == [[{"twice": 42, "word": "ą"}]] * 4 + [[{"mine": None}]]
    assert idle(units.engine)


def test_a_view_asks_in_the_transaction_of_its_session(units: UnitFactory) -> None:
    with units.reading(SYSTEM) as view:
        at = view.session.execute(text("SELECT now() AS moment")).scalar_one()

        assert view.fetch(b"SELECT now() AS moment") == [{"moment": at}]
        assert view.fetch(b"SHOW transaction_read_only") == [{"transaction_read_only": "on"}]


def test_a_view_whose_connection_was_cut_says_so_and_the_next_one_works(units: UnitFactory) -> None:
    with units.reading(SYSTEM) as view:
        process = view.fetch(b"SELECT pg_backend_pid() AS pid")[0]["pid"]
    other = create_engine(units.engine.url)
    with other.begin() as connection:
        connection.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": process})
    other.dispose()

    with pytest.raises(Unavailable), units.reading(SYSTEM) as view:
        view.fetch(DOUBLE, 1, "x")

    with units.reading(SYSTEM) as view:
        assert view.fetch(DOUBLE, 1, "x") == [{"twice": 2, "word": "x"}]


@pytest.mark.parametrize("direction", [socket.SHUT_RD, socket.SHUT_WR, socket.SHUT_RDWR])
def test_a_connection_that_the_network_cut_is_told_and_replaced_whether_or_not_the_statement_is_known(
    units: UnitFactory, direction: int
) -> None:
    for known in range(4):
        with units.engine.connect() as connection:
            driver = connection.connection.driver_connection
            assert driver is not None
            with socket.socket(fileno=os.dup(driver.fileno())) as cut:
                cut.shutdown(direction)
            connection.rollback()

        with pytest.raises(Unavailable), units.reading(SYSTEM) as view:
            view.fetch(DOUBLE, 1, "x")
        for _ in range(known):
            with units.reading(SYSTEM) as view:
                assert view.fetch(DOUBLE, 1, "x") == [{"twice": 2, "word": "x"}]


def test_an_error_that_the_server_did_not_tell_is_a_lost_connection(units: UnitFactory) -> None:
    with units.engine.connect() as connection:
        driver: Any = connection.connection.driver_connection
        of_libpq = driver.pgconn.make_empty_result(ExecStatus.FATAL_ERROR)

        with pytest.raises(OperationalError):
            PreparedStatements(driver)._checked(of_libpq)


def test_no_more_are_kept_than_there_is_room_for(units: UnitFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prepared, "KEPT", 3)

    for number in range(10):
        for _ in range(3):
            assert ask(units, b"SELECT $1::int + %d AS sum" % number, 1) == [{"sum": 1 + number}]

    assert kept(units.engine) == 3


@pytest.mark.parametrize("texts", [[], ["a"], ["a b", 'say "no"', "back\\slash", "{x,y}", "", "NULL", "ż"]])
def test_an_array_is_written_as_postgresql_reads_it(units: UnitFactory, texts: list[str]) -> None:
    assert ask(units, b"SELECT $1::text[] AS texts", to_array(texts)) == [{"texts": texts}]
