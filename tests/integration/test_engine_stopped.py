"""Errors that nothing catches stop a case, with its callers and what it called, until somebody settles that."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import Engine

from core.clock import FixedClock
from core.identity import SYSTEM
from engine.errors import InstanceEnded, InstanceStopped
from engine.incidents import SkipIncident
from engine.instances import CancelInstance
from engine.messages import PublishMessage
from engine.operations import MoveTokens, ResumeInstance, SuspendInstance
from tests.engine_calling import BAD, calling_world, states
from tests.engine_jobs import JobWorld
from tests.engine_stage import ROOTS, boundary, call, event
from tests.engine_world import bpmn, chain, line


@pytest.fixture
def world(engine: Engine, clock: FixedClock) -> JobWorld:
    return calling_world(engine, clock)


def test_an_error_that_nobody_catches_stops_all_of_them_until_it_is_settled(world: JobWorld) -> None:
    fails = bpmn(
        line('<userTask id="work"/>', names=("work",)).replace('<endEvent id="end"/>', BAD)
        + boundary("late", "work", "timer PT2H", interrupting=False) + '<endEvent id="x"/>' + chain("late", "x"),
        key="called",
        roots=ROOTS,
    )  # fmt: skip
    beside = bpmn(
        '<startEvent id="start"/><parallelGateway id="fork"/><userTask id="beside"/>'
        + boundary("remind", "beside", "timer PT1H", interrupting=False)
        + '<endEvent id="y"/>'
        + call()
        + event("intermediateCatchEvent", "mail", "message m")
        + chain("start", "fork", "call")
        + chain("fork", "beside")
        + chain("fork", "mail")
        + chain("remind", "y"),
        roots=ROOTS,
    )
    world.deploy(("called.bpmn", fails), ("caller.bpmn", beside))
    world.start()
    tasks = dict(map(tuple, world.rows("SELECT element_id, id FROM work_item")))

    world.complete(tasks["work"])
    assert states(world) == {"process": "failed", "called": "failed"}
    with pytest.raises(InstanceStopped):
        world.complete(tasks["beside"])
    assert world.pass_time(timedelta(hours=1)) == 0
    assert world.do(PublishMessage(name="paid"), SYSTEM).stored
    ((incident,),) = world.rows("SELECT id FROM incident")
    world.do(SkipIncident(incident_id=incident, reason="not as bad"))

    assert states(world) == {"process": "running", "called": "completed"}
    assert world.rows("SELECT count(*) FROM instance WHERE stopped_by IS NOT NULL") == [(0,)]
    assert world.pass_time(timedelta()) == 1
    world.complete(tasks["beside"])


def test_an_uncaught_error_stops_the_other_branches_of_its_case(world: JobWorld) -> None:
    world.deploy(
        bpmn(
            '<startEvent id="start"/><parallelGateway id="fork"/><userTask id="one"/><userTask id="two"/>'
            + event("endEvent", "bad", "error e")
            + chain("start", "fork", "one", "bad")
            + chain("fork", "two"),
            roots=ROOTS,
            key="alone",
        )
    )
    started = world.start("alone")
    tasks = {task.element_id: task.id for task in started.tasks}
    world.complete(tasks["one"])
    with pytest.raises(InstanceStopped):
        world.complete(tasks["two"])

    world.do(MoveTokens(instance_id=started.id, source="bad", target="one", reason="again"))
    world.complete(tasks["two"])

    assert world.rows("SELECT element_id FROM work_item") == [("one",)]
    world.do(CancelInstance(instance_id=started.id, reason="enough"))
    with pytest.raises(InstanceEnded):
        world.do(CancelInstance(instance_id=started.id, reason="enough"))


def test_a_stopped_case_can_be_cancelled(world: JobWorld) -> None:
    world.deploy(bpmn(f'<startEvent id="start"/>{event("endEvent", "bad", "error e")}{chain("start", "bad")}',
                      roots=ROOTS, key="alone"))  # fmt: skip
    started = world.start("alone")
    assert (started.state, world.rows("SELECT stopped_by FROM instance")) == ("failed", [(started.id,)])

    world.do(CancelInstance(instance_id=started.id, reason="over"))

    assert world.rows("SELECT state, stopped_by FROM instance") == [("cancelled", None)]


def test_an_incident_ends_with_its_case(world: JobWorld) -> None:
    bad = f'<startEvent id="start"/>{event("endEvent", "bad", "error e")}{chain("start", "bad")}'
    world.deploy(bpmn(bad, roots=ROOTS, key="alone"))
    started = world.start("alone")

    world.do(CancelInstance(instance_id=started.id, reason="over"))

    assert world.rows("SELECT state, resolution FROM incident") == [("resolved", "its token is gone")]


def caller_beside(content: str) -> bytes:
    """A caller with a person's work beside the call, and what that work can be moved to."""
    fork = '<startEvent id="start"/><parallelGateway id="fork"/><userTask id="beside"/>'
    ways = chain("start", "fork", "call") + chain("fork", "beside")
    return bpmn(f"{fork}{call()}{content}{ways}", roots=ROOTS)


def called_failing() -> bytes:
    return bpmn(
        line('<userTask id="work"/>', names=("work",)).replace('<endEvent id="end"/>', BAD), key="called", roots=ROOTS
    )


def test_what_was_moved_while_a_stopped_family_was_suspended_begins_when_it_is_resumed(world: JobWorld) -> None:
    other = '<userTask id="other"/><endEvent id="done"/>' + chain("beside", "other", "done")
    world.deploy(("called.bpmn", called_failing()), ("caller.bpmn", caller_beside(other)))
    started = world.start()
    ((work,),) = world.rows("SELECT id FROM work_item WHERE element_id = 'work'")
    world.complete(work)
    world.do(SuspendInstance(instance_id=started.id, reason="to look"))
    world.do(MoveTokens(instance_id=started.id, source="beside", target="other", reason="another way"))

    world.do(ResumeInstance(instance_id=started.id, reason="looked"))

    assert world.rows("SELECT element_id FROM work_item") == [("other",)]
    assert states(world) == {"process": "failed", "called": "failed"}
    ((incident,),) = world.rows("SELECT id FROM incident WHERE state = 'open'")
    world.do(SkipIncident(incident_id=incident, reason="not as bad"))
    ((task,),) = world.rows("SELECT id FROM work_item")
    world.complete(task)


def test_a_family_can_be_resumed_though_what_was_moved_in_it_leads_to_an_error_that_nobody_catches(
    world: JobWorld,
) -> None:
    worse = event("endEvent", "worse", "error e")
    next_one = '<userTask id="work"/><userTask id="next"/>'
    called = bpmn(line(next_one, names=("work", "next")), key="called")
    world.deploy(("called.bpmn", called), ("caller.bpmn", caller_beside(worse + chain("beside", "worse"))))
    started = world.start()
    ((child,),) = world.rows("SELECT id FROM instance WHERE definition_key = 'called'")
    world.do(SuspendInstance(instance_id=started.id, reason="to look"))
    world.do(MoveTokens(instance_id=started.id, source="beside", target="worse", reason="another way"))
    world.do(MoveTokens(instance_id=child, source="work", target="next", reason="another way"))

    world.do(ResumeInstance(instance_id=started.id, reason="looked"))

    assert states(world) == {"process": "failed", "called": "failed"}
    assert world.rows("SELECT instance_id FROM incident WHERE state = 'open'") == [(started.id,)]
    assert world.rows("SELECT element_id FROM work_item") == [("next",)]
    with pytest.raises(InstanceStopped):
        world.complete(world.rows("SELECT id FROM work_item")[0][0])
