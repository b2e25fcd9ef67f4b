"""Activities that need or send several tokens, and events that the instances of a multi-instance activity throw."""

import pytest

from engine.bpmn import Known, check_bpmn
from tests.engine_stage import ROOTS, begin, boundary, do, waiting
from tests.engine_world import bpmn, chain, flow, line


def fork(*branches: str, to: str) -> str:
    """Tasks side by side between `start` and one element."""
    inner = "".join(f'<userTask id="{each}"/>' + chain("fork", each, to) for each in branches)
    return '<startEvent id="start"/><parallelGateway id="fork"/>' + chain("start", "fork") + inner


def loop(attributes: str, inside: str = "") -> str:
    return f"<multiInstanceLoopCharacteristics {attributes}><loopCardinality>3</loopCardinality>{inside}</multiInstanceLoopCharacteristics>"  # noqa: E501 -- one element


def test_an_activity_begins_with_as_many_tokens_as_it_needs() -> None:
    stage = begin(fork("a", "b", "c", to="work") + '<userTask id="work" startQuantity="2"/><endEvent id="end"/>'
                  + chain("work", "end"))  # fmt: skip

    do(stage, "a")
    assert waiting(stage) == ["b", "c"]
    do(stage, "b")
    assert waiting(stage) == ["c", "work"]
    do(stage, "work")

    assert stage.trace == ["start", "fork", "a", "b", "work", "end"]
    assert [element for element, _ in stage.moves].count("work") == 1


def test_tokens_that_are_too_few_for_an_activity_are_an_incident_not_silence() -> None:
    stage = begin(fork("a", "b", "c", to="work") + '<task id="work" startQuantity="2"/>')

    for each in ("a", "b", "c"):
        do(stage, each)

    assert [(failure.node.id, failure.reason) for failure in stage.incidents] == [("work", "stalled")]
    assert stage.case.retry(stage.incidents[0].token)
    assert stage.case.state == "failed"


def test_an_activity_sends_as_many_tokens_along_each_flow_as_it_says() -> None:
    stage = begin(line('<userTask id="work" completionQuantity="3"/>', '<userTask id="after"/>', names=("work", "after")))  # fmt: skip # noqa: E501 -- one call

    do(stage, "work")

    assert waiting(stage) == ["after", "after", "after"]


def test_quantities_belong_to_the_activity_around_its_instances() -> None:
    work = f'<task id="work" startQuantity="2" completionQuantity="2">{loop("")}</task>'

    stage = begin('<startEvent id="start"/><parallelGateway id="fork"/><task id="a"/><task id="b"/>' + work
                  + '<userTask id="after"/>' + chain("start", "fork", "a", "work", "after") + chain("fork", "b", "work"))  # fmt: skip # noqa: E501 -- one call

    assert stage.trace.count("work") == 3
    assert waiting(stage) == ["after", "after"]


@pytest.mark.parametrize("quantity", ["0", "-1", "two", "1001", ""])
def test_a_quantity_is_a_number_of_tokens(quantity: str) -> None:
    content = bpmn(line(f'<task id="work" startQuantity="{quantity or "x"}"/>', names=("work",)))

    assert [each.rule for each in check_bpmn("t.bpmn", content, Known()).findings] == ["quantity"]


SIGNALS = '<signalEventDefinition id="each" signalRef="s"/><escalationEventDefinition id="up" escalationRef="x"/>'


def many(attributes: str, caught: str, inside: str = "", *, interrupting: bool = False) -> bytes:
    return bpmn(
        f'<startEvent id="start"/><userTask id="work">{loop(attributes, inside)}</userTask><endEvent id="end"/>'
        + boundary("caught", "work", caught, interrupting=interrupting)
        + '<userTask id="note"/>'
        + chain("start", "work", "end")
        + chain("caught", "note"),
        roots=ROOTS + SIGNALS,
    )


def test_behaviour_none_throws_its_event_for_each_instance() -> None:
    stage = begin(many('behavior="None" noneBehaviorEventRef="each"', "signal s"))

    for _ in range(3):
        do(stage, "work")

    assert waiting(stage) == ["note", "note", "note"]
    assert [signal.name for signal in stage.signals] == ["alarm"] * 3
    assert [signal.payload["nrOfCompletedInstances"] for signal in stage.signals] == [1, 2, 3]


def test_behaviour_one_throws_its_event_once_and_a_boundary_may_end_the_rest() -> None:
    stage = begin(many('behavior="One" oneBehaviorEventRef="up"', "escalation x", interrupting=True))

    do(stage, "work", 2)

    assert waiting(stage) == ["note"]
    assert stage.case.variables["nrOfActiveInstances"] == 2
    assert stage.case.variables["loopCounter"] == 2


def test_behaviour_one_that_nobody_interrupts_lets_the_others_finish() -> None:
    stage = begin(many('behavior="One" oneBehaviorEventRef="up"', "escalation x"))

    for _ in range(3):
        do(stage, "work")

    assert waiting(stage) == ["note"]
    assert stage.trace.count("work") == 3


def test_behaviour_complex_throws_what_its_conditions_say() -> None:
    inside = (
        "<complexBehaviorDefinition><condition>nrOfCompletedInstances = 2</condition><event id='half'>"
        "<signalEventDefinition signalRef='s'/></event></complexBehaviorDefinition>"
        "<complexBehaviorDefinition><condition>refused = true</condition><event id='no'>"
        "<escalationEventDefinition escalationRef='x'/></event></complexBehaviorDefinition>"
    )
    stage = begin(many('behavior="Complex"', "escalation x", inside, interrupting=True))

    do(stage, "work")
    do(stage, "work")
    assert (len(stage.signals), waiting(stage)) == (1, ["work"])
    do(stage, "work", refused=True)

    assert waiting(stage) == ["note"]


@pytest.mark.parametrize(
    ("attributes", "inside", "rules"),
    [
        ('behavior="None"', "", ["event-reference", "loop-behaviour"]),
        ('behavior="One" oneBehaviorEventRef="nothing"', "", ["event-reference", "loop-behaviour"]),
        ('oneBehaviorEventRef="each"', "", ["loop-behaviour"]),
        ('behavior="Complex"', "", ["loop-behaviour"]),
        ("", "<complexBehaviorDefinition><condition>a</condition></complexBehaviorDefinition>", ["loop-behaviour"] * 2),
    ],
)
def test_a_behaviour_that_throws_nothing_is_refused(attributes: str, inside: str, rules: list[str]) -> None:
    checked = check_bpmn("t.bpmn", many(attributes, "signal s", inside), Known())

    assert [each.rule for each in checked.findings] == rules


def test_the_counters_of_a_multi_instance_can_be_read_by_conditions_and_instances() -> None:
    seen = "[loopCounter, nrOfInstances, nrOfActiveInstances, nrOfCompletedInstances, nrOfTerminatedInstances]"
    work = (
        '<userTask id="work"><multiInstanceLoopCharacteristics isSequential="{}" obieg:outputCollection="seen" '
        f'obieg:outputElement="{seen}"><loopCardinality>3</loopCardinality>'
        "<completionCondition>nrOfCompletedInstances = 2</completionCondition>"
        "</multiInstanceLoopCharacteristics></userTask>"
    )
    both = []
    for sequential in ("false", "true"):
        stage = begin(line(work.format(sequential), names=("work",)))
        do(stage, "work")
        do(stage, "work")
        both.append(stage.case.variables["seen"])

    assert both == [[[1, 3, 3, 0, 0], [2, 3, 2, 1, 0]], [[1, 3, 1, 0, 0], [2, 3, 1, 1, 0]]]
    assert flow("a", "b")
