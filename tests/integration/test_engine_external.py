"""External tasks: workers fetch them under a lock and say how it went."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine

from core.clock import FixedClock
from core.errors import Forbidden, InvalidInput
from engine.errors import CallNotFound, NotYourCall
from engine.external import (
    CompleteExternalTask,
    ExtendExternalLock,
    ExternalTask,
    FailExternalTask,
    FetchExternalTasks,
    ThrowExternalError,
)
from engine.incidents import RetryIncident
from engine.operations import ResumeInstance, SuspendInstance
from tests.engine_jobs import JobWorld
from tests.engine_world import bpmn, chain, line, person

WORKER = person("robot", permissions=frozenset({"external.work"}))
EXTERNAL = bpmn(
    line(
        '<serviceTask id="weigh" name="Weigh" camunda:type="external" camunda:topic="scales"/>',
        '<userTask id="after"/>',
        names=("weigh", "after"),
    )
)


@pytest.fixture
def world(engine: Engine, clock: FixedClock) -> JobWorld:
    world = JobWorld(engine, clock)
    world.deploy(EXTERNAL)
    return world


def fetch(world: JobWorld, *, worker: str = "w1", limit: int = 10, topic: str = "scales") -> tuple[ExternalTask, ...]:
    found: tuple[ExternalTask, ...] = world.do(
        FetchExternalTasks(worker=worker, topics=(topic,), limit=limit, lock_seconds=60), WORKER
    )
    return found


def open_tasks(world: JobWorld) -> list[Any]:
    return world.rows("SELECT element_id FROM work_item")


def test_a_worker_fetches_a_task_and_completes_it(world: JobWorld) -> None:
    started = world.start(crate="K-7")

    (task,) = fetch(world)
    world.do(CompleteExternalTask(task_id=task.id, worker="w1", variables={"weight": 12}), WORKER)

    assert (task.instance_id, task.element_id, task.variables) == (started.id, "weigh", {"crate": "K-7"})
    assert open_tasks(world) == [("after",)]
    assert world.rows("SELECT snapshot->'variables'->'weight' FROM instance") == [(12,)]


def test_a_fetched_task_is_with_its_worker_until_the_lock_runs_out(world: JobWorld) -> None:
    world.start()
    (task,) = fetch(world)

    assert fetch(world, worker="w2") == ()
    world.clock.advance(timedelta(seconds=59))
    world.do(ExtendExternalLock(task_id=task.id, worker="w1", lock_seconds=60), WORKER)
    world.clock.advance(timedelta(seconds=59))
    assert fetch(world, worker="w2") == ()
    world.clock.advance(timedelta(seconds=1))

    assert [each.id for each in fetch(world, worker="w2")] == [task.id]
    with pytest.raises(NotYourCall):
        world.do(CompleteExternalTask(task_id=task.id, worker="w1"), WORKER)


def test_a_lock_that_ran_out_is_not_extended_and_still_lets_its_worker_answer_while_nobody_else_came(
    world: JobWorld,
) -> None:
    world.start()
    (task,) = fetch(world)
    world.clock.advance(timedelta(seconds=61))

    with pytest.raises(NotYourCall, match="fetch it again"):
        world.do(ExtendExternalLock(task_id=task.id, worker="w1", lock_seconds=60), WORKER)
    with pytest.raises(NotYourCall, match="Another worker has this task"):
        world.do(CompleteExternalTask(task_id=task.id, worker="w2"), WORKER)
    world.do(CompleteExternalTask(task_id=task.id, worker="w1"), WORKER)

    assert open_tasks(world) == [("after",)]


def test_an_error_that_a_worker_reports_is_caught_by_its_code_and_otherwise_an_incident(world: JobWorld) -> None:
    caught = bpmn(
        line(
            '<serviceTask id="weigh" camunda:type="external" camunda:topic="scales"/>',
            '<userTask id="after"/>',
            names=("weigh", "after"),
        )
        + '<boundaryEvent id="heavy" attachedToRef="weigh"><errorEventDefinition errorRef="e"/></boundaryEvent>'
        + '<userTask id="split"/><endEvent id="over"/>'
        + chain("heavy", "split", "over"),
        roots='<error id="e" errorCode="too_heavy"/>',
        key="caught",
    )
    world.deploy(("caught.bpmn", caught))
    for _ in range(2):
        world.start("caught")
    first, second = fetch(world)

    world.do(ThrowExternalError(task_id=first.id, worker="w1", code="too_heavy", variables={"weight": 900}), WORKER)
    world.do(ThrowExternalError(task_id=second.id, worker="w1", code="too_light", message="Nothing on it."), WORKER)

    assert open_tasks(world) == [("split",)]
    assert world.rows("SELECT code, message FROM incident") == [
        ("uncaught_error", "Nothing catches the error too_light: Nothing on it.")
    ]


def test_eight_workers_share_the_tasks(world: JobWorld) -> None:
    for _ in range(24):
        world.start()

    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(lambda number: fetch(world, worker=f"w{number}", limit=3), range(8)))

    ids = [task.id for tasks in taken for task in tasks]
    assert len(ids) == len(set(ids))
    assert len(ids) + len(fetch(world, limit=24)) == 24


def test_only_the_asked_topics_are_fetched(world: JobWorld) -> None:
    world.start()

    assert fetch(world, topic="printers") == ()


def test_a_failed_task_is_fetched_again_after_its_pause(world: JobWorld) -> None:
    world.start()
    (task,) = fetch(world)

    left = world.do(
        FailExternalTask(task_id=task.id, worker="w1", message="no power", retries=2, retry_seconds=300), WORKER
    )

    assert left == 2
    assert fetch(world) == ()
    world.clock.advance(timedelta(minutes=5))
    assert [(each.id, each.retries, each.error) for each in fetch(world)] == [(task.id, 2, "no power")]


def test_a_task_without_tries_left_is_an_incident_that_can_be_tried_again(world: JobWorld) -> None:
    world.start()
    (task,) = fetch(world)

    world.do(FailExternalTask(task_id=task.id, worker="w1", message="broken", retries=0), WORKER)

    ((incident, message),) = world.rows("SELECT id, message FROM incident")
    assert message == "Weigh failed: broken"
    assert fetch(world) == ()
    world.do(RetryIncident(incident_id=incident, reason="again"))
    assert [each.id for each in fetch(world)] == [task.id]


def test_a_suspended_case_gives_no_work(world: JobWorld) -> None:
    started = world.start()
    world.do(SuspendInstance(instance_id=started.id, reason="audit"))

    assert fetch(world) == ()
    world.do(ResumeInstance(instance_id=started.id, reason="over"))
    assert len(fetch(world)) == 1


@pytest.mark.parametrize("limit", [-1, 0, 1001])
def test_a_worker_asks_for_a_sensible_number_of_tasks(world: JobWorld, limit: int) -> None:
    with pytest.raises(InvalidInput, match="limit is a whole number from 1 to 1000"):
        fetch(world, limit=limit)


@pytest.mark.parametrize(
    "wrong",
    [
        {"message": "m", "retries": 10**12},
        {"message": "m", "retries": -1},
        {"message": "m", "retry_seconds": -1.0},
        {"message": "m", "retry_seconds": float("nan")},
        {"message": "half a character: \ud800", "retries": 2},
        {"message": "\0", "retries": 2},
    ],
)
def test_a_failure_that_makes_no_sense_is_refused_and_the_task_stays_as_it_was(world: JobWorld, wrong: Any) -> None:
    world.start()
    (task,) = fetch(world)
    before = world.rows("SELECT retries, worker, due_at, error FROM service_call")

    with pytest.raises(InvalidInput):
        world.do(FailExternalTask(task_id=task.id, worker="w1", **wrong), WORKER)

    assert world.rows("SELECT retries, worker, due_at, error FROM service_call") == before


def test_a_completed_task_is_gone(world: JobWorld) -> None:
    world.start()
    (task,) = fetch(world)
    world.do(CompleteExternalTask(task_id=task.id, worker="w1"), WORKER)

    with pytest.raises(CallNotFound):
        world.do(CompleteExternalTask(task_id=task.id, worker="w1"), WORKER)


def test_workers_need_their_right(world: JobWorld) -> None:
    with pytest.raises(Forbidden):
        world.do(FetchExternalTasks(worker="w1", topics=("scales",)), person("anna"))
