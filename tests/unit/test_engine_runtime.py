"""What each element does, in memory; every case goes through a stored snapshot after every single element."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

import engine.runtime
from core.clock import FixedClock
from core.identity import SYSTEM
from engine.bpmn import Known, check_bpmn
from engine.errors import FourEyes, NotYourTask, TaskAlreadyCompleted
from engine.rehearsal import Props, Rehearsal, player
from engine.runtime import load
from tests.engine_world import bpmn, chain, flow, line

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _round_trips(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(engine.runtime, "ROUND_TRIPS", True)
    return


def begin(
    content: str | bytes, *, answers: dict[str, Any] | None = None, attributes: str = "", **variables: Any
) -> Rehearsal:
    """A started case of a process with this content."""
    source = content if isinstance(content, bytes) else bpmn(content, attributes=attributes)
    checked = check_bpmn("test.bpmn", source, Known())
    assert not checked.findings.refuses, [str(finding) for finding in checked.findings]
    stage = Rehearsal(load(checked.processes[0]), FixedClock(NOON), Props(answers=answers or {}))
    stage.start(variables, SYSTEM)
    return stage


def do(stage: Rehearsal, element: str, number: int | None = None, **data: Any) -> None:
    """Complete the task at an element."""
    stage.complete(stage.find(element, number, SYSTEM), data, SYSTEM)


def waiting(stage: Rehearsal) -> list[str]:
    return sorted(work.node.id for work in stage.work.values())


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
    assert stage.trace == ["start", "fork", "a", "b", "join", "join", "end"]


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
    answers: dict[str, Any] = {"mail.send": {"fail": "NO_ROUTE"}}
    stage = begin(
        line('<userTask id="write"/>', '<serviceTask id="send" obieg:handler="mail.send"/>', names=("write", "send")),
        answers=answers,
    )

    do(stage, "write", text="hello")

    assert (stage.case.state, stage.case.variables) == ("failed", {"text": "hello"})
    assert [(failure.node.id, failure.reason) for failure in stage.incidents] == [("send", "NO_ROUTE")]
    answers["mail.send"] = {"sent": True}
    stage.case.retry(stage.incidents[0].token)
    assert (stage.case.state, stage.case.variables["sent"]) == ("completed", True)


def test_a_failed_step_can_be_skipped() -> None:
    stage = begin(
        line('<serviceTask id="send" obieg:handler="mail.send"/>', names=("send",)),
        answers={"mail.send": {"fail": "NO_ROUTE"}},
    )

    stage.case.skip(stage.incidents[0].token)

    assert stage.case.state == "completed"


def test_a_loop_without_an_end_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.spiff.tree.MAXIMUM_STEPS", 500)
    stage = begin(
        '<startEvent id="start"/><exclusiveGateway id="merge"/><task id="again"/>'
        + chain("start", "merge", "again", "merge")
    )

    assert [failure.reason for failure in stage.incidents] == ["endless_loop"]


def voting(*, sequential: bool = False, until: str = "", extra: str = "") -> str:
    condition = f"<completionCondition>{until}</completionCondition>" if until else ""
    loop = (
        f'<multiInstanceLoopCharacteristics isSequential="{str(sequential).lower()}" camunda:collection="people" '
        'camunda:elementVariable="voter" obieg:outputCollection="votes" obieg:outputElement="decision">'
        f"{condition}</multiInstanceLoopCharacteristics>"
    )
    return line(f'<userTask id="vote" camunda:candidateGroups="=voter">{loop}</userTask>{extra}', names=("vote",))


def test_parallel_instances_have_their_own_item_and_give_their_results_in_its_order() -> None:
    stage = begin(voting(), people=["legal", "board"])
    offers = {work.groups for work in stage.work.values()}
    assert offers == {("legal",), ("board",)}

    do(stage, "vote", 2, decision="reject", remark="mine")
    do(stage, "vote", 1, decision="approve")

    assert stage.case.state == "completed"
    assert stage.case.variables == {"people": ["legal", "board"], "votes": ["approve", "reject"]}


def test_sequential_instances_come_one_after_the_other_even_for_null() -> None:
    loop = (
        '<multiInstanceLoopCharacteristics isSequential="true" camunda:collection="people" '
        'camunda:elementVariable="voter"/>'
    )
    stage = begin(line(f'<userTask id="vote">{loop}</userTask>', names=("vote",)), people=["a", None, "a"])

    for voter in ("a", None, "a"):
        assert [stage.case.seen_by(token)["voter"] for token in stage.work] == [voter]
        do(stage, "vote")

    assert stage.case.state == "completed"


def test_a_task_that_would_be_offered_to_null_is_an_incident() -> None:
    stage = begin(voting(), people=[None])

    assert [failure.reason for failure in stage.incidents] == ["candidates"]


@pytest.mark.parametrize(
    ("until", "votes"),
    [
        ("decision != &quot;approve&quot;", ["reject"]),
        ("some vote in votes satisfies vote = &quot;reject&quot;", ["reject"]),
        ("nrOfCompletedInstances = 1 and nrOfInstances = 3 and nrOfActiveInstances = 2", ["reject"]),
        ("loopCounter = 2", ["reject"]),
    ],
)
def test_a_completion_condition_ends_the_rest(until: str, votes: list[str]) -> None:
    stage = begin(voting(until=until), people=["a", "b", "c"])

    do(stage, "vote", 2, decision="reject")

    assert (stage.case.state, stage.work, stage.case.variables["votes"]) == ("completed", {}, votes)


def test_an_empty_collection_is_done_at_once_and_null_is_an_incident() -> None:
    assert begin(voting(), people=[]).case.variables == {"people": [], "votes": []}
    assert [failure.reason for failure in begin(voting()).incidents] == ["loop_items"]


def test_a_sub_process_runs_once_per_item_with_variables_of_its_own() -> None:
    loop = (
        '<multiInstanceLoopCharacteristics camunda:collection="items" camunda:elementVariable="item" '
        'obieg:outputCollection="doubled" obieg:outputElement="twice"/>'
    )
    stage = begin(
        line(
            f'<subProcess id="each">{loop}<startEvent id="s"/><scriptTask id="double"><script>twice = item * 2'
            f'</script></scriptTask><userTask id="look"/>{chain("s", "double", "look")}</subProcess>',
            names=("each",),
        ),
        items=[1, 2],
    )
    for _ in range(2):
        do(stage, "look")

    assert stage.case.variables == {"items": [1, 2], "doubled": [2, 4]}


def test_a_timer_between_activities_waits_for_its_moment() -> None:
    stage = begin(
        line(
            '<intermediateCatchEvent id="wait"><timerEventDefinition><timeDuration>PT2H</timeDuration>'
            "</timerEventDefinition></intermediateCatchEvent>",
            names=("wait",),
        )
    )

    stage.advance(NOON + timedelta(minutes=119))
    assert stage.case.state == "running"
    stage.advance(NOON + timedelta(minutes=120))

    assert stage.case.state == "completed"


@pytest.mark.parametrize(
    "date",
    ["2026-01-06T12:00:00Z", "= moment", "= today + duration(&quot;PT24H&quot;)", "2026-01-06T13:00:00+01:00"],
)
def test_a_timer_takes_dates_and_expressions(date: str) -> None:
    stage = begin(
        line(
            f'<intermediateCatchEvent id="wait"><timerEventDefinition><timeDate>{date}</timeDate>'
            "</timerEventDefinition></intermediateCatchEvent>",
            names=("wait",),
        ),
        moment=NOON + timedelta(days=1),
        today=NOON,
    )

    stage.advance(NOON + timedelta(hours=23))
    assert stage.case.state == "running"
    stage.advance(NOON + timedelta(hours=24))
    assert stage.case.state == "completed"


def reminded(*, interrupting: bool, timer: str) -> str:
    return (
        '<startEvent id="start"/><userTask id="work"/><endEvent id="end" obieg:outcome="done"/>'
        f'<boundaryEvent id="late" attachedToRef="work" cancelActivity="{str(interrupting).lower()}">'
        f"<timerEventDefinition>{timer}</timerEventDefinition></boundaryEvent>"
        '<userTask id="remind"/><endEvent id="over" obieg:outcome="late"/>'
        + chain("start", "work", "end")
        + chain("late", "remind", "over")
    )


HOUR = "<timeDuration>PT1H</timeDuration>"


def test_an_interrupting_boundary_timer_takes_the_task_away() -> None:
    stage = begin(reminded(interrupting=True, timer=HOUR))

    stage.advance(NOON + timedelta(hours=1))

    assert waiting(stage) == ["remind"]
    do(stage, "remind")
    assert (stage.case.state, stage.case.outcome, stage.trace) == (
        "completed",
        "late",
        ["start", "late", "remind", "over"],
    )


def test_a_boundary_timer_is_disarmed_when_its_task_is_done() -> None:
    stage = begin(reminded(interrupting=True, timer=HOUR))

    do(stage, "work")
    stage.advance(NOON + timedelta(days=1))

    assert (stage.case.state, stage.case.outcome) == ("completed", "done")


def test_a_boundary_timer_that_does_not_interrupt_fires_beside_its_task() -> None:
    stage = begin(reminded(interrupting=False, timer=HOUR))

    stage.advance(NOON + timedelta(days=1))

    assert waiting(stage) == ["remind", "work"]


def test_a_cycle_fires_again_as_often_as_it_says_while_its_task_is_open() -> None:
    stage = begin(reminded(interrupting=False, timer="<timeCycle>R3/PT1H</timeCycle>"))

    stage.advance(NOON + timedelta(hours=2))
    assert waiting(stage) == ["remind", "remind", "work"]
    stage.advance(NOON + timedelta(days=1))

    assert waiting(stage) == ["remind", "remind", "remind", "work"]


def test_an_interrupted_sub_process_takes_everything_inside_it_along() -> None:
    stage = begin(
        '<startEvent id="start"/><subProcess id="sub"><startEvent id="s"/><parallelGateway id="fork"/>'
        '<userTask id="a"/><intermediateCatchEvent id="wait"><timerEventDefinition><timeDuration>PT5H</timeDuration>'
        "</timerEventDefinition></intermediateCatchEvent>"
        + chain("s", "fork", "a")
        + chain("fork", "wait")
        + '</subProcess><boundaryEvent id="late" attachedToRef="sub"><timerEventDefinition>'
        + HOUR
        + '</timerEventDefinition></boundaryEvent><endEvent id="end"/><endEvent id="over"/>'
        + chain("start", "sub", "end")
        + chain("late", "over")
    )

    stage.advance(NOON + timedelta(days=1))

    assert (stage.case.state, stage.work) == ("completed", {})
    assert stage.trace == ["start", "s", "fork", "late", "over"]


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
