"""Who does a user task, in the standard's own words: human performer and potential owners."""

import pytest

from engine.bpmn import Known, check_bpmn
from tests.engine_stage import begin
from tests.engine_world import bpmn, line


def by(tag: str, text: str, attributes: str = "") -> str:
    inner = f"<formalExpression {attributes}>{text}</formalExpression>"
    return f'<{tag} id="{tag}"><resourceAssignmentExpression>{inner}</resourceAssignmentExpression></{tag}>'


def task(content: str, attributes: str = "") -> str:
    return line(f'<userTask id="work" {attributes}>{content}</userTask>', names=("work",))


def problems(content: str) -> list[tuple[str, str | None]]:
    found = check_bpmn("t.bpmn", bpmn(content), Known()).findings
    return [(finding.rule, finding.element) for finding in found if finding.severity == "error"]


@pytest.mark.parametrize("text", ["anna", "user(anna)", "=boss", "${boss}", '="an" + "na"'])
def test_a_human_performer_gets_the_task(text: str) -> None:
    stage = begin(task(by("humanPerformer", text)), boss="anna")

    work = next(iter(stage.work.values()))

    assert (work.assignee, work.users, work.groups) == ("anna", (), ())


@pytest.mark.parametrize(
    ("owners", "users", "groups"),
    [
        (["legal"], (), ("legal",)),
        (["user(anna), group(legal), board"], ("anna",), ("legal", "board")),
        (["legal", "user( jan.nowak@example.com )", "user(anna)"], ("jan.nowak@example.com", "anna"), ("legal",)),
        (["=voters"], (), ("legal", "board")),
        (["${voters}"], (), ("legal", "board")),
    ],
)
def test_potential_owners_are_offered_the_task(
    owners: list[str], users: tuple[str, ...], groups: tuple[str, ...]
) -> None:
    content = "".join(by("potentialOwner", each) for each in owners).replace(' id="potentialOwner"', "")

    stage = begin(task(content), voters=["legal", "board"])

    work = next(iter(stage.work.values()))
    assert (work.assignee, work.users, work.groups) == (None, users, groups)


def test_both_can_be_said_and_the_lane_is_not_asked_then() -> None:
    lanes = '<laneSet id="lanes"><lane id="lane" obieg:role="sales"><flowNodeRef>work</flowNodeRef></lane></laneSet>'
    both = by("humanPerformer", "anna") + by("potentialOwner", "legal")

    works = [next(iter(begin(lanes + task(content)).work.values())) for content in (both, "")]

    assert [(work.assignee, work.groups) for work in works] == [("anna", ("legal",)), (None, ("sales",))]


def test_a_global_user_task_has_them_too() -> None:
    shared = f'<globalUserTask id="shared" name="Sign">{by("potentialOwner", "legal")}</globalUserTask>'
    content = bpmn(line('<callActivity id="call" calledElement="shared"/>', names=("call",)), roots=shared)

    checked = check_bpmn("t.bpmn", content, Known())

    assert [finding for finding in checked.findings if finding.severity == "error"] == []
    work = next(process for process in checked.processes if process.is_global_task).nodes["shared"].work
    assert work is not None
    assert work.groups is not None
    assert work.groups.text == "legal"


@pytest.mark.parametrize(
    ("content", "attributes"),
    [
        (by("humanPerformer", "anna"), 'camunda:assignee="jan"'),
        (by("potentialOwner", "legal"), 'camunda:candidateGroups="board"'),
        (by("potentialOwner", "legal"), 'camunda:candidateUsers="jan"'),
        (by("humanPerformer", "anna").replace('"humanPerformer"', '"one"') + by("humanPerformer", "jan"), ""),
        (by("humanPerformer", "anna, jan"), ""),
        (by("humanPerformer", "group(legal)"), ""),
        (by("potentialOwner", "legal").replace('"potentialOwner"', '"one"') + by("potentialOwner", "=voters"), ""),
        (by("potentialOwner", "legal,,board"), ""),
        (by("potentialOwner", "role(legal)"), ""),
        (by("potentialOwner", '"legal"'), ""),
        (by("potentialOwner", ""), ""),
        ('<potentialOwner id="o"/>', ""),
    ],
)
def test_what_says_it_twice_or_not_at_all_is_refused(content: str, attributes: str) -> None:
    assert problems(task(content, attributes)) == [("performer", "work")]


def test_an_expression_is_in_feel() -> None:
    assert problems(task(by("potentialOwner", "=1 +"))) == [("expression", "work")]
    java = 'language="http://www.java.com/java"'
    assert problems(task(by("potentialOwner", "=voters", java))) == [("expression-language", "potentialOwner")]


@pytest.mark.parametrize("place", ["task", "serviceTask", "subProcess", "process"])
def test_nothing_else_is_done_by_people(place: str) -> None:
    owner = by("potentialOwner", "legal")
    inside = line(f'<{place} id="work">{owner}</{place}>', names=("work",))

    found = problems(owner + task("") if place == "process" else inside)

    assert ("element-unsupported", "potentialOwner") in found


def test_resources_and_roles_without_a_meaning_here_are_refused() -> None:
    reference = '<potentialOwner id="o"><resourceRef>boss</resourceRef></potentialOwner>'

    assert ("element-unsupported", "o") in problems(task(reference))
    assert ("element-unsupported", "performer") in problems(task(by("performer", "anna")))
