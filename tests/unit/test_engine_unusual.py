"""Combinations that are rarely drawn, against clause 13 of the standard."""

import pytest

from engine.errors import MoveRefused
from engine.rehearsal import Rehearsal
from tests.engine_stage import NOON, begin, boundary, do, event, message, on, waiting
from tests.engine_world import chain, flow, line

MANY = "<multiInstanceLoopCharacteristics><loopCardinality>3</loopCardinality></multiInstanceLoopCharacteristics>"
BOTH = 'parallelMultiple="true"'


def everything_is_forgotten(stage: Rehearsal) -> bool:
    return stage.case.state == "completed" and not (stage.work or stage.subscriptions or stage.timers)


def test_a_parallel_multiple_boundary_event_needs_all_of_its_events_each_time() -> None:
    stage = begin(
        line('<userTask id="work"/>', '<userTask id="after"/>', names=("work", "after"))
        + boundary("b", "work", "message m, message m2", interrupting=False, attributes=BOTH)
        + '<userTask id="note"/>'
        + chain("b", "note")
    )

    message(stage, "paid")
    assert waiting(stage) == ["work"]
    message(stage, "shipped")
    assert waiting(stage) == ["note", "work"]
    message(stage, "shipped")
    assert waiting(stage) == ["note", "work"]
    message(stage, "paid")
    assert waiting(stage) == ["note", "note", "work"]
    do(stage, "work")

    assert waiting(stage) == ["after", "note", "note"]
    assert stage.subscriptions == {}


def test_a_parallel_multiple_boundary_event_may_interrupt() -> None:
    stage = begin(
        line('<userTask id="work"/>', names=("work",))
        + boundary("b", "work", "message m, timer PT1H", attributes=BOTH)
        + '<userTask id="late"/>'
        + chain("b", "late")
    )

    message(stage, "paid")
    assert waiting(stage) == ["work"]
    stage.fire(next(iter(stage.timers)))

    assert waiting(stage) == ["late"]


def test_a_parallel_multiple_event_sub_process_handles_all_of_its_events_together() -> None:
    stage = begin(
        line('<userTask id="work"/>', names=("work",))
        + on("h", "message m, signal s", '<userTask id="note"/>' + chain("h_start", "note"),
             interrupting=False, attributes=BOTH)
    )  # fmt: skip

    message(stage, "paid")
    assert waiting(stage) == ["work"]
    stage.signal("alarm", {})

    assert waiting(stage) == ["note", "work"]


def test_a_boundary_event_of_a_multi_instance_ends_all_instances() -> None:
    stage = begin(
        line(f'<userTask id="work">{MANY}</userTask>', names=("work",))
        + boundary("b", "work", "message m")
        + '<userTask id="after"/>'
        + chain("b", "after")
    )
    do(stage, "work")

    message(stage, "paid")

    assert waiting(stage) == ["after"]


def test_terminate_in_an_instance_ends_this_instance_only() -> None:
    inside = (
        '<startEvent id="in"/><parallelGateway id="fork"/><userTask id="a"/><userTask id="b"/>'
        + event("endEvent", "stop", "terminate")
        + chain("in", "fork", "a", "stop")
        + flow("fork", "b")
    )
    stage = begin(line(f'<subProcess id="each">{MANY}{inside}</subProcess>', '<userTask id="after"/>',
                       names=("each", "after")))  # fmt: skip

    do(stage, "a")
    assert waiting(stage) == ["a", "a", "b", "b"]
    do(stage, "a")
    do(stage, "a")

    assert waiting(stage) == ["after"]


@pytest.mark.parametrize("kind", ["subProcess", "transaction", "adHocSubProcess"])
def test_an_empty_sub_process_with_boundary_events_leaves_nothing_behind(kind: str) -> None:
    stage = begin(
        line(f'<{kind} id="sub"/>', names=("sub",))
        + boundary("b", "sub", "message m")
        + boundary("c", "sub", "timer PT1H", interrupting=False)
        + '<task id="x"/>'
        + chain("b", "x")
        + chain("c", "x")
    )

    assert everything_is_forgotten(stage)


def test_an_empty_multi_instance_with_boundary_events_leaves_nothing_behind() -> None:
    none = MANY.replace(">3<", ">0<")
    stage = begin(
        line(f'<userTask id="work">{none}</userTask>', names=("work",))
        + boundary("b", "work", "message m")
        + '<task id="x"/>'
        + chain("b", "x")
    )

    assert everything_is_forgotten(stage)


def test_an_escalation_of_an_end_event_interrupts_or_goes_on_beside() -> None:
    inside = (
        '<startEvent id="in"/><parallelGateway id="fork"/><userTask id="a"/><userTask id="b"/>'
        + event("endEvent", "up", "escalation x")
        + chain("in", "fork", "a", "up")
        + flow("fork", "b")
    )
    found = []
    for interrupting in (True, False):
        stage = begin(
            line(f'<subProcess id="sub">{inside}</subProcess>', '<userTask id="after"/>', names=("sub", "after"))
            + boundary("e", "sub", "escalation x", interrupting=interrupting)
            + '<userTask id="told"/>'
            + chain("e", "told")
        )
        do(stage, "a")
        found.append(waiting(stage))

    assert found == [["told"], ["b", "told"]]


def test_a_signal_of_the_body_starts_a_handler_of_the_same_scope_beside_it() -> None:
    stage = begin(
        line(event("intermediateThrowEvent", "tell", "signal s"), '<userTask id="work"/>', names=("tell", "work"))
        + on("h", "signal s", '<userTask id="note"/>' + chain("h_start", "note"), interrupting=False)
    )

    assert waiting(stage) == ["note", "work"]


def test_cancel_reaches_its_transaction_out_of_a_nested_sub_process() -> None:
    stage = begin(
        '<startEvent id="start"/><transaction id="trip"><startEvent id="in"/><userTask id="book"/>'
        + boundary("b", "book", "compensate")
        + '<task id="unbook" isForCompensation="true"/><association id="l" sourceRef="b" targetRef="unbook"/>'
        + '<subProcess id="pay"><startEvent id="i"/><userTask id="card"/>'
        + event("endEvent", "no", "cancel")
        + chain("i", "card", "no")
        + "</subProcess>"
        + chain("in", "book", "pay")
        + '</transaction><userTask id="done"/><userTask id="sorry"/>'
        + event("boundaryEvent", "cancelled", "cancel", 'attachedToRef="trip"')
        + chain("start", "trip", "done")
        + chain("cancelled", "sorry")
    )
    do(stage, "book")
    do(stage, "card")

    assert waiting(stage) == ["sorry"]
    assert "unbook" in stage.trace


def test_an_inclusive_join_waits_for_a_token_that_is_inside_a_sub_process() -> None:
    stage = begin(
        '<startEvent id="start"/><inclusiveGateway id="fork"/><subProcess id="sub"><userTask id="a"/></subProcess>'
        '<userTask id="b"/><userTask id="c"/><inclusiveGateway id="join"/><userTask id="after"/>'
        + chain("start", "fork")
        + flow("fork", "sub", "true")
        + flow("fork", "b", "true")
        + flow("fork", "c", "false")
        + chain("sub", "join", "after")
        + chain("b", "join")
        + chain("c", "join")
    )

    do(stage, "b")
    assert waiting(stage) == ["a"]
    do(stage, "a")

    assert waiting(stage) == ["after"]


def test_a_handler_that_comes_three_times_holds_its_scope_until_all_are_done() -> None:
    stage = begin(
        '<startEvent id="start"/><subProcess id="sub"><userTask id="work"/>'
        + on("h", "message m", '<userTask id="note"/>' + chain("h_start", "note"), interrupting=False)
        + '</subProcess><userTask id="after"/>'
        + chain("start", "sub", "after")
    )
    for _ in range(3):
        message(stage, "paid")
    do(stage, "work")
    do(stage, "note")
    message(stage, "paid")
    for _ in range(3):
        assert "after" not in waiting(stage)
        do(stage, "note")

    assert waiting(stage) == ["after"]
    assert stage.subscriptions == {}


def test_a_throw_may_go_on_while_what_it_undoes_is_undone() -> None:
    back = event("intermediateThrowEvent", "back", "compensate").replace(
        "<compensateEventDefinition", '<compensateEventDefinition waitForCompletion="false"'
    )
    stage = begin(
        '<startEvent id="start"/><userTask id="a"/>'
        + boundary("u", "a", "compensate")
        + '<userTask id="undo" isForCompensation="true"/><association id="l" sourceRef="u" targetRef="undo"/>'
        + back
        + '<userTask id="after"/>'
        + chain("start", "a", "back", "after")
    )

    do(stage, "a")
    assert waiting(stage) == ["after", "undo"]
    do(stage, "after")
    assert stage.case.state == "running"
    do(stage, "undo")

    assert everything_is_forgotten(stage)


def test_an_end_that_does_not_wait_for_compensation_ends_its_token() -> None:
    back = event("endEvent", "back", "compensate").replace(
        "<compensateEventDefinition", '<compensateEventDefinition waitForCompletion="false"'
    )
    stage = begin(
        '<startEvent id="start"/><subProcess id="sub"><task id="a"/>'
        + boundary("u", "a", "compensate")
        + '<userTask id="undo" isForCompensation="true"/><association id="l" sourceRef="u" targetRef="undo"/>'
        + back
        + chain("a", "back")
        + '</subProcess><userTask id="after"/>'
        + chain("start", "sub", "after")
    )
    assert waiting(stage) == ["undo"]

    do(stage, "undo")

    assert waiting(stage) == ["after"]


@pytest.mark.parametrize("kind", ["parallelGateway", "inclusiveGateway", "exclusiveGateway"])
def test_a_token_moved_to_a_gateway_goes_on_or_is_refused(kind: str) -> None:
    stage = begin(
        '<startEvent id="start"/><parallelGateway id="fork"/><userTask id="a"/><userTask id="b"/>'
        f'<{kind} id="join"/><userTask id="after"/>'
        + chain("start", "fork", "a", "join", "after")
        + chain("fork", "b", "join")
    )

    try:
        stage._do(lambda role: role.case.move("a", "join", "test"))
    except MoveRefused:
        assert waiting(stage) == ["a", "b"]
    else:
        assert stage.case.state == "running"


def test_a_loop_of_a_sub_process_arms_its_boundary_once_for_all_rounds() -> None:
    stage = begin(
        line(
            '<subProcess id="sub"><standardLoopCharacteristics loopMaximum="3"/><userTask id="work"/></subProcess>',
            names=("sub",),
        )
        + boundary("b", "sub", "timer PT1H", interrupting=False)
        + '<userTask id="late"/>'
        + chain("b", "late")
    )
    do(stage, "work")
    stage.advance(NOON.replace(hour=14))

    assert waiting(stage) == ["late", "work"]
    assert stage.timers == {}


def test_two_events_behind_a_gateway_in_a_loop_choose_anew_each_round() -> None:
    stage = begin(
        '<startEvent id="start"/><exclusiveGateway id="merge"/><eventBasedGateway id="wait"/>'
        + event("intermediateCatchEvent", "again", "message m")
        + event("intermediateCatchEvent", "stop", "signal s")
        + chain("start", "merge", "wait", "again", "merge")
        + chain("wait", "stop")
    )
    for _ in range(3):
        message(stage, "paid")
    stage.signal("alarm", {})

    assert everything_is_forgotten(stage)
    assert stage.trace.count("again") == 3


def test_what_nothing_leads_to_begins_together_with_the_start_event() -> None:
    inside = '<startEvent id="in"/><userTask id="a"/><userTask id="alone"/>' + chain("in", "a")
    stage = begin(line(f'<subProcess id="sub">{inside}</subProcess>', names=("sub",)) + '<userTask id="besides"/>')

    assert waiting(stage) == ["a", "alone", "besides"]
    for element in ("a", "alone", "besides"):
        do(stage, element)
    assert everything_is_forgotten(stage)


def test_what_nothing_leads_to_in_a_handler_begins_with_its_event() -> None:
    handler = on("h", "message m", '<userTask id="note"/><userTask id="alone"/>' + chain("h_start", "note"))
    stage = begin(line('<userTask id="work"/>', names=("work",)) + handler)
    assert waiting(stage) == ["work"]

    message(stage, "paid")

    assert waiting(stage) == ["alone", "note"]
