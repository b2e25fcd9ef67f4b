"""Scripts, service tasks, people, stages and snapshots of a case in memory."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

import engine.runtime
from core.identity import SYSTEM
from engine.errors import FourEyes, NotYourTask, TaskAlreadyCompleted
from engine.rehearsal import player
from tests.engine_stage import NOON, begin, do
from tests.engine_world import chain, flow, line


def test_a_script_assigns_and_replaces_lists_are_never_merged() -> None:
    stage = begin(
        line(
            "<scriptTask id='sum'><script>items = [1]\ntotal = sum(items) + net</script></scriptTask>", names=("sum",)
        ),
        items=[1, 2, 3],
        net=Decimal("0.10"),
    )

    assert stage.case.variables["items"] == [1]
    assert stage.case.variables["total"] == Decimal("1.10")


def test_a_script_that_cannot_be_evaluated_is_an_incident() -> None:
    stage = begin(line("<scriptTask id='sum'><script>total = 1 + nobody</script></scriptTask>", names=("sum",)))

    assert [failure.reason for failure in stage.incidents] == ["script"]


def test_a_service_task_maps_its_inputs_and_outputs() -> None:
    mapping = (
        "<extensionElements><camunda:inputOutput>"
        '<camunda:inputParameter name="net">= amount * 2</camunda:inputParameter>'
        '<camunda:outputParameter name="gross">= result + net</camunda:outputParameter>'
        "</camunda:inputOutput></extensionElements>"
    )
    stage = begin(
        line(f'<serviceTask id="tax" obieg:handler="tax.add">{mapping}</serviceTask>', names=("tax",)),
        answers={"tax.add": {"result": 3}},
        amount=5,
    )

    assert stage.case.variables == {"amount": 5, "gross": 13}


def test_a_failing_service_task_parks_its_token_and_keeps_what_was_done_before() -> None:
    answers: dict[str, Any] = {"post.send": {"fail": "NO_ROUTE"}}
    stage = begin(
        line('<userTask id="write"/>', '<serviceTask id="send" obieg:handler="post.send"/>', names=("write", "send")),
        answers=answers,
    )

    do(stage, "write", text="hello")

    assert (stage.case.state, stage.case.variables) == ("failed", {"text": "hello"})
    assert [(failure.node.id, failure.reason) for failure in stage.incidents] == [("send", "NO_ROUTE")]
    answers["post.send"] = {"sent": True}
    stage.case.retry(stage.incidents[0].token)
    assert (stage.case.state, stage.case.variables["sent"]) == ("completed", True)


def test_a_failed_step_can_be_skipped() -> None:
    stage = begin(
        line('<serviceTask id="send" obieg:handler="post.send"/>', names=("send",)),
        answers={"post.send": {"fail": "NO_ROUTE"}},
    )

    stage.case.skip(stage.incidents[0].token)

    assert stage.case.state == "completed"


def test_a_loop_without_an_end_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.spiff.limits.MAXIMUM_STEPS", 500)
    stage = begin(ROUND)

    assert [failure.reason for failure in stage.incidents] == ["endless_loop"]
    assert "round merge, again." in stage.incidents[0].sentence


ROUND = '<startEvent id="start"/><exclusiveGateway id="merge"/><task id="again"/>' + chain(
    "start", "merge", "again", "merge"
)


def test_two_loops_without_an_end_stop_the_case_with_one_incident(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.spiff.limits.MAXIMUM_STEPS", 500)
    stage = begin(
        '<startEvent id="start"/><exclusiveGateway id="left"/><task id="again"/><exclusiveGateway id="right"/>'
        '<task id="anew"/>' + chain("start", "left", "again", "left") + chain("start", "right", "anew", "right")
    )

    assert [failure.reason for failure in stage.incidents] == ["endless_loop"]
    assert stage.case.stopped_at == stage.incidents[0].token


def test_a_loop_of_few_but_laborious_expressions_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.spiff.limits.MAXIMUM_WORK", 20_000)
    script = '<scriptTask id="again"><script>n = count(for i in 1..5000 return i)</script></scriptTask>'
    stage = begin(ROUND.replace('<task id="again"/>', script))

    assert [failure.reason for failure in stage.incidents] == ["endless_loop"]
    assert "steps of expressions" in stage.incidents[0].sentence


def test_the_stage_is_the_furthest_of_the_live_tokens() -> None:
    stage = begin(
        '<startEvent id="start"/><parallelGateway id="fork"/><userTask id="a" obieg:stage="lead"/>'
        '<subProcess id="sub" obieg:stage="offer"><userTask id="b"/></subProcess><userTask id="c"/><endEvent id="end"/>'
        + chain("start", "fork", "a", "end")
        + chain("fork", "sub", "c"),
        attributes='obieg:stages="lead; offer"',
    )
    assert stage.case.stage == "offer"

    do(stage, "b")
    assert stage.case.stage == "lead"
    do(stage, "a")

    assert stage.case.stage == "lead"


def test_people_are_found_by_text_and_by_expression() -> None:
    stage = begin(
        line(
            '<userTask id="work" camunda:candidateGroups="legal, board" camunda:candidateUsers="=people" '
            'camunda:dueDate="P2D" camunda:priority="=30 + 1"/>',
            names=("work",),
        ),
        people=["anna"],
    )

    work = next(iter(stage.work.values()))

    assert (work.groups, work.users, work.priority) == (("legal", "board"), ("anna",), 31)
    assert work.due_at == NOON + timedelta(days=2)


def test_a_rehearsal_holds_the_rules_for_people() -> None:
    stage = begin(
        line(
            '<userTask id="draft" camunda:candidateGroups="rep"/>',
            '<userTask id="check" camunda:candidateGroups="rep, boss" obieg:fourEyes="draft"/>',
            names=("draft", "check"),
        )
    )
    draft = stage.find("draft", None, player("rep"))

    with pytest.raises(NotYourTask):
        stage.complete(draft, {}, player("boss"))
    stage.complete(draft, {}, player("rep"))
    with pytest.raises(FourEyes):
        stage.complete(stage.find("check", None, player("rep")), {}, player("rep"))
    stage.complete(stage.find("check", None, player("boss")), {}, player("boss"))

    assert stage.case.state == "completed"


def test_a_finished_task_cannot_be_completed_in_the_case() -> None:
    stage = begin(line('<userTask id="work"/>', names=("work",)))
    token = stage.find("work", None, SYSTEM)
    do(stage, "work")

    with pytest.raises(TaskAlreadyCompleted):
        stage.case.complete(token, {})


def test_a_snapshot_stays_as_small_in_the_thousandth_round_as_in_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine.runtime, "ROUND_TRIPS", False)
    stage = begin(
        '<startEvent id="start"/><userTask id="work"/><exclusiveGateway id="more" default="more_work"/>'
        '<endEvent id="end"/>' + chain("start", "work", "more", "work") + flow("more", "end", "enough")
    )
    do(stage, "work")
    first = len(str(stage.case.snapshot()))

    for _ in range(1000):
        do(stage, "work")

    assert len(str(stage.case.snapshot())) == first
    do(stage, "work", enough=True)
    assert stage.case.state == "completed"


def test_tokens_that_multiply_without_end_are_stopped_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.spiff.limits.MAXIMUM_TOKENS", 100)
    twice = (
        '<startEvent id="start"/><exclusiveGateway id="merge"/><parallelGateway id="fork"/><task id="a"/><task id="b"/>'
        + chain("start", "merge", "fork", "a", "merge")
        + chain("fork", "b", "merge")
    )

    stage = begin(twice)

    assert [failure.reason for failure in stage.incidents] == ["too_many_tokens"]
    assert stage.case.stopped_at == stage.incidents[0].token


def test_a_join_that_one_flow_floods_is_an_incident(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.spiff.gateways.MAXIMUM_WAITING", 10)
    stage = begin(
        '<startEvent id="start"/><parallelGateway id="join"/><userTask id="u"/>'
        '<task id="many" completionQuantity="11"/>' + chain("start", "many", "join") + chain("start", "u", "join")
    )

    assert [(failure.node.id, failure.reason) for failure in stage.incidents] == [("many", "too_many_tokens")]


@pytest.mark.parametrize("sequential", ["true", "false"])
def test_a_multi_instance_has_no_more_items_than_anybody_could_do(sequential: str) -> None:
    loop = f'<multiInstanceLoopCharacteristics isSequential="{sequential}"><loopCardinality>10 ** 30</loopCardinality>'
    stage = begin(line(f'<userTask id="u">{loop}</multiInstanceLoopCharacteristics></userTask>', names=("u",)))

    assert [failure.reason for failure in stage.incidents] == ["loop_items"]
