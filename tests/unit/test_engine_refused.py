"""What a diagram says and nobody could execute is refused: ids, references, message flows, what never happens."""

import time
from datetime import UTC, datetime

import pytest

from engine.bpmn import Known, check_bpmn
from engine.spiff.moments import moment
from tests.engine_stage import ROOTS
from tests.engine_world import HEAD, bpmn, chain, flow, line

PLAIN = '<startEvent id="start"/><task id="one"/><task id="two"/><endEvent id="end"/>' + chain(
    "start", "one", "two", "end"
)


def errors(source: bytes) -> list[str]:
    return [each.rule for each in check_bpmn("t.bpmn", source, Known()).findings if each.severity == "error"]


def inside(*content: str) -> list[str]:
    return errors(bpmn("".join(content), roots=ROOTS))


def pools(flows: str) -> bytes:
    return (
        f'{HEAD}<collaboration id="c"><participant id="ours" processRef="p"/><participant id="theirs"/>{flows}'
        f'</collaboration><process id="p" isExecutable="true">{PLAIN}<exclusiveGateway id="gate"/></process>'
        "</definitions>"
    ).encode()


@pytest.mark.parametrize(
    ("ends", "rules"),
    [
        ('sourceRef="one" targetRef="theirs"', []),
        ('sourceRef="theirs" targetRef="two"', []),
        ('sourceRef="one" targetRef="two"', ["message-flow"]),
        ('sourceRef="ours" targetRef="two"', ["message-flow"]),
        ('sourceRef="theirs" targetRef="gate"', ["message-flow"]),
        ('sourceRef="one"', ["message-flow"]),
        ('sourceRef="one" targetRef="gone"', ["reference"]),
    ],
)
def test_a_message_flow_leads_from_one_pool_to_another(ends: str, rules: list[str]) -> None:
    assert errors(pools(f'<messageFlow id="f" {ends}/>')) == rules


def test_a_pool_without_its_process_is_refused() -> None:
    source = pools("").replace(b'processRef="p"', b'processRef="gone"')

    assert errors(source) == ["reference"]


def test_an_id_stands_once_in_a_file_also_in_another_process() -> None:
    source = pools("").replace(
        b"</definitions>", b'<process id="other" isExecutable="false"><task id="one"/></process>'
    )

    assert errors(source + b"</definitions>") == ["id-twice"]


@pytest.mark.parametrize(
    "content",
    [
        '<laneSet id="l"><lane id="l1"><flowNodeRef>gone</flowNodeRef></lane></laneSet>',
        '<dataObjectReference id="d" dataObjectRef="gone"/>',
        '<textAnnotation id="t"/><association id="a" sourceRef="t" targetRef="gone"/>',
        '<task id="x"><incoming>gone</incoming></task>' + flow("one", "x"),
        '<task id="x"><dataInputAssociation id="d"><sourceRef>gone</sourceRef></dataInputAssociation></task>'
        + flow("one", "x"),
    ],
)
def test_what_refers_to_nothing_is_refused(content: str) -> None:
    assert inside(PLAIN, content) == ["reference"]


@pytest.mark.parametrize(
    "loop",
    [
        (
            '<multiInstanceLoopCharacteristics camunda:collection="items"><loopCardinality>2</loopCardinality>'
            "</multiInstanceLoopCharacteristics>"
        ),
        (
            '<multiInstanceLoopCharacteristics camunda:elementVariable="item"><loopCardinality>2</loopCardinality>'
            "</multiInstanceLoopCharacteristics>"
        ),
    ],
)
def test_a_multi_instance_has_a_collection_or_a_cardinality(loop: str) -> None:
    assert inside(line(f'<task id="work">{loop}</task>', names=("work",))) == ["loop-items"]


def test_what_is_reached_from_itself_only_is_refused() -> None:
    assert inside(PLAIN, '<task id="x"/><task id="y"/>', chain("x", "y", "x")) == ["node-unreachable"] * 2


@pytest.mark.parametrize(
    ("kind", "text", "is_right"),
    [
        ("timeDuration", "P1Y2M3DT4H", True),
        ("timeDuration", "P2W", True),
        ("timeDuration", "waiting time", True),
        ("timeDuration", "P1X", False),
        ("timeDuration", "PT", False),
        ("timeDuration", "-PT1H", False),
        ("timeDuration", "R3/PT1H", False),
        ("timeDuration", "2026-01-01", False),
        ("timeDate", "2026-01-31", True),
        ("timeDate", "2026-01-31T08:00:00+01:00", True),
        ("timeDate", "2026-02-30", False),
        ("timeDate", "PT1H", False),
        ("timeCycle", "R/PT1H", True),
        ("timeCycle", "0 8 * * 1", True),
        ("timeCycle", "PT1H", False),
        ("timeCycle", "R0/PT1H", False),
        ("timeCycle", "R/PT0S", False),
        ("timeCycle", "R-1/PT1H", False),
        ("timeCycle", "R3/2026-01-01T00:00:00Z/PT1H", False),
    ],
)
def test_a_timer_that_can_never_be_due_is_refused(kind: str, text: str, is_right: bool) -> None:
    timer = (
        f'<boundaryEvent id="b" attachedToRef="one" cancelActivity="false"><timerEventDefinition>'
        f"<{kind}>{text}</{kind}>"
        "</timerEventDefinition></boundaryEvent>"
    )

    assert inside(PLAIN, timer, flow("b", "two")) == ([] if is_right else ["timer"])


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("P1Y2M3DT4H", datetime(2027, 3, 18, 12, tzinfo=UTC)),
        ("P1M1W", datetime(2026, 2, 22, 8, tzinfo=UTC)),
        ("P2W", datetime(2026, 1, 29, 8, tzinfo=UTC)),
        ("P1M1X", None),
    ],
)
def test_a_duration_may_have_years_weeks_and_days(text: str, at: datetime | None) -> None:
    assert moment(text, datetime(2026, 1, 15, 8, tzinfo=UTC)) == at


def test_a_large_diagram_is_checked_in_time_that_grows_with_its_size() -> None:
    names = [f"task{number}" for number in range(3000)]
    content = bpmn(line(*(f'<task id="{name}"/>' for name in names), names=tuple(names)))

    begun = time.process_time()
    assert errors(content) == []

    assert time.process_time() - begun < 30  # of processor; two, and 120 where each node looks at all flows


@pytest.mark.parametrize(
    ("number", "is_right"),
    [("3", True), ("0", True), ("n + 1", True), ('"three"', False), ("-1", False), ("1.5", False), ("null", False)],
)
def test_a_number_of_rounds_is_whole(number: str, *, is_right: bool) -> None:
    rounds = f"<loopCardinality>{number}</loopCardinality>"
    many = f"<multiInstanceLoopCharacteristics>{rounds}</multiInstanceLoopCharacteristics>"

    assert inside(line(f'<task id="work">{many}</task>', names=("work",))) == ([] if is_right else ["loop-number"])
