"""The inbox, and what people do with tasks."""

from __future__ import annotations

from dataclasses import fields
from datetime import datetime
from typing import Any, Literal

from pydantic import AwareDatetime, Field

from core.errors import DomainError, InvalidInput, Unavailable
from core.messages import Command
from documents.queries import linked_documents
from engine import queries
from engine.bpmn.people import MAXIMUM_PRIORITY
from engine.delegation import DelegateTask, ResolveTask, ScheduleTask
from engine.queries import TaskFilter
from engine.tasks import AssignTask, ClaimTask, CommentTask, CompleteTask, UnclaimTask
from webapp.api.files import files_of
from webapp.api.routing import Body, Routes
from webapp.api.shapes import Completed, Done, InstanceState, Outcome, Outcomes, Task, TaskPage
from webapp.errors import problem
from webapp.web import current_actor, run, view

routes = Routes("tasks")
PATH = "/tasks/<id:task_id>"
REFUSALS = (403, 404, 409, 422)


class TaskQuery(Body):
    """Which open tasks; `assignee=me` are mine, `variable=customer_name=ACME` those of which a variable has a value."""

    assignee: str | None = None
    unassigned: bool = False
    candidate_group: str | None = None
    definition_key: str | None = None
    element_id: str | None = None
    instance_id: str | None = None
    due_before: datetime | None = None
    due_after: datetime | None = None
    follow_up: Literal["now", "later"] | None = Field(default=None, description="later: what was put aside until then")
    minimum_priority: int | None = Field(default=None, ge=-MAXIMUM_PRIORITY, le=MAXIMUM_PRIORITY)
    variable: str | None = Field(default=None, pattern="^[^=]+=")
    q: str | None = None
    sort: str = "-created"
    after: str | None = None
    limit: int = Field(default=50, ge=1, le=500)
    counted: bool = Field(default=True, description="false: no total, which often costs more than the page")


class CompleteBody(Body):
    """What the form asked for; a repetition with the same key answers the same and does nothing."""

    data: dict[str, Any] = Field(default_factory=dict)
    idempotency_key: str | None = Field(default=None, min_length=1, max_length=200)


class AssignBody(Body):
    """Who shall do it."""

    assignee: str = Field(min_length=1, max_length=255)


class ScheduleBody(Body):
    """New moments and priority; what is left out stays, a moment that is null is taken away."""

    due_at: AwareDatetime | None = None
    follow_up_at: AwareDatetime | None = None
    priority: int | None = Field(default=None, ge=-MAXIMUM_PRIORITY, le=MAXIMUM_PRIORITY)


class CommentBody(Body):
    """A remark."""

    text: str = Field(min_length=1, max_length=20_000)


class BulkBody(Body):
    """One action on several tasks; each is done or refused by itself."""

    ids: list[str] = Field(min_length=1, max_length=500)
    action: Literal["claim", "unclaim", "assign", "complete"]
    assignee: str | None = None
    data: dict[str, Any] = Field(default_factory=dict)


@routes.get("/tasks", "Open tasks that I may see", query=TaskQuery, answer=TaskPage)
def tasks(query: TaskQuery) -> TaskPage:
    """List open tasks."""
    asked = query.model_dump(exclude={"after", "limit", "variable", "follow_up", "counted"})
    if query.variable is not None:
        name, _, value = query.variable.partition("=")
        asked["variables"] = {name: value}
    if query.assignee == "me":
        asked["assignee"] = current_actor().id
    for name in ("due_before", "due_after"):
        if asked[name] is not None and asked[name].tzinfo is None:
            sentence = f"{name} needs a zone, such as 2026-01-05T12:00:00Z."
            raise InvalidInput(sentence, fields={f"/{name}": "no zone"})
    with view() as reading:
        if query.follow_up is not None:
            asked["follow_up_until" if query.follow_up == "now" else "follow_up_after"] = reading.clock.now()
        if query.counted:
            page = queries.tasks(reading, TaskFilter(**asked), after=query.after, limit=query.limit)
            return TaskPage(items=page.items, next=page.next, total=page.total)
        part = queries.task_part(reading, TaskFilter(**asked), after=query.after, limit=query.limit)
    return TaskPage(items=part.items, next=part.next, total=None)


@routes.get(PATH, "One task with form, data and documents", answer=Task, refusals=(403, 404))
def task(task_id: str) -> Task:
    """Read one task."""
    with view() as reading:
        found = queries.task(reading, task_id)
        documents = files_of(linked_documents(reading, "task", task_id)).items
    known = {each.name for each in fields(Task)}
    values = {each.name: getattr(found, each.name) for each in fields(found) if each.name in known}
    return Task(**values, documents=documents)


@routes.post(PATH + "/complete", "Finish it", body=CompleteBody, answer=Completed, refusals=REFUSALS)
def complete(task_id: str, body: CompleteBody) -> Completed:
    """Complete a task."""
    done = run(CompleteTask(task_id=task_id, data=body.data, idempotency_key=body.idempotency_key))
    return Completed(instance=InstanceState(id=done.instance_id, state=done.state), tasks=done.tasks)


@routes.post(PATH + "/claim", "Take it", answer=Done, refusals=REFUSALS)
def claim(task_id: str) -> Done:
    """Claim a task."""
    run(ClaimTask(task_id=task_id))
    return Done()


@routes.post(PATH + "/unclaim", "Give it back", answer=Done, refusals=REFUSALS)
def unclaim(task_id: str) -> Done:
    """Give a task back."""
    run(UnclaimTask(task_id=task_id))
    return Done()


@routes.post(PATH + "/assign", "Give it to somebody", body=AssignBody, answer=Done, refusals=REFUSALS)
def assign(task_id: str, body: AssignBody) -> Done:
    """Assign a task."""
    run(AssignTask(task_id=task_id, assignee=body.assignee))
    return Done()


@routes.post(
    PATH + "/delegate", "Ask somebody to do it and give it back", body=AssignBody, answer=Done, refusals=REFUSALS
)
def delegate(task_id: str, body: AssignBody) -> Done:
    """Delegate a task."""
    run(DelegateTask(task_id=task_id, assignee=body.assignee))
    return Done()


@routes.post(PATH + "/resolve", "Give a delegated one back to its owner", answer=Done, refusals=REFUSALS)
def resolve(task_id: str) -> Done:
    """Resolve a delegated task."""
    run(ResolveTask(task_id=task_id))
    return Done()


@routes.post(
    PATH + "/schedule", "Move when it is due or looked at again", body=ScheduleBody, answer=Done, refusals=REFUSALS
)
def schedule(task_id: str, body: ScheduleBody) -> Done:
    """Schedule a task."""
    given = body.model_dump()
    cleared = frozenset(name for name in body.model_fields_set & {"due_at", "follow_up_at"} if given[name] is None)
    run(ScheduleTask(task_id=task_id, clear=cleared, **given))
    return Done()


@routes.post(PATH + "/comment", "Remark on it", body=CommentBody, answer=Done, refusals=REFUSALS)
def comment(task_id: str, body: CommentBody) -> Done:
    """Comment on a task."""
    run(CommentTask(task_id=task_id, text=body.text))
    return Done()


@routes.post("/tasks/bulk", "One action on several tasks", body=BulkBody, answer=Outcomes, refusals=(422,))
def bulk(body: BulkBody) -> Outcomes:
    """Do the same with several tasks."""
    if body.action == "assign" and not body.assignee:
        raise InvalidInput("Say in assignee who shall do the tasks.", fields={"/assignee": "is missing"})
    return Outcomes(items=[_outcome(task_id, body) for task_id in dict.fromkeys(body.ids)])


def _outcome(task_id: str, body: BulkBody) -> Outcome:
    commands: dict[str, Command] = {
        "claim": ClaimTask(task_id=task_id),
        "unclaim": UnclaimTask(task_id=task_id),
        "assign": AssignTask(task_id=task_id, assignee=body.assignee or ""),
        "complete": CompleteTask(task_id=task_id, data=body.data),
    }
    try:
        run(commands[body.action])
    except Unavailable:
        raise
    except DomainError as error:
        return Outcome(id=task_id, ok=False, problem=problem(error))
    return Outcome(id=task_id, ok=True, problem=None)
