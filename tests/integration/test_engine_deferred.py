"""Service tasks whose work is done outside the transaction, by a job."""

import threading
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Engine

from core.clock import FixedClock
from core.errors import InvalidInput, Unavailable
from engine.errors import BpmnError, DeploymentRefused
from engine.handlers import HANDLERS, Outside, ServiceCall
from engine.incidents import RetryIncident, SkipIncident
from engine.instances import CancelInstance
from engine.operations import ResumeInstance, SuspendInstance
from engine.patience import MOST_SILENT
from tests.engine_jobs import JobWorld
from tests.engine_world import World, bpmn, line

SEEN: list[str] = []
MODE: dict[str, Any] = {}


@HANDLERS.deferred_task("test_engine.send")
def send(outside: Outside, call: ServiceCall) -> dict[str, Any]:
    SEEN.append(call.key)
    if failure := MODE.get("failure"):
        raise failure
    return MODE.get("result") or {"sent_to": call.inputs["address"]}


@HANDLERS.deferred_task("test_engine.hang", limit=timedelta(milliseconds=50))
def hang(outside: Outside, call: ServiceCall) -> dict[str, Any]:
    SEEN.append(call.key)
    if until := MODE.get("until"):
        until.wait(120)
    return {"sent_to": "late"}


def let_go() -> None:
    """Let the hanging handlers come back, and wait until they have."""
    MODE["until"].set()
    for thread in threading.enumerate():
        if thread.name == "obieg-handler test_engine.hang":
            thread.join(120)


def sending(*, retries: str = "", attributes: str = 'obieg:deferred="true"') -> bytes:
    extension = (
        f"<extensionElements><camunda:failedJobRetryTimeCycle>{retries}</camunda:failedJobRetryTimeCycle>"
        "</extensionElements>"
        if retries
        else ""
    )
    task = (
        f'<serviceTask id="send" name="Send it" obieg:handler="test_engine.send" {attributes}>{extension}</serviceTask>'
    )
    return bpmn(line('<userTask id="before"/>', task, '<userTask id="after"/>', names=("before", "send", "after")))


@pytest.fixture
def world(engine: Engine, clock: FixedClock) -> Iterator[JobWorld]:
    SEEN.clear()
    MODE.clear()
    yield JobWorld(engine, clock)
    SEEN.clear()
    MODE.clear()


def begun(world: JobWorld, **options: Any) -> str:
    """An instance whose deferred task waits for its job."""
    world.deploy(sending(**options))
    started = world.start(address="anna@example.com")
    assert world.complete(started.tasks[0].id).state == "running"
    return str(started.id)


def open_tasks(world: World) -> list[str]:
    return [element for (element,) in world.rows("SELECT element_id FROM work_item")]


def test_the_work_is_done_after_the_commit_and_the_case_goes_on(world: JobWorld) -> None:
    instance = begun(world)

    assert (SEEN, open_tasks(world)) == ([], [])
    world.work()

    assert [key.split(":")[0] for key in SEEN] == [instance]
    assert open_tasks(world) == ["after"]
    assert world.rows("SELECT snapshot->'variables'->>'sent_to' FROM instance") == [("anna@example.com",)]
    assert world.rows("SELECT 1 FROM service_call") == []


def test_a_handler_that_never_comes_back_holds_up_nothing_and_its_late_answer_changes_nothing(world: JobWorld) -> None:
    MODE["until"] = threading.Event()
    world.deploy(sending(retries="R2/PT1M").replace(b"test_engine.send", b"test_engine.hang"))
    world.complete(world.start(address="a").tasks[0].id)

    world.work()
    assert world.rows("SELECT retries, error FROM service_call") == [
        (1, "test_engine.hang did not come back within 0.05 seconds.")
    ]
    world.clock.advance(timedelta(minutes=2))
    world.work()

    assert world.rows("SELECT code, message FROM incident") == [
        ("handler_silent", "Send it failed: test_engine.hang did not come back within 0.05 seconds.")
    ]
    let_go()
    assert (len(SEEN), open_tasks(world)) == (2, [])
    world.do(RetryIncident(incident_id=world.rows("SELECT id FROM incident")[0][0], reason="it answers again"))
    world.work()
    assert open_tasks(world) == ["after"]


def test_a_handler_that_hangs_again_and_again_takes_a_bounded_number_of_threads(world: JobWorld) -> None:
    MODE["until"] = threading.Event()
    world.deploy(sending(retries="R9/PT1M").replace(b"test_engine.send", b"test_engine.hang"))
    world.complete(world.start(address="a").tasks[0].id)

    for _ in range(MOST_SILENT + 2):
        world.work()
        world.clock.advance(timedelta(days=1))

    assert len(SEEN) == MOST_SILENT
    ((told,),) = world.rows("SELECT error FROM service_call")
    assert told.startswith("4 earlier calls of test_engine.hang still hang.")
    let_go()
    world.work()
    assert len(SEEN) == MOST_SILENT + 1


def test_the_same_job_twice_has_one_effect(world: JobWorld) -> None:
    begun(world)
    (job,) = world.queue.waiting

    world.work()
    world.queue.enqueue_now(job)
    world.work()

    assert len(SEEN) == 1
    assert open_tasks(world) == ["after"]


def test_a_failure_is_tried_again_with_the_same_key_after_growing_pauses(world: JobWorld) -> None:
    MODE["failure"] = Unavailable("The mail server does not answer.")
    begun(world, retries="R3/PT10M")

    world.work()
    assert (len(SEEN), world.rows("SELECT retries, error FROM service_call")) == (
        1,
        [(2, "The mail server does not answer.")],
    )
    world.clock.advance(timedelta(minutes=7))
    world.work()
    assert len(SEEN) == 1
    world.clock.advance(timedelta(minutes=6))
    world.work()
    assert len(SEEN) == 2
    world.clock.advance(timedelta(minutes=14))
    world.work()
    assert len(SEEN) == 2
    MODE.clear()
    world.clock.advance(timedelta(minutes=12))
    world.work()

    assert len(SEEN) == 3
    assert len(set(SEEN)) == 1
    assert open_tasks(world) == ["after"]
    assert world.rows("SELECT 1 FROM incident") == []


def test_the_last_failed_try_is_an_incident_that_can_be_tried_again(world: JobWorld) -> None:
    MODE["failure"] = Unavailable("The mail server does not answer.")
    begun(world, retries="R1/PT10M")

    world.work()

    assert world.rows("SELECT state FROM instance") == [("failed",)]
    ((incident, message),) = world.rows("SELECT id, message FROM incident")
    assert message == "Send it failed: The mail server does not answer."
    MODE.clear()
    assert world.do(RetryIncident(incident_id=incident, reason="again")) == "running"
    world.work()
    assert open_tasks(world) == ["after"]
    assert len(set(SEEN)) == 1


@pytest.mark.parametrize(
    "failure",
    [
        InvalidInput("There is no such address."),
        {"result": {"sent_to": object()}},
        {"result": {"cost": Decimal("sNaN")}},
        {"result": {"costs": [Decimal("Infinity")]}},
    ],
)
def test_what_no_other_try_can_mend_is_an_incident_at_once(world: JobWorld, failure: Any) -> None:
    MODE.update(failure if isinstance(failure, dict) else {"failure": failure})
    begun(world, retries="R9/PT1M")

    world.work()

    assert world.rows("SELECT i.state, c.state FROM instance i JOIN incident c ON c.instance_id = i.id") == [
        ("failed", "open")
    ]
    assert world.rows("SELECT 1 FROM service_call") == []


def test_a_failed_work_is_skipped_with_a_reason(world: JobWorld) -> None:
    MODE["failure"] = InvalidInput("There is no such address.")
    begun(world)
    world.work()
    ((incident,),) = world.rows("SELECT id FROM incident")

    world.do(SkipIncident(incident_id=incident, reason="sent by post"))

    assert open_tasks(world) == ["after"]


def test_a_mistake_in_a_handler_is_tried_again_like_any_other_failure(world: JobWorld) -> None:
    MODE["failure"] = KeyError("address")
    begun(world, retries="PT1M, PT1H")

    world.work()

    assert world.rows("SELECT retries FROM service_call") == [(2,)]


def test_nobody_does_the_work_of_a_cancelled_case(world: JobWorld) -> None:
    instance = begun(world)
    world.do(CancelInstance(instance_id=instance, reason="not needed"))

    world.work()

    assert SEEN == []
    assert world.rows("SELECT 1 FROM service_call") == []


def test_boundary_events_of_a_task_that_is_tried_again_are_armed_once(world: JobWorld) -> None:
    MODE["failure"] = InvalidInput("There is no such address.")
    timer = "<timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition>"
    world.deploy(
        bpmn(
            line('<serviceTask id="send" obieg:handler="test_engine.send" obieg:deferred="true"/>', names=("send",))
            + f'<boundaryEvent id="late" attachedToRef="send" cancelActivity="true">{timer}</boundaryEvent>'
            '<userTask id="remind"/><sequenceFlow id="f" sourceRef="late" targetRef="remind"/>'
        )
    )
    world.start()
    world.work()
    ((incident,),) = world.rows("SELECT id FROM incident")

    world.do(RetryIncident(incident_id=incident, reason="again"))

    assert world.rows("SELECT count(*) FROM timer") == [(1,)]
    world.pass_time(timedelta(hours=1))
    assert open_tasks(world) == ["remind"]
    assert world.rows("SELECT 1 FROM service_call") == []


@pytest.mark.parametrize(
    ("attributes", "told"),
    [
        ("", "works outside the transaction"),
        ('camunda:type="external" camunda:topic="x"', "either a handler or a topic"),
        ('obieg:deferred="true" camunda:taskPriority="high"', "must be a number"),
    ],
)
def test_a_diagram_that_mixes_the_ways_is_refused(world: JobWorld, attributes: str, told: str) -> None:
    with pytest.raises(DeploymentRefused) as refused:
        world.deploy(sending(attributes=attributes))

    assert told in str(refused.value.details["findings"])


@pytest.mark.parametrize("plan", ["often", "R3/P3000000D", "PT1M, P900D"])
def test_a_plan_of_tries_that_says_nothing_is_refused(world: JobWorld, plan: str) -> None:
    with pytest.raises(DeploymentRefused, match="does not say when to try again"):
        world.deploy(sending(retries=plan))


CAUGHT = (
    line('<serviceTask id="send" obieg:handler="test_engine.send" obieg:deferred="true"/>', names=("send",))
    + '<boundaryEvent id="bounced" attachedToRef="send"><errorEventDefinition errorRef="bad"/></boundaryEvent>'
    '<userTask id="repair"/><sequenceFlow id="f" sourceRef="bounced" targetRef="repair"/>'
)


def test_an_error_of_the_process_is_caught(world: JobWorld) -> None:
    world.deploy(bpmn(CAUGHT).replace(b"<process ", b'<error id="bad" errorCode="BOUNCED"/><process ', 1))
    world.start()
    MODE["failure"] = BpmnError("BOUNCED", "The address is gone.", bounced_at="MX")

    world.work()

    assert open_tasks(world) == ["repair"]
    assert world.rows("SELECT snapshot->'variables'->>'bounced_at' FROM instance") == [("MX",)]
    assert world.rows("SELECT 1 FROM service_call") == world.rows("SELECT 1 FROM incident") == []


def test_an_error_of_the_process_is_caught_after_failed_tries_and_while_its_case_is_suspended(world: JobWorld) -> None:
    world.deploy(bpmn(CAUGHT).replace(b"<process ", b'<error id="bad" errorCode="BOUNCED"/><process ', 1))
    instance = world.start().id
    MODE["failure"] = Unavailable("The mail server does not answer.")
    world.work()
    MODE["failure"] = BpmnError("BOUNCED", "The address is gone.")

    world.do(SuspendInstance(instance_id=instance, reason="the letter is checked"))
    world.clock.advance(timedelta(minutes=1))
    world.work()
    assert (len(SEEN), open_tasks(world)) == (1, [])
    world.do(ResumeInstance(instance_id=instance, reason="checked"))
    world.work()

    assert (len(set(SEEN)), open_tasks(world)) == (1, ["repair"])
    assert world.rows("SELECT 1 FROM service_call") == world.rows("SELECT 1 FROM incident") == []


@pytest.mark.parametrize(
    ("failure", "told"),
    [
        (BpmnError("BOUNCED", "Gone.", bounced_at=object()), "A Python value of type object has no meaning in FEEL."),
        (BpmnError("BOUNCED", "Gone.", bounced_at="M\0X"), "A text has a NUL character"),
        (BpmnError("BOUNCED\0", "Gone."), "Nothing catches the error BOUNCED\ufffd: Gone."),
        (BpmnError("OTHER", "G\0ne, \ud83d."), "Nothing catches the error OTHER: G\ufffdne, \ufffd."),
        (InvalidInput("G\0ne, \ud83d."), "send failed: G\ufffdne, \ufffd."),
    ],
)
def test_what_a_failure_says_is_an_incident_also_where_it_cannot_be_stored(
    world: JobWorld, failure: Exception, told: str
) -> None:
    world.deploy(bpmn(CAUGHT).replace(b"<process ", b'<error id="bad" errorCode="BOUNCED"/><process ', 1))
    world.start()
    MODE["failure"] = failure

    world.work()

    ((state, message),) = world.rows(
        "SELECT i.state, c.message FROM instance i JOIN incident c ON c.instance_id = i.id"
    )
    assert (state, told in message) == ("failed", True), message
    assert world.rows("SELECT 1 FROM service_call") == []


def test_an_error_that_nothing_catches_waits_for_a_person(world: JobWorld) -> None:
    MODE["failure"] = BpmnError("OTHER", "Nobody knows it.")
    begun(world)

    world.work()

    ((incident, code),) = world.rows("SELECT id, code FROM incident")
    assert code == "uncaught_error"
    MODE.clear()
    world.do(RetryIncident(incident_id=incident, reason="again"))
    world.work()
    assert open_tasks(world) == ["after"]
