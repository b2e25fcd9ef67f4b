"""A document is filed for a case while somebody completes a task of it: neither is lost, nobody waits for ever."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine

from core.clock import FixedClock
from core.identity import SYSTEM
from engine import store
from engine.attempts import Parking
from engine.running import Running
from storage.unit_of_work import UnitOfWork
from tests.engine_world import World, bpmn, line, waits_for_a_lock

TWO = bpmn(line('<userTask id="first"/>', '<userTask id="second"/>', names=("first", "second")))


@pytest.fixture
def world(engine: Engine, clock: FixedClock) -> World:
    return World(engine, clock)


def in_a_unit(world: World, act: Callable[[UnitOfWork], None]) -> None:
    with world.units.begin(SYSTEM) as unit:
        act(unit)
        unit.commit()


def test_a_document_that_is_noted_during_a_completion_is_known_after_it(world: World) -> None:
    world.deploy(TWO)
    started = world.start()
    with ThreadPoolExecutor(1) as beside, world.units.begin(SYSTEM) as unit:
        locked = store.lock_instance(unit, started.id)
        running = Running(unit, locked, Parking())
        running.case.complete(started.tasks[0].id, {"remark": "done"})
        running.save()

        noting = beside.submit(in_a_unit, world, lambda other: store.note_documents(other, [started.id]))
        waits_for_a_lock(world, noting)
        unit.commit()
        noting.result()

    found = world.rows("SELECT has_documents, revision, snapshot->'variables' FROM instance")
    assert found == [(True, locked.revision + 1, {"remark": "done"})]


def test_a_completion_sees_the_document_that_was_being_noted(world: World) -> None:
    world.deploy(TWO)
    started = world.start()
    with ThreadPoolExecutor(1) as beside, world.units.begin(SYSTEM) as unit:
        store.note_documents(unit, [started.id])

        completing = beside.submit(world.complete, started.tasks[0].id, remark="done")
        waits_for_a_lock(world, completing)
        unit.commit()
        completing.result()

    assert world.rows("SELECT has_documents, revision FROM instance") == [(True, 2)]


def test_two_who_file_for_the_same_cases_do_not_block_each_other(world: World) -> None:
    world.deploy(TWO)
    cases = [world.start().id for _ in range(20)]

    def note(turn: int) -> None:
        in_a_unit(world, lambda unit: store.note_documents(unit, cases if turn % 2 else cases[::-1]))

    with ThreadPoolExecutor(4) as clients:
        for _ in range(10):
            with world.engine.begin() as connection:
                connection.exec_driver_sql("UPDATE instance SET has_documents = false")
            list(clients.map(note, range(8)))

    assert world.rows("SELECT DISTINCT has_documents FROM instance") == [(True,)]
