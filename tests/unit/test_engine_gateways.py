"""Gateways, and the ways in which tokens split, join and end."""

from typing import Any

import pytest

from tests.engine_stage import begin, do, waiting
from tests.engine_world import chain, flow


def choice(condition: str) -> str:
    return (
        '<startEvent id="start"/><exclusiveGateway id="gate" default="gate_no"/>'
        '<endEvent id="yes" obieg:outcome="yes"/><endEvent id="no" obieg:outcome="no"/>'
        + chain("start", "gate")
        + flow("gate", "yes", condition)
        + flow("gate", "no")
    )


@pytest.mark.parametrize(
    ("condition", "variables", "outcome"),
    [
        ("amount > 10", {"amount": 11}, "yes"),
        ("amount > 10", {"amount": 10}, "no"),
        ("= amount > 10", {"amount": 10.01}, "yes"),
        ("${amount > 10 && customer.class == 'A'}", {"amount": 11, "customer": {"class": "A"}}, "yes"),
        ("amount > 10", {}, "no"),
    ],
)
def test_an_exclusive_gateway_takes_the_true_flow_else_the_default(
    condition: str, variables: dict[str, Any], outcome: str
) -> None:
    assert begin(choice(condition), **variables).case.outcome == outcome


def test_without_a_way_out_the_case_stops_with_an_incident() -> None:
    stage = begin(
        '<startEvent id="start"/><exclusiveGateway id="gate"/><endEvent id="a"/><endEvent id="b"/>'
        + chain("start", "gate")
        + flow("gate", "a", "x = 1")
        + flow("gate", "b", "x = 2"),
        x=3,
    )

    assert stage.case.state == "failed"
    assert [(failure.node.id, failure.reason) for failure in stage.incidents] == [("gate", "no_way_out")]


ACTIVATION = "<activationCondition>activationCount &gt; 0</activationCondition>"


@pytest.mark.parametrize(("kind", "inner"), [("inclusiveGateway", ""), ("complexGateway", ACTIVATION)])
@pytest.mark.parametrize("joins", [False, True])
def test_a_gateway_that_has_joined_and_finds_no_way_out_is_one_incident_that_can_be_tried_again(
    kind: str, inner: str, *, joins: bool
) -> None:
    way = chain("start", "fork", "a", "gate") + (chain("fork", "b", "gate") if joins else chain("fork", "b", "end"))
    stage = begin(
        '<startEvent id="start"/><parallelGateway id="fork"/><task id="a"/><task id="b"/><endEvent id="end"/>'
        f'<{kind} id="gate">{inner}</{kind}><userTask id="one"/><userTask id="two"/>'
        + way
        + flow("gate", "one", "x = 1")
        + flow("gate", "two", "x = 2"),
        x=3,
    )
    assert [(failure.node.id, failure.reason) for failure in stage.incidents] == [("gate", "no_way_out")]

    stage.set({"x": 2})
    assert stage.case.retry(stage.incidents[0].token)

    assert [task.element_id for task in stage.case.open_tasks()] == ["two"]


def test_a_condition_that_is_no_boolean_is_an_incident() -> None:
    stage = begin(choice("amount"), amount=7)

    assert [failure.reason for failure in stage.incidents] == ["condition_type"]


def test_a_parallel_gateway_waits_for_every_flow() -> None:
    stage = begin(
        '<startEvent id="start"/><parallelGateway id="fork"/><userTask id="a"/><userTask id="b"/>'
        '<parallelGateway id="join"/><endEvent id="end"/>'
        + chain("start", "fork", "a", "join", "end")
        + chain("fork", "b", "join")
    )

    do(stage, "a")
    assert (stage.case.state, waiting(stage)) == ("running", ["b"])
    do(stage, "b")

    assert stage.case.state == "completed"
    assert stage.trace == ["start", "fork", "a", "b", "join", "end"]


def test_a_join_that_can_never_open_is_an_incident_not_silence() -> None:
    stage = begin(
        '<startEvent id="start"/><exclusiveGateway id="gate" default="gate_a"/><task id="a"/><task id="b"/>'
        '<parallelGateway id="join"/><endEvent id="end"/>'
        + chain("start", "gate", "a", "join", "end")
        + flow("gate", "b", "false")
        + flow("b", "join")
    )

    assert stage.case.state == "failed"
    assert [(failure.node.id, failure.reason) for failure in stage.incidents] == [("join", "stalled")]


def test_a_second_token_on_the_same_flow_waits_for_the_next_turn_of_the_join() -> None:
    stage = begin(
        '<startEvent id="start"/><parallelGateway id="fork"/><userTask id="a"/><userTask id="b"/><userTask id="c"/>'
        '<exclusiveGateway id="merge"/><parallelGateway id="join"/><task id="after"/><endEvent id="end"/>'
        + chain("start", "fork", "a", "merge", "join", "after", "end")
        + chain("fork", "b", "merge")
        + chain("fork", "c", "join")
    )

    do(stage, "a")
    do(stage, "b")
    assert "after" not in stage.trace
    do(stage, "c")

    assert stage.trace.count("after") == 1
    assert [failure.reason for failure in stage.incidents] == ["stalled"]


INCLUSIVE = (
    '<startEvent id="start"/><inclusiveGateway id="fork" default="fork_c"/>'
    '<userTask id="a"/><userTask id="b"/><userTask id="c"/><inclusiveGateway id="join"/><endEvent id="end"/>'
    + chain("start", "fork")
    + flow("fork", "a", "x > 0")
    + flow("fork", "b", "x > 1")
    + flow("fork", "c")
    + "".join(flow(name, "join") for name in "abc")
    + flow("join", "end")
)


@pytest.mark.parametrize(("x", "tasks"), [(0, ["c"]), (1, ["a"]), (2, ["a", "b"])])
def test_an_inclusive_gateway_takes_every_true_flow_and_joins_those_taken(x: int, tasks: list[str]) -> None:
    stage = begin(INCLUSIVE, x=x)
    assert waiting(stage) == tasks

    for number, task in enumerate(tasks, start=1):
        do(stage, task)
        assert stage.case.state == ("completed" if number == len(tasks) else "running")

    assert stage.trace[-1] == "end"


def test_an_inclusive_join_waits_for_a_token_that_is_further_away() -> None:
    stage = begin(
        '<startEvent id="start"/><parallelGateway id="fork"/><userTask id="slow"/><userTask id="slower"/>'
        '<inclusiveGateway id="join"/><endEvent id="end"/>'
        + chain("start", "fork", "join", "end")
        + chain("fork", "slow", "slower", "join")
    )

    do(stage, "slow")
    assert stage.case.state == "running"
    do(stage, "slower")

    assert stage.case.state == "completed"
    assert stage.trace.count("end") == 1


def test_activities_split_and_end_without_gateways_and_events() -> None:
    stage = begin(
        '<task id="begin"/><userTask id="a"/><userTask id="b"/>' + flow("begin", "a", "wanted") + flow("begin", "b"),
        wanted=True,
    )
    assert waiting(stage) == ["a", "b"]

    do(stage, "a")
    do(stage, "b")

    assert stage.case.state == "completed"


def test_a_terminate_end_stops_its_scope_only() -> None:
    stage = begin(
        '<startEvent id="start"/><subProcess id="sub"><startEvent id="s"/><parallelGateway id="fork"/>'
        '<userTask id="a"/><userTask id="b"/><endEvent id="stop"><terminateEventDefinition/></endEvent>'
        + chain("s", "fork", "a", "stop")
        + chain("fork", "b")
        + '</subProcess><userTask id="after"/><endEvent id="end"/>'
        + chain("start", "sub", "after", "end")
    )
    assert waiting(stage) == ["a", "b"]

    do(stage, "a")

    assert waiting(stage) == ["after"]


def gathered(condition: str) -> str:
    return (
        '<startEvent id="start"/><exclusiveGateway id="again"/><parallelGateway id="fork"/>'
        '<userTask id="a"/><userTask id="b"/><userTask id="c"/>'
        f'<complexGateway id="join"><activationCondition>{condition}</activationCondition></complexGateway>'
        '<userTask id="after"/><exclusiveGateway id="more" default="more_end"/><endEvent id="end"/>'
        + chain("start", "again", "fork", "a", "join", "after", "more", "end")
        + chain("fork", "b", "join")
        + chain("fork", "c", "join")
        + flow("more", "again", "round = 1")
    )


def test_a_complex_gateway_goes_on_when_enough_have_come_and_uses_up_the_rest() -> None:
    stage = begin(gathered("activationCount &gt;= 2"))

    do(stage, "a")
    assert waiting(stage) == ["b", "c"]
    do(stage, "c")
    assert waiting(stage) == ["after", "b"]
    do(stage, "b")
    assert waiting(stage) == ["after"]
    do(stage, "after", round=0)

    assert stage.case.state == "completed"


def test_a_complex_gateway_begins_anew_in_the_next_round() -> None:
    stage = begin(gathered("activationCount &gt;= 2"))

    for task in ("a", "b", "c"):
        do(stage, task)
    do(stage, "after", round=1)
    do(stage, "b")
    assert waiting(stage) == ["a", "c"]
    do(stage, "a")

    assert waiting(stage) == ["after", "c"]
    do(stage, "c")
    do(stage, "after", round=0)
    assert stage.case.state == "completed"
