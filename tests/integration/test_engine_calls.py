"""Called cases on a real database: rows, rights, operations, trail, and many clients at once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import Engine

from core.clock import FixedClock
from core.errors import InvalidInput
from engine import queries
from engine.errors import DeploymentRefused, InstanceNotFound, InstanceSuspended
from engine.events import CaseCalled, CaseCancelled
from engine.incidents import RetryIncident, SkipIncident
from engine.instances import CancelInstance, StartInstance
from engine.operations import MoveTokens, ResumeInstance, SuspendInstance
from engine.queries import InstanceFilter
from tests.engine_calling import ANNA, BEN, CALLER, WORK, calling_world, child_of, states
from tests.engine_jobs import JobWorld
from tests.engine_stage import ROOTS, boundary, call, event
from tests.engine_world import HEAD, bpmn, chain, line, person


@pytest.fixture
def world(engine: Engine, clock: FixedClock) -> JobWorld:
    return calling_world(engine, clock)


def test_a_called_case_is_begun_and_comes_back_in_the_commands_of_its_caller(world: JobWorld) -> None:
    started = world.start(net=5)
    assert [task.element_id for task in started.tasks] == ["work"]
    child = child_of(world, started)
    rows = world.rows("SELECT parent_id, parent_element, root_id, depth FROM instance WHERE parent_id IS NOT NULL")
    assert rows == [(started.id, "call", started.id, 1)]

    done = world.complete(started.tasks[0].id, answer=7)

    assert (done.instance_id, done.state) == (child, "completed")
    assert [task.element_id for task in done.tasks] == ["after"]
    assert states(world) == {"process": "running", "called": "completed"}
    with world.reading() as view:
        assert queries.instance(view, started.id).variables == {"net": 5, "answer": 7}
        assert queries.instance(view, child).variables == {"net": 5, "answer": 7}


def test_the_trail_of_the_caller_tells_of_the_call(world: JobWorld) -> None:
    started = world.start()

    (called,) = [each for each in world.events if isinstance(each, CaseCalled)]
    assert (called.instance_id, called.element_id, called.definition_key) == (started.id, "call", "called")
    assert called.called_id == child_of(world, started)


def test_caller_and_called_case_know_each_other(world: JobWorld) -> None:
    started = world.start()
    child = child_of(world, started)

    with world.reading() as view:
        caller, called = queries.instance(view, started.id), queries.instance(view, child)
        listed = queries.instances(view, InstanceFilter(parent=started.id))
        visits = queries.history(view, started.id)

    assert (caller.parent, [(each.id, each.element_id, each.state) for each in caller.children]) == (
        None,
        [(child, "call", "running")],
    )
    assert called.parent is not None
    assert (called.parent.id, called.parent.element_id, called.parent.definition_name) == (
        started.id,
        "call",
        "process",
    )
    assert [each.id for each in listed.items] == [child]
    assert {visit.element_id: visit.called for visit in visits} == {"start": None, "call": child}


def test_whoever_may_see_one_of_them_may_see_the_others(world: JobWorld) -> None:
    world.deploy(
        ("called.bpmn", bpmn(line('<userTask id="work" camunda:candidateUsers="ben"/>', names=("work",)), key="called"))
    )
    started = world.start(actor=ANNA)
    child = child_of(world, started)

    for actor in (ANNA, BEN):
        with world.reading(actor) as view:
            assert queries.instance(view, child).id == child
            assert queries.instance(view, started.id).id == started.id
            assert queries.instances(view, InstanceFilter()).total == 2
    with world.reading(person("stranger")) as view, pytest.raises(InstanceNotFound):
        queries.instance(view, child)


def test_cancelling_the_caller_cancels_what_it_called(world: JobWorld) -> None:
    started = world.start()

    world.do(CancelInstance(instance_id=started.id, reason="over"))

    assert states(world) == {"process": "cancelled", "called": "cancelled"}
    assert world.rows("SELECT count(*) FROM work_item") == [(0,)]
    assert world.rows("SELECT count(*) FROM timer") == [(0,)]
    assert [(each.reason) for each in world.events if isinstance(each, CaseCancelled)] == ["over", "over"]


def test_cancelling_the_called_case_is_an_incident_of_its_caller_that_can_be_tried_again(world: JobWorld) -> None:
    started = world.start()
    child = child_of(world, started)

    world.do(CancelInstance(instance_id=child, reason="wrong customer"))
    assert states(world) == {"process": "failed", "called": "cancelled"}
    ((incident, code),) = world.rows("SELECT id, code FROM incident")
    assert code == "called_off"
    world.do(RetryIncident(incident_id=incident, reason="again"))

    assert world.rows("SELECT state FROM instance WHERE definition_key = 'called' ORDER BY id") == [
        ("cancelled",),
        ("running",),
    ]


def test_a_call_that_failed_can_be_skipped(world: JobWorld) -> None:
    started = world.start()
    world.do(CancelInstance(instance_id=child_of(world, started), reason="not needed"))

    ((incident,),) = world.rows("SELECT id FROM incident")
    world.do(SkipIncident(incident_id=incident, reason="done on paper"))

    assert world.rows("SELECT element_id FROM work_item") == [("after",)]


def test_moving_the_caller_on_cancels_the_called_case(world: JobWorld) -> None:
    started = world.start()

    world.do(MoveTokens(instance_id=started.id, source="call", target="after", reason="not needed"))

    assert states(world) == {"process": "running", "called": "cancelled"}
    assert world.rows("SELECT element_id FROM work_item") == [("after",)]


def test_suspending_the_caller_holds_the_called_case_and_resuming_lets_both_go(world: JobWorld) -> None:
    started = world.start()
    child = child_of(world, started)
    world.do(SuspendInstance(instance_id=started.id, reason="audit"))
    assert states(world) == {"process": "suspended", "called": "suspended"}
    with pytest.raises(InstanceSuspended):
        world.complete(started.tasks[0].id)
    with pytest.raises(InstanceSuspended):
        world.do(ResumeInstance(instance_id=child, reason="now"))
    assert world.pass_time(timedelta(hours=3)) == 0

    world.do(ResumeInstance(instance_id=started.id, reason="nothing found"))

    assert states(world) == {"process": "running", "called": "running"}
    assert world.pass_time(timedelta()) == 1
    world.complete(started.tasks[0].id)


def test_an_unknown_process_is_an_incident_that_goes_on_once_it_is_deployed(engine: Engine, clock: FixedClock) -> None:
    world = JobWorld(engine, clock)
    world.deploy(CALLER)
    started = world.start()
    assert started.state == "failed"
    ((incident, sentence),) = world.rows("SELECT id, message FROM incident")
    assert "called, which is not deployed" in sentence

    world.deploy(("called.bpmn", WORK))
    world.do(RetryIncident(incident_id=incident, reason="again"))

    assert world.rows("SELECT element_id FROM work_item") == [("work",)]


def test_an_error_that_leaves_a_called_case_is_caught_by_its_caller(world: JobWorld) -> None:
    fails = bpmn(
        line('<userTask id="work"/>', names=("work",)).replace(
            '<endEvent id="end"/>', event("endEvent", "end", "error e")
        ),
        key="called",
        roots=ROOTS,
    )
    catches = bpmn(
        line(call(), names=("call",))
        + boundary("b", "call", "error e")
        + '<userTask id="repair"/>'
        + chain("b", "repair"),
        roots=ROOTS,
    )
    world.deploy(("called.bpmn", fails), ("caller.bpmn", catches))
    started = world.start()
    done = world.complete(started.tasks[0].id)

    assert done.state == "cancelled"
    assert states(world) == {"process": "running", "called": "cancelled"}
    assert world.rows("SELECT element_id FROM work_item") == [("repair",)]
    assert [each.reason for each in world.events if isinstance(each, CaseCancelled)] == ["left by the error E1"]


def test_starting_and_completing_without_calls_locks_and_writes_no_more_than_before(world: JobWorld) -> None:
    world.deploy(bpmn(line('<userTask id="work"/>', names=("work",)), key="plain"))
    started = world.do(StartInstance(definition_key="plain"))

    assert world.rows("SELECT parent_id, root_id, depth, stopped_by FROM instance") == [(None, None, 0, None)]
    world.complete(started.tasks[0].id)


def test_the_newest_version_is_called_unless_a_version_a_tag_or_the_deployment_is_asked_for(world: JobWorld) -> None:
    def version(name: str, tag: str = "") -> tuple[str, bytes]:
        attributes = f'camunda:versionTag="{tag}"' if tag else ""
        task = f'<userTask id="{name}"/>'
        return "called.bpmn", bpmn(line(task, names=(name,)), key="called", attributes=attributes)

    def caller(binding: str) -> bytes:
        return bpmn(line(call(attributes=binding), names=("call",)))

    world.deploy(version("two", "good"))
    world.deploy(version("three"), ("caller.bpmn", caller('camunda:calledElementBinding="deployment"')))
    world.deploy(version("four"))
    assert [task.element_id for task in world.start().tasks] == ["three"]

    for binding, found in (
        ("", "four"),
        ('camunda:calledElementBinding="version" camunda:calledElementVersion="= 1 + 1"', "two"),
        ('camunda:calledElementBinding="versionTag" camunda:calledElementVersionTag="good"', "two"),
    ):
        world.deploy(("caller.bpmn", caller(binding)))
        assert [task.element_id for task in world.start().tasks] == [found]


@pytest.mark.parametrize(
    "binding",
    [
        'camunda:calledElementBinding="version" camunda:calledElementVersion="= number - 1"',
        'camunda:calledElementBinding="versionTag" camunda:calledElementVersionTag="= tag"',
    ],
)
def test_what_is_called_by_expressions_gets_its_variables_and_its_own_business_key(
    world: JobWorld, binding: str
) -> None:
    task = '<userTask id="count"/>'
    for tag in ("old", "good", "new"):
        source = bpmn(line(task, names=("count",)), key="stock", attributes=f'camunda:versionTag="{tag}"')
        world.deploy(("stock.bpmn", source))
    mapped = (
        '<camunda:in businessKey="= &quot;S-&quot; + string(order.id)"/><camunda:in source="order" target="asked"/>'
        '<camunda:in sourceExpression="= order.pieces * 2" target="twice"/><camunda:out source="found" target="left"/>'
    )
    world.deploy(bpmn(line(call(key="= what", inner=mapped, attributes=binding), names=("call",))))

    order = {"id": 7, "pieces": 3}
    started = world.start(what="stock", number=3, tag="good", order=order, secret=1)

    of_called = "FROM instance i JOIN definition d ON d.id = i.definition_id WHERE i.depth = 1"
    assert world.rows(f"SELECT d.key, d.version, i.business_key, i.snapshot->'variables' {of_called}") == [
        ("stock", 2, "S-7", {"asked": order, "twice": 6})
    ]
    world.complete(started.tasks[0].id, found=5, noted="no")
    variables = world.rows(f"SELECT snapshot->'variables' FROM instance WHERE id = '{started.id}'")[0][0]
    assert (variables["left"], "noted" in variables, "asked" in variables) == (5, False, False)


def test_a_caller_bound_to_its_deployment_is_another_one_when_what_it_calls_there_changes(world: JobWorld) -> None:
    caller = (
        "caller.bpmn",
        bpmn(line(call(attributes='camunda:calledElementBinding="deployment"'), names=("call",))),
    )
    first = {each.key: each.version for each in world.deploy(("called.bpmn", WORK), caller)}
    again = {each.key: each.version for each in world.deploy(("called.bpmn", WORK), caller)}
    changed = WORK.replace(b'id="work"', b'id="work" name="Work"')
    other = {each.key: each.version for each in world.deploy(("called.bpmn", changed), caller)}

    assert again == first
    assert other == {"called": first["called"] + 1, "process": first["process"] + 1}


def test_a_call_into_the_deployment_of_what_is_not_in_it_is_refused(world: JobWorld) -> None:
    with pytest.raises(DeploymentRefused) as refused:
        world.deploy(bpmn(line(call(attributes='camunda:calledElementBinding="deployment"'), names=("call",))))

    assert [finding["rule"] for finding in refused.value.details["findings"]] == ["call-beside"]


def test_a_version_that_is_not_there_is_an_incident(world: JobWorld) -> None:
    binding = 'camunda:calledElementBinding="version" camunda:calledElementVersion="9"'
    world.deploy(("caller.bpmn", bpmn(line(call(attributes=binding), names=("call",)))))

    assert world.start().state == "failed"
    assert [code for (code,) in world.rows("SELECT code FROM incident")] == ["call_unknown"]


def test_a_global_task_is_deployed_and_called_but_not_started_by_itself(world: JobWorld) -> None:
    shared = f'{HEAD}<globalUserTask id="shared" name="Sign"/></definitions>'.encode()
    world.deploy(("shared.bpmn", shared), ("caller.bpmn", bpmn(line(call(key="shared"), names=("call",)))))
    with pytest.raises(InvalidInput, match="global task"):
        world.start("shared")
    with world.reading() as view:
        assert "shared" not in {each.key for each in queries.startable(view)}

    (task,) = world.start().tasks
    world.complete(task.id)

    assert states(world) == {"process": "completed", "shared": "completed"}


def test_a_completed_called_case_is_opened_again_to_undo_what_it_did(world: JobWorld) -> None:
    undo = (
        boundary("b", "work", "compensate")
        + '<userTask id="repay" isForCompensation="true"/>'
        + '<association id="a" sourceRef="b" targetRef="repay"/>'
    )
    throw = event("intermediateThrowEvent", "undo", "compensate")
    world.deploy(
        ("called.bpmn", bpmn(line('<userTask id="work"/>', names=("work",)) + undo, key="called")),
        ("caller.bpmn", bpmn(line(call(), '<userTask id="decide"/>', throw, names=("call", "decide", "undo")))),
    )
    started = world.start()
    (decide,) = world.complete(started.tasks[0].id).tasks
    assert states(world) == {"process": "running", "called": "completed"}

    (repay,) = world.complete(decide.id).tasks
    assert (repay.element_id, states(world)) == ("repay", {"process": "running", "called": "running"})
    with world.reading() as view:
        assert [token.element_id for token in queries.instance(view, started.id).tokens] == ["undo", "call"]
    world.complete(repay.id)

    assert states(world) == {"process": "completed", "called": "completed"}
    assert world.rows("SELECT count(*) FROM instance WHERE ended_at IS NULL") == [(0,)]
