"""Every activity with every marker in every place runs as often as it should, and its case goes on behind it."""

from __future__ import annotations

import pytest

from core.clock import FixedClock
from core.identity import SYSTEM
from engine.bpmn import Known, check_bpmn
from engine.dmn import read_model
from engine.rehearsal import Props, Rehearsal
from engine.runtime import load
from tests.engine_stage import NOON, ROOTS, boundary, callee, event, on, programs, waiting
from tests.engine_world import bpmn, chain

INSIDE = '<startEvent id="i1"/><userTask id="i2"/>' + chain("i1", "i2")
ACTIVITIES = {
    "task": "",
    "manualTask": "",
    "userTask": "",
    "serviceTask": "",
    "scriptTask": "<script>n = 1</script>",
    "sendTask": "",
    "receiveTask": "",
    "businessRuleTask": "",
    "callActivity": "",
    "subProcess": INSIDE,
    "transaction": INSIDE,
    "adHocSubProcess": '<userTask id="i2"/>',
}
ATTRIBUTES = {
    "serviceTask": 'obieg:handler="h"',
    "sendTask": 'messageRef="m2"',
    "receiveTask": 'messageRef="m"',
    "businessRuleTask": 'camunda:decisionRef="d"',
    "callActivity": 'calledElement="called"',
}
THREE = "<loopCardinality>3</loopCardinality></multiInstanceLoopCharacteristics>"
MARKERS = {
    "none": "",
    "loop": '<standardLoopCharacteristics loopMaximum="3"><loopCondition>true</loopCondition>'
    "</standardLoopCharacteristics>",
    "sequential": f'<multiInstanceLoopCharacteristics isSequential="true">{THREE}',
    "parallel": f"<multiInstanceLoopCharacteristics>{THREE}",
}
PLACES = ("process", "subProcess", "transaction", "eventSubProcess", "adHocSubProcess")
CALLED = callee('<startEvent id="c1"/><userTask id="c2"/>' + chain("c1", "c2"))
DECISION = b"""<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d1" name="d" namespace="d">
<decision id="d" name="d"><variable name="d"/><literalExpression><text>1</text></literalExpression></decision>
</definitions>"""


def activity(kind: str, marker: str, *, undoes: bool) -> str:
    """The activity that is looked at."""
    attributes = ATTRIBUTES.get(kind, "") + (' isForCompensation="true"' if undoes else "")
    return f'<{kind} id="it" {attributes}>{MARKERS[marker]}{ACTIVITIES[kind]}</{kind}>'


def model(place: str, kind: str, marker: str, *, undoes: bool) -> str:
    """A process with the activity in this place and the task `after` behind it, or behind the throw that it undoes."""
    way = ["it", "after"]
    content = activity(kind, marker, undoes=undoes) + '<userTask id="after"/>'
    if undoes:
        way = ["work", "back", "after"]
        content += '<userTask id="work"/>' + boundary("tie", "work", "compensate")
        content += '<association id="a" sourceRef="tie" targetRef="it"/>'
        content += event("intermediateThrowEvent", "back", "compensate")
    start, around = '<startEvent id="start"/>', chain("start", "host", "end") + '<endEvent id="end"/>'
    match place:
        case "process":
            return start + content + chain("start", *way)
        case "eventSubProcess":
            inner = content + chain("host_start", *way)
            return start + '<userTask id="body"/>' + chain("start", "body") + on("host", "signal s", inner)
        case "adHocSubProcess":
            return start + f'<adHocSubProcess id="host">{content}{chain(*way)}</adHocSubProcess>' + around
    return start + f'<{place} id="host"><startEvent id="in"/>{content}{chain("in", *way)}</{place}>' + around


def begun(source: bytes) -> Rehearsal:
    checked = check_bpmn("t.bpmn", source, Known(handlers=frozenset({"h"})))
    assert not checked.findings.refuses, [str(each) for each in checked.findings]
    known = {each.process.id: each for each in (*map(load, checked.processes), *programs(CALLED))}
    props = Props(answers={"h": {}}, decisions={"d": read_model(DECISION)}, called=known.get)
    stage = Rehearsal(known["process"], FixedClock(NOON), props)
    stage.start({}, SYSTEM)
    return stage


def go_on(stage: Rehearsal) -> bool:
    """One step of whoever the activity waits for; whether there was one."""
    messages = [token for token, each in stage.subscriptions.items() if each.kind == "message"]
    tasks = [token for token, work in stage.work.items() if work.node.id not in {"after", "body"}]
    scopes = [each.element_id for role in stage.ensemble.roles for each in role.case.open_scopes()]
    if messages:
        stage.message(messages[0], {})
    elif tasks:
        stage.complete(tasks[0], {}, SYSTEM)
    elif "it" in scopes:
        stage.finish("it", SYSTEM)
    else:
        return False
    return True


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("undoes", [False, True], ids=["does", "undoes"])
@pytest.mark.parametrize("marker", MARKERS)
@pytest.mark.parametrize("kind", ACTIVITIES)
def test_an_activity_runs_as_often_as_its_marker_says_and_its_case_goes_on(
    place: str, kind: str, marker: str, *, undoes: bool
) -> None:
    stage = begun(bpmn(model(place, kind, marker, undoes=undoes), roots=ROOTS))
    if place == "eventSubProcess":
        stage.signal("alarm", {})
    elif place == "adHocSubProcess":
        stage.choose("work" if undoes else "it", SYSTEM)
    while go_on(stage):
        assert stage.incidents == []
    if place == "adHocSubProcess":
        stage.choose("after", SYSTEM)  # offered once its token has come

    assert stage.trace.count("it") == (1 if marker == "none" else 3)
    assert waiting(stage) == ["after"]
