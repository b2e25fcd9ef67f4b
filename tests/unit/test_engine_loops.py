"""Multi-instance activities."""

import json

import pytest

from engine import runtime
from engine.runtime import Case
from tests.engine_stage import begin, do
from tests.engine_world import chain, line


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


@pytest.mark.parametrize(
    ("before", "after"),
    [(1, 1.5), (True, 1), (1, True), ("1", 1), (None, False), (["a"], ["a", "b"]), ("a", ["a"]), (2, None)],
)
def test_a_stored_state_has_the_newest_values_of_an_instance(
    before: object, after: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runtime, "ROUND_TRIPS", False)
    loop = '<multiInstanceLoopCharacteristics camunda:collection="people" camunda:elementVariable="person"/>'
    stage = begin(
        line(
            f'<subProcess id="each">{loop}<startEvent id="s"/><userTask id="first"/><userTask id="then"/>'
            f"{chain('s', 'first', 'then')}</subProcess>",
            names=("each",),
        ),
        people=["p", "q"],
    )
    for _ in range(2):
        do(stage, "first", value=before)
        stage.case.snapshot()

    do(stage, "then", value=after)
    stored = stage.case.snapshot()

    assert stored == Case(stage.case.program, stage, json.loads(json.dumps(stored))).snapshot()
