"""What a diagram says against itself is refused or remarked on, with its place and a sentence."""

import pytest

from engine.bpmn import Known, check_bpmn
from engine.bpmn.read import MAXIMUM_DEPTH, MAXIMUM_SIZE
from tests.engine_stage import ROOTS, boundary, event, on
from tests.engine_world import bpmn, chain, line

FORK = (
    '<startEvent id="start"/><parallelGateway id="fork" {}/><task id="a"/><task id="b"/><parallelGateway id="join" {}/>'
    '<endEvent id="end"/>' + chain("start", "fork", "a", "join", "end") + chain("fork", "b", "join")
)
UNDONE = (
    '<userTask id="book"/>{}' + event("intermediateThrowEvent", "undo", "compensate book"),
    boundary("tie", "book", "compensate")
    + '<task id="refund" isForCompensation="true"/><association id="a" sourceRef="tie" targetRef="refund"/>',
)
OFF = event("endEvent", "off", "cancel")
TRADE = f'<transaction id="trade"><startEvent id="begin"/>{OFF}{chain("begin", "off")}</transaction>'
FELL = boundary("fell", "trade", "cancel") + '<endEvent id="over"/>' + chain("fell", "over")
LANES = '<laneSet id="set"><lane id="sales">{}</lane><lane id="stock">{}</lane></laneSet>'
WORK = "<flowNodeRef>work</flowNodeRef>"


def found(content: str | bytes) -> list[tuple[str, str, str | None]]:
    """Severity, rule and element of each finding; each has a line."""
    source = content if isinstance(content, bytes) else bpmn(content, roots=ROOTS)
    findings = check_bpmn("t.bpmn", source, Known()).findings
    assert all(each.line for each in findings)
    return [(each.severity, each.rule, each.element) for each in findings]


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("Diverging", "Converging", []),
        ("Unspecified", "Unspecified", []),
        ("Converging", "Converging", [("error", "gateway-direction", "fork")]),
        ("Diverging", "Diverging", [("error", "gateway-direction", "join")]),
        ("Mixed", "Converging", [("warning", "gateway-direction", "fork")]),
    ],
)
def test_a_gateway_has_the_flows_that_its_direction_promises(
    first: str, second: str, expected: list[tuple[str, str, str]]
) -> None:
    content = FORK.format(f'gatewayDirection="{first}"', f'gatewayDirection="{second}"')

    assert found(content) == expected


@pytest.mark.parametrize(
    ("lanes", "expected"),
    [
        (LANES.format(WORK, ""), []),
        (LANES.format(WORK, WORK), [("error", "lane-twice", "work")]),
        (LANES.format(WORK + f'<childLaneSet id="in"><lane id="north">{WORK}</lane></childLaneSet>', ""), []),
    ],
)
def test_a_node_stands_in_one_lane(lanes: str, expected: list[tuple[str, str, str]]) -> None:
    assert found(lanes + line('<userTask id="work"/>', names=("work",))) == expected


def test_a_compensation_of_a_task_that_nothing_undoes_is_refused() -> None:
    content, tie = UNDONE

    assert found(line(content.replace("{}", tie), names=("book", "undo"))) == []
    assert found(line(content.replace("{}", ""), names=("book", "undo"))) == [("error", "compensation-handler", "undo")]


def test_a_transaction_that_can_be_cancelled_says_what_happens_then() -> None:
    assert found(line(TRADE + FELL, names=("trade",))) == []
    assert found(line(TRADE, names=("trade",))) == [("error", "cancel-boundary", "off")]


def test_a_cancel_stands_in_a_transaction_and_not_in_what_undoes_something_there() -> None:
    inside = '<subProcess id="inner"><startEvent id="one"/>{}</subProcess>'.format(OFF + chain("one", "off"))
    event_handler = on("h", "compensate", OFF + chain("h_start", "off"))
    activity = (
        '<userTask id="book"/>' + boundary("tie", "book", "compensate")
        + inside.replace('id="inner"', 'id="inner" isForCompensation="true"')
        + '<association id="a" sourceRef="tie" targetRef="inner"/>'
    )  # fmt: skip
    refused = [("error", "cancel-place", "off")]

    def trade(*content: str) -> list[tuple[str, str, str | None]]:
        return found(line(f'<transaction id="trade">{"".join(content)}</transaction>' + FELL, names=("trade",)))

    assert trade(inside) == trade('<userTask id="work"/>', on("h", "message m", OFF + chain("h_start", "off"))) == []
    assert found(line(inside, names=("inner",))) == refused
    assert trade('<userTask id="work"/>', event_handler) == refused
    assert trade(activity) == refused


@pytest.mark.parametrize(
    ("maximum", "expected"), [("1", []), ("=rounds", []), ("0", [("error", "loop-number", "work")])]
)
def test_a_loop_has_one_round_at_least(maximum: str, expected: list[tuple[str, str, str]]) -> None:
    loop = f'<task id="work"><standardLoopCharacteristics loopMaximum="{maximum}"/></task>'

    assert found(line(loop, names=("work",))) == expected


@pytest.mark.parametrize(
    ("moment", "expected"),
    [("PT1H", []), ("=deadline", []), ("order.deadline", []), ("tomorrow", [("error", "timer", "wait")])],
)
def test_a_timer_that_is_a_single_word_is_no_expression(moment: str, expected: list[tuple[str, str, str]]) -> None:
    assert found(line(event("intermediateCatchEvent", "wait", f"timer {moment}"), names=("wait",))) == expected


@pytest.mark.parametrize("tag", ["intermediateThrowEvent", "endEvent"])
def test_an_escalation_without_a_code_is_remarked_on(tag: str) -> None:
    rest = '<task id="work"/>' + ('<endEvent id="end"/>' + chain("up", "end") if tag != "endEvent" else "")

    def content(definition: str) -> str:
        return '<startEvent id="start"/>' + event(tag, "up", definition) + rest + chain("start", "work", "up")

    assert found(content("escalation x")) == []
    assert found(content("escalation")) == [("warning", "event-name", "up")]


def test_an_id_that_a_message_and_a_node_have_is_remarked_on() -> None:
    assert found(line('<task id="m"/>', names=("m",))) == [("warning", "id-twice", "m")]


def test_a_file_that_is_too_deep_or_too_large_is_refused_with_the_line_where_it_becomes_so() -> None:
    deep = b"\n".join([b"<a>"] * (MAXIMUM_DEPTH + 1) + [b"</a>"] * (MAXIMUM_DEPTH + 1))
    large = b"<a>\n" + b" " * MAXIMUM_SIZE + b"\n</a>"

    lines = [check_bpmn("t.bpmn", source, Known()).findings[0].line for source in (deep, large)]

    assert lines == [MAXIMUM_DEPTH + 1, 2]
