"""The standard's correlation is what messages are delivered by, or is refused."""

from pathlib import Path

import pytest

from engine.bpmn import Known, check_bpmn
from engine.scenarios import play
from tests.engine_correlated import CATCH, KEY, PAYMENT, READ, WANTED, correlated
from tests.engine_stage import begin

SEND = (
    '<sendTask id="send" messageRef="paid"><extensionElements><camunda:inputOutput><camunda:inputParameter '
    'name="invoice">= {number: order.invoice}</camunda:inputParameter></camunda:inputOutput></extensionElements>'
    "</sendTask>"
)


def problems(content: bytes) -> list[tuple[str, str | None]]:
    found = check_bpmn("t.bpmn", content, Known()).findings
    return [(finding.rule, finding.element) for finding in found if finding.severity == "error"]


def test_a_case_waits_for_the_message_with_the_value_of_its_own_data() -> None:
    stage = begin(PAYMENT, order={"invoice": "I-7"})

    assert [(each.name, each.key) for each in stage.case.subscriptions] == [("invoice.paid", "I-7")]


@pytest.mark.parametrize(
    "receiver",
    [
        '<receiveTask id="wait" messageRef="paid"/>',
        (
            '<userTask id="wait"/><boundaryEvent id="b" attachedToRef="wait">'
            '<messageEventDefinition messageRef="paid"/></boundaryEvent>'
            '<endEvent id="e"/><sequenceFlow id="be" sourceRef="b" targetRef="e"/>'
        ),
        (
            '<task id="wait"/><subProcess id="s" triggeredByEvent="true"><startEvent id="b"><messageEventDefinition '
            'messageRef="paid"/></startEvent></subProcess><userTask id="stay"/>'
            '<sequenceFlow id="ws" sourceRef="wait" targetRef="stay"/>'
        ),
    ],
)
def test_every_event_of_the_message_waits_so(receiver: str) -> None:
    stage = begin(correlated(receiver, names=("wait",)), order={"invoice": 7})

    assert [each.key for each in stage.case.subscriptions] == ["7"]


def test_the_key_may_belong_to_a_conversation() -> None:
    talk = KEY.replace('<correlationKey id="by_invoice">', '<conversation id="c"><correlationKey id="by_invoice">')
    inside = talk.replace("</correlationKey>", "</correlationKey></conversation>")

    assert problems(correlated(CATCH, names=("wait",), key=inside)) == []


@pytest.mark.parametrize(
    ("given", "element"),
    [
        ({"read": '<correlationProperty id="invoice_number"/>'}, "invoice_number"),
        ({"read": READ.replace('messageRef="paid"', 'messageRef="lost"')}, "invoice_number"),
        ({"read": READ.replace("<messagePath>invoice.number</messagePath>", "")}, "invoice_number"),
        ({"read": READ + '<correlationProperty id="other"/>'}, "other"),
        ({"key": KEY.replace("<correlationPropertyRef>invoice_number</correlationPropertyRef>", "")}, "by_invoice"),
        (
            {
                "key": KEY.replace(
                    "</correlationPropertyRef>",
                    "</correlationPropertyRef><correlationPropertyRef>x</correlationPropertyRef>",
                )
            },
            "by_invoice",
        ),
        ({"wanted": ""}, "by_invoice"),
        ({"wanted": WANTED.replace('correlationKeyRef="by_invoice"', 'correlationKeyRef="lost"')}, "mine"),
        ({"wanted": WANTED.replace("<dataPath>order.invoice</dataPath>", "")}, "mine"),
        ({"wanted": WANTED + WANTED.replace('"mine"', '"twice"')}, "twice"),
    ],
)
def test_what_says_no_single_value_is_refused(given: dict[str, str], element: str) -> None:
    assert ("correlation", element) in problems(correlated(CATCH, names=("wait",), **given))


def test_a_key_says_it_once() -> None:
    twice = CATCH.replace("messageRef", 'obieg:correlationKey="= order" messageRef')

    assert problems(correlated(twice, names=("wait",))) == [("correlation", "wait")]


def test_a_message_that_no_property_is_read_from_is_refused_where_the_process_asks_for_one() -> None:
    other = CATCH.replace("paid", "asked")

    assert problems(correlated(other, names=("wait",))) == [("correlation", "wait")]
    keyed = other.replace("messageRef", 'obieg:correlationKey="= order" messageRef')
    assert problems(correlated(keyed, names=("wait",))) == []


def test_who_sends_the_message_sends_what_its_key_is_read_from() -> None:
    assert problems(correlated(SEND, names=("send",))) == []
    assert problems(correlated(SEND.replace('name="invoice"', 'name="bill"'), names=("send",))) == [
        ("correlation", "send")
    ]


@pytest.mark.parametrize(("part", "element"), [("invoice.number", "invoice_number"), ("order.invoice", "mine")])
def test_paths_are_in_feel(part: str, element: str) -> None:
    assert ("expression", element) in problems(PAYMENT.replace(part.encode(), b"1 +"))


@pytest.mark.parametrize(("number", "ok"), [("I-7", True), ("I-8", False)])
def test_a_scenario_delivers_by_what_the_message_brings(tmp_path: Path, number: str, ok: bool) -> None:
    (tmp_path / "p.bpmn").write_bytes(PAYMENT)
    (tmp_path / "p.scenario.yaml").write_text(
        "file: p.bpmn\nscenarios:\n- name: x\n  start: {variables: {order: {invoice: I-7}}}\n  steps:\n"
        f"  - {{message: invoice.paid, payload: {{invoice: {{number: {number}}}}}}}\n"
        "  - expect: {tasks: [after]}\n"
    )

    assert play(tmp_path / "p.scenario.yaml").results[0].ok == ok
