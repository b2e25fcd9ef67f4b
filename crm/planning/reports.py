"""What is counted: plans by employee and day, postponements by reason, answers in time, use of resources."""

from datetime import date, datetime, timedelta
from decimal import Decimal

from sqlalchemy import case, cast, extract, func, select
from sqlalchemy.types import Date, Numeric

from core.records import dataclass
from crm.access import require_read
from crm.activities.models import ActivityPostponementRow, ActivityRow
from crm.company import company
from crm.errors import WrongFields
from crm.planning.models import ResourceBookingRow, ResourceRow
from storage.unit_of_work import Reading

LONGEST = timedelta(days=400)
CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanCount:
    """The activities of one employee on one day."""

    employee: str
    day: date
    planned: int
    overdue: int
    held: int
    cancelled: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PostponementCount:
    """How often somebody's activities were moved for a reason, while their case was in that stage of its process."""

    employee: str
    reason: str
    process: str | None
    stage: str | None
    times: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseReport:
    """How soon what came in was answered: the median in seconds of those that were, and what is overdue."""

    received: int
    answered: int
    overdue: int
    median_seconds: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceUse:
    """How long a resource was booked, and what that costs where an hour has a price."""

    resource_id: str
    name: str
    bookings: int
    hours: Decimal
    cost: Decimal | None


def plans(view: Reading, since: datetime, until: datetime) -> list[PlanCount]:
    """Per employee and day of the company's zone. Raises `WrongFields`."""
    check_span(view, since, until)
    day = cast(func.timezone(company(view).time_zone, ActivityRow.moment), Date)
    is_late = (ActivityRow.status == "planned") & (ActivityRow.planned_from < view.clock.now())

    def counted(condition: object) -> object:
        return func.count(case((condition, 1)))  # type: ignore[arg-type]  # a condition of SQLAlchemy

    wanted = (
        select(
            ActivityRow.employee,
            day.label("day"),
            counted((ActivityRow.status == "planned") & ~is_late).label("planned"),  # type: ignore[attr-defined]
            counted(is_late).label("overdue"),  # type: ignore[attr-defined]
            counted(ActivityRow.status == "held").label("held"),  # type: ignore[attr-defined]
            counted(ActivityRow.status == "cancelled").label("cancelled"),  # type: ignore[attr-defined]
        )
        .where(ActivityRow.moment >= since, ActivityRow.moment < until)
        .group_by(ActivityRow.employee, day)
        .order_by(day, ActivityRow.employee)
    )
    return [PlanCount(**row._mapping) for row in view.session.execute(wanted)]  # noqa: SLF001 -- SQLAlchemy's public name


def postponements(view: Reading, since: datetime, until: datetime) -> list[PostponementCount]:
    """Per employee, reason, and stage of the case; the most frequent first. Raises `WrongFields`."""
    check_span(view, since, until)
    times = func.count().label("times")
    moved = ActivityPostponementRow
    parts = (ActivityRow.employee, moved.reason, moved.process, moved.stage)
    wanted = (
        select(*parts, times)
        .join(ActivityRow, ActivityRow.id == moved.activity_id)
        .where(moved.made_at >= since, moved.made_at < until)
        .group_by(*parts)
        .order_by(times.desc(), *parts)
    )
    return [PostponementCount(**row._mapping) for row in view.session.execute(wanted)]  # noqa: SLF001 -- as above


def responses(view: Reading, since: datetime, until: datetime) -> ResponseReport:
    """Of what came in within a span. Raises `WrongFields`."""
    check_span(view, since, until)
    took = extract("epoch", ActivityRow.responded_at - ActivityRow.moment)
    is_open = ActivityRow.responded_at.is_(None) & (ActivityRow.respond_by < view.clock.now())
    wanted = select(
        func.count(),
        func.count(ActivityRow.responded_at),
        func.count(case((is_open, 1))),
        func.percentile_cont(0.5).within_group(took),
    ).where(ActivityRow.respond_by.is_not(None), ActivityRow.moment >= since, ActivityRow.moment < until)
    received, answered, overdue, median = view.session.execute(wanted).one()
    return ResponseReport(
        received=received,
        answered=answered,
        overdue=overdue,
        median_seconds=None if median is None else round(median),
    )


def resource_use(view: Reading, since: datetime, until: datetime) -> list[ResourceUse]:
    """Hours and cost of each resource that was booked from within a span. Raises `WrongFields`."""
    check_span(view, since, until)
    seconds = func.sum(extract("epoch", ResourceBookingRow.ends_at - ResourceBookingRow.starts_at))
    wanted = (
        select(ResourceRow.id, ResourceRow.name, ResourceRow.hourly_cost, func.count(), cast(seconds, Numeric))
        .join(ResourceBookingRow, ResourceBookingRow.resource_number == ResourceRow.number)
        .where(ResourceBookingRow.starts_at >= since, ResourceBookingRow.starts_at < until)
        .group_by(ResourceRow.id)
        .order_by(ResourceRow.name)
    )
    found = []
    for key, name, price, bookings, total in view.session.execute(wanted):
        hours = total / 3600
        cost = None if price is None else (hours * price).quantize(CENT)
        found.append(ResourceUse(resource_id=key, name=name, bookings=bookings, hours=hours.quantize(CENT), cost=cost))
    return found


def check_span(view: Reading, since: datetime, until: datetime) -> None:
    """Whether a report may cover it. Raises `Forbidden`, `WrongFields`."""
    require_read(view)
    if not timedelta(0) < until - since <= LONGEST:
        raise WrongFields({"/until": f"A report covers between a moment and {LONGEST.days} days."})
