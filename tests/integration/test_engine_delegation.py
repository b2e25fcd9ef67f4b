"""Delegated tasks: somebody else does them, their owner decides, and both have acted."""

import pytest
from sqlalchemy import Engine

from core.clock import FixedClock
from core.errors import InvalidInput
from engine.delegation import DelegateTask, ResolveTask
from engine.errors import FourEyes, NotYourTask, TaskDelegated
from engine.tasks import AssignTask, ClaimTask, UnclaimTask
from tests.engine_world import World, bpmn, line, person

ANNA, BEN, CLEO = person("anna"), person("ben"), person("cleo")
EYES = bpmn(
    line('<userTask id="do"/>', '<userTask id="check" obieg:fourEyes="do"/>', names=("do", "check")), key="eyes"
)


@pytest.fixture
def world(engine: Engine, clock: FixedClock) -> World:
    world = World(engine, clock)
    world.deploy(bpmn(line('<userTask id="first"/>', '<userTask id="second"/>', names=("first", "second"))))
    return world


def claimed(world: World) -> str:
    task = world.start().tasks[0].id
    world.do(ClaimTask(task_id=task), ANNA)
    return task


def held(world: World, task: str) -> tuple[str | None, str | None, bool]:
    """Who has a task, who gets it back, and whether it is delegated."""
    rows = world.rows(f"SELECT assignee, owner, is_delegated FROM work_item WHERE id = '{task}'")
    return tuple(rows[0])


def test_a_delegated_task_comes_back_to_its_owner(world: World) -> None:
    task = claimed(world)

    world.do(DelegateTask(task_id=task, assignee="ben"), ANNA)
    with pytest.raises(TaskDelegated):
        world.complete(task, BEN)
    world.do(ResolveTask(task_id=task), BEN)

    assert world.rows(f"SELECT assignee FROM work_item WHERE id = '{task}'") == [("anna",)]
    world.complete(task, ANNA)


def test_only_the_owner_delegates_and_only_the_delegate_resolves(world: World) -> None:
    task = claimed(world)
    with pytest.raises(NotYourTask):
        world.do(DelegateTask(task_id=task, assignee="ben"), BEN)
    with pytest.raises(NotYourTask, match="nothing to resolve"):
        world.do(ResolveTask(task_id=task), ANNA)

    world.do(DelegateTask(task_id=task, assignee="ben"), ANNA)

    with pytest.raises(NotYourTask):
        world.do(ResolveTask(task_id=task), ANNA)


def test_the_delegate_neither_keeps_the_task_nor_passes_it_on(world: World) -> None:
    task = claimed(world)
    world.do(DelegateTask(task_id=task, assignee="ben"), ANNA)

    for escape in (
        AssignTask(task_id=task, assignee="ben"),
        AssignTask(task_id=task, assignee="cleo"),
        UnclaimTask(task_id=task),
    ):
        with pytest.raises(TaskDelegated, match="resolve it, then anna can pass it on"):
            world.do(escape, BEN)

    assert held(world, task) == ("ben", "anna", True)


def test_the_owner_takes_a_delegated_task_back(world: World) -> None:
    task = claimed(world)
    world.do(DelegateTask(task_id=task, assignee="ben"), ANNA)

    world.do(AssignTask(task_id=task, assignee="anna"), ANNA)

    assert held(world, task) == ("anna", None, False)
    with pytest.raises(NotYourTask):
        world.do(AssignTask(task_id=task, assignee="cleo"), CLEO)


def test_nobody_delegates_a_task_to_its_owner(world: World) -> None:
    task = claimed(world)

    with pytest.raises(InvalidInput, match="goes back to anna when it is resolved; delegate it to somebody else"):
        world.do(DelegateTask(task_id=task, assignee=" anna "), ANNA)


def test_blanks_around_a_name_do_not_hide_a_task_from_who_gets_it(world: World) -> None:
    task = claimed(world)

    world.do(AssignTask(task_id=task, assignee=" ben "), ANNA)

    assert held(world, task)[0] == "ben"


def test_a_task_is_not_delegated_to_whom_four_eyes_forbid_it(world: World) -> None:
    world.deploy(EYES)
    done = world.complete(world.start("eyes").tasks[0].id, BEN)
    world.do(ClaimTask(task_id=done.tasks[0].id), ANNA)

    with pytest.raises(FourEyes):
        world.do(DelegateTask(task_id=done.tasks[0].id, assignee="ben"), ANNA)


def test_who_did_a_step_for_its_owner_does_not_check_it_either(world: World) -> None:
    world.deploy(EYES)
    task = world.start("eyes").tasks[0].id
    world.do(ClaimTask(task_id=task), ANNA)
    for delegate in (BEN, CLEO):
        world.do(DelegateTask(task_id=task, assignee=delegate.id), ANNA)
        world.do(ResolveTask(task_id=task), delegate)
    check = world.complete(task, ANNA).tasks[0].id

    for worked in (ANNA, BEN, CLEO):
        with pytest.raises(FourEyes, match=f"{worked.id} has done do"):
            world.complete(check, worked)
    world.complete(check, person("dora"))
