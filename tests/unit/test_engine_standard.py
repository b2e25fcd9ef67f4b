"""Every element and attribute of BPMN 2.0 is executed, drawn for people, or refused: none is accepted and ignored."""

import re

import pytest

from engine.bpmn import Known, check_bpmn
from engine.bpmn.standard import ALWAYS_INSIDE, ATTRIBUTES, INSIDE, REFUSED
from engine.bpmn.support import table
from tests.engine_world import HEAD, bpmn, line

# the XML schema of BPMN 2.0.2 (Semantic.xsd and BPMN20.xsd), type by type: attributes beside id
SCHEMA = {
    "definitions": "name targetNamespace expressionLanguage typeLanguage exporter exporterVersion",
    "import": "namespace location importType",
    "extension": "definition mustUnderstand",
    "process": "name processType isClosed isExecutable definitionalCollaborationRef",
    "subProcess": "name isForCompensation startQuantity completionQuantity default triggeredByEvent",
    "transaction": "name isForCompensation startQuantity completionQuantity default triggeredByEvent method",
    "adHocSubProcess": (
        "name isForCompensation startQuantity completionQuantity default triggeredByEvent cancelRemainingInstances "
        "ordering"
    ),
    "callActivity": "name isForCompensation startQuantity completionQuantity default calledElement",
    "task": "name isForCompensation startQuantity completionQuantity default",
    "manualTask": "name isForCompensation startQuantity completionQuantity default",
    "userTask": "name isForCompensation startQuantity completionQuantity default implementation",
    "businessRuleTask": "name isForCompensation startQuantity completionQuantity default implementation",
    "serviceTask": "name isForCompensation startQuantity completionQuantity default implementation operationRef",
    "sendTask": (
        "name isForCompensation startQuantity completionQuantity default implementation messageRef operationRef"
    ),
    "receiveTask": (
        "name isForCompensation startQuantity completionQuantity default implementation messageRef operationRef "
        "instantiate"
    ),
    "scriptTask": "name isForCompensation startQuantity completionQuantity default scriptFormat",
    "startEvent": "name parallelMultiple isInterrupting",
    "intermediateCatchEvent": "name parallelMultiple",
    "boundaryEvent": "name parallelMultiple cancelActivity attachedToRef",
    "intermediateThrowEvent": "name",
    "endEvent": "name",
    "exclusiveGateway": "name gatewayDirection default",
    "inclusiveGateway": "name gatewayDirection default",
    "complexGateway": "name gatewayDirection default",
    "parallelGateway": "name gatewayDirection",
    "eventBasedGateway": "name gatewayDirection instantiate eventGatewayType",
    "sequenceFlow": "name sourceRef targetRef isImmediate",
    "association": "sourceRef targetRef associationDirection",
    "group": "categoryValueRef",
    "textAnnotation": "textFormat",
    "documentation": "textFormat",
    "category": "name",
    "categoryValue": "value",
    "dataObject": "name itemSubjectRef isCollection",
    "dataObjectReference": "name itemSubjectRef dataObjectRef",
    "dataStore": "name capacity isUnlimited itemSubjectRef",
    "dataStoreReference": "name itemSubjectRef dataStoreRef",
    "dataInput": "name itemSubjectRef isCollection",
    "dataOutput": "name itemSubjectRef isCollection",
    "dataState": "name",
    "property": "name itemSubjectRef",
    "inputSet": "name",
    "outputSet": "name",
    "multiInstanceLoopCharacteristics": "isSequential behavior oneBehaviorEventRef noneBehaviorEventRef",
    "standardLoopCharacteristics": "testBefore loopMaximum",
    "conditionExpression": "language evaluatesToTypeRef",
    "messageEventDefinition": "messageRef",
    "signalEventDefinition": "signalRef",
    "errorEventDefinition": "errorRef",
    "escalationEventDefinition": "escalationRef",
    "compensateEventDefinition": "activityRef waitForCompletion",
    "linkEventDefinition": "name",
    "message": "name itemRef",
    "signal": "name structureRef",
    "error": "name errorCode structureRef",
    "escalation": "name escalationCode structureRef",
    "itemDefinition": "itemKind isCollection structureRef",
    "interface": "name implementationRef",
    "operation": "name implementationRef",
    "resource": "name",
    "resourceParameter": "name type isRequired",
    "lane": "name partitionElementRef",
    "laneSet": "name",
    "collaboration": "name isClosed",
    "participant": "name processRef",
    "participantMultiplicity": "minimum maximum",
    "messageFlow": "name sourceRef targetRef messageRef",
    "conversation": "name",
    "callConversation": "name calledCollaborationRef",
    "conversationAssociation": "innerConversationNodeRef outerConversationNodeRef",
    "conversationLink": "name sourceRef targetRef",
    "relationship": "type direction",
    "partnerRole": "name",
    "partnerEntity": "name",
}


def problems(content: bytes) -> list[str]:
    return [finding.rule for finding in check_bpmn("t.bpmn", content, Known()).findings if finding.severity == "error"]


def test_every_attribute_of_the_schema_has_a_verdict_in_its_place() -> None:
    missing = [
        f"{element}.{name}"
        for element, names in SCHEMA.items()
        for name in names.split()
        if not any(element in each.places or "*" in each.places for each in ATTRIBUTES.get(name, ()))
    ]

    assert missing == []


def test_no_verdict_is_about_an_attribute_that_the_schema_does_not_have() -> None:
    surplus = [
        f"{element}.{name}"
        for name, found in ATTRIBUTES.items()
        for each in found
        for element in each.places & SCHEMA.keys()
        if name not in SCHEMA[element].split()
    ]

    assert surplus == []


def test_every_element_has_a_verdict_by_itself_or_as_a_part_of_one_that_has() -> None:
    told = {element for element, _, _ in table()} | ALWAYS_INSIDE | {"definitions", "process"}
    parts = frozenset().union(*(INSIDE.get(element, frozenset()) for element in told))
    parts |= frozenset().union(*(INSIDE.get(element, frozenset()) for element in parts))
    parts |= frozenset().union(*(INSIDE.get(element, frozenset()) for element in parts))

    assert set(INSIDE) - told - parts == set()


@pytest.mark.parametrize(
    ("name", "place", "value"),
    [
        (name, place, value)
        for name, found in ATTRIBUTES.items()
        for each in found
        if each.values
        for place in sorted(each.places & {"userTask", "receiveTask", "subProcess", "transaction", "serviceTask"})
        for value in ("other", "")
    ],
)
def test_a_value_that_is_not_executed_is_refused(name: str, place: str, value: str) -> None:
    content = bpmn(
        line(f'<{place} id="work" {name}="{value}"/>', names=("work",)), roots='<message id="m" name="paid"/>'
    )

    assert "attribute-value" in problems(content)


@pytest.mark.parametrize("place", ["process", "userTask", "exclusiveGateway", "sequenceFlow", "startEvent", "lane"])
def test_an_attribute_that_the_standard_does_not_have_there_is_refused(place: str) -> None:
    whole = bpmn(
        line(
            '<laneSet><lane id="lane"/></laneSet><userTask id="work"/><exclusiveGateway id="gate"/>',
            names=("work", "gate"),
        )
    ).decode()

    assert problems(whole.encode()) == []
    assert problems(re.sub(f"<{place} ", f'<{place} candidateGroups="sales" ', whole, count=1).encode()) == [
        "attribute-unknown"
    ]


@pytest.mark.parametrize("element", sorted(REFUSED))
def test_what_is_refused_is_refused_wherever_it_stands(element: str) -> None:
    in_task = bpmn(line(f'<userTask id="work"><{element}/></userTask>', names=("work",)))
    in_process = bpmn(line(f'<userTask id="work"/><{element}/>', names=("work",)))
    at_root = bpmn(line('<userTask id="work"/>', names=("work",)), roots=f"<{element}/>")

    assert "element-unsupported" in problems(in_task)
    assert "element-unsupported" in problems(in_process)
    assert "element-unsupported" in problems(at_root)


@pytest.mark.parametrize(
    "roots",
    [
        '<choreography id="c"/>',
        '<rootElement id="c"/>',
        '<x:thing xmlns:x="urn:x"/>',
        '<userTask id="c"/>',
    ],
)
def test_what_stands_beside_the_process_is_looked_at_too(roots: str) -> None:
    assert "element-unsupported" in problems(bpmn(line('<task id="work"/>', names=("work",)), roots=roots))


def test_what_is_drawn_around_a_process_is_accepted() -> None:
    drawn = (
        '<import namespace="urn:x" location="x.xsd" importType="http://www.w3.org/2001/XMLSchema"/>'
        '<itemDefinition id="i" structureRef="x:order" itemKind="Information" isCollection="false"/>'
        '<message id="m" name="paid" itemRef="i"/><category id="c"><categoryValue id="v" value="urgent"/></category>'
        '<collaboration id="all" isClosed="false"><participant id="us" processRef="process">'
        '<participantMultiplicity minimum="0" maximum="2"/></participant><participant id="they" name="Bank"/>'
        '<messageFlow id="mf" sourceRef="they" targetRef="us" messageRef="m"/>'
        '<conversation id="talk"><participantRef>us</participantRef></conversation>'
        '<textAnnotation id="t" textFormat="text/plain"><text>…</text></textAnnotation></collaboration>'
        '<relationship type="copy" direction="Both"><source>us</source><target>they</target></relationship>'
        '<interface name="bank"><operation name="pay"><inMessageRef>m</inMessageRef></operation></interface>'
    )

    assert problems(bpmn(line('<task id="work"/>', names=("work",)), roots=drawn)) == []


@pytest.mark.parametrize(
    ("head", "language", "rule"),
    [
        ('expressionLanguage="http://www.w3.org/1999/XPath"', "", []),
        ('expressionLanguage="http://www.java.com/java"', "", ["expression-language"]),
        ('expressionLanguage="http://www.java.com/java"', 'language="feel"', []),
        ("", 'language="groovy"', ["expression-language"]),
    ],
)
def test_an_expression_is_read_in_the_language_that_it_names(head: str, language: str, rule: list[str]) -> None:
    content = (
        f"{HEAD.replace('id=', f'{head} id=')}<process id='p' isExecutable='true'>"
        '<startEvent id="s"/><intermediateCatchEvent id="e"><conditionalEventDefinition>'
        f"<condition {language}>a</condition></conditionalEventDefinition></intermediateCatchEvent>"
        '<sequenceFlow id="f" sourceRef="s" targetRef="e"/></process></definitions>'
    )

    assert problems(content.encode()) == rule
