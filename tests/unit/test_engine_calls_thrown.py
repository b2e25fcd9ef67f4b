"""Errors, escalations and failures that leave a called case, or do not; in memory."""

import pytest

from engine.errors import InstanceStopped
from engine.rehearsal import Rehearsal
from tests.engine_stage import begin, boundary, call, callee, do, event, on, waiting
from tests.engine_world import chain, line

WORK = callee(line('<userTask id="work"/>', names=("work",)))
ALL = '<camunda:in variables="all"/><camunda:out variables="all"/>'
PARALLEL = '<multiInstanceLoopCharacteristics camunda:collection="=items" camunda:elementVariable="item" {}/>'


def roles(stage: Rehearsal) -> list[tuple[str, str]]:
    return [(role.program.process.id, role.case.state) for role in stage.ensemble.roles]


def test_an_error_out_of_one_of_many_calls_ends_the_others() -> None:
    fails = callee(
        line('<userTask id="work"/>', event("intermediateThrowEvent", "say", "signal s"), names=("work", "say"))
        .replace('<endEvent id="end"/>', event("endEvent", "end", "error e"))
    )  # fmt: skip
    stage = begin(
        line(call(loop=PARALLEL.format("")), names=("call",))
        + boundary("b", "call", "error e")
        + '<userTask id="repair"/>'
        + chain("b", "repair"),
        called=(fails,),
        items=[1, 2, 3],
    )

    do(stage, "work")

    assert waiting(stage) == ["repair"]
    assert roles(stage)[1:] == [("called", "cancelled")] * 3


@pytest.mark.parametrize("caught", ["error e", "error"])
def test_an_error_out_of_a_call_goes_into_an_event_sub_process_of_the_caller(caught: str) -> None:
    fails = callee(line('<userTask id="work"/>', names=("work",)).replace(
        '<endEvent id="end"/>', event("endEvent", "end", "error e")))  # fmt: skip
    stage = begin(
        '<startEvent id="start"/><parallelGateway id="fork"/><userTask id="beside"/>'
        + call()
        + chain("start", "fork", "call")
        + chain("fork", "beside")
        + on(
            "handle", caught, '<userTask id="repair"/><endEvent id="over"/>' + chain("handle_start", "repair", "over")
        ),
        called=(fails,),
    )

    do(stage, "work")

    assert waiting(stage) == ["repair"]
    assert roles(stage)[1:] == [("called", "cancelled")]


def test_an_error_goes_past_a_caller_that_does_not_catch_it_to_the_one_that_does() -> None:
    fails = callee(f'<startEvent id="start"/>{event("endEvent", "end", "error e")}' + chain("start", "end"), "last")
    between = callee(line(call(key="last"), names=("call",)) + boundary("other", "call", "error e2")
                     + '<endEvent id="no"/>' + chain("other", "no"))  # fmt: skip
    stage = begin(
        line(call(), names=("call",))
        + boundary("b", "call", "error e")
        + '<userTask id="repair"/>'
        + chain("b", "repair"),
        called=(between, fails),
    )

    assert waiting(stage) == ["repair"]
    assert roles(stage)[1:] == [("called", "cancelled"), ("last", "cancelled")]
    assert stage.incidents == []


def test_nothing_runs_in_a_called_case_once_its_error_has_left_it() -> None:
    fails = callee(
        '<startEvent id="start"/><parallelGateway id="fork"/><endEvent id="end"/>'
        + event("endEvent", "bad", "error e")
        + '<scriptTask id="late"><script>late = true</script></scriptTask>'
        + chain("start", "fork", "bad")
        + chain("fork", "late", "end")
    )
    stage = begin(
        line(call(), names=("call",)) + boundary("b", "call", "error e") + '<endEvent id="x"/>' + chain("b", "x"),
        called=(fails,),
    )

    assert "late" not in stage.trace
    assert stage.case.state == "completed"


def test_an_error_that_no_caller_catches_stops_all_cases_until_it_is_settled() -> None:
    answers = {"pay": {"error": "E1"}}
    fails = callee(line('<userTask id="work"/>', '<serviceTask id="pay" obieg:handler="pay"/>', names=("work", "pay")))
    stage = begin(
        '<startEvent id="start"/><parallelGateway id="fork"/><userTask id="beside"/>'
        + call()
        + chain("start", "fork", "call")
        + chain("fork", "beside"),
        answers=answers,
        called=(fails,),
    )

    do(stage, "work")
    assert [(failure.node.id, failure.reason) for failure in stage.incidents] == [("pay", "uncaught_error")]
    assert stage.state == "failed"
    with pytest.raises(InstanceStopped):
        do(stage, "beside")
    answers["pay"] = {}
    stage.ensemble.roles[1].case.retry(stage.incidents[0].token)
    do(stage, "beside")

    assert roles(stage) == [("process", "completed"), ("called", "completed")]


def test_an_escalation_that_does_not_interrupt_leaves_the_called_case_running() -> None:
    tells = callee(
        line(event("intermediateThrowEvent", "tell", "escalation x"), '<userTask id="work"/>', names=("tell", "work"))
    )
    stage = begin(
        line(call(), names=("call",))
        + boundary("b", "call", "escalation x", interrupting=False)
        + '<userTask id="look"/>'
        + chain("b", "look"),
        called=(tells,),
    )
    assert waiting(stage) == ["look", "work"]

    do(stage, "work")
    do(stage, "look")

    assert roles(stage) == [("process", "completed"), ("called", "completed")]


def test_an_escalation_that_interrupts_stops_the_called_case_at_once() -> None:
    tells = callee(
        line(event("intermediateThrowEvent", "tell", "escalation x"), '<userTask id="work"/>', names=("tell", "work"))
    )
    stage = begin(
        line(call(), names=("call",))
        + boundary("b", "call", "escalation")
        + '<userTask id="look"/>'
        + chain("b", "look"),
        called=(tells,),
    )

    assert waiting(stage) == ["look"]
    assert "work" not in stage.trace
    assert roles(stage)[1:] == [("called", "cancelled")]


def test_an_escalation_that_nobody_catches_has_no_effect() -> None:
    tells = callee(line(event("intermediateThrowEvent", "tell", "escalation x"), names=("tell",)))
    stage = begin(line(call(), names=("call",)), called=(tells,))

    assert roles(stage) == [("process", "completed"), ("called", "completed")]
    assert stage.incidents == []


def test_a_step_that_fails_behind_a_call_fails_in_the_caller_and_keeps_what_the_called_case_did() -> None:
    stage = begin(
        line(call(), '<serviceTask id="pay" obieg:handler="pay"/>', names=("call", "pay")),
        answers={"pay": {"fail": "NO_MONEY"}},
        called=(WORK,),
    )

    do(stage, "work")

    assert [(failure.node.id, failure.reason) for failure in stage.incidents] == [("pay", "NO_MONEY")]
    assert roles(stage) == [("process", "failed"), ("called", "completed")]


def test_a_step_that_fails_in_the_second_of_two_called_cases_fails_there() -> None:
    pays = callee(line('<serviceTask id="pay" obieg:handler="pay"/>', names=("pay",)), "pays")
    stage = begin(
        '<startEvent id="start"/><parallelGateway id="fork"/>'
        + call("one")
        + call("two", "pays")
        + chain("start", "fork", "one")
        + chain("fork", "two"),
        answers={"pay": {"fail": "NO_MONEY"}},
        called=(WORK, pays),
    )

    assert roles(stage) == [("process", "running"), ("called", "running"), ("pays", "failed")]
