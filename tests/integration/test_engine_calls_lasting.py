"""What becomes of callers and called cases in the long run: other versions, deferred work, removal of the history."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import Engine

from core.clock import FixedClock
from core.identity import SYSTEM
from engine import queries
from engine.handlers import HANDLERS, Outside, ServiceCall
from engine.incidents import RetryIncident
from engine.migration.instances import MigrateInstance
from engine.retention import RemoveHistory
from tests.engine_jobs import JobWorld
from tests.engine_stage import ROOTS, boundary, call, event
from tests.engine_world import bpmn, chain, line

WORK = bpmn(line('<userTask id="work"/>', names=("work",)), key="called")


@HANDLERS.deferred_task("test_calls.ask")
def ask(outside: Outside, call_: ServiceCall) -> dict[str, object]:
    """Answers, outside any transaction."""
    return {"answer": 42}


@pytest.fixture
def world(engine: Engine, clock: FixedClock) -> JobWorld:
    return JobWorld(engine, clock)


def test_a_caller_goes_on_in_another_version_while_the_called_case_runs(world: JobWorld) -> None:
    world.deploy(("called.bpmn", WORK), ("caller.bpmn", bpmn(line(call("old"), names=("old",)))))
    started = world.start()
    newer = bpmn(line(call("new"), '<userTask id="after"/>', names=("new", "after")))
    (after,) = world.deploy(("caller.bpmn", newer))

    world.do(
        MigrateInstance(instance_id=started.id, definition_id=after.id, mapping={"old": "new"}, reason="a better one")
    )
    with world.reading() as view:
        (child,) = queries.instance(view, started.id).children
    assert (child.element_id, child.state) == ("new", "running")
    done = world.complete(started.tasks[0].id)

    assert [task.element_id for task in done.tasks] == ["after"]


def test_a_stopped_case_is_repaired_by_another_version(world: JobWorld) -> None:
    bad = line('<userTask id="work"/>', names=("work",)).replace(
        '<endEvent id="end"/>', event("endEvent", "end", "error e")
    )
    called = bpmn(bad, key="called", roots=ROOTS)
    world.deploy(("called.bpmn", called), ("caller.bpmn", bpmn(line(call(), names=("call",)), roots=ROOTS)))
    started = world.start()
    world.complete(started.tasks[0].id)
    catches = (
        line(call(), names=("call",)) + boundary("b", "call", "error e") + '<userTask id="mend"/>' + chain("b", "mend")
    )
    (after,) = world.deploy(("caller.bpmn", bpmn(catches, roots=ROOTS)))

    world.do(MigrateInstance(instance_id=started.id, definition_id=after.id, mapping={}, reason="it was forgotten"))
    ((incident,),) = world.rows("SELECT id FROM incident WHERE state = 'open'")
    world.do(RetryIncident(incident_id=incident, reason="now it is caught"))

    assert world.rows("SELECT element_id FROM work_item") == [("mend",)]
    assert world.rows("SELECT count(*) FROM instance WHERE stopped_by IS NOT NULL") == [(0,)]


def test_deferred_work_of_a_called_case_goes_on_in_its_caller(world: JobWorld) -> None:
    asks = bpmn(
        line('<serviceTask id="ask" obieg:handler="test_calls.ask" obieg:deferred="true"/>', names=("ask",)),
        key="called",
    )
    gives = '<camunda:out source="answer" target="answer"/>'
    world.deploy(("called.bpmn", asks), ("caller.bpmn", bpmn(line(call(inner=gives), names=("call",)))))
    started = world.start()
    world.work()

    with world.reading() as view:
        found = queries.instance(view, started.id)
    assert (found.state, found.variables) == ("completed", {"answer": 42})


def test_called_cases_are_removed_with_the_first_caller_and_not_before(world: JobWorld) -> None:
    short = bpmn(
        line('<userTask id="work"/>', names=("work",)), key="called", attributes='camunda:historyTimeToLive="1"'
    )
    caller = bpmn(
        line(call(), '<userTask id="after"/>', names=("call", "after")), attributes='camunda:historyTimeToLive="10"'
    )
    world.deploy(("called.bpmn", short), ("caller.bpmn", caller))
    (after,) = world.complete(world.start().tasks[0].id).tasks
    world.clock.advance(timedelta(days=5))
    assert world.do(RemoveHistory(), SYSTEM) == 0
    world.complete(after.id)
    world.clock.advance(timedelta(days=11))

    assert world.do(RemoveHistory(), SYSTEM) == 1

    assert world.rows("SELECT count(*) FROM instance") == [(0,)]
    assert world.rows("SELECT count(*) FROM token_log") == [(0,)]
