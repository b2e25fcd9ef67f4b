"""The lists that the inbox walks along hold every open task once for each whom it is offered to, and nothing else."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine

from core.clock import FixedClock
from engine.delegation import ScheduleTask
from engine.instances import CancelInstance
from engine.tasks import ClaimTask
from tests.engine_world import World, bpmn, line, person

STEP = '<userTask id="{0}" camunda:dueDate="=due" {1}/>'
NODES = (
    STEP.format("check", 'camunda:candidateGroups="legal,board,legal" camunda:candidateUsers="anna"'),
    STEP.format("decide", ""),
)
DUE = datetime(2026, 3, 1, 9, tzinfo=UTC)
LISTED = "SELECT name, due_at::text, id, instance_id FROM task_offer"
KEPT = (
    "instance_id, id, definition_id, definition_key, element_id, name, loop_id, assignee, candidates, created_at, "
    "claimed_at, due_at, form_id"
)
OFFERED = """
SELECT DISTINCT unnest(CASE candidates WHEN '{}' THEN '{""}' ELSE candidates END), coalesce(due_at, 'infinity')::text,
    id, instance_id FROM work_item
"""


@pytest.fixture
def world(engine: Engine, clock: FixedClock) -> World:
    found = World(engine, clock)
    found.deploy(bpmn(line(*NODES, names=("check", "decide"))))
    return found


def names(world: World) -> list[str]:
    """Whose lists hold something; what is listed is what is offered."""
    assert sorted(map(tuple, world.rows(LISTED))) == sorted(map(tuple, world.rows(OFFERED)))
    return sorted(row[0] for row in world.rows(LISTED))


@pytest.mark.parametrize("due", [DUE.isoformat(), None])
def test_a_task_stands_in_the_list_of_each_whom_it_is_offered_to_until_it_is_done(
    world: World, due: str | None
) -> None:
    anna = person("anna")

    started = world.start(due=due)
    assert names(world) == ["group:board", "group:legal", "user:anna"]

    world.do(ClaimTask(task_id=started.tasks[0].id), anna)
    assert names(world) == ["group:board", "group:legal", "user:anna"]

    done = world.complete(started.tasks[0].id, anna)
    assert names(world) == [""]

    world.complete(done.tasks[0].id, anna)
    assert names(world) == []


def test_a_task_moves_in_the_lists_when_it_is_due_at_another_time(world: World) -> None:
    task = world.start(due=None).tasks[0].id

    for change in ({"due_at": DUE}, {"due_at": DUE.replace(day=2)}, {"clear": frozenset({"due_at"})}):
        world.do(ScheduleTask(task_id=task, **change))
        assert names(world) == ["group:board", "group:legal", "user:anna"]

    world.do(ScheduleTask(task_id=world.complete(task, person("anna")).tasks[0].id, due_at=DUE))
    assert names(world) == [""]


def test_nothing_is_left_of_a_case_that_was_cancelled(world: World) -> None:
    first, second = world.start(due=DUE.isoformat()), world.start(due=None)

    world.do(CancelInstance(instance_id=first.id, reason="no longer wanted"))

    assert names(world) == ["group:board", "group:legal", "user:anna"]
    assert {row.instance_id for row in world.rows("SELECT instance_id FROM task_offer")} == {second.id}


@pytest.mark.parametrize("due", [DUE.isoformat(), None])
def test_the_history_keeps_a_task_as_it_stood_in_the_inbox(world: World, clock: FixedClock, due: str | None) -> None:
    anna = person("anna")
    task = world.start(due=due).tasks[0].id
    clock.advance(timedelta(minutes=3))
    world.do(ClaimTask(task_id=task), anna)
    stood = world.rows(f"SELECT {KEPT} FROM work_item")
    clock.advance(timedelta(minutes=5))

    world.complete(task, anna, remark="done")

    assert world.rows(f"SELECT {KEPT} FROM task_history") == stood
    ended = world.rows("SELECT ended_at, state, actor, reason, data FROM task_history")
    assert [tuple(row) for row in ended] == [(clock.now(), "completed", "anna", None, {"remark": "done"})]
