"""Reading activities: filtered lists, a calendar's span, one with its chain, and what is overdue.

A list by customer or by time alone is one range of an index, one by employee two; other filters look at the rows of
that range until a page is full.
"""

from dataclasses import fields, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import aliased

from core.records import dataclass
from crm.access import require_read
from crm.activities.content import Content, content_of
from crm.activities.errors import ActivityNotFound
from crm.activities.models import ActivityLinkRow, ActivityParticipantRow, ActivityPostponementRow, ActivityRow
from crm.activities.privacy import is_hidden, visible_activities
from crm.activities.words import OPEN_STATES
from crm.errors import WrongFields
from crm.models import ContactRow, CustomerRow
from crm.paging import Part, Way, keyset
from crm.reach import prefix_query
from storage.unit_of_work import Reading

SHOWN = 2000  # activities of a calendar's span
LONGEST_SPAN = timedelta(days=400)
LONGEST_CHAIN = 1000
SOON = timedelta(hours=1)  # before its time a planned activity is marked


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivityFilter:
    """Which activities; `since` and `until` bound a half-open span of their moments, `q` asks for words.

    `employee` takes part or is responsible; `overdue` are planned ones whose time has passed; `unanswered` came in
    and should have been answered by now; `linked` is `entity:id` of a record that they are about.
    """

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
    linked: str | None = None
    q: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivitySummary:
    """An activity in a list; `urgency` is late, soon or None, for planned ones."""

    id: str
    customer_id: str | None
    customer_name: str | None
    contact_id: str | None
    contact_name: str | None
    employee: str
    method: str
    direction: str
    type: str | None
    priority: str
    status: str
    state: str
    subject: str
    moment: datetime
    planned_from: datetime | None
    planned_to: datetime | None
    held_from: datetime | None
    duration_seconds: int | None
    urgency: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """The activities of a calendar's span, in order; `cut` when there are more than are shown."""

    items: list[ActivitySummary]
    cut: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Postponement:
    """That an activity was moved, by whom and why."""

    planned_from: datetime
    moved_to: datetime
    reason: str
    remark: str | None
    made_at: datetime
    made_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity(ActivitySummary):
    """An activity with all that it says, how it was postponed, and the chain that it belongs to, first one first."""

    content: Content
    cancelled_reason: str | None
    respond_by: datetime | None  # of what came in: when it is to be answered
    responded_at: datetime | None
    postponements: list[Postponement]
    chain: list[ActivitySummary]
    created_at: datetime
    created_by: str
    changed_at: datetime
    version: int


def activities(
    view: Reading,
    wanted: ActivityFilter,
    *,
    after: str | None = None,
    limit: int = 50,
    newest_first: bool = True,
) -> Part[ActivitySummary]:
    """Activities in the order of their moments. Raises `WrongFields` for an `after` that no page gave."""
    require_read(view)
    ways = () if wanted.employee is None else _ways_to_somebodys(view, wanted)
    rows, following, total = keyset(
        view,
        select(ActivityRow) if ways else _matching(view, wanted),
        (ActivityRow.moment, ActivityRow.id),
        after=after,
        limit=limit,
        newest_first=newest_first,
        ways=ways,
    )
    return Part(items=_summaries(view, rows), next=following, total=total)


def calendar(view: Reading, wanted: ActivityFilter) -> Span:
    """All activities of a span, in order; at most 2 000. Raises `WrongFields` for a span without an end or too long."""
    require_read(view)
    if wanted.since is None or wanted.until is None or not timedelta(0) < wanted.until - wanted.since <= LONGEST_SPAN:
        raise WrongFields({"/until": f"A calendar shows a span between a moment and {LONGEST_SPAN.days} days."})
    ordered = _matching(view, wanted).order_by(ActivityRow.moment, ActivityRow.id)
    rows = list(view.session.scalars(ordered.limit(SHOWN + 1)))
    return Span(items=_summaries(view, rows[:SHOWN]), cut=len(rows) > SHOWN)


def activity(view: Reading, activity_id: str) -> Activity:
    """One activity. Raises `ActivityNotFound`."""
    require_read(view)
    row = view.session.get(ActivityRow, activity_id)
    if row is None or is_hidden(view, row):
        raise ActivityNotFound(activity_id)
    (summary,) = _summaries(view, [row])
    return Activity(
        **{each.name: getattr(summary, each.name) for each in fields(ActivitySummary)},
        content=content_of(row),
        cancelled_reason=row.cancelled_reason,
        respond_by=row.respond_by,
        responded_at=row.responded_at,
        postponements=[_postponement(each) for each in row.postponements],
        chain=_summaries(view, _chain(view, row)),
        created_at=row.created_at,
        created_by=row.created_by,
        changed_at=row.changed_at,
        version=row.row_version,
    )


def _ways_to_somebodys(view: Reading, wanted: ActivityFilter) -> tuple[Way, Way]:
    """What somebody answers for, and what they take part in."""
    found = _matching(view, replace(wanted, employee=None))
    taking_part = aliased(ActivityParticipantRow)
    beside = found.join(taking_part, taking_part.activity_id == ActivityRow.id)
    return (
        Way(wanted=found.where(ActivityRow.employee == wanted.employee), day=ActivityRow.moment, key=ActivityRow.id),
        Way(
            wanted=beside.where(taking_part.account == wanted.employee),
            day=taking_part.moment,
            key=taking_part.activity_id,
        ),
    )


def _matching(view: Reading, wanted: ActivityFilter) -> Select[Any]:
    found = select(ActivityRow).where(visible_activities(view))
    for name in ("customer_id", "contact_id", "method", "direction", "type", "priority", "status", "state"):
        value = getattr(wanted, name)
        if value is not None:
            found = found.where(getattr(ActivityRow, name) == value)
    if wanted.employee is not None:
        taking_part = select(ActivityParticipantRow.activity_id).where(
            ActivityParticipantRow.account == wanted.employee
        )
        found = found.where(or_(ActivityRow.employee == wanted.employee, ActivityRow.id.in_(taking_part)))
    if wanted.since is not None:
        found = found.where(ActivityRow.moment >= wanted.since)
    if wanted.until is not None:
        found = found.where(ActivityRow.moment < wanted.until)
    if wanted.overdue:
        found = found.where(ActivityRow.status == "planned", ActivityRow.planned_from < view.clock.now())
        found = found.where(ActivityRow.state.in_(OPEN_STATES))
    if wanted.unanswered:
        found = found.where(ActivityRow.responded_at.is_(None), ActivityRow.respond_by < view.clock.now())
        found = found.where(ActivityRow.state.in_(OPEN_STATES))
    if wanted.linked is not None:
        entity, _, record = wanted.linked.rpartition(":")
        about = select(ActivityLinkRow.activity_id).where(
            ActivityLinkRow.entity == entity, ActivityLinkRow.record_id == record
        )
        found = found.where(ActivityRow.id.in_(about))
    query = prefix_query(wanted.q)
    if query is not None:
        found = found.where(ActivityRow.search.op("@@")(func.to_tsquery("simple", query)))
    return found


def _summaries(view: Reading, rows: list[ActivityRow]) -> list[ActivitySummary]:
    customers = _names(view, CustomerRow, {row.customer_id for row in rows if row.customer_id})
    contacts = _names(view, ContactRow, {row.contact_id for row in rows if row.contact_id})
    now = view.clock.now()
    return [
        ActivitySummary(
            id=row.id,
            customer_id=row.customer_id,
            customer_name=customers.get(row.customer_id or ""),
            contact_id=row.contact_id,
            contact_name=contacts.get(row.contact_id or ""),
            employee=row.employee,
            method=row.method,
            direction=row.direction,
            type=row.type,
            priority=row.priority,
            status=row.status,
            state=row.state,
            subject=row.subject,
            moment=row.moment,
            planned_from=row.planned_from,
            planned_to=row.planned_to,
            held_from=row.held_from,
            duration_seconds=row.duration_seconds,
            urgency=_urgency(row, now),
        )
        for row in rows
    ]


def _names(view: Reading, table: type[CustomerRow] | type[ContactRow], ids: set[str]) -> dict[str, str]:
    named = select(table.id, table.name).where(table.id.in_(ids))
    return {row.id: row.name for row in view.session.execute(named)} if ids else {}


def _urgency(row: ActivityRow, now: datetime) -> str | None:
    if row.status != "planned" or row.planned_from is None or now < row.planned_from - SOON:
        return None
    return "soon" if now < row.planned_from else "late"


def _postponement(row: ActivityPostponementRow) -> Postponement:
    return Postponement(
        planned_from=row.planned_from,
        moved_to=row.moved_to,
        reason=row.reason,
        remark=row.remark,
        made_at=row.made_at,
        made_by=row.made_by,
    )


def _chain(view: Reading, row: ActivityRow) -> list[ActivityRow]:
    """From the first activity through all that follow it, in the order of their moments."""
    earlier = select(ActivityRow.id, ActivityRow.follows_id).where(ActivityRow.id == row.id).cte(recursive=True)
    before = aliased(ActivityRow)
    earlier = earlier.union(select(before.id, before.follows_id).join(earlier, before.id == earlier.c.follows_id))
    first = select(earlier.c.id).where(earlier.c.follows_id.is_(None)).scalar_subquery()
    members = select(ActivityRow.id).where(ActivityRow.id == first).cte(recursive=True)
    later = aliased(ActivityRow)
    members = members.union(select(later.id).join(members, later.follows_id == members.c.id))
    whole = select(ActivityRow).where(ActivityRow.id.in_(select(members.c.id)))
    shown = view.session.scalars(whole.order_by(ActivityRow.moment, ActivityRow.id).limit(LONGEST_CHAIN))
    return [each for each in shown if not is_hidden(view, each)]
