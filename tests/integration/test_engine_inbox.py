"""The lists of the inbox: in every order, with and without due dates, and what somebody has finished."""

import pytest
from sqlalchemy import Engine

from core.clock import FixedClock
from engine.finished import finished_tasks
from engine.inbox import TaskFilter, tasks
from tests.engine_world import ADMIN, World, bpmn, line

ONE_TASK = bpmn(line('<userTask id="check" name="Check"/>', names=("check",)))


@pytest.fixture
def world(engine: Engine, clock: FixedClock) -> World:
    return World(engine, clock)


@pytest.mark.parametrize("sort", ["due", "-due", "created", "-created", "priority", "name"])
def test_tasks_without_a_due_date_are_paged_in_every_order(world: World, sort: str) -> None:
    world.deploy(ONE_TASK)
    started = {world.start().tasks[0].id for _ in range(3)}

    found, after = [], None
    while True:
        with world.units.reading(ADMIN) as view:
            page = tasks(view, TaskFilter(sort=sort), after, 2)
        found += [each.id for each in page.items]
        after = page.next
        if after is None:
            break

    assert sorted(found) == sorted(started)


def test_finished_tasks_are_those_of_the_asking_person_newest_first(world: World) -> None:
    world.deploy(ONE_TASK)
    first, second, _still_open = (world.start().tasks[0].id for _ in range(3))
    world.complete(first)
    world.complete(second)

    with world.units.reading(ADMIN) as view:
        page = finished_tasks(view, limit=1)
        rest = finished_tasks(view, page.next, 1)

    assert [each.id for each in (*page.items, *rest.items)] == [second, first]
    assert page.total == 2
    assert rest.next is None
