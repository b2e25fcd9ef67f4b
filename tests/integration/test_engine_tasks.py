"""Completing user tasks: exactly once, by the right person, with the right data and documents."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine

from core.clock import FixedClock
from core.errors import DomainError
from core.messages import Command
from engine.errors import (
    DocumentsMissing,
    FormRefused,
    FourEyes,
    NotYourTask,
    TaskAlreadyClaimed,
    TaskAlreadyCompleted,
    TaskNotFound,
)
from engine.events import TaskCompleted
from engine.live_cases import live_cases
from engine.tasks import AssignTask, ClaimTask, CommentTask, CompleteTask, UnclaimTask, complete_task
from tests.engine_world import ADMIN, World, bpmn, chain, flow, line, person

TWO_TASKS = bpmn(line('<userTask id="first"/>', '<userTask id="second"/>', names=("first", "second")))
LEGAL_TASK = bpmn(line('<userTask id="check" camunda:candidateGroups="legal, board"/>', names=("check",)))
FORM = json.dumps(
    {
        "id": "decision_form",
        "type": "default",
        "components": [
            {"type": "text", "text": "Decide."},
            {
                "type": "radio",
                "key": "decision",
                "label": "Decision",
                "values": [{"label": "Approve", "value": "approve"}, {"label": "Reject", "value": "reject"}],
                "validate": {"required": True},
            },
            {
                "type": "textarea",
                "key": "comment",
                "label": "Comment",
                "conditional": {"hide": '=decision = "approve"'},
                "validate": {"required": True, "maxLength": 20},
            },
            {"type": "number", "key": "amount", "label": "Amount", "validate": {"min": 1, "max": 10}},
            {"type": "textfield", "key": "shown", "label": "Shown", "readonly": True},
        ],
    }
).encode()


@pytest.fixture
def world(engine: Engine, clock: FixedClock) -> World:
    return World(engine, clock)


def race(world: World, commands: list[Command]) -> list[object]:
    """Execute all commands at the same time; what each gave, errors included."""

    def run(command: Command) -> object:
        try:
            return world.do(command)
        except DomainError as error:
            return error

    with ThreadPoolExecutor(len(commands)) as pool:
        return list(pool.map(run, commands))


def test_a_linear_process_runs_to_its_end(world: World) -> None:
    world.deploy(TWO_TASKS)
    started = world.start(discount=15)

    second = world.complete(started.tasks[0].id, remark="fine")
    last = world.complete(second.tasks[0].id)

    assert [task.element_id for task in second.tasks] == ["second"]
    assert (last.state, last.tasks) == ("completed", ())
    assert world.rows("SELECT count(*) FROM work_item")[0][0] == 0
    assert world.rows("SELECT element_id, actor FROM task_history ORDER BY id") == [
        ("first", "admin"),
        ("second", "admin"),
    ]
    assert world.rows("SELECT snapshot->'variables' FROM instance") == [({"discount": 15, "remark": "fine"},)]


def test_of_eight_simultaneous_completions_one_wins(world: World) -> None:
    world.deploy(TWO_TASKS)
    started = world.start()

    answers = race(world, [CompleteTask(task_id=started.tasks[0].id, data={})] * 8)

    assert sum(isinstance(answer, TaskAlreadyCompleted) for answer in answers) == 7
    assert world.rows("SELECT element_id, count(*) FROM token_log GROUP BY 1 ORDER BY 1") == [
        ("first", 1),
        ("second", 1),
        ("start", 1),
    ]


def test_completions_of_eight_parallel_tasks_lose_no_update(world: World) -> None:
    names = [f"task{number}" for number in range(8)]
    tasks = "".join(f'<userTask id="{name}"/>' for name in names)
    ways = "".join(flow("fork", name) + flow(name, "join") for name in names)
    world.deploy(
        bpmn(
            f'<startEvent id="start"/><parallelGateway id="fork"/>{tasks}<parallelGateway id="join"/>'
            f'<endEvent id="end"/>{ways}{flow("start", "fork")}{flow("join", "end")}'
        )
    )
    started = world.start()

    race(world, [CompleteTask(task_id=task.id, data={task.element_id: 1}) for task in started.tasks])

    assert world.rows("SELECT state, snapshot->'variables' FROM instance") == [
        ("completed", dict.fromkeys(names, 1)),
    ]


def test_a_completion_and_its_cancellation_by_a_sibling_never_deadlock(world: World) -> None:
    loop = (
        '<multiInstanceLoopCharacteristics camunda:collection="people">'
        "<completionCondition>true</completionCondition></multiInstanceLoopCharacteristics>"
    )
    world.deploy(bpmn(line(f'<userTask id="vote">{loop}</userTask>', names=("vote",))))

    for _ in range(5):
        started = world.start(people=list("abcdefgh"))
        answers = race(world, [CompleteTask(task_id=task.id, data={}) for task in started.tasks])

        assert sum(isinstance(answer, TaskAlreadyCompleted) for answer in answers) == 7


def test_a_repeated_request_gets_the_same_answer_and_does_nothing(world: World) -> None:
    world.deploy(TWO_TASKS)
    started = world.start()
    first = world.complete(started.tasks[0].id, key="once")

    again = world.complete(started.tasks[0].id, key="once")

    assert again == first
    with pytest.raises(TaskAlreadyCompleted):
        world.complete(started.tasks[0].id, key="another")
    with pytest.raises(TaskAlreadyCompleted):
        world.complete(started.tasks[0].id, person("anna"), key="once")


def test_a_unit_that_is_not_committed_leaves_nothing(world: World) -> None:
    world.deploy(TWO_TASKS)
    started = world.start()
    before = world.rows("SELECT state, revision, snapshot FROM instance")

    with world.units.begin(ADMIN) as unit:
        complete_task(CompleteTask(task_id=started.tasks[0].id, data={"lost": True}), unit)

    assert world.rows("SELECT state, revision, snapshot FROM instance") == before
    assert world.complete(started.tasks[0].id).tasks[0].element_id == "second"


def test_a_case_goes_on_after_a_restart(world: World) -> None:
    world.deploy(TWO_TASKS)
    started = world.start()
    live_cases.clear()

    assert world.complete(started.tasks[0].id).tasks[0].element_id == "second"


def test_only_candidates_may_claim_and_complete(world: World) -> None:
    world.deploy(LEGAL_TASK)
    task = world.start().tasks[0].id
    anna, bob, carl = person("anna", "legal"), person("bob", "board"), person("carl", "sales_rep")

    with pytest.raises(TaskNotFound):
        world.do(ClaimTask(task_id=task), carl)
    world.do(ClaimTask(task_id=task), anna)
    with pytest.raises(TaskAlreadyClaimed):
        world.do(ClaimTask(task_id=task), bob)
    with pytest.raises(NotYourTask):
        world.complete(task, bob)
    with pytest.raises(NotYourTask):
        world.do(UnclaimTask(task_id=task), bob)
    world.do(UnclaimTask(task_id=task), anna)

    assert world.complete(task, bob).state == "completed"


@pytest.mark.parametrize("state", ["open", "taken", "done"])
def test_a_stranger_learns_nothing_of_a_task(world: World, state: str) -> None:
    world.deploy(LEGAL_TASK)
    task = world.start().tasks[0].id
    anna, carl = person("anna", "legal"), person("carl", "sales_rep")
    if state != "open":
        world.do(ClaimTask(task_id=task), anna)
    if state == "done":
        world.complete(task, anna)

    attempts: list[Command] = [
        ClaimTask(task_id=task),
        UnclaimTask(task_id=task),
        AssignTask(task_id=task, assignee="carl"),
        CommentTask(task_id=task, text="Who is this?"),
        CompleteTask(task_id=task, data={}),
    ]
    for attempt in attempts:
        with pytest.raises(TaskNotFound) as refused:
            world.do(attempt, carl)
        assert "anna" not in refused.value.sentence


def test_whoever_comes_too_late_hears_who_was_first(world: World) -> None:
    world.deploy(LEGAL_TASK)
    task = world.start().tasks[0].id
    world.complete(task, person("anna", "legal"))

    with pytest.raises(TaskAlreadyCompleted, match="anna"):
        world.complete(task, person("bob", "board"))


def test_a_task_is_passed_on_by_its_owner_or_an_administrator(world: World) -> None:
    world.deploy(LEGAL_TASK)
    task = world.start().tasks[0].id
    anna = person("anna", "legal")

    with pytest.raises(NotYourTask):
        world.do(AssignTask(task_id=task, assignee="carl"), anna)
    world.do(AssignTask(task_id=task, assignee="anna"))
    world.do(AssignTask(task_id=task, assignee="carl"), anna)

    assert world.complete(task, person("carl")).state == "completed"


def test_whoever_started_or_did_the_first_step_cannot_check_it(world: World) -> None:
    world.deploy(
        bpmn(
            line(
                '<userTask id="draft"/>',
                '<userTask id="check" obieg:fourEyes="draft start"/>',
                names=("draft", "check"),
            )
        )
    )
    anna, bob, carl = person("anna"), person("bob"), person("carl")
    started = world.start("process", anna)
    check = world.complete(started.tasks[0].id, bob).tasks[0].id

    for refused in (anna, bob):
        with pytest.raises(FourEyes):
            world.complete(check, refused)
        with pytest.raises(FourEyes):
            world.do(ClaimTask(task_id=check), refused)

    assert world.complete(check, carl).state == "completed"


def test_one_person_decides_once_in_a_round_and_again_in_the_next(world: World) -> None:
    loop = "<multiInstanceLoopCharacteristics><loopCardinality>2</loopCardinality></multiInstanceLoopCharacteristics>"
    world.deploy(
        bpmn(
            f'<startEvent id="start"/><userTask id="vote" obieg:fourEyes="vote">{loop}</userTask>'
            '<exclusiveGateway id="more" default="more_end"/><endEvent id="end"/>'
            + chain("start", "vote", "more", "end")
            + flow("more", "vote", "again")
        )
    )
    anna, bob = person("anna"), person("bob")
    first, second = world.start(again=True).tasks
    world.complete(first.id, anna)

    with pytest.raises(FourEyes):
        world.complete(second.id, anna)
    round_two = world.complete(second.id, bob).tasks

    assert len(world.complete(round_two[0].id, anna).tasks) == 1


def test_a_form_is_enforced_on_the_server(world: World) -> None:
    world.deploy(
        ("f.form", FORM), bpmn(line('<userTask id="decide" camunda:formRef="decision_form"/>', names=("decide",)))
    )
    task = world.start(shown="as it was").tasks[0].id

    for data, field in (
        ({}, "/decision"),
        ({"decision": "maybe"}, "/decision"),
        ({"decision": "reject"}, "/comment"),
        ({"decision": "reject", "comment": "x" * 21}, "/comment"),
        ({"decision": "approve", "amount": 11}, "/amount"),
        ({"decision": "approve", "amount": "many"}, "/amount"),
        ({"decision": "approve", "is_admin": True}, "/is_admin"),
    ):
        with pytest.raises(FormRefused) as refused:
            world.complete(task, **data)
        assert next(iter(refused.value.details["fields"])) == field

    world.complete(task, decision="approve", comment="hidden, so dropped", shown="forged", amount=2.5)

    assert world.rows("SELECT data FROM task_history") == [({"decision": "approve", "amount": 2.5},)]
    assert world.rows("SELECT snapshot->'variables'->>'shown' FROM instance") == [("as it was",)]


def test_a_task_waits_for_the_document_that_the_diagram_asks_for(world: World) -> None:
    world.deploy(
        bpmn(
            line(
                '<userTask id="sign"><dataOutputAssociation id="a"><targetRef>offer</targetRef>'
                "</dataOutputAssociation></userTask>",
                '<dataObjectReference id="offer" name="Signed offer" dataObjectRef="o" '
                'obieg:documentType="signed_offer"/><dataObject id="o"/>',
                names=("sign",),
            )
        )
    )
    task = world.start().tasks[0].id

    with pytest.raises(DocumentsMissing, match="Signed offer") as missing:
        world.complete(task)
    assert missing.value.details == {"missing": ["signed_offer"]}
    world.documents.attach(task, "signed_offer")
    world.complete(task)

    completed = next(event for event in world.events if isinstance(event, TaskCompleted))
    assert [(each["type"], each["version"], each["digest"]) for each in completed.documents] == [
        ("signed_offer", 1, "0" * 64)
    ]


def test_remarks_belong_to_a_task_that_one_may_see(world: World) -> None:
    world.deploy(LEGAL_TASK)
    task = world.start().tasks[0].id

    world.do(CommentTask(task_id=task, text="Please look at page 3."), person("anna", "legal"))
    with pytest.raises(TaskNotFound):
        world.do(CommentTask(task_id=task, text="Let me in."), person("carl", "sales_rep"))

    assert world.rows("SELECT author, text FROM task_comment") == [("anna", "Please look at page 3.")]


def test_an_unknown_task_is_not_found(world: World) -> None:
    with pytest.raises(TaskNotFound):
        world.complete("01ARZ3NDEKTSV4RRFFQ69G5FAV")
