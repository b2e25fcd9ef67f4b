"""Ad-hoc sub-processes: people choose what is done, how often and in which order."""

from pathlib import Path

import pytest

from core.identity import SYSTEM, Actor
from engine.bpmn import Known, check_bpmn
from engine.errors import ActivityNotOffered
from engine.rehearsal import Rehearsal
from engine.scenarios import play
from tests.engine_stage import begin, boundary, do, event, message, on, waiting
from tests.engine_world import bpmn, chain, flow


def ad_hoc(content: str, *, attributes: str = "", until: str = "", around: str = "") -> str:
    """A process with an ad-hoc sub-process `free` between its start and the task `after`."""
    condition = f"<completionCondition>{until}</completionCondition>" if until else ""
    return (
        f'<startEvent id="start"/><adHocSubProcess id="free" {attributes}>{content}{condition}</adHocSubProcess>'
        f'<userTask id="after"/>{around}' + chain("start", "free", "after")
    )


TWO = '<userTask id="call"/><userTask id="visit"/>'


def offered(stage: Rehearsal) -> list[str]:
    return [each.element_id for scope in stage.case.open_scopes() for each in scope.choices if each.is_free]


def choose(stage: Rehearsal, *elements: str) -> None:
    for element in elements:
        stage.choose(element, SYSTEM)


def test_its_activities_are_offered_and_done_as_often_as_people_want() -> None:
    stage = begin(ad_hoc(TWO))
    assert (waiting(stage), offered(stage)) == ([], ["call", "visit"])

    choose(stage, "visit", "visit", "call")
    assert waiting(stage) == ["call", "visit", "visit"]
    do(stage, "visit")
    do(stage, "call")
    assert offered(stage) == ["call", "visit"]
    stage.finish("free", SYSTEM)

    assert waiting(stage) == ["after"]
    assert stage.trace == ["start", "visit", "call", "free"]


def test_it_is_complete_when_its_condition_is_true_after_an_activity() -> None:
    stage = begin(ad_hoc(TWO, until="done = true"), done=True)
    assert offered(stage) == ["call", "visit"]

    choose(stage, "call", "visit")
    do(stage, "call", done=False)
    assert waiting(stage) == ["visit"]
    do(stage, "visit", done=True)

    assert waiting(stage) == ["after"]


@pytest.mark.parametrize(("cancels", "left"), [("true", ["after"]), ("false", ["visit"])])
def test_the_rest_is_cancelled_or_waited_for(cancels: str, left: list[str]) -> None:
    stage = begin(ad_hoc(TWO, attributes=f'cancelRemainingInstances="{cancels}"', until="done"))
    choose(stage, "call", "visit")

    do(stage, "call", done=True)

    assert (waiting(stage), offered(stage)) == (left, [])
    if left == ["visit"]:
        do(stage, "visit")
        assert waiting(stage) == ["after"]


def test_a_sequential_one_does_one_thing_after_the_other() -> None:
    stage = begin(ad_hoc(TWO, attributes='ordering="Sequential"'))
    choose(stage, "call")

    assert offered(stage) == []
    with pytest.raises(ActivityNotOffered, match="one thing after the other"):
        choose(stage, "visit")

    do(stage, "call")
    assert offered(stage) == ["call", "visit"]


def test_a_flow_inside_enables_an_activity_but_a_person_starts_it() -> None:
    stage = begin(ad_hoc(TWO + '<userTask id="report"/>' + chain("call", "report")))
    with pytest.raises(ActivityNotOffered):
        choose(stage, "report")

    choose(stage, "call")
    do(stage, "call")
    assert (waiting(stage), offered(stage)) == ([], ["call", "visit", "report"])
    choose(stage, "report")

    assert (waiting(stage), offered(stage)) == (["report"], ["call", "visit"])


def test_gateways_inside_run_by_themselves_and_a_join_does_not_stall_the_case() -> None:
    inside = TWO + '<parallelGateway id="join"/><userTask id="report"/>'
    stage = begin(ad_hoc(inside + chain("call", "join", "report") + chain("visit", "join")))

    choose(stage, "call")
    do(stage, "call")
    assert (stage.case.state, offered(stage)) == ("running", ["call", "visit"])
    choose(stage, "visit")
    do(stage, "visit")

    assert offered(stage) == ["call", "visit", "report"]


def test_an_activity_that_needs_several_tokens_is_offered_with_the_last() -> None:
    inside = '<userTask id="call"/><userTask id="report" startQuantity="2"/>' + chain("call", "report")
    stage = begin(ad_hoc(inside))

    choose(stage, "call")
    do(stage, "call")
    assert offered(stage) == ["call"]
    choose(stage, "call")
    do(stage, "call")

    assert offered(stage) == ["call", "report"]


def test_an_event_inside_happens_again_and_again() -> None:
    inside = TWO + event("intermediateCatchEvent", "mail", "message m") + chain("mail", "visit")
    stage = begin(ad_hoc(inside))

    message(stage, "paid")
    message(stage, "paid")
    choose(stage, "visit", "visit")
    stage.finish("free", SYSTEM)

    assert waiting(stage) == ["after"]
    assert stage.subscriptions == {}


def test_a_condition_inside_that_stays_true_happens_once() -> None:
    inside = TWO + event("intermediateCatchEvent", "late", "conditional late") + chain("late", "visit")

    stage = begin(ad_hoc(inside), late=True)

    assert stage.case.state == "running"
    assert stage.trace.count("late") == 1


def test_a_boundary_event_takes_it_away_with_everything_inside() -> None:
    around = boundary("stop", "free", "message m") + '<userTask id="other"/>' + chain("stop", "other")
    stage = begin(ad_hoc(TWO, around=around))
    choose(stage, "call")

    message(stage, "paid")

    assert (waiting(stage), offered(stage)) == (["other"], [])


def test_an_interrupting_event_sub_process_inside_completes_it() -> None:
    handler = on("stop", "message m", '<userTask id="clean"/>' + chain("stop_start", "clean"))
    stage = begin(ad_hoc(TWO + handler, until="false"))
    choose(stage, "call")

    message(stage, "paid")
    assert (waiting(stage), offered(stage)) == (["clean"], [])
    do(stage, "clean")

    assert waiting(stage) == ["after"]


def test_it_may_be_the_instance_of_a_loop_and_of_a_multi_instance() -> None:
    many = "<multiInstanceLoopCharacteristics><loopCardinality>2</loopCardinality></multiInstanceLoopCharacteristics>"
    stage = begin(ad_hoc(TWO + many, until="loopCounter = 2"))
    assert offered(stage) == ["call", "visit"] * 2

    second = stage.case.open_scopes()[1].id
    stage._do(lambda role: role.case.select(second, "visit"))
    do(stage, "visit")

    assert offered(stage) == ["call", "visit"]


def test_what_was_done_inside_can_be_undone() -> None:
    inside = (
        TWO
        + boundary("undo", "call", "compensate")
        + '<task id="regret" isForCompensation="true"/><association id="a" sourceRef="undo" targetRef="regret"/>'
    )
    around = event("endEvent", "back", "compensate") + flow("after", "back")
    stage = begin(ad_hoc(inside, around=around))
    choose(stage, "call", "call")
    do(stage, "call")
    do(stage, "call")
    stage.finish("free", SYSTEM)

    do(stage, "after")

    assert stage.trace.count("regret") == 2
    assert stage.case.state == "completed"


def test_it_may_be_offered_to_certain_people_only() -> None:
    stage = begin(ad_hoc(TWO, attributes='camunda:candidateGroups="sales"'))
    other = Actor(id="x", name="X", roles=frozenset({"legal"}), permissions=frozenset({"task.work"}))
    mine = Actor(id="y", name="Y", roles=frozenset({"sales"}), permissions=frozenset({"task.work"}))

    with pytest.raises(ActivityNotOffered):
        stage.choose("call", other)
    stage.choose("call", mine)

    assert waiting(stage) == ["call"]


def test_an_empty_one_is_complete_at_once() -> None:
    assert waiting(begin(ad_hoc(""))) == ["after"]


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        ('<startEvent id="s"/>' + TWO, "ad-hoc-content"),
        (TWO + '<endEvent id="e"/>' + chain("call", "e"), "ad-hoc-content"),
        (TWO + '<exclusiveGateway id="g"/>' + chain("g", "call"), "ad-hoc-content"),
        (TWO + chain("call", "visit", "call"), "start-missing"),
    ],
)
def test_it_has_no_start_and_no_end(content: str, rule: str) -> None:
    findings = check_bpmn("t.bpmn", bpmn(ad_hoc(content)), Known()).findings

    assert rule in [each.rule for each in findings]


def test_it_cannot_be_an_event_sub_process() -> None:
    source = bpmn(ad_hoc(TWO, attributes='triggeredByEvent="true"'))

    assert "attribute-value" in [each.rule for each in check_bpmn("t.bpmn", source, Known()).findings]


def test_scenarios_choose_and_finish(tmp_path: Path) -> None:
    (tmp_path / "free.bpmn").write_bytes(bpmn(ad_hoc(TWO, attributes='camunda:candidateGroups="sales"')))
    scenario = tmp_path / "free.scenario.yaml"
    scenario.write_text(
        "file: free.bpmn\nscenarios:\n- name: twice\n  steps:\n"
        "  - {choose: call, as: sales}\n  - {choose: call, as: sales}\n  - {complete: call, as: sales}\n"
        "  - {finish: free, as: sales}\n  - expect: {tasks: [after], visited: [call, free]}\n"
        "- name: not offered\n  steps:\n  - {choose: call, as: legal}\n  - expect: {}\n"
    )

    results = play(scenario).results

    assert results[0].failures == []
    assert results[1].failures == ["step 1: call cannot be started now; offered are: none."]
