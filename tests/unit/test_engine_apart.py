"""`camunda:asyncBefore` and `asyncAfter`: where they may stand, and scenarios that need not wait for them."""

import pytest

from engine.bpmn import Known, check_bpmn
from tests.engine_stage import begin, do, on, waiting
from tests.engine_world import bpmn, chain, line

BOTH = 'camunda:asyncBefore="true" camunda:asyncAfter="true"'
HANDLER = on("handler", "timer PT1H", "")


def test_a_scenario_goes_on_by_itself() -> None:
    stage = begin(
        line(
            '<task id="first" camunda:asyncBefore="true"/>',
            '<userTask id="work" camunda:asyncAfter="true"/>',
            f'<subProcess id="part" {BOTH}><task id="inner" camunda:asyncBefore="1"/></subProcess>',
            '<endEvent id="beside" camunda:asyncBefore="true"/>',
            names=("first", "work", "part"),
        )
        + chain("work", "beside")
    )

    assert waiting(stage) == ["work"]
    do(stage, "work")

    assert stage.case.state == "completed"
    assert stage.trace.count("inner") == stage.trace.count("beside") == 1
    assert stage.timers == {}


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (
            '<task id="x"/>' + HANDLER.replace('"true"', '"true" camunda:asyncBefore="true"', 1),
            "begins with its event",
        ),
        ('<adHocSubProcess id="x"><task id="y" camunda:asyncBefore="true"/></adHocSubProcess>', "people start"),
        ('<task id="x"/><task id="y" isForCompensation="true" camunda:asyncBefore="true"/>', "the compensation"),
        ('<task id="x" camunda:asyncBefore="maybe"/>', "true or false"),
        (
            '<task id="x"/>' + HANDLER.replace('"true"', '"true" camunda:asyncAfter="true"', 1),
            "Nothing comes behind an event sub-process",
        ),
        ('<adHocSubProcess id="x"><task id="y" camunda:asyncAfter="true"/></adHocSubProcess>', "what comes next"),
        ('<task id="x"/><task id="y" isForCompensation="true" camunda:asyncAfter="true"/>', "behind what undoes"),
        ('<task id="x" camunda:asyncAfter="maybe"/>', "true or false"),
        ('<receiveTask id="x" camunda:asyncAfter="true"/>', "not to <receiveTask>"),
        ('<receiveTask id="x" camunda:asyncBefore="true"/>', "not to <receiveTask>"),
    ],
)
def test_it_is_refused_where_it_could_not_be_kept(content: str, sentence: str) -> None:
    checked = check_bpmn("test.bpmn", bpmn(line(content, names=("x",))), Known())

    assert checked.findings.refuses
    assert any(sentence in str(finding) for finding in checked.findings)


def test_false_changes_nothing() -> None:
    off = 'camunda:asyncBefore="false" camunda:asyncAfter="false"'
    stage = begin(line(f'<task id="x" {off}/>', names=("x",)).replace("<startEvent", f"<startEvent {off}"))

    assert stage.case.state == "completed"
