"""Compensation of call activities: by their own handler, else the called case undoes what it has done."""

from datetime import timedelta

from engine.rehearsal import Rehearsal
from tests.engine_stage import NOON, begin, boundary, call, callee, do, event, on, waiting
from tests.engine_world import chain, line


def undone_by(activity: str, handler: str) -> str:
    return (
        boundary(f"at_{activity}", activity, "compensate")
        + f'<userTask id="{handler}" isForCompensation="true"/>'
        + f'<association id="ties_{activity}" sourceRef="at_{activity}" targetRef="{handler}"/>'
    )


BOOKS = callee(
    line('<userTask id="book"/>', '<userTask id="pay"/>', names=("book", "pay"))
    + undone_by("book", "release")
    + undone_by("pay", "refund")
)
UNDO = event("intermediateThrowEvent", "undo", "compensate")
CALLER = line(
    call(), '<userTask id="decide"/>', UNDO, '<userTask id="after"/>', names=("call", "decide", "undo", "after")
)


def states(stage: Rehearsal) -> list[str]:
    return [role.case.state for role in stage.ensemble.roles]


def test_the_called_case_undoes_what_it_has_done_in_reverse_order() -> None:
    stage = begin(CALLER, called=(BOOKS,))
    for element in ("book", "pay", "decide"):
        do(stage, element)
    assert (waiting(stage), states(stage)) == (["refund"], ["running", "running"])

    do(stage, "refund")
    assert waiting(stage) == ["release"]
    do(stage, "release")

    assert (waiting(stage), states(stage)) == (["after"], ["running", "completed"])


def test_the_handler_of_the_call_activity_takes_the_place_of_those_inside() -> None:
    stage = begin(CALLER + undone_by("call", "apologise"), called=(BOOKS,))
    for element in ("book", "pay", "decide"):
        do(stage, element)
    assert waiting(stage) == ["apologise"]

    do(stage, "apologise")

    assert (waiting(stage), states(stage)) == (["after"], ["running", "completed"])


def test_a_process_may_say_itself_how_it_is_undone() -> None:
    says = callee(
        line('<userTask id="book"/>', names=("book",))
        + on("undone", "compensate", '<userTask id="sorry"/><endEvent id="e"/>' + chain("undone_start", "sorry", "e"))
    )
    stage = begin(CALLER, called=(says,))
    do(stage, "book", price=5)
    do(stage, "decide")
    assert waiting(stage) == ["sorry"]

    do(stage, "sorry")

    assert (waiting(stage), states(stage)) == (["after"], ["running", "completed"])


def test_every_case_of_a_multi_instance_call_is_undone() -> None:
    loop = "<multiInstanceLoopCharacteristics><loopCardinality>2</loopCardinality></multiInstanceLoopCharacteristics>"
    once = callee(line('<userTask id="book"/>', names=("book",)) + undone_by("book", "release"))
    stage = begin(CALLER.replace(call(), call(loop=loop)), called=(once,))
    for element in ("book", "book", "decide", "release", "release"):
        do(stage, element)

    assert (waiting(stage), states(stage)) == (["after"], ["running", "completed", "completed"])


def test_what_a_called_case_called_is_undone_too() -> None:
    between = callee(
        line(call(key="last"), '<userTask id="sign"/>', names=("call", "sign")) + undone_by("sign", "tear")
    )
    last = callee(line('<userTask id="book"/>', names=("book",)) + undone_by("book", "release"), "last")
    stage = begin(CALLER, called=(between, last))
    for element in ("book", "sign", "decide", "tear", "release"):
        do(stage, element)

    assert (waiting(stage), states(stage)) == (["after"], ["running", "completed", "completed"])


def test_an_interruption_ends_the_undoing() -> None:
    caller = (
        '<startEvent id="start"/><subProcess id="part"><startEvent id="s"/>'
        + call()
        + '<userTask id="decide"/>'
        + UNDO
        + '<endEvent id="e"/>'
        + chain("s", "call", "decide", "undo", "e")
        + "</subProcess>"
        + boundary("late", "part", "timer PT1H")
        + '<userTask id="after"/>'
        + chain("start", "part")
        + chain("late", "after")
    )
    stage = begin(caller, called=(BOOKS,))
    for element in ("book", "pay", "decide"):
        do(stage, element)

    stage.advance(NOON + timedelta(hours=1))

    assert (waiting(stage), states(stage)) == (["after"], ["running", "cancelled"])


def test_a_case_without_anything_to_undo_is_not_bothered() -> None:
    plain = callee(line('<userTask id="book"/>', names=("book",)))
    stage = begin(CALLER, called=(plain,))
    do(stage, "book")
    do(stage, "decide")

    assert (waiting(stage), states(stage)) == (["after"], ["running", "completed"])


def test_a_cancelled_transaction_undoes_its_calls() -> None:
    caller = line(
        '<transaction id="deal"><startEvent id="s"/>'
        + call()
        + '<userTask id="decide"/>'
        + event("endEvent", "off", "cancel ")
        + chain("s", "call", "decide", "off")
        + "</transaction>",
        names=("deal",),
    ) + boundary("fell", "deal", "cancel") + '<userTask id="after"/>' + chain("fell", "after")  # fmt: skip
    stage = begin(caller, called=(BOOKS,))
    for element in ("book", "pay", "decide", "refund", "release"):
        do(stage, element)

    assert (waiting(stage), states(stage)) == (["after"], ["running", "completed"])
