"""`camunda:asyncBefore`: where it may stand, and scenarios that need not wait for it."""

import pytest

from engine.bpmn import Known, check_bpmn
from tests.engine_stage import begin, do, on, waiting
from tests.engine_world import bpmn, chain, line

HANDLER = on("handler", "timer PT1H", "")


def test_a_scenario_goes_on_by_itself() -> None:
    stage = begin(
        line(
            '<task id="first" camunda:asyncBefore="true"/>',
            '<userTask id="work"/>',
            '<subProcess id="part" camunda:asyncBefore="true"><task id="inner" camunda:asyncBefore="1"/></subProcess>',
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
        ('<task id="x" camunda:asyncAfter="true"/>', "at what follows"),
        ('<receiveTask id="x" camunda:asyncBefore="true"/>', "not to <receiveTask>"),
    ],
)
def test_it_is_refused_where_it_could_not_be_kept(content: str, sentence: str) -> None:
    checked = check_bpmn("test.bpmn", bpmn(line(content, names=("x",))), Known())

    assert checked.findings.refuses
    assert any(sentence in str(finding) for finding in checked.findings)


def test_false_changes_nothing() -> None:
    stage = begin(line('<task id="x" camunda:asyncBefore="false" camunda:asyncAfter="false"/>', names=("x",)))

    assert stage.case.state == "completed"
