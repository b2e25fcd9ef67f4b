"""Tasks that people give, kept filters, the table of rules, and reports of activities."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import Field

from core.records import dataclass
from crm.activities import queries as activity_queries
from crm.planning import filters as crm_filters
from crm.planning import reports
from crm.planning import rules as crm_rules
from crm.planning.filters import DropFilter, KeepFilter, KeptFilter
from crm.planning.matters import MatterUse, use_by_matter
from crm.planning.reports import PlanCount, PostponementCount, ResourceUse, ResponseReport
from crm.planning.rules import KnownRule, Rule, WriteRule
from engine.instances import StartedInstance
from webapp.api.routing import Body, Routes
from webapp.api.shapes import Done
from webapp.customer_cases import StartSeparateCase
from webapp.planner import new_task, variables_of
from webapp.team import WEEKS, Workload, workload
from webapp.web import application, current_actor, run, view

routes = Routes("planner")


class TaskBody(Body):
    """A task for a person, or for groups; `supervisor` verifies it."""

    title: str = Field(max_length=200)
    note: str | None = Field(default=None, max_length=20_000)
    assignee: str | None = Field(default=None, max_length=64)
    groups: list[str] = Field(default_factory=list, max_length=20)
    supervisor: str | None = Field(default=None, max_length=64)
    due_at: datetime | None = None
    priority: str = Field(default="medium", pattern="high|medium|low")
    activity_id: str | None = Field(default=None, max_length=26)


class FilterBody(Body):
    """A name, what is asked for, and the roles that have it, too."""

    name: str
    wanted: dict[str, Any]
    groups: list[str] = Field(default_factory=list, max_length=50)


class RuleBody(Body):
    """A line of the table: start, message or task; empty conditions hold for every activity."""

    name: str
    effect: str
    target: str
    type: str | None = None
    direction: str | None = None
    method: str | None = None
    status: str | None = None
    linked: str | None = None
    joins: str | None = None
    is_active: bool = True


class RuleChange(RuleBody):
    """All of it; `version` is the one that was read."""

    position: int | None = None
    version: int | None = None


class WorkloadQuery(Body):
    """From the week of which day, and how many weeks."""

    since: date | None = None
    weeks: int = Field(default=WEEKS, ge=1, le=26)


class SpanQuery(Body):
    """A span of at most 400 days."""

    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivityReport:
    """What of the activities of a span is counted."""

    plans: list[PlanCount]
    postponements: list[PostponementCount]
    responses: ResponseReport
    resources: list[ResourceUse]
    matters: list[MatterUse]


@routes.post(
    "/planner/tasks",
    "Give a task to a person or a group",
    body=TaskBody,
    answer=StartedInstance,
    status=201,
    refusals=(403, 404, 422),
)
def give_task(body: TaskBody) -> StartedInstance:
    """Give a task."""
    values = body.model_dump(exclude={"activity_id"})
    with view() as reading:
        about = activity_queries.activity(reading, body.activity_id) if body.activity_id else None
    given: StartedInstance = run(new_task(variables_of(**values), about=about, giver=current_actor()))
    return given


@routes.get("/activity-filters", "Kept filters: one's own and those of one's groups", answer=list[KeptFilter])
def filters() -> list[KeptFilter]:
    """List filters."""
    with view() as reading:
        return crm_filters.filters(reading)


@routes.post(
    "/activity-filters", "Keep a filter by name", body=FilterBody, answer=KeptFilter, status=201, refusals=(403, 422)
)
def keep_filter(body: FilterBody) -> KeptFilter:
    """Keep a filter."""
    key = run(KeepFilter(name=body.name, wanted=body.wanted, groups=tuple(body.groups)))
    with view() as reading:
        return next(each for each in crm_filters.filters(reading) if each.id == key)


@routes.post("/activity-filters/<id:filter_id>/drop", "Drop one's own filter", answer=Done, refusals=(404,))
def drop_filter(filter_id: str) -> Done:
    """Drop a filter."""
    run(DropFilter(filter_id=filter_id))
    return Done()


class SeparateBody(Body):
    """Which rule joined it, and why a case of its own is wanted."""

    rule_id: str = Field(max_length=26)
    reason: str = Field(min_length=1, max_length=400)


@dataclass(frozen=True, slots=True, kw_only=True)
class BegunCase:
    """The case that was begun."""

    id: str


@routes.post(
    "/activities/<id:activity_id>/separate-case",
    "Begin a case of its own for an activity that a rule joined to a running one, with a reason",
    body=SeparateBody,
    answer=BegunCase,
    status=201,
    refusals=(403, 404, 409, 422),
)
def separate_case(activity_id: str, body: SeparateBody) -> BegunCase:
    """Begin a case beside the running one."""
    begun = StartSeparateCase(activity_id=activity_id, rule_id=body.rule_id, reason=body.reason)
    return BegunCase(id=run(begun))


@routes.get("/activity-rules", "The table of rules of activities", answer=list[KnownRule], refusals=(403,))
def rules() -> list[KnownRule]:
    """List rules."""
    with view() as reading:
        return crm_rules.rules(reading)


@routes.post("/activity-rules", "Add a rule", body=RuleBody, answer=KnownRule, status=201, refusals=(403, 409, 422))
def add_rule(body: RuleBody) -> KnownRule:
    """Add a rule."""
    return _rule(run(WriteRule(rule=Rule(**body.model_dump()))))


@routes.patch(
    "/activity-rules/<id:rule_id>",
    "Change a rule, its place, or switch it off",
    body=RuleChange,
    answer=KnownRule,
    refusals=(403, 404, 409, 422),
)
def change_rule(rule_id: str, body: RuleChange) -> KnownRule:
    """Change a rule."""
    rule = Rule(**body.model_dump(exclude={"version", "position"}))
    return _rule(run(WriteRule(rule=rule, rule_id=rule_id, position=body.position, expected_version=body.version)))


@routes.get(
    "/planner/workload",
    "What I and the people of my team have to do, by person and week",
    query=WorkloadQuery,
    answer=list[Workload],
    refusals=(403, 422),
)
def team_workload(query: WorkloadQuery) -> list[Workload]:
    """Tasks that are due and planned activities."""
    with view() as reading:
        zone = ZoneInfo(application().settings.time_zone)
        first = query.since or reading.clock.now().astimezone(zone).date()
        return workload(reading, first, zone, query.weeks)


@routes.get(
    "/reports/activities",
    "Plans by employee and day, postponements by reason, answers in time, use of resources",
    query=SpanQuery,
    answer=ActivityReport,
    refusals=(403, 422),
)
def report(query: SpanQuery) -> ActivityReport:
    """Count."""
    span = (query.since, query.until)
    with view() as reading:
        return ActivityReport(
            plans=reports.plans(reading, *span),
            postponements=reports.postponements(reading, *span),
            responses=reports.responses(reading, *span),
            resources=reports.resource_use(reading, *span),
            matters=use_by_matter(reading, *span),
        )


def _rule(rule_id: str) -> KnownRule:
    with view() as reading:
        return next(each for each in crm_rules.rules(reading) if each.id == rule_id)
