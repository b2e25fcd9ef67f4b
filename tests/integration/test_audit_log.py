"""The sequencer: every committed entry gets one place in the Merkle log, whenever it commits and whatever dies."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import IntegrityError

from audit import sequencer
from audit.merkle import root
from audit.sequencer import LogDamaged, sequence, sequence_thoroughly
from audit.tiles import Tiles
from audit.verifier import leaf_hash
from core.clock import FixedClock
from storage.unit_of_work import UnitFactory
from tests.audit_samples import ANNA, noted, recording, write
from tests.unit.test_audit_merkle import plain_root


@pytest.fixture
def units(engine: Engine, clock: FixedClock) -> UnitFactory:
    return recording(engine, clock)


def leaves(engine: Engine) -> list[tuple[int, str, bytes]]:
    """Position, entry id and content, in the order of the log."""
    query = "SELECT position, entry_id, content FROM audit_leaf JOIN audit_entry ON id = entry_id ORDER BY position"
    with engine.begin() as connection:
        return [(row.position, row.entry_id, bytes(row.content)) for row in connection.execute(text(query))]


def stored_root(engine: Engine) -> bytes:
    with engine.connect() as connection:
        driver: Any = connection.connection.driver_connection
        size = connection.scalar(text("SELECT size FROM audit_log"))
        return root(size or 0, Tiles(lambda place: sequencer.load_tile(driver, place)))


def is_whole(engine: Engine, number: int) -> bool:
    """Whether all entries are in the log, each once, without gaps, and the tree is that of their bytes."""
    found = leaves(engine)
    places = [position for position, _, _ in found]
    expected = plain_root([leaf_hash(content) for _, _, content in found])
    return (
        places == list(range(number))
        and len({entry for _, entry, _ in found}) == number == len(found)
        and (stored_root(engine) == expected)
    )


def set_mark(engine: Engine, mark: str) -> None:
    with engine.begin() as connection:
        connection.execute(text("UPDATE audit_log SET mark = :mark"), {"mark": mark})


def test_entries_get_their_places_in_the_order_of_their_ids(units: UnitFactory, engine: Engine) -> None:
    for number in range(7):
        write(units, noted("case:1", note=number), noted("case:2", note=number))

    assert sequence(engine) == 14
    assert sequence(engine) == 0
    assert is_whole(engine, 14)
    assert [entry for _, entry, _ in leaves(engine)] == sorted(entry for _, entry, _ in leaves(engine))


@pytest.mark.parametrize("at_once", [1, 3, 300])
def test_batches_of_any_size_make_the_same_tree(units: UnitFactory, engine: Engine, at_once: int) -> None:
    write(units, *[noted(f"case:{number}") for number in range(300)])
    for _ in range(3):
        write(units, noted(), noted("case:2"))

        sequence(engine, at_once=at_once)

    assert is_whole(engine, 306)


def test_an_entry_that_commits_late_gets_its_place_afterwards(units: UnitFactory, engine: Engine) -> None:
    """Its id is older than those of entries that are in the log already."""
    with engine.connect() as slow:
        unit = units.begin(ANNA)
        unit.emit(noted("case:slow"))
        units.recorders[0](unit, unit.events)
        unit.connection  # noqa: B018 -- what was posted is sent, the transaction stays open
        for number in range(5):
            write(units, noted("case:1", note=number))
            assert sequence(engine) == 1
        sequence(engine)

        unit.connection.commit()
        slow.rollback()

    assert sequence(engine) == 1
    assert is_whole(engine, 6)
    assert leaves(engine)[-1][1] < leaves(engine)[0][1]


@pytest.mark.usefixtures("quiet")
def test_the_mark_waits_for_open_transactions(units: UnitFactory, engine: Engine, monkeypatch: Any) -> None:
    monkeypatch.setattr(sequencer, "TOLERANCE", sequencer.timedelta(0))
    monkeypatch.setattr(sequencer, "STILL", sequencer.timedelta(0))

    def mark() -> str:
        with engine.connect() as connection:
            return str(connection.scalar(text("SELECT mark FROM audit_log")))

    write(units, noted())
    sequence(engine)
    with engine.connect() as slow:
        slow.execute(text("SELECT pg_current_xact_id()"))
        write(units, noted())
        sequence(engine)
        sequence(engine)
        held = mark()
        write(units, noted())
        sequence(engine)
        assert mark() == held
        slow.rollback()

    sequence(engine)
    sequence(engine)

    assert mark() > held
    assert is_whole(engine, 3)


def test_the_thorough_pass_finds_an_entry_below_the_mark(units: UnitFactory, engine: Engine) -> None:
    write(units, noted(), noted("case:2"))
    sequence(engine)
    write(units, noted("case:2"))
    set_mark(engine, "7ZZZZZZZZZZZZZZZZZZZZZZZZZ")
    assert sequence(engine) == 0

    assert sequence_thoroughly(engine) == 1
    assert is_whole(engine, 3)


def test_a_batch_that_fails_leaves_nothing_and_the_next_goes_on(
    units: UnitFactory, engine: Engine, monkeypatch: Any
) -> None:
    write(units, *[noted(f"case:{number}") for number in range(10)])
    with monkeypatch.context() as patch:
        patch.setattr(sequencer, "GROW", "SELECT 1/0, %s")
        with pytest.raises(Exception, match="division by zero"):
            sequence(engine)
    assert leaves(engine) == []

    assert sequence(engine, at_once=4) == 10
    assert is_whole(engine, 10)


def test_several_sequencers_and_writers_give_every_entry_one_place(units: UnitFactory, engine: Engine) -> None:
    done = threading.Event()

    def write_many(stream: str) -> None:
        for number in range(40):
            write(units, noted(stream, note=number), noted("case:shared", note=number))

    def sequence_on() -> None:
        while not done.is_set():
            sequence(engine, at_once=7)

    writers = [threading.Thread(target=write_many, args=[f"case:{number}"]) for number in range(3)]
    sequencers = [threading.Thread(target=sequence_on) for _ in range(2)]
    for each in (*writers, *sequencers):
        each.start()
    for each in writers:
        each.join()
    done.set()
    for each in sequencers:
        each.join()
    sequence(engine, wait=True)

    assert is_whole(engine, 240)


def test_nothing_is_added_to_a_damaged_tree(units: UnitFactory, engine: Engine) -> None:
    write(units, noted(), noted("case:2"))
    sequence(engine)
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE audit_tile DISABLE TRIGGER USER"))
        connection.execute(text("DELETE FROM audit_tile"))
    write(units, noted())

    with pytest.raises(LogDamaged):
        sequence(engine)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_leaf SET position = position + 9",
        "DELETE FROM audit_leaf",
        "DELETE FROM audit_tile",
        "UPDATE audit_tile SET hashes = sha256('x')",
        "TRUNCATE audit_leaf",
    ],
)
def test_the_database_refuses_to_change_the_log(units: UnitFactory, engine: Engine, statement: str) -> None:
    write(units, noted())
    sequence(engine)

    with engine.begin() as connection, pytest.raises(IntegrityError, match="append-only"):
        connection.execute(text(statement))
