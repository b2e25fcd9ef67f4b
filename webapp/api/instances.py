"""Starting, reading and stopping instances."""

from __future__ import annotations

from typing import Any, Literal

from flask import Response
from pydantic import Field

from audit.queries import trail
from core.records import dataclass
from documents.queries import linked_documents
from engine import course, queries
from engine.course import CaseTask, Tally
from engine.drawing.case import case_diagram
from engine.instances import CancelInstance, EntityLink, SetVariables, StartInstance
from engine.operations import MoveTokens, ResumeInstance, SuspendInstance
from engine.queries import InstanceFilter
from webapp.api.files import files_of
from webapp.api.routing import Body, Routes
from webapp.api.shapes import Done, Files, History, Instance, InstancePage, InstanceState, Moved, Started, Trail
from webapp.api.trail import TrailQuery, trail_of
from webapp.web import run, view

routes = Routes("instances")


class LinkBody(Body):
    """A business record that the instance is about."""

    entity: str = Field(examples=["crm.offer"], min_length=1, max_length=255)
    id: str = Field(min_length=1, max_length=255)
    role: str = Field(default="subject", min_length=1, max_length=255)


class StartBody(Body):
    """What to start, by key (its newest version) or by id."""

    definition_key: str | None = Field(default=None, examples=["offer_approval"])
    definition_id: str | None = None
    business_key: str | None = Field(default=None, max_length=1000)
    variables: dict[str, Any] = Field(default_factory=dict)
    links: list[LinkBody] = Field(default_factory=list, max_length=100)
    start_event: str | None = Field(default=None, max_length=255)


class InstanceQuery(Body):
    """Which instances."""

    definition_key: str | None = None
    state: Literal["running", "failed", "suspended", "completed", "cancelled"] | None = None
    stage: str | None = None
    business_key: str | None = None
    entity: str | None = None
    entity_id: str | None = None
    parent: str | None = None
    q: str | None = None
    after: str | None = None
    limit: int = Field(default=50, ge=1, le=500)


class PartQuery(Body):
    """Which part of a list."""

    after: str | None = None
    limit: int = Field(default=50, ge=1, le=500)


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """The tasks of a case, the newest first, and how many stand how."""

    counts: Tally
    items: list[CaseTask]
    next: str | None


class ReasonBody(Body):
    """Why."""

    reason: str = Field(min_length=1, max_length=2000)


class MoveBody(ReasonBody):
    """From which element to which, and why."""

    source: str = Field(min_length=1, max_length=255)
    target: str = Field(min_length=1, max_length=255)


class VariablesBody(ReasonBody):
    """Variables to set, and why."""

    variables: dict[str, Any]


@routes.post("/instances", "Start an instance", body=StartBody, answer=Started, status=201, refusals=(403, 404, 422))
def start(body: StartBody) -> Started:
    """Start a process."""
    links = tuple(EntityLink(entity=each.entity, id=each.id, role=each.role) for each in body.links)
    command = StartInstance(
        definition_key=body.definition_key,
        definition_id=body.definition_id,
        business_key=body.business_key,
        variables=body.variables,
        links=links,
        start_event=body.start_event,
    )
    started = run(command)
    return Started(id=started.id, state=started.state, stage=started.stage, tasks=started.tasks)


@routes.get("/instances", "Instances, newest first", query=InstanceQuery, answer=InstancePage)
def instances(query: InstanceQuery) -> InstancePage:
    """List instances."""
    asked = InstanceFilter(**query.model_dump(exclude={"after", "limit"}))
    with view() as reading:
        page = queries.instances(reading, asked, after=query.after, limit=query.limit)
    return InstancePage(items=page.items, next=page.next, total=page.total)


@routes.get("/instances/<id:instance_id>", "One instance with its live tokens", answer=Instance, refusals=(404,))
def instance(instance_id: str) -> Any:
    """Read one instance."""
    with view() as reading:
        return queries.instance(reading, instance_id)


@routes.get("/instances/<id:instance_id>/history", "Where its tokens have been", answer=History, refusals=(404,))
def history(instance_id: str) -> History:
    """The way of the tokens."""
    with view() as reading:
        return History(items=queries.history(reading, instance_id))


@routes.get(
    "/instances/<id:instance_id>/tasks",
    "Its tasks: done, open, overdue, whose, and how long they have stood so",
    query=PartQuery,
    answer=Course,
    refusals=(404, 422),
)
def instance_tasks(instance_id: str, query: PartQuery) -> Course:
    """The course of the case."""
    with view() as reading:
        part = course.case_tasks(reading, instance_id, after=query.after, limit=query.limit)
        return Course(counts=course.tally(reading, instance_id), items=list(part.items), next=part.next)


@routes.get(
    "/instances/<id:instance_id>/diagram", "Its diagram as SVG, with its tokens", media="image/svg+xml", refusals=(404,)
)
def diagram(instance_id: str) -> Response:
    """Where it stands, drawn."""
    with view() as reading:
        return Response(case_diagram(reading, instance_id), mimetype="image/svg+xml")


@routes.get(
    "/instances/<id:instance_id>/trail",
    "Who did what, when, on which document version",
    query=TrailQuery,
    answer=Trail,
    refusals=(404,),
)
def instance_trail(instance_id: str, query: TrailQuery) -> Trail:
    """The trail of the case."""
    with view() as reading:
        return trail_of(trail(reading, instance_id, after=query.after, limit=query.limit))


@routes.get("/instances/<id:instance_id>/documents", "Its documents", answer=Files, refusals=(404,))
def instance_documents(instance_id: str) -> Files:
    """The documents of the case and of its tasks."""
    with view() as reading:
        queries.instance(reading, instance_id)
        return files_of(linked_documents(reading, "case", instance_id))


@routes.post(
    "/instances/<id:instance_id>/cancel", "Stop it for good", body=ReasonBody, answer=Done, refusals=(403, 404, 409)
)
def cancel(instance_id: str, body: ReasonBody) -> Done:
    """Cancel an instance."""
    run(CancelInstance(instance_id=instance_id, reason=body.reason))
    return Done()


@routes.post(
    "/instances/<id:instance_id>/suspend",
    "Hold it: nothing moves until it is resumed",
    body=ReasonBody,
    answer=Done,
    refusals=(403, 404, 409, 422),
)
def suspend(instance_id: str, body: ReasonBody) -> Done:
    """Suspend an instance."""
    run(SuspendInstance(instance_id=instance_id, reason=body.reason))
    return Done()


@routes.post(
    "/instances/<id:instance_id>/resume",
    "Let a held one go on",
    body=ReasonBody,
    answer=InstanceState,
    refusals=(403, 404, 409, 422),
)
def resume(instance_id: str, body: ReasonBody) -> InstanceState:
    """Resume an instance."""
    return InstanceState(id=instance_id, state=run(ResumeInstance(instance_id=instance_id, reason=body.reason)))


@routes.post(
    "/instances/<id:instance_id>/move",
    "Move tokens from one element to another",
    body=MoveBody,
    answer=Moved,
    refusals=(403, 404, 409, 422),
)
def move(instance_id: str, body: MoveBody) -> Moved:
    """Move tokens."""
    command = MoveTokens(instance_id=instance_id, source=body.source, target=body.target, reason=body.reason)
    return Moved(moved=run(command))


@routes.patch(
    "/instances/<id:instance_id>/variables",
    "Set variables from outside",
    body=VariablesBody,
    answer=Done,
    refusals=(403, 404, 409),
)
def set_variables(instance_id: str, body: VariablesBody) -> Done:
    """Change variables of a running instance."""
    run(SetVariables(instance_id=instance_id, variables=body.variables, reason=body.reason))
    return Done()
