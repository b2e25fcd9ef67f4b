"""Activities with customers."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import Field

from crm.activities import queries
from crm.activities.content import Content, Link, Participant
from crm.activities.queries import Activity, ActivityFilter, ActivitySummary, Span
from crm.activities.registering import ChangeActivity, RegisterActivity
from crm.activities.settling import CancelActivity, HoldActivity, PostponeActivity
from crm.paging import Part
from webapp.api.routing import Body, Routes
from webapp.interactions import Interaction, interaction_of_activity, interaction_of_case
from webapp.web import run, view

routes = Routes("activities")
REFUSALS = (403, 404, 409, 422)
LISTS = ("participants", "links")


class ActivityQuery(Body):
    """Which activities; `since` and `until` bound a half-open span, `linked` is `entity:id`, `q` asks for words."""

    customer_id: str | None = None
    contact_id: str | None = None
    employee: str | None = None
    method: str | None = None
    direction: str | None = None
    type: str | None = None
    priority: str | None = None
    status: str | None = None
    state: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    overdue: bool = False
    unanswered: bool = False
    linked: str | None = Field(default=None, max_length=64)
    q: str = Field(default="", max_length=200)


class ActivityListQuery(ActivityQuery):
    """The same, page by page."""

    after: str | None = None
    limit: int = Field(default=50, ge=1, le=200)


class ParticipantBody(Body):
    """Somebody who takes part, ours or the customer's: by account, contact or name."""

    side: str
    account: str | None = None
    contact_id: str | None = None
    name: str | None = Field(default=None, max_length=200)


class LinkBody(Body):
    """Another record, such as `crm.offer`."""

    entity: str = Field(max_length=32)
    record_id: str = Field(max_length=26)


class ActivityBody(Body):
    """An activity that was held or is planned."""

    employee: str
    method: str
    direction: str
    status: str
    subject: str
    customer_id: str | None = None
    contact_id: str | None = None
    type: str | None = None
    priority: str = "medium"
    state: str = "not_done"
    note: str | None = None
    planned_from: datetime | None = None
    planned_to: datetime | None = None
    held_from: datetime | None = None
    duration_seconds: int | None = None
    follows_id: str | None = None
    is_private: bool = False
    reminders: list[int] = Field(default_factory=list, max_length=10)
    resources: list[str] = Field(default_factory=list, max_length=20)
    participants: list[ParticipantBody] = Field(default_factory=list, max_length=100)
    links: list[LinkBody] = Field(default_factory=list, max_length=100)


class ActivityChanges(Body):
    """Only what is given changes; lists are replaced whole. `version` is the one that was read."""

    version: int | None = None
    employee: str | None = None
    method: str | None = None
    direction: str | None = None
    subject: str | None = None
    customer_id: str | None = None
    contact_id: str | None = None
    type: str | None = None
    priority: str | None = None
    state: str | None = None
    note: str | None = None
    planned_to: datetime | None = None
    held_from: datetime | None = None
    duration_seconds: int | None = None
    follows_id: str | None = None
    is_private: bool = False
    reminders: list[int] | None = Field(default=None, max_length=10)
    resources: list[str] | None = Field(default=None, max_length=20)
    participants: list[ParticipantBody] | None = Field(default=None, max_length=100)
    links: list[LinkBody] | None = Field(default=None, max_length=100)


class HoldBody(Body):
    """When it took place, how long, and what is left to do."""

    held_from: datetime
    duration_seconds: int | None = None
    state: str = "done"
    note: str | None = None


class PostponeBody(Body):
    """To when, and why."""

    planned_from: datetime
    planned_to: datetime | None = None
    reason: str
    remark: str | None = None


class CancelBody(Body):
    """Why."""

    reason: str


@routes.get(
    "/activities",
    "Activities, newest first",
    query=ActivityListQuery,
    answer=Part[ActivitySummary],
    refusals=(403, 422),
)
def activities(query: ActivityListQuery) -> Any:
    """List activities."""
    wanted = ActivityFilter(**query.model_dump(exclude={"after", "limit"}))
    with view() as reading:
        return queries.activities(reading, wanted, after=query.after, limit=query.limit)


@routes.get(
    "/activities/calendar",
    "All activities of a span, at most 2 000",
    query=ActivityQuery,
    answer=Span,
    refusals=(403, 422),
)
def calendar(query: ActivityQuery) -> Any:
    """Show a span of a calendar."""
    with view() as reading:
        return queries.calendar(reading, ActivityFilter(**query.model_dump()))


@routes.post("/activities", "Register an activity", body=ActivityBody, answer=Activity, status=201, refusals=REFUSALS)
def register_activity(body: ActivityBody) -> Activity:
    """Register an activity."""
    return _read(run(RegisterActivity(content=Content(**_values(body.model_dump())))))


@routes.get("/activities/<id:activity_id>", "One activity with its chain", answer=Activity, refusals=(403, 404))
def activity(activity_id: str) -> Activity:
    """Read one activity."""
    return _read(activity_id)


@routes.get(
    "/activities/<id:activity_id>/interaction",
    "The interaction that a contact belongs to: contacts and tasks in their order",
    answer=Interaction,
    refusals=(403, 404),
)
def activity_interaction(activity_id: str) -> Interaction:
    """Tell it."""
    with view() as reading:
        return interaction_of_activity(reading, activity_id)


@routes.get(
    "/instances/<id:instance_id>/interaction",
    "The interaction that a case belongs to: contacts and tasks in their order",
    answer=Interaction,
    refusals=(403, 404),
)
def case_interaction(instance_id: str) -> Interaction:
    """Tell it."""
    with view() as reading:
        return interaction_of_case(reading, instance_id)


@routes.patch(
    "/activities/<id:activity_id>", "Correct an activity", body=ActivityChanges, answer=Activity, refusals=REFUSALS
)
def change_activity(activity_id: str, body: ActivityChanges) -> Activity:
    """Correct an activity."""
    given = body.model_dump(exclude_unset=True, exclude={"version"})
    run(ChangeActivity(activity_id=activity_id, changes=_values(given), expected_version=body.version))
    return _read(activity_id)


@routes.post("/activities/<id:activity_id>/hold", "It took place", body=HoldBody, answer=Activity, refusals=REFUSALS)
def hold_activity(activity_id: str, body: HoldBody) -> Activity:
    """Mark an activity as held."""
    run(HoldActivity(activity_id=activity_id, **body.model_dump()))
    return _read(activity_id)


@routes.post(
    "/activities/<id:activity_id>/postpone",
    "Move a planned activity to another time",
    body=PostponeBody,
    answer=Activity,
    refusals=REFUSALS,
)
def postpone_activity(activity_id: str, body: PostponeBody) -> Activity:
    """Postpone an activity."""
    run(PostponeActivity(activity_id=activity_id, **body.model_dump()))
    return _read(activity_id)


@routes.post(
    "/activities/<id:activity_id>/cancel",
    "A planned activity will not take place",
    body=CancelBody,
    answer=Activity,
    refusals=REFUSALS,
)
def cancel_activity(activity_id: str, body: CancelBody) -> Activity:
    """Cancel an activity."""
    run(CancelActivity(activity_id=activity_id, reason=body.reason))
    return _read(activity_id)


def _values(given: dict[str, Any]) -> dict[str, Any]:
    kinds = {"participants": Participant, "links": Link}
    lists = {name: tuple(kinds[name](**each) for each in given[name] or ()) for name in LISTS if name in given}
    return given | lists | {name: tuple(given[name] or ()) for name in ("reminders", "resources") if name in given}


def _read(activity_id: str) -> Activity:
    with view() as reading:
        return queries.activity(reading, activity_id)
