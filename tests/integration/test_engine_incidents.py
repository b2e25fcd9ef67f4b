"""Steps that fail, timers that fall due, and long loops."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, event

from core.clock import FixedClock
from core.errors import Conflict, StaleState
from core.identity import SYSTEM
from engine import queries, store
from engine.errors import IncidentNotFound, InstanceEnded, StepFailed, StepRefused
from engine.handlers import HANDLERS, ServiceCall
from engine.incidents import RetryIncident, SkipIncident
from engine.instances import CancelInstance, EntityLink, LinkEntity, SetVariables, StartInstance
from engine.live_cases import live_cases
from engine.models import TaskCommentRow
from engine.spiff.wide import Wide
from engine.timers import FireDueTimers
from storage.unit_of_work import UnitOfWork
from tests.engine_world import ADMIN, World, bpmn, chain, flow, line

MODE: dict[str, Any] = {}


@HANDLERS.service_task("test_engine.step")
def step(unit: UnitOfWork, call: ServiceCall) -> dict[str, Any]:
    """Fails as `MODE` says, after it wrote something."""
    row = TaskCommentRow(
        instance_id=call.instance_id,
        id=call.instance_id,
        task_id=call.instance_id,
        author="handler",
        text=call.key,
        created_at=unit.clock.now(),
    )
    unit.session.add(row)
    unit.session.flush()
    if failure := MODE.get("failure"):
        raise failure
    if MODE.pop("stale", False):
        raise StaleState("Somebody was faster.")
    return {"seen": sorted(call.inputs), "key": call.business_key}


SERVICE = bpmn(
    line(
        '<userTask id="before"/>',
        '<serviceTask id="step" name="The step" obieg:handler="test_engine.step"/>',
        '<userTask id="after"/>',
        names=("before", "step", "after"),
    )
)


@pytest.fixture(autouse=True)
def _no_failure() -> Iterator[None]:
    MODE.clear()
    yield
    MODE.clear()


@pytest.fixture
def world(engine: Engine, clock: FixedClock) -> World:
    return World(engine, clock)


def failed(world: World, failure: Exception) -> tuple[str, str]:
    """An instance whose service task failed: its id and its incident's."""
    world.deploy(SERVICE)
    started = world.start(amount=1)
    MODE["failure"] = failure
    assert world.complete(started.tasks[0].id, remark="kept").state == "failed"
    MODE.clear()
    with world.reading() as view:
        return started.id, queries.instance(view, started.id).incidents[0].id


def test_a_handler_runs_in_the_transaction_and_its_result_becomes_variables(world: World) -> None:
    world.deploy(SERVICE)
    started = world.do(StartInstance(definition_key="process", business_key="O-1", variables={"amount": 1}))

    assert [task.element_id for task in world.complete(started.tasks[0].id).tasks] == ["after"]

    with world.reading() as view:
        found = queries.instance(view, started.id)
    assert found.variables == {"amount": 1, "seen": ["amount"], "key": "O-1"}
    assert world.rows("SELECT author FROM task_comment") == [("handler",)]


@pytest.mark.parametrize("failure", [Conflict("The offer is locked."), ZeroDivisionError("division by zero")])
def test_a_failing_step_is_undone_and_the_work_before_it_is_kept(world: World, failure: Exception) -> None:
    instance, incident = failed(world, failure)

    with world.reading() as view:
        found = queries.instance(view, instance)
        assert [each.id for each in queries.incidents(view)] == [incident]
    assert (found.state, found.variables["remark"]) == ("failed", "kept")
    assert str(failure) in found.incidents[0].message
    assert [(token.element_id, token.state) for token in found.tokens] == [("step", "failed")]
    assert world.rows("SELECT count(*) FROM task_comment") == [(0,)]
    assert world.rows("SELECT element_id FROM task_history") == [("before",)]


def test_a_handler_refuses_what_a_person_submitted(world: World) -> None:
    world.deploy(SERVICE)
    started = world.start()
    before = world.rows("SELECT revision, snapshot FROM instance")
    MODE["failure"] = StepRefused("Write another number.")

    with pytest.raises(StepRefused, match="Write another number"):
        world.complete(started.tasks[0].id, number=1)

    assert world.rows("SELECT revision, snapshot FROM instance") == before
    assert world.rows("SELECT 1 FROM incident") == world.rows("SELECT 1 FROM task_comment") == []
    MODE.clear()
    assert [task.element_id for task in world.complete(started.tasks[0].id).tasks] == ["after"]


def test_a_handler_that_refuses_the_start_starts_nothing(world: World) -> None:
    world.deploy(bpmn(line('<serviceTask id="step" obieg:handler="test_engine.step"/>', names=("step",))))
    MODE["failure"] = StepRefused("There is no such number.")

    with pytest.raises(StepRefused):
        world.start()

    assert world.rows("SELECT 1 FROM instance") == []


def test_a_refusal_that_nobody_waits_for_is_an_incident(world: World) -> None:
    timer = "<timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition>"
    wait = f'<intermediateCatchEvent id="wait">{timer}</intermediateCatchEvent>'
    step = '<serviceTask id="step" obieg:handler="test_engine.step"/>'
    world.deploy(bpmn(line(wait, step, names=("wait", "step"))))
    world.start()
    MODE["failure"] = StepRefused("There is no such number.")

    world.pass_time(timedelta(hours=1))

    assert world.rows("SELECT code, message FROM incident") == [
        ("step_refused", "step refused: There is no such number.")
    ]


def test_a_lost_token_undoes_the_command_and_leaves_one_incident(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.deploy(bpmn(line('<userTask id="first"/>', '<userTask id="second"/>', names=("first", "second"))))
    started = world.start()
    before = world.rows("SELECT revision, snapshot FROM instance")

    with monkeypatch.context() as broken:
        broken.setattr(Wide, "unaccounted", lambda wide: set(wide._tree.counted))
        for _ in range(2):
            live_cases.clear()
            with pytest.raises(StepFailed, match="not accounted for"):
                world.complete(started.tasks[0].id)

    assert world.rows("SELECT revision, snapshot FROM instance") == before
    assert world.rows("SELECT instance_id, code, state FROM incident") == [(started.id, "token_lost", "open")]
    assert [task.element_id for task in world.complete(started.tasks[0].id).tasks] == ["second"]


def test_an_incident_is_tried_again_once(world: World) -> None:
    instance, incident = failed(world, Conflict("The offer is locked."))

    assert world.do(RetryIncident(incident_id=incident, reason="again")) == "running"

    with world.reading() as view:
        found = queries.instance(view, instance)
    assert [(token.element_id, token.state) for token in found.tokens] == [("after", "waiting")]
    assert [(each.state, each.resolution) for each in found.incidents] == [("resolved", "tried again: again")]
    with pytest.raises(IncidentNotFound):
        world.do(RetryIncident(incident_id=incident, reason="again"))


def test_a_step_that_fails_again_has_a_new_incident(world: World) -> None:
    instance, incident = failed(world, Conflict("The offer is locked."))
    MODE["failure"] = Conflict("It is still locked.")

    assert world.do(RetryIncident(incident_id=incident, reason="again")) == "failed"

    with world.reading() as view:
        found = queries.instance(view, instance).incidents
    assert [(each.state, each.tries, each.message) for each in found] == [
        ("open", 2, "The step failed: It is still locked."),
        ("resolved", 1, "The step failed: The offer is locked."),
    ]


def test_a_failed_step_is_skipped_with_a_reason(world: World) -> None:
    instance, incident = failed(world, Conflict("The offer is locked."))

    assert world.do(SkipIncident(incident_id=incident, reason="done by phone")) == "running"

    with world.reading() as view:
        assert queries.instance(view, instance).incidents[0].resolution == "skipped: done by phone"


def test_a_conflict_with_another_transaction_is_repeated_not_an_incident(world: World) -> None:
    world.deploy(SERVICE)
    started = world.start()
    MODE["stale"] = True

    assert world.complete(started.tasks[0].id).state == "running"

    assert world.rows("SELECT count(*) FROM incident") == [(0,)]


def test_variables_are_repaired_from_outside(world: World) -> None:
    world.deploy(
        bpmn(
            '<startEvent id="start"/><exclusiveGateway id="gate"/><endEvent id="a"/><endEvent id="b"/>'
            + chain("start", "gate")
            + flow("gate", "a", "x = 1")
            + flow("gate", "b", "x = 2")
        )
    )
    started = world.start(x=3)
    assert started.state == "failed"
    world.do(SetVariables(instance_id=started.id, variables={"x": 2}, reason="typing error"))
    incident = world.rows("SELECT id FROM incident")[0][0]

    assert world.do(RetryIncident(incident_id=incident, reason="again")) == "completed"


LATE = bpmn(
    '<startEvent id="start"/><userTask id="work"/><endEvent id="end"/>'
    '<boundaryEvent id="late" attachedToRef="work"><timerEventDefinition><timeDuration>= wait</timeDuration>'
    '</timerEventDefinition></boundaryEvent><serviceTask id="step" obieg:handler="test_engine.step"/>'
    '<endEvent id="over" obieg:outcome="late"/>' + chain("start", "work", "end") + chain("late", "step", "over")
)


def test_due_timers_fire_once_and_in_the_order_in_which_they_fell_due(world: World) -> None:
    world.deploy(LATE)
    slow, quick = world.start(wait="PT2H"), world.start(wait="PT1H")
    future = world.start(wait="P9D")

    assert world.pass_time(timedelta(hours=3)) == 2
    assert world.pass_time(timedelta(0)) == 0

    fired = [each.instance_id for each in world.events if each.type == "timer.fired"]  # type: ignore[attr-defined]
    assert fired == [quick.id, slow.id]
    assert world.rows("SELECT instance_id FROM timer") == [(future.id,)]
    assert world.rows("SELECT count(*) FROM work_item") == [(1,)]


def test_a_completed_task_disarms_its_timer(world: World) -> None:
    world.deploy(LATE)
    world.complete(world.start(wait="PT1H").tasks[0].id)

    assert world.rows("SELECT count(*) FROM timer") == [(0,)]
    assert world.pass_time(timedelta(days=1)) == 0


def test_a_failure_behind_one_timer_stops_no_other(world: World) -> None:
    world.deploy(LATE)
    for _ in range(3):
        world.start(wait="PT1H")
    MODE["failure"] = Conflict("Not now.")

    assert world.pass_time(timedelta(hours=1)) == 3

    assert world.rows("SELECT state, count(*) FROM instance GROUP BY 1") == [("failed", 3)]
    assert world.rows("SELECT count(*) FROM incident") == [(3,)]


def test_timers_fire_in_batches_of_the_limit(world: World) -> None:
    world.deploy(LATE)
    for _ in range(3):
        world.start(wait="PT1H")
    world.clock.advance(timedelta(hours=1))

    assert [world.do(FireDueTimers(limit=2), SYSTEM) for _ in range(3)] == [2, 1, 0]


def test_an_instance_that_is_being_worked_on_has_its_turn_later(world: World) -> None:
    world.deploy(LATE)
    started = world.start(wait="PT1H")
    with world.units.begin(ADMIN) as unit:
        store.lock_instance(unit, started.id)

        assert world.pass_time(timedelta(hours=1)) == 0

    assert world.pass_time(timedelta(0)) == 1


def test_a_cancelled_instance_leaves_nothing_open(world: World) -> None:
    world.deploy(LATE)
    started = world.start(wait="PT1H")

    world.do(CancelInstance(instance_id=started.id, reason="The customer withdrew."))

    assert world.rows("SELECT state FROM instance") == [("cancelled",)]
    assert world.rows("SELECT (SELECT count(*) FROM work_item), (SELECT count(*) FROM timer)") == [(0, 0)]
    assert world.rows("SELECT reason FROM token_log WHERE element_id = 'work'") == [("The customer withdrew.",)]
    with pytest.raises(InstanceEnded):
        world.do(CancelInstance(instance_id=started.id, reason="Again."))


def test_a_link_is_made_once(world: World) -> None:
    world.deploy(LATE)
    started = world.do(
        StartInstance(
            definition_key="process", variables={"wait": "P1D"}, links=(EntityLink(entity="crm.offer", id="O-1"),)
        )
    )
    for _ in range(2):
        world.do(LinkEntity(instance_id=started.id, link=EntityLink(entity="crm.offer", id="O-1")))

    assert world.rows("SELECT entity, entity_id, role FROM instance_entity") == [("crm.offer", "O-1", "subject")]


def test_a_thousand_rounds_cost_the_same_statements_and_the_same_snapshot(world: World) -> None:
    world.deploy(
        bpmn(
            '<startEvent id="start"/><userTask id="work"/><exclusiveGateway id="more" default="more_work"/>'
            '<endEvent id="end"/>' + chain("start", "work", "more", "work") + flow("more", "end", "enough")
        )
    )
    task = world.start().tasks[0].id
    sizes: list[int] = []
    statements: list[int] = []
    sent: list[str] = []

    @event.listens_for(world.engine, "before_cursor_execute")
    def count(_c: Any, _k: Any, statement: str, *_rest: Any) -> None:
        sent.append(statement)

    for number in range(1000):
        if number % 100 == 50:
            live_cases.clear()
        sent.clear()
        task = world.complete(task).tasks[0].id
        statements.append(len(sent))
        if number in (10, 999):
            sizes.append(world.rows("SELECT pg_column_size(snapshot) FROM instance")[0][0])

    assert sizes[0] == sizes[1]
    assert set(statements[2:]) == {statements[10]}
    assert world.complete(task, enough=True).state == "completed"
