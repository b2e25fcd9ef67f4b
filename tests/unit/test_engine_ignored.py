"""What a diagram says beside what counts, or twice, would be ignored without a word: it is refused instead."""

from decimal import Decimal
from typing import Any

import pytest

from engine.bpmn import Known, check_bpmn
from engine.spiff.gateways import Inclusive
from tests.engine_stage import ROOTS, begin, call, do, waiting
from tests.engine_world import bpmn, chain, flow, line

MAPPED = "<camunda:inputOutput>{}</camunda:inputOutput>"
ONE = '<camunda:inputParameter name="a">1</camunda:inputParameter>'
TRIES = "<camunda:failedJobRetryTimeCycle>{}</camunda:failedJobRetryTimeCycle>"
OUTSIDE = 'camunda:type="external" camunda:topic="print"'


def errors(*nodes: str) -> list[str]:
    source = bpmn(line(*nodes, names=("work",)), roots=ROOTS)
    return [each.rule for each in check_bpmn("t.bpmn", source, Known()).findings if each.severity == "error"]


def task(kind: str = "userTask", attributes: str = "", inner: str = "") -> str:
    return f'<{kind} id="work" {attributes}><extensionElements>{inner}</extensionElements></{kind}>'


@pytest.mark.parametrize(
    ("attributes", "rule"),
    [
        ('camunda:class="false" obieg:handler="a.b"', "extension-refused"),
        ('camunda:jobPriority="0" obieg:handler="a.b"', "extension-refused"),
        ('camunda:failedJobRetryTimeCycle="R3/PT1M" camunda:type="external" camunda:topic="print"', "extension-place"),
        ('obieg:handler="a.b" camunda:taskPriority="9"', "priority"),
        ('camunda:type="external" camunda:topic="${topic}"', "external-topic"),
        ('obieg:handler="a.b" obieg:deferred="maybe"', "deferred"),
    ],
)
def test_an_attribute_of_a_service_task_that_would_not_count_is_refused(attributes: str, rule: str) -> None:
    assert errors(task("serviceTask", attributes)) == [rule]


@pytest.mark.parametrize(
    ("attributes", "rule"),
    [
        ('camunda:formKey="a" camunda:formRef="b"', "reference-binding"),
        ('camunda:formRef="a" camunda:formRefVersion="3"', "reference-binding"),
        ('camunda:formRefBinding="latest"', "reference-binding"),
        ('camunda:dueDate="tomorrow"', "due-date"),
        ('camunda:dueDate="R3/PT1H"', "due-date"),
        ('camunda:followUpDate="-PT1H"', "due-date"),
    ],
)
def test_an_attribute_of_a_user_task_that_would_not_count_is_refused(attributes: str, rule: str) -> None:
    assert errors(task(attributes=attributes)) == [rule]


@pytest.mark.parametrize(
    "attributes",
    [
        'camunda:formKey="a" camunda:formRef="a"',
        'camunda:formRef="a" camunda:formRefBinding="version" camunda:formRefVersion="3"',
        'camunda:dueDate="P3D" camunda:followUpDate="2026-01-31"',
        'camunda:dueDate="2026-01-31T08:00:00Z"',
        'camunda:dueDate="0 8 * * 1"',
        'camunda:dueDate="${deadline}"',
    ],
)
def test_what_counts_at_a_user_task_is_accepted(attributes: str) -> None:
    assert errors(task(attributes=attributes)) == []


@pytest.mark.parametrize(
    ("inner", "rule"),
    [
        ("<camunda:assignee>anna</camunda:assignee>", "extension-place"),
        ("<obieg:stage>sold</obieg:stage>", "extension-place"),
        (MAPPED.format(ONE) * 2, "extension-twice"),
        (MAPPED.format(ONE * 2), "mapping"),
        (MAPPED.format("<camunda:entry/>"), "extension-unknown"),
        (MAPPED.format(ONE.replace("name=", 'type="x" name=')), "extension-unknown"),
    ],
)
def test_an_extension_element_that_would_not_count_is_refused(inner: str, rule: str) -> None:
    assert errors(task(inner=inner)) == [rule]


def test_one_rule_says_when_work_is_tried_again() -> None:
    assert errors(task("serviceTask", OUTSIDE, TRIES.format("R3/PT1M"))) == []
    assert errors(task("serviceTask", OUTSIDE, TRIES.format("R3/PT1M") + TRIES.format("R9/PT1M"))) == [
        "extension-twice"
    ]


@pytest.mark.parametrize(
    ("inner", "rule"),
    [
        ('<camunda:in businessKey="=1"/><camunda:in businessKey="=2"/>', "extension-twice"),
        ('<camunda:in businessKey="=1" source="a" target="b"/>', "call-mapping"),
        ('<camunda:in source="a" target="b" local="maybe"/>', "call-mapping"),
    ],
)
def test_what_a_call_would_not_give_is_refused(inner: str, rule: str) -> None:
    assert errors(call("work", inner=inner)) == [rule]


def test_the_value_of_a_script_goes_to_its_result_variable() -> None:
    script = '<scriptTask id="work" camunda:resultVariable="total"><script>sum([1,\n 2])</script></scriptTask>'
    stage = begin(line(script, '<userTask id="look"/>', names=("work", "look")))

    assert stage.case.variables == {"total": Decimal(3)}


def test_a_script_that_assigns_has_no_value_for_a_result_variable() -> None:
    assert errors('<scriptTask id="work" camunda:resultVariable="total"><script>a = 1</script></scriptTask>') == [
        "expression"
    ]


@pytest.mark.parametrize("value", ["[1, 2]", "{name: 1}", "true"])
def test_a_task_is_assigned_to_one_name_or_the_case_stops_with_an_incident(value: str) -> None:
    stage = begin(line(f'<userTask id="work" camunda:assignee="={value}"/>', names=("work",)))

    assert (stage.case.state, waiting(stage)) == ("failed", [])


def test_the_default_flow_of_a_task_is_not_taken_beside_one_without_a_condition() -> None:
    stage = begin(
        '<startEvent id="start"/><userTask id="work" default="work_other"/><userTask id="always"/>'
        '<userTask id="other"/>' + chain("start", "work", "always") + flow("work", "other")
    )

    do(stage, "work")

    assert waiting(stage) == ["always"]


def test_the_default_flow_of_a_task_that_is_its_only_one_is_taken() -> None:
    stage = begin(
        '<startEvent id="start"/><userTask id="work" default="work_next"/><userTask id="next"/>'
        + chain("start", "work", "next")
    )

    do(stage, "work")

    assert waiting(stage) == ["next"]


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        ('<subProcess id="work"><startEvent id="inner" camunda:initiator="who"/></subProcess>', "extension-place"),
        ('<userTask id="work" xsi:type="tServiceTask"/>', "attribute-value"),
        (
            '<dataObject id="d"/><dataObjectReference id="r" dataObjectRef="d" obieg:documentType=""/>',
            "extension-empty",
        ),
    ],
)
def test_what_says_something_else_than_its_place_is_refused(content: str, rule: str) -> None:
    body = content if 'id="work"' in content else content + '<task id="work"/>'

    assert errors(body) == [rule]


@pytest.mark.parametrize("name", ["=name", "paid-${id}"])
def test_the_name_of_a_message_is_no_expression(name: str) -> None:
    source = bpmn(
        line('<receiveTask id="work" messageRef="m3"/>', names=("work",)), roots=f'<message id="m3" name="{name}"/>'
    )

    assert [each.rule for each in check_bpmn("t.bpmn", source, Known()).findings] == ["event-name"]


def test_many_tokens_at_one_inclusive_join_are_asked_for_once_a_step(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    may_join = Inclusive.may_join

    def counted(self: Inclusive, task: Any) -> bool:
        asked.append(task.id)
        return may_join(self, task)

    monkeypatch.setattr(Inclusive, "may_join", counted)
    tasks = [f"t{number}" for number in range(20)]
    stage = begin(
        '<startEvent id="start"/><inclusiveGateway id="join"/><userTask id="after"/>'
        + "".join(f'<userTask id="{each}"/>' + chain("start", each, "join") for each in tasks)
        + chain("join", "after")
    )
    for each in tasks:
        do(stage, each)

    assert waiting(stage) == ["after"]
    assert len(asked) <= 2 * len(tasks)
