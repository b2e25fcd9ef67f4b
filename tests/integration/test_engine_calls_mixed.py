"""Everything at once on one tree of cases: whatever is refused, no lock waits for itself and nothing is left over."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, text

from core.clock import FixedClock
from core.errors import DomainError, Unavailable
from core.identity import SYSTEM
from engine.incidents import SkipIncident
from engine.instances import CancelInstance, SetVariables
from engine.messages import PublishMessage
from engine.operations import ResumeInstance, SuspendInstance
from engine.signals import BroadcastSignal
from engine.timers import FireDueTimers
from tests.engine_jobs import JobWorld
from tests.engine_stage import ROOTS, boundary, call, event
from tests.engine_world import bpmn, chain, line

CLIENTS, ROUNDS = 8, 25
SELDOM = 0.3  # how often a client that may cancel does
LOOP = '<multiInstanceLoopCharacteristics camunda:collection="=items" camunda:elementVariable="item"/>'
LAST = bpmn(
    '<startEvent id="start"/><parallelGateway id="fork"/><userTask id="work"/>'
    + event("intermediateCatchEvent", "pause", "timer PT1H")
    + event("intermediateCatchEvent", "mail", "message m").replace(
        "messageRef", 'obieg:correlationKey="= item" messageRef'
    )
    + boundary("note", "work", "signal s", interrupting=False)
    + '<endEvent id="x"/>'
    + chain("start", "fork", "work")
    + chain("fork", "pause")
    + chain("fork", "mail")
    + chain("note", "x"),
    key="last",
    roots=ROOTS,
)
PASSED = '<camunda:in variables="all"/>'
BETWEEN = bpmn(line(call(key="last", inner=PASSED), names=("call",)), key="between")
CALLER = bpmn(
    line(call(key="between", inner=PASSED + '<camunda:in source="item" target="item"/>', loop=LOOP), names=("call",))
)


def some(world: JobWorld, statement: str) -> Any:
    """One value at random, None where there is none."""
    with world.engine.connect() as connection:
        return connection.execute(
            text(f"SELECT found FROM ({statement}) AS all_of_them (found) ORDER BY random() LIMIT 1")
        ).scalar()


def verbs(world: JobWorld, root: str, dice: random.Random) -> list[Callable[[], Any]]:
    """What clients do."""
    child = "SELECT id FROM instance WHERE root_id IS NOT NULL AND ended_at IS NULL"

    def complete() -> Any:
        return world.complete(some(world, "SELECT id FROM work_item") or "0" * 26)

    def cancel() -> None:
        one = some(world, child) if dice.random() < SELDOM else None
        if one is not None:
            world.do(CancelInstance(instance_id=one, reason="test"))

    def suspend() -> None:
        one = some(world, child) or root
        world.do(SuspendInstance(instance_id=one, reason="test"))
        world.do(ResumeInstance(instance_id=one, reason="test"))

    return [
        complete,
        complete,
        lambda: world.do(FireDueTimers(limit=5), SYSTEM),
        lambda: world.do(PublishMessage(name="paid", keys={"item": dice.randrange(12)}, ttl=timedelta()), SYSTEM),
        lambda: world.do(BroadcastSignal(name="alarm"), SYSTEM),
        lambda: world.do(SetVariables(instance_id=root, variables={"n": dice.random()}, reason="test")),
        cancel,
        suspend,
    ]


@pytest.mark.parametrize("seed", [1, 2])
def test_clients_do_everything_to_one_tree_of_cases(engine: Engine, clock: FixedClock, seed: int) -> None:
    world = JobWorld(engine, clock)
    world.deploy(("last.bpmn", LAST), ("between.bpmn", BETWEEN), ("caller.bpmn", CALLER))
    root = world.start(items=list(range(12))).id
    clock.advance(timedelta(hours=1))
    surprises: list[BaseException] = []

    def live(number: int) -> None:
        dice, mine = random.Random(100 * seed + number), JobWorld(engine, clock)
        doings = verbs(mine, root, dice)
        for _ in range(ROUNDS):
            try:
                dice.choice(doings)()
            except Unavailable as error:
                surprises.append(error)
            except DomainError:
                continue  # refused: somebody was faster, or it is suspended
            except BaseException as error:
                surprises.append(error)
                raise

    clients = [threading.Thread(target=live, args=(number,)) for number in range(CLIENTS)]
    for client in clients:
        client.start()
    for client in clients:
        client.join()

    assert surprises == []
    engine.dispose()  # so that the server counts what its processes saw
    assert world.rows("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()") == [(0,)]
    # whoever was called and lives has a caller that lives and waits for it
    orphans = (
        "SELECT c.id FROM instance c JOIN instance p ON p.id = c.parent_id WHERE c.ended_at IS NULL AND "
        "(p.ended_at IS NOT NULL OR NOT EXISTS (SELECT 1 FROM token_log t WHERE t.instance_id = p.id "
        "AND t.id = c.parent_token AND t.left_at IS NULL))"
    )
    assert world.rows(orphans) == []
    # whoever waits for a call has one that lives, or an incident
    alone = (
        "SELECT t.id FROM token_log t WHERE t.type = 'callActivity' AND t.left_at IS NULL AND NOT EXISTS "
        "(SELECT 1 FROM instance c WHERE c.parent_token = t.id AND c.ended_at IS NULL) AND NOT EXISTS "
        "(SELECT 1 FROM incident i WHERE i.token_id = t.id AND i.state = 'open')"
    )
    assert world.rows(alone) == []
    check_what_is_over(world)
    finish(world)
    assert world.rows("SELECT state FROM instance WHERE root_id IS NULL") == [("completed",)]
    check_what_is_over(world)


def check_what_is_over(world: JobWorld) -> None:
    over = "FROM instance i WHERE i.id = w.instance_id AND i.ended_at IS NOT NULL"
    for table in ("work_item", "timer", "message_subscription"):
        assert world.rows(f"SELECT 1 FROM {table} w WHERE EXISTS (SELECT 1 {over})") == []


def finish(world: JobWorld) -> None:
    """Let everything come to its end, one after the other."""
    for (instance,) in world.rows("SELECT id FROM instance WHERE state = 'suspended' ORDER BY depth"):
        world.do(ResumeInstance(instance_id=instance, reason="test"))
    for (incident,) in world.rows("SELECT id FROM incident WHERE state = 'open'"):
        world.do(SkipIncident(incident_id=incident, reason="test"))
    world.pass_time(timedelta(hours=1))
    for item in range(12):
        world.do(PublishMessage(name="paid", keys={"item": item}, ttl=timedelta()), SYSTEM)
    for (task,) in world.rows("SELECT id FROM work_item"):
        world.complete(task)
