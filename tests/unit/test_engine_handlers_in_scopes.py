"""Event sub-processes, transactions, loops and terminate ends: what happens to everything else in a scope."""

from datetime import timedelta

import pytest

from tests.engine_stage import NOON, begin, boundary, do, event, message, on, waiting
from tests.engine_world import chain, flow, line


def test_an_event_sub_process_that_does_not_interrupt_runs_as_often_as_its_event_comes() -> None:
    stage = begin(
        line('<userTask id="work"/>', names=("work",))
        + on("handle", "message m", '<userTask id="note"/>' + chain("handle_start", "note"), interrupting=False)
    )

    for number in range(3):
        message(stage, "paid", last=number)

    assert waiting(stage) == ["note", "note", "note", "work"]
    assert stage.case.variables["last"] == 2


def test_its_event_is_armed_as_long_as_a_handler_runs_though_the_body_has_ended() -> None:
    stage = begin(
        line('<userTask id="work"/>', names=("work",))
        + on("handle", "message m", '<userTask id="note"/>' + chain("handle_start", "note"), interrupting=False)
    )
    message(stage, "paid")
    do(stage, "work")

    assert stage.case.state == "running"
    message(stage, "paid")
    do(stage, "note")
    do(stage, "note")

    assert (stage.case.state, stage.subscriptions) == ("completed", {})


def test_an_interrupting_one_stops_the_body_and_running_handlers() -> None:
    stage = begin(
        line('<userTask id="work"/>', names=("work",))
        + on("handle", "message m", '<userTask id="note"/>' + chain("handle_start", "note"), interrupting=False)
        + on("stop", "signal s", '<userTask id="clean"/>' + chain("stop_start", "clean"))
    )
    message(stage, "paid")

    stage.signal("alarm", {})

    assert waiting(stage) == ["clean"]
    assert stage.subscriptions == {}
    do(stage, "clean")
    assert stage.case.state == "completed"


def test_variables_stay_as_the_interrupted_scope_left_them() -> None:
    stage = begin(
        '<startEvent id="start"/><subProcess id="sub"><startEvent id="in"/>'
        "<scriptTask id='count'><script>amount = amount + 1\nseen = [1, 1]</script></scriptTask>"
        '<userTask id="work"/>'
        + chain("in", "count", "work")
        + on(
            "handle",
            "message m",
            "<scriptTask id='again'><script>amount = amount * 10</script></scriptTask>"
            + chain("handle_start", "again"),
        )
        + "</subProcess>"
        + '<userTask id="after"/>'
        + chain("start", "sub", "after"),
        amount=1,
    )

    message(stage, "paid")

    assert waiting(stage) == ["after"]
    assert (stage.case.variables["amount"], stage.case.variables["seen"]) == (20, [1, 1])


def test_an_error_sub_process_handles_its_scope_and_throws_further_out() -> None:
    stage = begin(
        '<startEvent id="start"/><subProcess id="sub"><startEvent id="in"/>'
        + event("endEvent", "fail", "error e")
        + chain("in", "fail")
        + on("handle", "error e", event("endEvent", "again", "error e") + chain("handle_start", "again"))
        + "</subProcess>"
        + boundary("b", "sub", "error e")
        + '<endEvent id="end"/>'
        + chain("start", "sub")
        + chain("b", "end")
    )

    assert stage.trace == ["start", "in", "fail", "handle_start", "again", "b", "end"]
    assert stage.case.state == "completed"


@pytest.mark.parametrize(("kind", "interrupting"), [("error e", True), ("escalation x", True), ("escalation x", False)])
def test_what_a_handler_beside_the_body_throws_begins_another_handler_of_their_scope(
    kind: str, *, interrupting: bool
) -> None:
    throws = event("endEvent", "up", kind) + chain("note_start", "up")
    stage = begin(
        line(
            '<subProcess id="sub"><startEvent id="in"/><userTask id="work"/>'
            + chain("in", "work")
            + on("note", "message m", throws, interrupting=False)
            + on("fix", kind, '<userTask id="mend"/>' + chain("fix_start", "mend"), interrupting=interrupting)
            + "</subProcess>",
            names=("sub",),
        )
        + boundary("b", "sub", kind)
        + '<userTask id="outside"/>'
        + chain("b", "outside")
    )
    message(stage, "paid")

    assert waiting(stage) == (["mend"] if interrupting else ["mend", "work"])


def test_what_a_handler_throws_never_begins_the_same_handler_again() -> None:
    stage = begin(
        line(event("intermediateThrowEvent", "up", "escalation x"), '<userTask id="work"/>', names=("up", "work"))
        + on(
            "h",
            "escalation x",
            event("endEvent", "again", "escalation x") + chain("h_start", "again"),
            interrupting=False,
        )
    )

    assert stage.trace == ["start", "up", "h_start", "again", "h"]
    assert waiting(stage) == ["work"]


def test_a_timer_arms_an_event_sub_process_again_and_again() -> None:
    stage = begin(
        line('<userTask id="work"/>', names=("work",))
        + on("remind", "timer R2/PT1H", '<userTask id="note"/>' + chain("remind_start", "note"), interrupting=False)
    )
    stage.advance(NOON + timedelta(hours=9))

    assert waiting(stage) == ["note", "note", "work"]


def test_an_event_sub_process_inside_a_parallel_multi_instance_belongs_to_its_instance() -> None:
    stage = begin(
        '<startEvent id="start"/><subProcess id="each">'
        '<multiInstanceLoopCharacteristics camunda:collection="= [1, 2]" camunda:elementVariable="item"/>'
        '<startEvent id="in"/><userTask id="work"/>'
        + chain("in", "work")
        + on("handle", "message m", '<userTask id="clean"/>' + chain("handle_start", "clean")).replace(
            "messageRef", 'obieg:correlationKey="= string(item)" messageRef'
        )
        + '</subProcess><endEvent id="end"/>'
        + chain("start", "each", "end")
    )

    message(stage, "paid", "2")

    assert waiting(stage) == ["clean", "work"]
    do(stage, "clean")
    assert waiting(stage) == ["work"]
    do(stage, "work")
    assert stage.case.state == "completed"


def test_an_error_of_one_instance_of_many_takes_all_of_them_away() -> None:
    stage = begin(
        '<startEvent id="start"/><subProcess id="each">'
        '<multiInstanceLoopCharacteristics camunda:collection="= [1, 2, 3]" camunda:elementVariable="item"/>'
        '<startEvent id="in"/><userTask id="work"/>'
        + event("endEvent", "fail", "error e")
        + chain("in", "work", "fail")
        + "</subProcess>"
        + boundary("b", "each", "error e")
        + '<userTask id="after"/><endEvent id="end"/>'
        + chain("start", "each", "end")
        + chain("b", "after")
    )

    do(stage, "work", 2)

    assert waiting(stage) == ["after"]


def test_terminate_in_a_handler_ends_the_handler_and_in_the_body_everything() -> None:
    content = (
        '<startEvent id="start"/><subProcess id="sub"><startEvent id="in"/><userTask id="work"/>'
        + event("endEvent", "kill", "terminate")
        + chain("in", "work", "kill")
        + on(
            "handle",
            "message m",
            '<parallelGateway id="fork"/><userTask id="note"/><userTask id="other"/>'
            + event("endEvent", "stop", "terminate")
            + chain("handle_start", "fork", "note", "stop")
            + flow("fork", "other"),
            interrupting=False,
        )
        + '</subProcess><userTask id="after"/>'
        + chain("start", "sub", "after")
    )
    stage = begin(content)
    message(stage, "paid")
    do(stage, "note")
    assert waiting(stage) == ["work"]

    message(stage, "paid")
    do(stage, "work")
    assert waiting(stage) == ["after"]


def test_two_tokens_on_one_task_have_a_boundary_each() -> None:
    stage = begin(
        '<startEvent id="start"/><parallelGateway id="fork"/><userTask id="work"/>'
        + boundary("b", "work", "message m")
        + '<userTask id="late"/>'
        + chain("start", "fork", "work")
        + '<sequenceFlow id="second" sourceRef="fork" targetRef="work"/>'
        + chain("b", "late")
    )
    assert waiting(stage) == ["work", "work"]

    message(stage, "paid")

    assert waiting(stage) == ["late", "work"]
    assert len(stage.subscriptions) == 1


def test_a_loop_goes_round_while_its_condition_is_true() -> None:
    stage = begin(
        line(
            '<userTask id="work"><standardLoopCharacteristics loopMaximum="3"><loopCondition>not(done)</loopCondition>'
            "</standardLoopCharacteristics></userTask>",
            names=("work",),
        ),
        done=False,
    )

    do(stage, "work")
    do(stage, "work", done=True)

    assert stage.case.state == "completed"


def test_a_loop_ends_at_its_maximum_and_may_not_begin_at_all() -> None:
    stage = begin(
        line(
            '<userTask id="work"><standardLoopCharacteristics loopMaximum="2"/></userTask>'
            '<task id="never"><standardLoopCharacteristics testBefore="true"><loopCondition>false</loopCondition>'
            "</standardLoopCharacteristics></task>",
            names=("work", "never"),
        )
    )

    do(stage, "work")
    do(stage, "work")

    assert stage.trace == ["start", "work", "work", "end"]


def test_excess_tokens_at_a_parallel_join_wait_for_their_turn() -> None:
    stage = begin(
        '<startEvent id="start"/><userTask id="a"/><userTask id="b"/><parallelGateway id="join"/><userTask id="after"/>'
        + boundary("more", "a", "message m", interrupting=False)
        + '<exclusiveGateway id="merge"/>'
        + chain("start", "a", "merge", "join", "after")
        + chain("start", "b", "join")
        + chain("more", "merge")
    )
    message(stage, "paid")
    message(stage, "paid")
    do(stage, "b")
    assert waiting(stage) == ["a", "after"]

    do(stage, "a")

    assert waiting(stage) == ["after"]
