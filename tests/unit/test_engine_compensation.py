"""Compensation: what was completed is undone in reverse order, scope by scope."""

import pytest

from tests.engine_stage import begin, boundary, do, event, message, on, waiting
from tests.engine_world import chain, flow

MANY = "<multiInstanceLoopCharacteristics><loopCardinality>{}</loopCardinality></multiInstanceLoopCharacteristics>"


def undone(name: str, kind: str = "task", content: str = "") -> str:
    """An activity with the activity that undoes it."""
    return (
        f'<{kind} id="{name}">{content}</{kind}>'
        + boundary(f"{name}_undo", name, "compensate")
        + f'<{kind} id="undo_{name}" isForCompensation="true"/>'
        + f'<association id="{name}_link" sourceRef="{name}_undo" targetRef="undo_{name}"/>'
    )


def test_what_was_done_is_undone_in_reverse_order_once() -> None:
    stage = begin(
        '<startEvent id="start"/>'
        + undone("a")
        + undone("b")
        + event("intermediateThrowEvent", "back", "compensate")
        + event("endEvent", "again", "compensate")
        + chain("start", "a", "b", "back", "again")
    )

    assert stage.trace == ["start", "a", "b", "undo_b", "undo_a", "back", "again"]
    assert stage.case.state == "completed"


def test_one_activity_alone_can_be_undone() -> None:
    stage = begin(
        '<startEvent id="start"/>'
        + undone("a")
        + undone("b")
        + event("endEvent", "back", "compensate a")
        + chain("start", "a", "b", "back")
    )

    assert stage.trace == ["start", "a", "b", "undo_a", "back"]


def test_a_person_may_have_to_undo() -> None:
    stage = begin(
        '<startEvent id="start"/>'
        + undone("a", "userTask")
        + undone("b", "userTask")
        + event("endEvent", "back", "compensate")
        + chain("start", "a", "b", "back")
    )
    do(stage, "a")
    do(stage, "b")

    assert waiting(stage) == ["undo_b"]
    do(stage, "undo_b")
    assert waiting(stage) == ["undo_a"]
    do(stage, "undo_a")
    assert stage.case.state == "completed"


def test_every_round_of_a_loop_is_undone() -> None:
    stage = begin(
        '<startEvent id="start"/><exclusiveGateway id="merge"/>'
        + undone("a", "userTask")
        + '<exclusiveGateway id="more" default="more_back"/>'
        + event("endEvent", "back", "compensate")
        + chain("start", "merge", "a", "more", "back")
        + flow("more", "merge", "again")
    )

    for again in (True, True, False):
        do(stage, "a", again=again)
    for _ in range(3):
        do(stage, "undo_a")

    assert stage.case.state == "completed"


def test_every_instance_of_a_multi_instance_is_undone_with_its_own_variables() -> None:
    stage = begin(
        '<startEvent id="start"/>'
        + undone(
            "a",
            "userTask",
            '<multiInstanceLoopCharacteristics camunda:collection="= [1, 2]" camunda:elementVariable="item"/>',
        )
        + event("endEvent", "back", "compensate")
        + chain("start", "a", "back")
    )
    do(stage, "a")
    do(stage, "a")

    assert [stage.case.seen_by(token)["item"] for token in stage.work] == [2]
    do(stage, "undo_a")
    assert [stage.case.seen_by(token)["item"] for token in stage.work] == [1]
    do(stage, "undo_a")
    assert stage.case.state == "completed"


def inner(name: str, *content: str) -> str:
    return f'<subProcess id="{name}"><startEvent id="{name}_in"/>{"".join(content)}</subProcess>'


def test_a_sub_process_without_a_handler_undoes_what_it_has_done() -> None:
    stage = begin(
        '<startEvent id="start"/>'
        + inner("sub", undone("a"), undone("b"), chain("sub_in", "a", "b"))
        + undone("c")
        + event("endEvent", "back", "compensate")
        + chain("start", "sub", "c", "back")
    )

    assert stage.trace[-4:] == ["undo_c", "undo_b", "undo_a", "back"]
    assert stage.case.state == "completed"


def test_a_compensation_event_sub_process_decides_what_is_undone() -> None:
    stage = begin(
        '<startEvent id="start"/>'
        + inner(
            "sub",
            undone("a"),
            undone("b"),
            chain("sub_in", "a", "b"),
            on(
                "undo",
                "compensate",
                '<task id="first"/>'
                + event("endEvent", "only_a", "compensate a")
                + chain("undo_start", "first", "only_a"),
            ),
        )
        + event("endEvent", "back", "compensate")
        + chain("start", "sub", "back")
    )

    assert stage.trace[-6:] == ["undo_start", "first", "undo_a", "only_a", "undo", "back"]


def test_a_compensation_inside_an_interrupting_event_sub_process_reaches_the_scope_it_handles() -> None:
    stage = begin(
        '<startEvent id="start"/>'
        + undone("a")
        + '<userTask id="work"/>'
        + chain("start", "a", "work")
        + on("stop", "message m", event("endEvent", "back", "compensate") + chain("stop_start", "back"))
    )

    message(stage, "paid")

    assert stage.trace == ["start", "a", "stop_start", "undo_a", "back", "stop"]
    assert stage.case.state == "completed"


def test_a_cancelled_transaction_is_undone_and_left_by_its_boundary() -> None:
    stage = begin(
        '<startEvent id="start"/><transaction id="deal"><startEvent id="in"/><parallelGateway id="fork"/>'
        + undone("a", "userTask")
        + '<userTask id="open"/>'
        + event("endEvent", "cancel", "cancel")
        + chain("in", "fork", "a", "cancel")
        + chain("fork", "open")
        + "</transaction>"
        + boundary("cancelled", "deal", "cancel")
        + '<userTask id="after"/>'
        + chain("start", "deal")
        + chain("cancelled", "after")
    )
    do(stage, "a")

    assert waiting(stage) == ["undo_a"]
    do(stage, "undo_a")

    assert waiting(stage) == ["after"]
    do(stage, "after")
    assert stage.case.state == "completed"


@pytest.mark.parametrize(
    ("marker", "undone_ones"),
    [
        (MANY.format(3), 3),
        (MANY.format(45), 45),  # more than are kept in memory at once
        ('<standardLoopCharacteristics loopMaximum="5"/>', 3),
    ],
)
def test_one_instance_or_round_that_is_cancelled_cancels_the_whole_transaction(marker: str, undone_ones: int) -> None:
    inside = (
        f'{marker}<startEvent id="in"/>' + undone("a") + '<userTask id="work"/><exclusiveGateway id="which" '
        'default="which_fine"/><endEvent id="fine"/>' + event("endEvent", "cancel", "cancel")
        + chain("in", "a", "work", "which", "fine") + flow("which", "cancel", "bad")
    )  # fmt: skip
    stage = begin(
        f'<startEvent id="start"/><transaction id="deal">{inside}</transaction>'
        + boundary("cancelled", "deal", "cancel")
        + '<userTask id="after"/>'
        + chain("start", "deal")
        + chain("cancelled", "after"),
        bad=False,
    )
    do(stage, "work")
    do(stage, "work")
    do(stage, "work", bad=True)

    assert waiting(stage) == ["after"]
    assert stage.trace.count("undo_a") == undone_ones
    assert stage.trace[-1] == "cancelled"
