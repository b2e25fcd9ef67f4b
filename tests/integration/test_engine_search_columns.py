"""What inbox searches see of an open task follows the variables of its case."""

from typing import Any

import pytest
from sqlalchemy import Engine

from core.clock import FixedClock
from engine import searching
from engine.inbox import TaskFilter, tasks
from engine.instances import SetVariables
from tests.engine_world import ADMIN, World, bpmn, chain, line

TWO = bpmn(
    '<startEvent id="start"/><parallelGateway id="fork"/><userTask id="ask"/><userTask id="tell"/><endEvent id="end"/>'
    + chain("start", "fork", "ask", "end")
    + chain("fork", "tell", "end"),
    attributes='obieg:searchable="city amount"',
)


@pytest.fixture
def world(engine: Engine, clock: FixedClock) -> World:
    world = World(engine, clock)
    world.deploy(TWO)
    return world


def seen(world: World) -> dict[str, Any]:
    return dict(map(tuple, world.rows("SELECT element_id, search FROM work_item")))


def test_open_tasks_see_what_another_task_has_changed(world: World) -> None:
    started = world.start(city="Oslo")
    ask = next(task.id for task in started.tasks if task.element_id == "ask")

    world.complete(ask, city="Łódź", amount=10, other="not declared")

    assert seen(world) == {"tell": {"city": "Łódź", "amount": 10}}
    with world.units.reading(ADMIN) as view:
        assert [each.element_id for each in tasks(view, TaskFilter(variables={"city": "Łódź"})).items] == ["tell"]


def test_open_tasks_see_what_an_administrator_has_changed(world: World) -> None:
    instance = world.start(city="Oslo").id

    world.do(SetVariables(instance_id=instance, variables={"city": "Rzym"}, reason="moved"))

    assert seen(world) == {"ask": {"city": "Rzym"}, "tell": {"city": "Rzym"}}


def test_an_instance_of_a_loop_keeps_seeing_its_own_value(world: World) -> None:
    loop = '<multiInstanceLoopCharacteristics camunda:collection="=[1, 2]" camunda:elementVariable="city"/>'
    content = '<startEvent id="start"/><parallelGateway id="fork"/><userTask id="set"/><endEvent id="end"/>'
    each = (
        f'<userTask id="each">{loop}</userTask>' + chain("start", "fork", "set", "end") + chain("fork", "each", "end")
    )
    world.deploy(bpmn(content + each, key="loop", attributes='obieg:searchable="city"'))
    started = world.start("loop", city=0)
    task = next(task.id for task in started.tasks if task.element_id == "set")

    world.complete(task, city=9)

    assert sorted(search["city"] for (search,) in world.rows("SELECT search FROM work_item")) == [1, 2]


def test_what_an_instance_of_a_loop_sets_for_itself_is_no_reason_to_look_at_all_tasks(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = '<multiInstanceLoopCharacteristics camunda:collection="=[1, 2, 3]" camunda:elementVariable="city"/>'
    content = line(f'<userTask id="each">{loop}</userTask>', '<userTask id="after"/>', names=("each", "after"))
    world.deploy(bpmn(content, key="loop", attributes='obieg:searchable="city"'))
    started = world.start("loop")
    looked: list[int] = []
    monkeypatch.setattr(searching, "follow", lambda *_: looked.append(1))

    for task in started.tasks:
        world.complete(task.id, city=9)

    assert looked == []
