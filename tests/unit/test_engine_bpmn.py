"""Which diagrams are accepted, and what the refusal of the others says."""

import pytest

from engine.bpmn import Known, check_bpmn
from engine.bpmn.expressions import NotTranslatable, translate
from engine.bpmn.read import MAXIMUM_SIZE
from engine.bpmn.reference import PAGE, page
from tests.engine_world import HEAD, bpmn, chain, flow, line

NOTHING = Known(handlers=frozenset({"post.send"}), forms=frozenset(), decisions=frozenset())


def rules(content: bytes, known: Known = NOTHING) -> list[str]:
    """The rules of all errors."""
    return sorted({each.rule for each in check_bpmn("test.bpmn", content, known).findings if each.severity == "error"})


def task(attributes: str = "", content: str = "", *, kind: str = "userTask") -> bytes:
    return bpmn(line(f'<{kind} id="work" {attributes}>{content}</{kind}>', names=("work",)))


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (b"", "xml-syntax"),
        (b"hello", "xml-syntax"),
        (b"\x00\xff\xfe", "xml-syntax"),
        (b"<definitions", "xml-syntax"),
        (b"<definitions/>", "bpmn-root"),
        (b"<html/>", "bpmn-root"),
        (b'<!DOCTYPE definitions SYSTEM "http://example.com/x.dtd"><definitions/>', "xml-doctype"),
        (b'<!DOCTYPE d [<!ENTITY a "b">]><d>&a;</d>', "xml-doctype"),
        (b'<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]><d>&x;</d>', "xml-doctype"),
        (b"<a>" * 200 + b"</a>" * 200, "xml-depth"),
        (b" " * (MAXIMUM_SIZE + 1), "xml-size"),
        (HEAD.encode() + b"</definitions>", "process-executable"),
        (HEAD.encode() + b'<process id="p" isExecutable="false"/></definitions>', "process-executable"),
        (bpmn(""), "scope-empty"),
    ],
)
def test_what_is_no_process_is_refused(content: bytes, rule: str) -> None:
    assert rules(content) == [rule]


def test_what_is_nested_beyond_the_readers_limits_is_said_to_people_and_not_to_programmers() -> None:
    (finding,) = check_bpmn("test.bpmn", b"<a>" * 100_000 + b"</a>" * 100_000, NOTHING).findings

    assert "nested too deep" in finding.sentence
    assert "XML_PARSE" not in finding.sentence


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (line('<userTask id="start"/>', names=()), "id-twice"),
        ('<startEvent id="a"/><userTask id="b"/>' + chain("a", "c"), "flow-end"),
        (
            '<subProcess id="s"><startEvent id="a"/><startEvent id="b"/></subProcess>',
            "start-many",
        ),
        ('<task id="a"/><task id="b"/>' + chain("a", "b", "a"), "start-missing"),
        ('<startEvent id="a"/><task id="b" default="nothing"/>' + chain("a", "b"), "default-flow"),
        (
            '<startEvent id="a"/><task id="b"/><endEvent id="c"/>' + flow("a", "b", "x") + chain("b", "c"),
            "condition-place",
        ),
        (
            '<startEvent id="a"/><exclusiveGateway id="b"/><task id="c"/><task id="d"/>'
            + chain("a", "b", "c")
            + flow("b", "d", "x"),
            "condition-missing",
        ),
        (
            '<startEvent id="a"/><exclusiveGateway id="b"/><task id="c"/><task id="d"/>'
            + chain("a", "b")
            + flow("b", "c", "x >")
            + flow("b", "d", "y"),
            "expression",
        ),
        ('<startEvent id="a"/><endEvent id="b"/><task id="c"/>' + chain("a", "b", "c"), "event-outgoing"),
        ('<startEvent id="a"/>' + chain("a", "b") + '<choreographyTask id="b"/>', "element-unsupported flow-end"),
    ],
)
def test_a_diagram_that_does_not_hang_together_is_refused(content: str, rule: str) -> None:
    assert rules(bpmn(content)) == rule.split()


@pytest.mark.parametrize(
    ("element", "rule"),
    [
        ('<sendTask id="work"/>', "event-name"),
        ('<receiveTask id="work"/>', "event-name"),
        ('<receiveTask id="work" messageRef="nothing"/>', "event-reference"),
        ('<intermediateCatchEvent id="work"><messageEventDefinition/></intermediateCatchEvent>', "event-name"),
        ('<intermediateThrowEvent id="work"><signalEventDefinition/></intermediateThrowEvent>', "event-name"),
        (
            '<intermediateCatchEvent id="work"><conditionalEventDefinition/></intermediateCatchEvent>',
            "condition-missing",
        ),
        ('<task id="work"><standardLoopCharacteristics/></task>', "loop-end"),
        ('<task id="work" isForCompensation="true"/>', "compensation-flow"),
        ('<choreographyTask id="work"/>', "element-unsupported"),
    ],
)
def test_an_element_that_could_not_be_executed_as_it_is_is_refused_with_its_place(element: str, rule: str) -> None:
    findings = check_bpmn("test.bpmn", bpmn(line(element, names=("work",))), NOTHING).findings

    assert (findings[0].rule, findings[0].element, findings[0].line, findings[0].file) == (
        rule,
        "work",
        1,
        "test.bpmn",
    )


@pytest.mark.parametrize(
    ("start", "rule"),
    [
        ("", ["event-scope-start"]),
        ('<startEvent id="e"/>', ["element-unsupported"]),
        ('<startEvent id="e"><terminateEventDefinition/></startEvent>', ["element-unsupported"]),
        ('<startEvent id="e"><errorEventDefinition/></startEvent>', []),
    ],
)
def test_an_event_sub_process_handles_one_event(start: str, rule: list[str]) -> None:
    inside = start or '<task id="x"/>'
    content = line(
        "<task id='work'/>",
        f'<subProcess id="on" triggeredByEvent="true">{inside}</subProcess>',
        names=("work",),
    )

    assert rules(bpmn(content)) == rule


@pytest.mark.parametrize(
    ("space", "note"),
    [
        ("http://www.signavio.com", '<t:signavioMetaData metaKey="bgcolor" metaValue="#ffffff"/>'),
        ("http://bpmn.io/schema/bpmn/biocolor/1.0", '<t:colors stroke="#000"/>'),
        ("http://camunda.org/schema/modeler/1.0", '<t:properties icon="x"/>'),
    ],
)
def test_what_drawing_tools_note_for_themselves_is_left_alone(space: str, note: str) -> None:
    source = task(f'xmlns:t="{space}" t:color="red"', f"<extensionElements>{note}</extensionElements>")

    assert not check_bpmn("t.bpmn", source, Known()).findings


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (task('camunda:formRef="nothing"'), "form-unknown"),
        (task('camunda:candidateGroup="legal"'), "extension-unknown"),
        (task('obieg:handler="post.send"'), "extension-place"),
        (task('camunda:candidateGroups="${execution.getVariable(1)}"'), "expression"),
        (task('camunda:candidateGroups="=1 +"'), "expression"),
        (task('obieg:stage="nowhere"').replace(b"isExecutable", b'obieg:stages="here" isExecutable'), "stage-unknown"),
        (task('obieg:fourEyes="nobody"'), "four-eyes"),
        (task('xmlns:z="http://camunda.org/schema/zeebe/1.0" z:form="x"'), "extension-foreign"),
        (
            task(content='<extensionElements><camunda:taskListener event="create"/></extensionElements>'),
            "extension-refused",
        ),
        (task(kind="serviceTask"), "handler-unknown"),
        (task('obieg:handler="post.sent"', kind="serviceTask"), "handler-unknown"),
        (task('obieg:handler="post.send" camunda:class="org.example.Send"', kind="serviceTask"), "extension-refused"),
        (task('camunda:decisionRef="nothing"', kind="businessRuleTask"), "decision-unknown"),
        (task(kind="businessRuleTask"), "decision-unknown"),
        (task(kind="scriptTask"), "script-missing"),
        (task('scriptFormat="javascript"', "<script>x = 1</script>", kind="scriptTask"), "script-language"),
        (task(content="<script>import os</script>", kind="scriptTask"), "expression"),
        (task(content="<multiInstanceLoopCharacteristics/>"), "loop-items"),
        (
            task(content='<multiInstanceLoopCharacteristics camunda:collection="x" obieg:outputCollection="y"/>'),
            "loop-output",
        ),
        (
            task(content='<multiInstanceLoopCharacteristics behavior="Some" camunda:collection="x"/>'),
            "attribute-value",
        ),
    ],
)
def test_what_would_be_ignored_or_is_not_there_is_refused(content: bytes, rule: str) -> None:
    assert rules(content) == [rule]


def test_a_sentence_names_the_nearest_handler() -> None:
    findings = check_bpmn("t.bpmn", task('obieg:handler="post.sent"', kind="serviceTask"), NOTHING).findings

    assert "Did you mean post.send?" in findings[0].sentence


@pytest.mark.parametrize(
    ("timer", "rule"),
    [
        ("", ["timer"]),
        ("<timeDate>2026-01-01T00:00:00Z</timeDate><timeDuration>PT1H</timeDuration>", ["timer"]),
        ("<timeCycle>R3/PT1H</timeCycle>", ["timer"]),
        ("<timeDuration>PT1H</timeDuration>", []),
        ("<timeDate>= due</timeDate>", []),
        ("<timeDate>= due +</timeDate>", ["expression"]),
    ],
)
def test_a_timer_needs_one_moment(timer: str, rule: list[str]) -> None:
    event = (
        f'<intermediateCatchEvent id="e"><timerEventDefinition>{timer}</timerEventDefinition></intermediateCatchEvent>'
    )

    assert rules(bpmn(line(event, names=("e",)))) == rule


def test_what_is_only_drawn_is_accepted() -> None:
    drawn = (
        '<laneSet id="lanes"><lane id="lane" name="Sales"><flowNodeRef>work</flowNodeRef></lane></laneSet>'
        '<textAnnotation id="note"><text>Look here</text></textAnnotation>'
        '<association id="link" sourceRef="work" targetRef="note"/><group id="frame"/>'
        '<dataObject id="d"/><dataObjectReference id="r" dataObjectRef="d"/>'
        '<dataStoreReference id="store" obieg:entity="crm.customer"/>'
    )
    work = (
        '<userTask id="work"><documentation>What to do</documentation><incoming>start_work</incoming>'
        '<dataInputAssociation id="a"><sourceRef>store</sourceRef></dataInputAssociation></userTask>'
    )

    checked = check_bpmn("t.bpmn", bpmn(line(work, drawn, names=("work",))), NOTHING)

    assert checked.findings == []
    assert checked.processes[0].nodes["work"].entities == ("crm.customer",)
    assert checked.processes[0].nodes["work"].documentation == "What to do"


@pytest.mark.parametrize(
    ("text", "feel"),
    [
        ("${amount > 1000}", "amount > 1000"),
        ("${amount &gt; 1000}".replace("&gt;", ">"), "amount > 1000"),
        ("#{customer.class == 'A' && total ge 5}", 'customer . class = "A" and total >= 5'.replace(" . ", ".")),
        ("${approved}", "approved"),
        ("${(a || b) and c != 1}", "( a or b ) and c != 1"),
    ],
)
def test_a_plain_comparison_of_another_engine_becomes_feel(text: str, feel: str) -> None:
    assert translate(text) == feel


@pytest.mark.parametrize(
    "text",
    ["${bean.run(1)}", "${!done}", "${not done}", "${empty list}", "${a ? b : c}", "Hello ${name}", "${}", "${a[0]}"],
)
def test_more_than_a_comparison_is_refused(text: str) -> None:
    with pytest.raises(NotTranslatable):
        translate(text)


def test_the_reference_page_shows_what_the_code_does() -> None:
    text = PAGE.read_text()

    assert page(text) == text, "run: python -m engine.bpmn.reference"


LOOP = "<multiInstanceLoopCharacteristics><loopCardinality>2</loopCardinality></multiInstanceLoopCharacteristics>"
UNDO = '<task id="undo" isForCompensation="true"/>'
COMPENSATED = '<boundaryEvent id="back" attachedToRef="work"><compensateEventDefinition/></boundaryEvent>'
TIED = '<association id="tie" sourceRef="back" targetRef="undo"/>'
LATE = (
    '<intermediateCatchEvent id="late"><timerEventDefinition><timeDuration>P1D</timeDuration></timerEventDefinition>'
    "</intermediateCatchEvent>"
)
MESSAGE = '<message id="m" name="paid"/><error id="e" errorCode="E"/>'


def caught(identifier: str, definition: str) -> str:
    boundary = f'<boundaryEvent id="{identifier}" attachedToRef="work">{definition}</boundaryEvent>'
    return boundary + f'<task id="{identifier}_after"/>' + chain(identifier, f"{identifier}_after")


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (line('<task id="wo#rk"/>', names=("wo#rk",)), "id-form"),
        (line(f'<task id="work">{LOOP}{LOOP}</task>', names=("work",)), "element-twice"),
        (
            line(f'<task id="work">{LOOP}<standardLoopCharacteristics loopMaximum="2"/></task>', names=("work",)),
            "element-twice",
        ),
        (line('<scriptTask id="work"><script>a = 1</script><script>b = 1</script></scriptTask>', names=("work",)),
         "element-twice"),
        (line('<task id="work"/>', '<task id="a"/><task id="b"/>', chain("a", "b", "a"), names=("work",)),
         "node-unreachable"),
        (line('<task id="work"/>', UNDO, names=("work",)), "compensation-unused"),
        (line('<task id="work"/>', UNDO, COMPENSATED, TIED, chain("back", "end"), names=("work",)),
         "compensation-flow"),
        (line('<task id="work"/>', UNDO, COMPENSATED, COMPENSATED.replace("back", "again"), TIED,
              TIED.replace("back", "again").replace("tie", "other"), names=("work",)), "catch-twice"),
        (line('<userTask id="work"/>', caught("a", "<errorEventDefinition/>"), caught("b", "<errorEventDefinition/>"),
              names=("work",)), "catch-twice"),
        (line('<task id="work"/><intermediateThrowEvent id="e"/><task id="x"/>', names=("work", "e"))
         + flow("e", "x", "true"), "condition-place"),
        ('<startEvent id="s"/><eventBasedGateway id="g"/><receiveTask id="work" messageRef="m"/>'
         + chain("s", "g", "work") + chain("g", "late") + LATE + caught("a", "<errorEventDefinition/>"),
         "event-gateway"),
        ('<startEvent id="s"/><eventBasedGateway id="g"/>' + LATE + chain("s", "g", "late"), "event-gateway"),
        ('<startEvent id="s"/><eventBasedGateway id="g"/><receiveTask id="work" messageRef="m"/>'
         '<intermediateCatchEvent id="told"><messageEventDefinition messageRef="m"/></intermediateCatchEvent>'
         + chain("s", "g", "work") + chain("g", "told"), "event-gateway"),
    ],
)  # fmt: skip
def test_what_would_never_happen_or_never_count_is_refused(content: str, rule: str) -> None:
    assert rules(bpmn(content, roots=MESSAGE)) == [rule]


@pytest.mark.parametrize(
    ("kind", "text", "is_right"),
    [
        ("timeDate", "2026-01-05", True),
        ("timeDate", "2026-01-05T12:00:00Z", True),
        ("timeDate", "2026-13-05T12:00:00Z", False),
        ("timeDate", "2026-02-30", False),
        ("timeDuration", "P1DT2H", True),
        ("timeDuration", "PT", False),
        ("timeDuration", "P1.2.3D", False),
        ("timeDuration", "P1H", False),
    ],
)
def test_a_moment_that_stands_in_the_diagram_is_checked(kind: str, text: str, is_right: bool) -> None:
    timer = f"<timerEventDefinition><{kind}>{text}</{kind}></timerEventDefinition>"
    content = bpmn(line(f'<intermediateCatchEvent id="e">{timer}</intermediateCatchEvent>', names=("e",)))

    assert rules(content) == ([] if is_right else ["timer"])
