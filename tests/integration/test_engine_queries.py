"""What people see of definitions, instances and tasks: only what they may, page by page."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import Engine

from core.clock import FixedClock
from core.errors import InvalidInput
from core.identity import Actor
from engine import access, queries
from engine.errors import InstanceNotFound, TaskNotFound
from engine.instances import EntityLink, StartInstance
from engine.queries import InstanceFilter, TaskFilter
from engine.tasks import ClaimTask, CommentTask
from tests.engine_world import World, bpmn, chain, line, person

MODEL = bpmn(
    '<startEvent id="start"/><parallelGateway id="fork"/>'
    '<userTask id="legal_check" name="Legal check" camunda:candidateGroups="legal" camunda:dueDate="=due" '
    'obieg:stage="checking"><documentation>Read it all.</documentation>'
    '<dataInputAssociation id="i"><sourceRef>draft</sourceRef></dataInputAssociation>'
    '<dataOutputAssociation id="o"><targetRef>opinion</targetRef></dataOutputAssociation></userTask>'
    '<userTask id="board_vote" name="Board vote" camunda:candidateGroups="board" camunda:priority="90"/>'
    '<dataObjectReference id="draft" name="Draft" obieg:documentType="contract_draft" dataObjectRef="d1"/>'
    '<dataObjectReference id="opinion" name="Opinion" obieg:documentType="legal_opinion" dataObjectRef="d2"/>'
    '<dataObject id="d1"/><dataObject id="d2"/>'
    '<endEvent id="end"/>' + chain("start", "fork", "legal_check", "end") + chain("fork", "board_vote", "end"),
    attributes='name="Check a contract" obieg:stages="checking" obieg:searchable="customer"',
)
REP, ANNA, BOB, CARL = person("rep"), person("anna", "legal"), person("bob", "board"), person("carl", "clerk")
AUDITOR = Actor(id="aud", name="Aud", permissions=frozenset({"audit.read"}))


@pytest.fixture
def world(engine: Engine, clock: FixedClock) -> World:
    world = World(engine, clock)
    world.deploy(MODEL)
    return world


def seen(world: World, actor: Actor, wanted: TaskFilter | None = None) -> list[str]:
    with world.reading(actor) as view:
        return [task.element_id for task in queries.tasks(view, wanted or TaskFilter(sort="name")).items]


def test_a_task_is_seen_by_those_whom_it_is_offered_to(world: World) -> None:
    world.start("process", REP, due="P1D")

    assert seen(world, ANNA) == ["legal_check"]
    assert seen(world, BOB) == ["board_vote"]
    assert seen(world, CARL) == []
    assert seen(world, AUDITOR) == ["board_vote", "legal_check"]


def test_tasks_are_filtered(world: World) -> None:
    first = world.start("process", REP, due="P1D", customer={"name": "ACME"})
    world.start("process", REP, due="P9D", customer={"name": "Other"})
    world.do(ClaimTask(task_id=first.tasks[0].id), ANNA)

    assert len(seen(world, AUDITOR, TaskFilter(assignee="anna"))) == 1
    assert len(seen(world, AUDITOR, TaskFilter(unassigned=True))) == 3
    assert len(seen(world, AUDITOR, TaskFilter(candidate_group="legal"))) == 2
    assert len(seen(world, AUDITOR, TaskFilter(element_id="board_vote"))) == 2
    assert len(seen(world, AUDITOR, TaskFilter(instance_id=first.id))) == 2
    assert len(seen(world, AUDITOR, TaskFilter(definition_key="process"))) == 4
    assert len(seen(world, AUDITOR, TaskFilter(q="acme"))) == 2
    assert len(seen(world, AUDITOR, TaskFilter(q="%"))) == 0
    assert len(seen(world, AUDITOR, TaskFilter(due_before=datetime(2026, 1, 8, tzinfo=UTC)))) == 1


@pytest.mark.parametrize(
    ("sort", "first"),
    [
        ("created", "legal_check"),
        ("-created", "board_vote"),
        ("due", "legal_check"),
        ("-due", "legal_check"),
        ("priority", "legal_check"),
        ("-priority", "board_vote"),
        ("name", "board_vote"),
        ("-name", "legal_check"),
    ],
)
def test_pages_continue_where_the_last_one_ended_in_every_order(world: World, sort: str, first: str) -> None:
    for days in (1, 2, 3):
        world.start("process", REP, due=f"P{days}D")

    found, after = [], None
    with world.reading(AUDITOR) as view:
        while True:
            page = queries.tasks(view, TaskFilter(sort=sort), after=after, limit=2)
            found += [task.id for task in page.items]
            after = page.next
            if after is None:
                break
        everything = [task.id for task in queries.tasks(view, TaskFilter(sort=sort), limit=50).items]

    assert found == everything
    assert (len(set(found)), page.total) == (6, 6)
    assert seen(world, AUDITOR, TaskFilter(sort=sort))[0] == first


def test_a_wrong_order_mark_or_size_is_refused(world: World) -> None:
    with world.reading() as view:
        for wrong in ({"wanted": TaskFilter(sort="shoe_size")}, {"after": "nonsense"}, {"limit": 0}, {"limit": 9999}):
            with pytest.raises(InvalidInput):
                queries.tasks(view, **{"wanted": TaskFilter(), **wrong})  # type: ignore[arg-type]


def test_a_task_tells_all_that_its_page_shows(world: World) -> None:
    task = world.start("process", REP, due="P1D", customer={"name": "ACME", "limit": 2.50}).tasks[0].id
    world.documents.attach(task, "legal_opinion")
    world.do(CommentTask(task_id=task, text="See page 3."), ANNA)

    with world.reading(ANNA) as view:
        found = queries.task(view, task)

    assert (found.name, found.documentation, found.state, found.may_work) == (
        "Legal check",
        "Read it all.",
        "open",
        True,
    )
    assert found.candidate_groups == ("legal",)
    assert found.data == {"due": "P1D", "customer": {"name": "ACME", "limit": 2.5}}
    assert [(each.type, each.attached) for each in found.required_documents] == [("legal_opinion", 1)]
    assert [(each.type, each.attached) for each in found.shown_documents] == [("contract_draft", 0)]
    assert [(each.author, each.text) for each in found.comments] == [("anna", "See page 3.")]


def test_a_finished_task_tells_who_did_it(world: World) -> None:
    task = world.start("process", REP, due="P1D").tasks[0].id
    world.documents.attach(task, "legal_opinion")
    world.complete(task, ANNA, opinion="fine")

    with world.reading(ANNA) as view:
        found = queries.task(view, task)

    assert (found.state, found.completed_by, found.data, found.may_work) == (
        "completed",
        "anna",
        {"opinion": "fine"},
        False,
    )
    assert found.required_documents[0].attached == 1


def test_nobody_sees_the_task_of_a_stranger(world: World) -> None:
    task = world.start("process", REP, due="P1D").tasks[0].id

    with world.reading(CARL) as view, pytest.raises(TaskNotFound):
        queries.task(view, task)


def test_an_instance_is_seen_by_those_who_are_involved(world: World) -> None:
    started = world.start("process", REP, due="P1D")

    for actor, sees in ((REP, True), (ANNA, True), (BOB, True), (AUDITOR, True), (CARL, False)):
        with world.reading(actor) as view:
            assert access.may_see_instance(view, started.id) is sees
            assert queries.instances(view, InstanceFilter()).total == int(sees)
            if not sees:
                with pytest.raises(InstanceNotFound):
                    queries.instance(view, started.id)
                with pytest.raises(InstanceNotFound):
                    queries.history(view, started.id)


def test_whoever_did_a_task_still_sees_the_case(world: World) -> None:
    started = world.start("process", REP, due="P1D")
    world.complete(started.tasks[1].id, BOB)

    with world.reading(BOB) as view:
        assert queries.instance(view, started.id).state == "running"


def test_an_instance_tells_where_it_stands(world: World) -> None:
    started = world.do(
        StartInstance(
            definition_key="process",
            business_key="C-1",
            variables={"due": "P1D"},
            links=(EntityLink(entity="crm.customer", id="K-1", role="party"),),
        ),
        REP,
    )
    world.complete(started.tasks[1].id, BOB)

    with world.reading(REP) as view:
        found = queries.instance(view, started.id)
        visits = queries.history(view, started.id)

    assert (found.stage, found.business_key, found.definition.name) == ("checking", "C-1", "Check a contract")
    assert [(token.element_id, token.name, token.state) for token in found.tokens] == [
        ("legal_check", "Legal check", "waiting")
    ]
    assert found.links == (EntityLink(entity="crm.customer", id="K-1", role="party"),)
    assert [(visit.element_id, visit.left_at is None, visit.actor) for visit in visits] == [
        ("start", False, "rep"),
        ("fork", False, "rep"),
        ("legal_check", True, None),
        ("board_vote", False, "bob"),
        ("end", False, "bob"),
    ]


def test_instances_are_filtered_and_paged(world: World) -> None:
    for number in range(3):
        links = (EntityLink(entity="crm.customer", id=f"K-{number}"),)
        command = StartInstance(
            definition_key="process", business_key=f"C-{number}", variables={"due": "P1D"}, links=links
        )
        world.do(command, REP)

    with world.reading(REP) as view:
        page = queries.instances(view, InstanceFilter(), limit=2)
        rest = queries.instances(view, InstanceFilter(), after=page.next, limit=2)
        linked = queries.instances(view, InstanceFilter(entity="crm.customer", entity_id="K-1"))
        keyed = queries.instances(view, InstanceFilter(business_key="C-2", state="running", stage="checking"))

    assert [each.business_key for each in [*page.items, *rest.items]] == ["C-2", "C-1", "C-0"]
    assert (page.total, rest.next) == (3, None)
    assert [each.business_key for each in linked.items] == ["C-1"]
    assert [each.business_key for each in keyed.items] == ["C-2"]


def test_a_task_of_a_loop_shows_its_own_item(world: World) -> None:
    loop = '<multiInstanceLoopCharacteristics camunda:collection="people" camunda:elementVariable="voter"/>'
    world.deploy(bpmn(line(f'<userTask id="vote">{loop}</userTask>', names=("vote",)), key="voting"))
    started = world.start("voting", REP, people=["x", "y"], voter="outside")

    with world.reading(REP) as view:
        shown = [queries.task(view, task.id).data["voter"] for task in started.tasks]
        tokens = queries.instance(view, started.id).tokens

    assert shown == ["x", "y"]
    assert [token.element_id for token in tokens] == ["vote", "vote"]
