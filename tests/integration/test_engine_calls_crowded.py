"""Many called cases at once: messages, batches of timers, eight clients; nothing is lost, nothing waits for itself."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine

from core.clock import FixedClock
from core.errors import DomainError
from core.identity import SYSTEM
from engine import queries
from engine.instances import CancelInstance
from engine.messages import PublishMessage
from tests.engine_calling import calling_world, states
from tests.engine_jobs import JobWorld
from tests.engine_stage import ROOTS, call, event
from tests.engine_world import bpmn, line


@pytest.fixture
def world(engine: Engine, clock: FixedClock) -> JobWorld:
    return calling_world(engine, clock)


def test_a_message_with_a_key_goes_to_the_called_case_that_waits_for_it(world: JobWorld) -> None:
    waits = bpmn(
        line(event("intermediateCatchEvent", "mail", "message m"), names=("mail",)).replace(
            "messageRef", 'obieg:correlationKey="= item" messageRef'
        ),
        key="called",
        roots=ROOTS,
    )
    loop = (
        '<multiInstanceLoopCharacteristics camunda:collection="=[1, 2, 3]" camunda:elementVariable="item" '
        'obieg:outputCollection="paid" obieg:outputElement="= amount"/>'
    )
    inner = '<camunda:in source="item" target="item"/><camunda:out source="amount" target="amount"/>'
    world.deploy(("called.bpmn", waits), ("caller.bpmn", bpmn(line(call(inner=inner, loop=loop), names=("call",)))))
    started = world.start()
    children = dict(map(tuple, world.rows("SELECT (snapshot->'variables'->>'item')::int, id FROM instance "
                                          "WHERE parent_id IS NOT NULL")))  # fmt: skip

    for item in (2, 3, 1):
        answer = world.do(PublishMessage(name="paid", keys={"order": item}, payload={"amount": item * 10}), SYSTEM)
        assert answer.delivered == (children[item],)

    with world.reading() as view:
        assert queries.instance(view, started.id).variables == {"paid": [10, 20, 30]}
    assert states(world) == {"process": "completed", "called": "completed"}


def test_timers_of_twenty_called_cases_fire_in_one_batch_and_end_their_caller(world: JobWorld) -> None:
    waits = bpmn(
        line(event("intermediateCatchEvent", "pause", "timer PT1H"), names=("pause",)), key="called", roots=ROOTS
    )
    loop = "<multiInstanceLoopCharacteristics><loopCardinality>20</loopCardinality></multiInstanceLoopCharacteristics>"
    world.deploy(("called.bpmn", waits), ("caller.bpmn", bpmn(line(call(loop=loop), names=("call",)))))
    world.start()

    assert world.pass_time(timedelta(hours=1)) == 20

    assert states(world) == {"process": "completed", "called": "completed"}


@pytest.mark.parametrize("levels", [1, 2])
def test_eight_clients_end_many_called_cases_of_one_caller_at_once(
    world: JobWorld, engine: Engine, clock: FixedClock, levels: int
) -> None:
    loop = "<multiInstanceLoopCharacteristics><loopCardinality>24</loopCardinality></multiInstanceLoopCharacteristics>"
    between = bpmn(line(call(key="called"), names=("call",)), key="between")
    many = bpmn(line(call(key="between" if levels == 2 else "called", loop=loop), '<userTask id="after"/>',
                     names=("call", "after")))  # fmt: skip
    world.deploy(("between.bpmn", between), ("caller.bpmn", many))
    tasks = [task.id for task in world.start().tasks]
    assert len(tasks) == 24
    refused: list[DomainError] = []

    def complete_all(offset: int) -> None:
        mine = JobWorld(engine, clock)
        for task in tasks[offset:] + tasks[:offset]:
            try:
                mine.complete(task)
            except DomainError as error:
                refused.append(error)

    clients = [threading.Thread(target=complete_all, args=(3 * number,)) for number in range(8)]
    for client in clients:
        client.start()
    for client in clients:
        client.join()

    assert {error.code for error in refused} == {"task_already_completed"}
    assert len(refused) == 7 * 24
    assert world.rows("SELECT element_id, count(*) FROM work_item GROUP BY 1") == [("after", 1)]
    ended = world.rows("SELECT count(*) FROM instance WHERE state = 'completed' AND parent_id IS NOT NULL")
    assert ended == [(24 * levels,)]


def test_the_caller_is_cancelled_while_clients_complete_the_tasks_of_what_it_called(
    world: JobWorld, engine: Engine, clock: FixedClock
) -> None:
    loop = "<multiInstanceLoopCharacteristics><loopCardinality>16</loopCardinality></multiInstanceLoopCharacteristics>"
    world.deploy(("caller.bpmn", bpmn(line(call(loop=loop), names=("call",)))))
    started = world.start()
    errors: list[Any] = []

    def complete(task: str) -> None:
        try:
            JobWorld(engine, clock).complete(task)
        except DomainError as error:
            errors.append(error.code)

    def cancel() -> None:
        JobWorld(engine, clock).do(CancelInstance(instance_id=started.id, reason="over"))

    clients = [threading.Thread(target=complete, args=(task.id,)) for task in started.tasks]
    clients.insert(8, threading.Thread(target=cancel))
    for client in clients:
        client.start()
    for client in clients:
        client.join()

    assert set(errors) <= {"task_already_completed", "instance_ended"}
    assert world.rows("SELECT count(*) FROM work_item") == [(0,)]
    assert world.rows("SELECT count(*) FROM instance WHERE ended_at IS NULL") == [(0,)]
    open_visits = world.rows("SELECT count(*) FROM token_log WHERE left_at IS NULL")
    assert open_visits == [(0,)]
