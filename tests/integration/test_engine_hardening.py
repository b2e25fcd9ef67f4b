"""What must not spread: a failing receiver of a signal, variables that grow, a worker that dies with its work done."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from core.clock import FixedClock, SystemClock
from core.identity import SYSTEM
from engine.handlers import HANDLERS, ServiceCall
from engine.instances import CancelInstance, SetVariables
from engine.signals import BroadcastSignal
from engine.sizes import VariablesTooLarge, use_limit
from storage.jobs.queue import ProcrastinateQueue
from storage.jobs.worker import Pace, Worker
from storage.unit_of_work import UnitFactory, UnitOfWork
from tests.engine_jobs import JobWorld
from tests.engine_world import ADMIN, World, bpmn, chain, line

SIGNAL = '<signal id="s" name="prices.changed"/>'
DEFINITION = '<signalEventDefinition signalRef="s"/>'


@HANDLERS.service_task("test_hardening.fragile")
def fragile(unit: UnitOfWork, call: ServiceCall) -> dict[str, Any]:
    if call.inputs.get("broken"):
        raise ValueError("the price list is broken")
    return {}


@HANDLERS.service_task("test_hardening.grow")
def grow(unit: UnitOfWork, call: ServiceCall) -> dict[str, Any]:
    return {"big": "x" * int(call.inputs.get("size", 0))}


@HANDLERS.deferred_task("test_hardening.grow_outside")
def grow_outside(outside: Any, call: ServiceCall) -> dict[str, Any]:
    return {"big": "x" * 5000}


@pytest.fixture
def world(engine: Engine, clock: FixedClock) -> JobWorld:
    return JobWorld(engine, clock)


@pytest.fixture
def small() -> Iterator[None]:
    use_limit(4000)
    yield
    use_limit(4 << 20)


def catching(key: str) -> bytes:
    nodes = (
        f'<intermediateCatchEvent id="hear">{DEFINITION}</intermediateCatchEvent>',
        '<serviceTask id="apply" obieg:handler="test_hardening.fragile"/>',
        '<userTask id="after"/>',
    )
    return bpmn(line(*nodes, names=("hear", "apply", "after")), key=key, roots=SIGNAL)


THROWING = bpmn(
    line(f'<intermediateThrowEvent id="tell">{DEFINITION}</intermediateThrowEvent>', names=("tell",)),
    key="throwing",
    roots=SIGNAL,
)


def found(world: World) -> list[tuple[str, str]]:
    return sorted((key, state) for key, state in world.rows("SELECT definition_key, state FROM instance"))


def test_a_receiver_that_fails_has_the_incident_and_nobody_else(world: JobWorld) -> None:
    world.deploy(catching("good"), catching("bad"), THROWING)
    world.start("good")
    broken = world.start("bad", broken=True)
    world.start("good")

    world.start("throwing")
    world.work()

    assert found(world) == [("bad", "failed"), ("good", "running"), ("good", "running"), ("throwing", "completed")]
    assert world.rows("SELECT instance_id, element_id FROM incident") == [(broken.id, "apply")]
    assert world.rows("SELECT count(*) FROM work_item") == [(2,)]


def test_whoever_tells_a_signal_from_outside_is_told_that_it_was_delivered(world: JobWorld) -> None:
    world.deploy(catching("bad"))
    broken = world.start("bad", broken=True)

    answer = world.do(BroadcastSignal(name="prices.changed"), SYSTEM)

    assert answer.delivered == (broken.id,)
    assert world.rows("SELECT element_id FROM incident") == [("apply",)]


def test_a_handler_inside_the_throwing_case_fails_for_itself(world: JobWorld) -> None:
    handler = (
        '<subProcess id="handler" triggeredByEvent="true">'
        f'<startEvent id="heard" isInterrupting="false">{DEFINITION}</startEvent>'
        '<serviceTask id="apply" obieg:handler="test_hardening.fragile"/><endEvent id="done"/>'
        + chain("heard", "apply", "done")
        + "</subProcess>"
    )
    throw = f'<intermediateThrowEvent id="tell">{DEFINITION}</intermediateThrowEvent>'
    content = line(throw, '<userTask id="after"/>', names=("tell", "after")) + handler
    world.deploy(bpmn(content, roots=SIGNAL))

    started = world.start(broken=True)

    assert [task.element_id for task in started.tasks] == ["after"]
    assert world.rows("SELECT element_id FROM incident") == [("apply",)]


def test_a_process_that_cannot_begin_stops_no_other(world: JobWorld, small: None) -> None:
    def beginning(key: str, handler: str) -> bytes:
        start = f'<startEvent id="begin">{DEFINITION}</startEvent><serviceTask id="do" obieg:handler="{handler}"/>'
        return bpmn(start + '<userTask id="work"/>' + chain("begin", "do", "work"), key=key, roots=SIGNAL)

    world.deploy(beginning("large", "test_hardening.grow"), beginning("fine", "test_hardening.fragile"))

    answer = world.do(BroadcastSignal(name="prices.changed", payload={"size": 5000}), SYSTEM)

    assert len(answer.started) == 2
    assert sorted(found(world)) == [("fine", "running"), ("large", "failed")]


def test_a_command_that_would_store_too_much_is_refused_and_changes_nothing(world: JobWorld, small: None) -> None:
    world.deploy(bpmn(line('<userTask id="ask"/>', '<userTask id="after"/>', names=("ask", "after"))))
    started = world.start(amount=1)

    with pytest.raises(VariablesTooLarge, match="the largest is note with") as refused:
        world.complete(started.tasks[0].id, note="x" * 5000)
    with pytest.raises(VariablesTooLarge):
        world.do(SetVariables(instance_id=started.id, variables={"note": "x" * 5000}, reason="test"))
    with pytest.raises(VariablesTooLarge):
        world.start(note="x" * 5000)

    assert refused.value.details["limit"] == 4000
    assert world.rows("SELECT snapshot->'variables' FROM instance") == [({"amount": 1},)]
    assert world.complete(started.tasks[0].id, note="short").state == "running"


def test_an_answer_from_outside_that_is_too_large_is_an_incident(world: JobWorld, small: None) -> None:
    task = '<serviceTask id="grow" obieg:handler="test_hardening.grow_outside" obieg:deferred="true"/>'
    world.deploy(bpmn(line(task, '<userTask id="after"/>', names=("grow", "after"))))
    world.start()

    world.work()

    assert world.rows("SELECT code, element_id FROM incident") == [("variables_too_large", "grow")]


def test_a_case_that_is_too_large_already_can_be_cancelled(world: JobWorld) -> None:
    world.deploy(bpmn(line('<userTask id="ask"/>', names=("ask",))))
    started = world.start(note="x" * 5000)
    use_limit(4000)
    try:
        world.do(CancelInstance(instance_id=started.id, reason="test"))
    finally:
        use_limit(4 << 20)

    assert found(world) == [("process", "cancelled")]


VICTIM = """
import sys, time
from core.clock import SystemClock
from engine.handlers import HANDLERS
from storage.engine import connect
from storage.jobs.worker import Pace, Worker
import engine.deferred
from tests.engine_world import World

@HANDLERS.deferred_task("test_hardening.post")
def post(outside, call):
    with open(sys.argv[2], "a") as keys:
        keys.write(call.key + "\\n")
    time.sleep(600)

world = World(connect(sys.argv[1]), SystemClock())
worker = Worker(world.engine, world, pace=Pace(heartbeat=0.2, dead_after=1))
print("ready", flush=True)
worker.run()
"""


@HANDLERS.deferred_task("test_hardening.post")
def post(outside: Any, call: ServiceCall) -> dict[str, Any]:
    with Path(os.environ["TEST_HARDENING_KEYS"]).open("a") as keys:
        keys.write(call.key + "\n")
    return {"posted": True}


def test_a_worker_that_dies_in_the_middle_of_the_work_is_followed_by_one_with_the_same_key(
    engine: Engine, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = tmp_path / "keys"
    keys.touch()
    monkeypatch.setenv("TEST_HARDENING_KEYS", str(keys))
    world = World(engine, SystemClock())
    queue = ProcrastinateQueue()
    world.units = UnitFactory(engine, queue=queue, clock=world.clock, ports=world.units.ports)
    world.executor = type(world.executor)(world.units)
    task = '<serviceTask id="post" obieg:handler="test_hardening.post" obieg:deferred="true"/>'
    world.deploy(bpmn(line(task, '<userTask id="after"/>', names=("post", "after"))))
    world.start(actor=ADMIN)

    with subprocess.Popen([sys.executable, "-c", VICTIM, database_url, str(keys)], stdout=subprocess.PIPE) as victim:
        until(lambda: keys.read_text() != "", "the victim has begun")
        victim.send_signal(signal.SIGKILL)
        victim.wait(10)
    survivor = Worker(engine, world, pace=Pace(poll=0.5, heartbeat=0.2, dead_after=1))
    survivor.start()
    try:
        until(lambda: world.rows("SELECT 1 FROM work_item") != [], "another worker has gone on")
    finally:
        survivor.stop()

    assert len(keys.read_text().split()) == 2
    assert len(set(keys.read_text().split())) == 1
    assert world.rows("SELECT element_id FROM work_item") == [("after",)]
    visits = "SELECT count(*) FROM token_log WHERE element_id = 'post'"
    assert world.rows(visits) == [(1,)]
    assert world.rows("SELECT 1 FROM service_call") == world.rows("SELECT 1 FROM incident") == []


def until(is_so: Any, what: str) -> None:
    """Wait for another process, for at most two minutes."""
    end = time.monotonic() + 120
    while not is_so():
        assert time.monotonic() < end, f"{what}: not within two minutes"
        time.sleep(0.05)
