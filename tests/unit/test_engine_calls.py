"""Call activities: variables, errors and escalations between cases, interruptions, loops; in memory."""

from datetime import timedelta

import pytest

from core.identity import SYSTEM
from engine.rehearsal import Rehearsal
from tests.engine_stage import NOON, begin, boundary, call, callee, do, event, message, on, waiting
from tests.engine_world import chain, flow, line

WORK = callee(line('<userTask id="work"/>', names=("work",)))
ALL = '<camunda:in variables="all"/><camunda:out variables="all"/>'
PARALLEL = '<multiInstanceLoopCharacteristics camunda:collection="=items" camunda:elementVariable="item" {}/>'


def roles(stage: Rehearsal) -> list[tuple[str, str]]:
    return [(role.program.process.id, role.case.state) for role in stage.ensemble.roles]


def test_a_called_process_runs_as_a_case_of_its_own_and_the_caller_goes_on_behind_it() -> None:
    stage = begin(line(call(), '<userTask id="after"/>', names=("call", "after")), called=(WORK,))
    assert roles(stage) == [("process", "running"), ("called", "running")]

    do(stage, "work")

    assert roles(stage) == [("process", "running"), ("called", "completed")]
    assert waiting(stage) == ["after"]
    assert stage.trace == ["start", "start", "work", "end", "call"]


def test_nothing_goes_in_or_comes_out_that_is_not_mapped() -> None:
    stage = begin(line(call(), names=("call",)), called=(WORK,), secret=1)
    do(stage, "work", answer=2)

    assert stage.ensemble.roles[1].case.variables == {"answer": 2}
    assert stage.case.variables == {"secret": 1}


def test_variables_are_mapped_by_name_by_expression_and_all_together() -> None:
    mapped = (
        '<camunda:in source="net" target="amount"/><camunda:in sourceExpression="= net * 2" target="double"/>'
        '<camunda:out source="answer" target="given"/><camunda:out sourceExpression="answer + amount" target="sum"/>'
    )
    stage = begin(line(call("one", inner=mapped), call("two", inner=ALL), names=("one", "two")), called=(WORK,), net=5)
    assert stage.ensemble.roles[1].case.variables == {"amount": 5, "double": 10}
    do(stage, "work", answer=1)
    assert stage.ensemble.roles[2].case.variables == {"net": 5, "given": 1, "sum": 6}
    do(stage, "work", more=True)

    assert stage.case.variables == {"net": 5, "given": 1, "sum": 6, "more": True}
    assert stage.case.state == "completed"


def test_local_mappings_keep_to_the_call_activity() -> None:
    mapped = (
        '<camunda:inputOutput><camunda:inputParameter name="own">= net + 1</camunda:inputParameter>'
        '<camunda:outputParameter name="result">= kept * 10</camunda:outputParameter></camunda:inputOutput>'
        '<camunda:in variables="all" local="true"/><camunda:out source="answer" target="kept" local="true"/>'
    )
    stage = begin(line(call(inner=mapped), names=("call",)), called=(WORK,), net=5)
    assert stage.ensemble.roles[1].case.variables == {"own": 6}

    do(stage, "work", answer=7)

    assert stage.case.variables == {"net": 5, "result": 70}


@pytest.mark.parametrize(
    ("key", "found"),
    [("= order.id", "O-1"), ("#{execution.processBusinessKey}", "CASE-1"), ("fixed", "fixed")],
)
def test_a_business_key_goes_in(key: str, found: str) -> None:
    stage = begin(line('<userTask id="first"/>', call(inner=f'<camunda:in businessKey="{key}"/>'),
                       names=("first", "call")), called=(WORK,), order={"id": "O-1"})  # fmt: skip
    stage.root.business_key = "CASE-1"

    do(stage, "first")

    assert stage.ensemble.roles[1].business_key == found


def test_what_is_called_may_be_an_expression() -> None:
    stage = begin(line(call(key="= which"), names=("call",)), called=(WORK,), which="called")

    assert waiting(stage) == ["work"]


@pytest.mark.parametrize("which", ["nobody", None, ""])
def test_an_unknown_process_is_an_incident_that_can_be_tried_again(which: str | None) -> None:
    stage = begin(line(call(key="= which"), names=("call",)), called=(WORK,), which=which)
    assert [failure.reason for failure in stage.incidents] == ["call_unknown" if which else "call_target"]

    stage.set({"which": "called"})
    stage.case.retry(stage.incidents[0].token)

    assert roles(stage)[1:] == [("called", "running")]


def test_a_process_that_calls_itself_for_ever_is_an_incident_of_the_last_case() -> None:
    stage = begin(line(call(key="process"), names=("call",)))

    assert [failure.reason for failure in stage.incidents] == ["call_depth"]
    assert len(stage.ensemble.roles) == 26
    assert stage.ensemble.roles[-1].case.state == "failed"


def test_a_loop_of_calls_that_never_wait_does_not_go_deep() -> None:
    again = '<standardLoopCharacteristics loopMaximum="400"/>'
    stage = begin(line(call(loop=again), names=("call",)), called=(callee(line(names=())),))

    assert stage.case.state == "completed"
    assert len(stage.ensemble.roles) == 401


def test_twenty_calls_at_once_each_have_their_tasks_and_give_one_result_each() -> None:
    gives = 'obieg:outputCollection="results" obieg:outputElement="= answer"'
    inner = '<camunda:in source="item" target="item"/><camunda:out source="answer" target="answer"/>'
    stage = begin(
        line(call(inner=inner, loop=PARALLEL.format(gives)), names=("call",)),
        called=(WORK,),
        items=list(range(20)),
    )
    assert waiting(stage) == ["work"] * 20

    for role in reversed(stage.ensemble.roles[1:]):
        token = next(iter(role.case.open_tasks())).id
        stage.complete(token, {"answer": role.case.variables["item"] * 2}, SYSTEM)

    assert stage.case.variables["results"] == [each * 2 for each in range(20)]
    assert stage.case.state == "completed"


@pytest.mark.parametrize("kind", ["timer PT1H", "message m", "signal s", "conditional = late"])
def test_an_interrupting_boundary_event_cancels_the_called_case_with_all_that_it_called(kind: str) -> None:
    between = callee(line(call(key="last"), names=("call",)))
    last = callee(
        line('<userTask id="work"/>', names=("work",))
        + boundary("remind", "work", "timer PT2H", interrupting=False)
        + '<endEvent id="x"/>'
        + chain("remind", "x"),
        "last",
    )
    stage = begin(
        line(call(), names=("call",)) + boundary("b", "call", kind) + '<userTask id="after"/>' + chain("b", "after"),
        called=(between, last),
        late=False,
    )
    assert len(stage.timers) == (2 if "timer" in kind else 1)

    match kind.split(maxsplit=1)[0]:
        case "timer":
            stage.advance(NOON + timedelta(hours=1))
        case "message":
            message(stage, "paid")
        case "signal":
            stage.signal("alarm", {})
        case _:
            stage.set({"late": True})

    assert waiting(stage) == ["after"]
    assert stage.timers == {}
    assert roles(stage)[1:] == [("called", "cancelled"), ("last", "cancelled")]


def test_terminate_in_the_caller_cancels_what_it_called_and_in_the_called_case_only_that() -> None:
    caller = (
        '<startEvent id="start"/><parallelGateway id="fork"/><userTask id="stop"/>'
        + event("endEvent", "kill", "terminate")
        + call()
        + chain("start", "fork", "stop", "kill")
        + chain("fork", "call")
        + '<endEvent id="end"/>'
        + flow("call", "end")
    )
    inside = callee(
        '<startEvent id="start"/><parallelGateway id="fork"/><userTask id="work"/><userTask id="other"/>'
        + event("endEvent", "kill", "terminate")
        + chain("start", "fork", "work", "kill")
        + chain("fork", "other")
    )
    stage = begin(caller, called=(inside,))
    do(stage, "work")
    assert waiting(stage) == ["stop"]
    assert roles(stage) == [("process", "running"), ("called", "completed")]

    stage = begin(caller, called=(inside,))
    do(stage, "stop")

    assert roles(stage) == [("process", "completed"), ("called", "cancelled")]
    assert waiting(stage) == []


def test_a_call_inside_an_event_sub_process_and_three_times_in_a_row() -> None:
    stage = begin(
        line('<userTask id="main"/>', names=("main",))
        + on("each", "message m", call() + '<endEvent id="x"/>' + chain("each_start", "call", "x"), interrupting=False),
        called=(WORK,),
    )
    for _ in range(3):
        message(stage, "paid")
    assert waiting(stage) == ["main", "work", "work", "work"]

    for _ in range(3):
        do(stage, "work")
    do(stage, "main")

    assert stage.case.state == "completed"


def test_a_completed_call_is_compensated_by_its_handler() -> None:
    stage = begin(
        line(call(), event("intermediateThrowEvent", "undo", "compensate"), names=("call", "undo"))
        + boundary("b", "call", "compensate")
        + '<userTask id="repay" isForCompensation="true"/>'
        + '<association id="a" sourceRef="b" targetRef="repay" associationDirection="One"/>',
        called=(WORK,),
    )
    do(stage, "work")
    assert waiting(stage) == ["repay"]

    do(stage, "repay")

    assert stage.case.state == "completed"


def test_messages_and_timers_of_a_called_case_come_to_it() -> None:
    mail, pause = (event("intermediateCatchEvent", *each) for each in (("mail", "message m"), ("pause", "timer PT1H")))
    waits = callee(line(mail, pause, names=("mail", "pause")))
    stage = begin(line(call(inner=ALL), names=("call",)), called=(waits,))

    message(stage, "paid", amount=3)
    stage.advance(NOON + timedelta(hours=1))

    assert (stage.case.state, stage.case.variables) == ("completed", {"amount": 3})


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (event("startEvent", "start", "message m") + '<endEvent id="end"/>' + chain("start", "end"), "no start events"),
        ('<startEvent id="one"/><startEvent id="two"/><endEvent id="end"/>' + chain("one", "end") + chain("two", "end"),
         "2 start events"),
        ('<ioSpecification><dataInput id="d" name="amount"/><inputSet><dataInputRefs>d</dataInputRefs></inputSet>'
         "<outputSet/></ioSpecification>" + line(names=()), "needs amount to begin"),
    ],
)  # fmt: skip
def test_a_process_that_cannot_begin_by_a_call_is_an_incident_of_the_caller(content: str, told: str) -> None:
    stage = begin(line(call(), names=("call",)), called=(callee(content),))

    (failure,) = stage.incidents
    assert (failure.node.id, failure.reason) == ("call", "call_start")
    assert told in failure.sentence


def test_declared_inputs_and_outputs_go_in_and_come_out_by_associations() -> None:
    specified = (
        '<ioSpecification><dataInput id="in" name="amount"/><dataOutput id="out" name="answer"/>'
        "<inputSet><dataInputRefs>in</dataInputRefs></inputSet>"
        "<outputSet><dataOutputRefs>out</dataOutputRefs></outputSet></ioSpecification>"
        '<dataInputAssociation id="i"><sourceRef>net</sourceRef><targetRef>in</targetRef></dataInputAssociation>'
        '<dataOutputAssociation id="o"><sourceRef>out</sourceRef><targetRef>given</targetRef></dataOutputAssociation>'
    )
    objects = '<property id="net" name="net"/><property id="given" name="given"/>'
    stage = begin(
        objects + line(f'<callActivity id="call" calledElement="called">{specified}</callActivity>', names=("call",)),
        called=(WORK,),
        net=5,
    )
    assert stage.ensemble.roles[1].case.variables == {"amount": 5}

    do(stage, "work", answer=7, secret=1)

    assert (stage.case.state, stage.case.variables) == ("completed", {"net": 5, "given": 7})
