"""Every event in every position does what the reference page says: it runs, or it is refused with the page's reason."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.clock import FixedClock
from core.identity import SYSTEM
from engine.bpmn import Known, check_bpmn
from engine.bpmn.support import EVENT_KINDS, POSITIONS, event_verdict
from engine.rehearsal import Props, Rehearsal
from tests.engine_stage import NOON, ROOTS, begin, boundary, do, event, message, programs, waiting
from tests.engine_world import bpmn, chain

KINDS = ("none", *EVENT_KINDS)
MEANT = {  # what an event of this kind says
    "none": "",
    "message": "message m",
    "timer": "timer PT1H",
    "signal": "signal s",
    "conditional": "conditional n &gt; 3",
    "error": "error e",
    "escalation": "escalation x",
    "compensation": "compensate",
    "link": "link over",
    "cancel": "cancel",
    "terminate": "terminate",
    "multiple": "message m, signal s",
}
ALLOWED = {  # BPMN 2.0.2, tables 10.84 to 10.93
    "startEvent": "none message timer signal conditional multiple",
    "intermediateCatchEvent": "message timer signal conditional link multiple",
    "intermediateThrowEvent": "none message signal escalation compensation link multiple",
    "boundaryEvent": "message timer signal conditional error escalation compensation cancel multiple",
    "endEvent": "none message signal error escalation compensation cancel terminate multiple",
    "eventSubProcessStart": "message timer signal conditional error escalation compensation multiple",
}
FROM_INSIDE = ("error", "escalation", "cancel")
AGAIN = ("message", "timer", "signal", "conditional", "escalation", "multiple")  # may leave going on what they come to
START, END, AFTER = '<startEvent id="start"/>', '<endEvent id="end"/>', '<userTask id="after"/>'
UNDONE = (
    '<userTask id="done"/>'
    + boundary("tie", "done", "compensate")
    + '<userTask id="undo" isForCompensation="true"/><association id="a" sourceRef="tie" targetRef="undo"/>'
)


def it(tag: str, kind: str, attributes: str = "") -> str:
    """The event that is looked at."""
    if kind == "none":
        return f'<{tag} id="it" {attributes}/>'
    return event(tag, "it", MEANT[kind], attributes)


def host(content: str, kind: str = "") -> str:
    """A sub-process that what comes out of can be caught at; a transaction where that is a cancel."""
    tag = "transaction" if kind == "cancel" else "subProcess"
    return f'<{tag} id="host"><startEvent id="in"/>{content}</{tag}>'


def body(kind: str) -> str:
    """A task, then what throws this kind, where it can come from inside only, then another task."""
    if kind == "escalation":
        up = event("intermediateThrowEvent", "up", MEANT[kind]) + '<userTask id="rest"/>' + chain("up", "rest")
    elif kind in FROM_INSIDE:
        up = event("endEvent", "up", MEANT[kind])
    else:
        up = '<task id="up"/>'
    return f'<userTask id="work"/>{up}' + chain("in", "work", "up")


def happen(stage: Rehearsal, kind: str) -> None:
    """Have the event come that is waited for."""
    match kind:
        case "message" | "multiple":
            message(stage, "paid")
        case "timer":
            stage.advance(NOON + timedelta(hours=1))
        case "signal":
            stage.signal("alarm", {})
        case "conditional":
            stage.set({"n": 5})
        case "error" | "escalation" | "cancel":
            do(stage, "work")


def model(position: str, kind: str, *, interrupting: bool = True) -> str:
    """A process with the event in this position, and after it the task `after`."""
    match position:
        case "startEvent":
            return it(position, kind) + AFTER + chain("it", "after")
        case "intermediateCatchEvent":
            first = event("intermediateThrowEvent", "first", MEANT["link"] if kind == "link" else "message m2")
            leads = chain("start", "first") if kind == "link" else chain("start", "first", "it")
            return START + first + it(position, kind) + AFTER + leads + chain("it", "after")
        case "intermediateThrowEvent":
            caught = event("intermediateCatchEvent", "there", MEANT["link"]) + chain("there", "after")
            behind = caught if kind == "link" else chain("it", "after")
            return thrown(it(position, kind) + AFTER + behind, kind)
        case "endEvent":
            return thrown(it(position, kind), kind)
        case "boundaryEvent" if kind == "compensation":
            undo = (
                '<userTask id="after" isForCompensation="true"/><association id="a" sourceRef="it" targetRef="after"/>'
            )
            back = event("endEvent", "back", "compensate")
            return (
                START
                + host("")
                + it(position, kind, 'attachedToRef="host"')
                + undo
                + back
                + chain("start", "host", "back")
            )
        case "boundaryEvent":
            cancels = f'attachedToRef="host" cancelActivity="{str(interrupting).lower()}"'
            at = it(position, kind, cancels) + AFTER + chain("it", "after")
            return START + host(body(kind), kind) + at + END + chain("start", "host", "end")
    start = it("startEvent", kind, f'isInterrupting="{str(interrupting).lower()}"')
    handler = f'<subProcess id="handler" triggeredByEvent="true">{start}{AFTER}{chain("it", "after")}</subProcess>'
    if kind == "compensation":
        back = event("endEvent", "back", "compensate")
        return START + host('<task id="work"/>' + chain("in", "work") + handler) + back + chain("start", "host", "back")
    return START + host(body(kind) + handler, kind) + END + chain("start", "host", "end")


def thrown(content: str, kind: str) -> str:
    """The event in a sub-process, behind an activity that can be undone and beside one that goes on."""
    fork = (
        '<parallelGateway id="fork"/><userTask id="beside"/>'
        + chain("in", "fork", "done", "it")
        + chain("fork", "beside")
    )
    caught = ""
    if kind in {*FROM_INSIDE, "signal"}:
        caught = boundary("catch", "host", MEANT[kind]) + '<userTask id="caught"/>' + chain("catch", "caught")
    return START + host(UNDONE + fork + content, kind) + caught + END + chain("start", "host", "end")


def cells(*, runs: bool) -> list[tuple[str, str]]:
    return [(position, kind) for position in POSITIONS for kind in KINDS if event_verdict(position, kind).runs is runs]


def test_everything_that_the_standard_allows_runs_and_nothing_else() -> None:
    allowed = {(position, kind) for position, kinds in ALLOWED.items() for kind in kinds.split()}

    assert set(cells(runs=True)) == allowed


@pytest.mark.parametrize(("position", "kind"), cells(runs=False))
def test_a_trigger_that_the_page_refuses_in_a_position_is_refused_there_with_that_reason(
    position: str, kind: str
) -> None:
    source = bpmn(model(position, kind), roots=ROOTS)
    refusals = [each for each in check_bpmn("t.bpmn", source, Known()).findings if each.severity == "error"]

    assert ("element-unsupported", "it") in [(each.rule, each.element) for each in refusals]
    assert any(event_verdict(position, kind).because in each.sentence for each in refusals)


@pytest.mark.parametrize("kind", [kind for position, kind in cells(runs=True) if position == "startEvent"])
def test_a_start_event_begins_a_case(kind: str) -> None:
    (program,) = programs(bpmn(model("startEvent", kind), roots=ROOTS))
    stage = Rehearsal(program, FixedClock(NOON), Props())
    stage.begin({}, SYSTEM, "it")

    assert (stage.trace, waiting(stage)) == (["it"], ["after"])


@pytest.mark.parametrize("kind", [kind for position, kind in cells(runs=True) if position == "intermediateCatchEvent"])
def test_an_event_between_activities_waits_until_it_happens(kind: str) -> None:
    stage = begin(model("intermediateCatchEvent", kind), n=1)
    if kind != "link":
        assert waiting(stage) == []
        happen(stage, kind)

    assert (stage.trace, waiting(stage)) == (["start", "first", "it"], ["after"])


@pytest.mark.parametrize(
    ("position", "kind", "interrupting"),
    [
        (position, kind, interrupting)
        for position, kind in cells(runs=True)
        for interrupting in ((True, False) if kind in AGAIN else (True,))
        if position in {"boundaryEvent", "eventSubProcessStart"}
    ],
)
def test_an_event_at_a_scope_leads_out_of_it_or_beside_it(position: str, kind: str, *, interrupting: bool) -> None:
    stage = begin(model(position, kind, interrupting=interrupting), n=1)
    if kind != "compensation":
        assert waiting(stage) == ["work"]
    happen(stage, kind)

    goes_on = [] if interrupting else ["rest" if kind == "escalation" else "work"]
    assert waiting(stage) == ["after", *goes_on]
    assert "it" in stage.trace or kind == "compensation"


@pytest.mark.parametrize(
    ("position", "kind"),
    [cell for cell in cells(runs=True) if cell[0] in {"intermediateThrowEvent", "endEvent"}],
)
def test_what_is_thrown_reaches_what_it_is_for(position: str, kind: str) -> None:
    stage = begin(model(position, kind))
    do(stage, "done")

    behind = ["after"] if position == "intermediateThrowEvent" else []
    match kind:
        case "error" | "escalation" | "signal":
            assert waiting(stage) == ["caught"]
        case "cancel":
            assert waiting(stage) == ["undo"]
            do(stage, "undo")
            assert waiting(stage) == ["caught"]
        case "compensation":
            assert waiting(stage) == ["beside", "undo"]
            do(stage, "undo")
            assert waiting(stage) == [*behind, "beside"]
        case "terminate":
            assert stage.case.state == "completed"
        case _:
            assert waiting(stage) == [*behind, "beside"]
    assert [each.name for each in stage.messages] == (["paid"] if kind in {"message", "multiple"} else [])
    assert [each.name for each in stage.signals] == (["alarm"] if kind in {"signal", "multiple"} else [])
    assert "it" in stage.trace
