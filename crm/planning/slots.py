"""When people and resources are free together, within the hours in which the firm works."""

from collections.abc import Collection, Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import func, or_, select

from core.records import dataclass
from crm.access import require_read
from crm.activities.models import ActivityParticipantRow, ActivityRow
from crm.company import company
from crm.errors import WrongFields
from crm.planning.models import ResourceBookingRow, ResourceRow
from crm.planning.ports import WorkingDays
from storage.unit_of_work import Reading, UnitOfWork

STEP = timedelta(minutes=15)
USUAL = timedelta(minutes=30)  # of an activity that says no end
LONGEST_SPAN = timedelta(days=62)
LONGEST = 24 * 60  # minutes
MOST = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Who and what is needed, for how many minutes, and within which span."""

    people: tuple[str, ...]
    resources: tuple[str, ...]
    minutes: int
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """A time at which all of them are free."""

    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Booking:
    """That somebody has a resource; `subject` is None where it is nobody's business."""

    activity_id: str
    resource_id: str
    resource: str
    employee: str
    subject: str | None
    starts_at: datetime
    ends_at: datetime


def proposals(view: Reading, wanted: Wanted, *, most: int = 10) -> list[Slot]:
    """Free times, the first ones. Raises `WrongFields`, `ResourceNotFound`."""
    require_read(view)
    if not 1 <= wanted.minutes <= LONGEST:
        raise WrongFields({"/minutes": f"The length is between 1 and {LONGEST} minutes."})
    if not timedelta(0) < wanted.until - wanted.since <= LONGEST_SPAN:
        raise WrongFields({"/until": f"The span is between a moment and {LONGEST_SPAN.days} days."})
    return free_slots(view, wanted, most=max(1, min(most, MOST)))


def bookings(view: Reading, resource_id: str, since: datetime, until: datetime) -> list[Booking]:
    """A resource's calendar, in order; at most 500 bookings."""
    require_read(view)
    number = view.session.scalar(select(ResourceRow.number).where(ResourceRow.id == resource_id))
    return [] if number is None else knows_of(view, [number], since, until)


def knows_of(
    view: Reading | UnitOfWork, numbers: Collection[int], since: datetime, until: datetime, *, but: str | None = None
) -> list[Booking]:
    """The bookings that touch a span, other than an activity's own; private ones without their subject."""
    wanted = (
        select(ResourceBookingRow, ResourceRow, ActivityRow.employee, ActivityRow.subject, ActivityRow.is_private)
        .join(ResourceRow, ResourceRow.number == ResourceBookingRow.resource_number)
        .join(ActivityRow, ActivityRow.id == ResourceBookingRow.activity_id)
        .where(
            ResourceBookingRow.resource_number.in_(numbers),
            ResourceBookingRow.starts_at < until,
            ResourceBookingRow.ends_at > since,
        )
        .order_by(ResourceBookingRow.starts_at, ResourceBookingRow.resource_number)
        .limit(500)
    )
    if but is not None:
        wanted = wanted.where(ResourceBookingRow.activity_id != but)
    return [
        Booking(
            activity_id=row.activity_id,
            resource_id=resource.id,
            resource=resource.name,
            employee=employee,
            subject=None if is_private and employee != view.actor.id else subject,
            starts_at=row.starts_at,
            ends_at=row.ends_at,
        )
        for row, resource, employee, subject, is_private in view.session.execute(wanted)
    ]


def free_slots(view: Reading | UnitOfWork, wanted: Wanted, *, most: int) -> list[Slot]:
    """Free times of that length, on quarters of an hour, without asking for a right."""
    length = timedelta(minutes=wanted.minutes)
    busy = sorted([*_busy_resources(view, wanted), *_busy_people(view, wanted)])
    found: list[Slot] = []
    for opens, closes in _hours(view, wanted):
        at = _quarter(max(opens, wanted.since))
        while at + length <= min(closes, wanted.until):
            hit = next((end for begin, end in busy if begin < at + length and end > at), None)
            if hit is None:
                found.append(Slot(starts_at=at, ends_at=at + length))
                if len(found) == most:
                    return found
                at += max(STEP, length)
            else:
                at = _quarter(hit)
    return found


def _hours(view: Reading | UnitOfWork, wanted: Wanted) -> Iterator[tuple[datetime, datetime]]:
    """When people work and all resources can be had, day by day."""
    zone = ZoneInfo(company(view).time_zone)
    limits = list(
        view.session.execute(
            select(ResourceRow.opens, ResourceRow.closes).where(
                ResourceRow.id.in_(wanted.resources), ResourceRow.opens.is_not(None)
            )
        )
    )
    day: date = wanted.since.astimezone(zone).date()
    last = wanted.until.astimezone(zone).date()
    while day <= last:
        hours = view.port(WorkingDays).hours(day)
        if hours is not None:
            opens = max([hours[0], *(datetime.combine(day, each.opens, zone) for each in limits)])
            closes = min([hours[1], *(datetime.combine(day, each.closes, zone) for each in limits)])
            yield opens.astimezone(UTC), closes.astimezone(UTC)
        day += timedelta(days=1)


def _quarter(at: datetime) -> datetime:
    """The next quarter of an hour."""
    over = timedelta(minutes=at.minute % 15, seconds=at.second, microseconds=at.microsecond)
    return at if not over else at - over + STEP


def _busy_resources(view: Reading | UnitOfWork, wanted: Wanted) -> list[tuple[datetime, datetime]]:
    if not wanted.resources:
        return []
    query = (
        select(ResourceBookingRow.starts_at, ResourceBookingRow.ends_at)
        .join(ResourceRow, ResourceRow.number == ResourceBookingRow.resource_number)
        .where(
            ResourceRow.id.in_(wanted.resources),
            ResourceBookingRow.starts_at < wanted.until,
            ResourceBookingRow.ends_at > wanted.since,
        )
    )
    return [(row.starts_at, row.ends_at) for row in view.session.execute(query)]


def _busy_people(view: Reading | UnitOfWork, wanted: Wanted) -> list[tuple[datetime, datetime]]:
    if not wanted.people:
        return []
    taking_part = select(ActivityParticipantRow.activity_id).where(
        ActivityParticipantRow.account.in_(wanted.people),
        ActivityParticipantRow.moment >= wanted.since - timedelta(days=1),
        ActivityParticipantRow.moment < wanted.until,
    )
    query = select(
        ActivityRow.planned_from, func.coalesce(ActivityRow.planned_to, ActivityRow.planned_from + USUAL)
    ).where(
        ActivityRow.status == "planned",
        ActivityRow.planned_from >= wanted.since - timedelta(days=1),
        ActivityRow.planned_from < wanted.until,
        or_(ActivityRow.employee.in_(wanted.people), ActivityRow.id.in_(taking_part)),
    )
    return [(begin, end) for begin, end in view.session.execute(query) if begin is not None]
