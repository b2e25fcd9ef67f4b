"""The resource plan: hours and cost of rooms, devices and people by what their activities are about."""

from datetime import datetime
from decimal import Decimal

from sqlalchemy import Date, Numeric, cast, extract, func, literal, select, union_all

from core.records import dataclass
from crm.access import require_read
from crm.activities.models import ActivityLinkRow, ActivityRow
from crm.erp.models import CostRateRow
from crm.planning.models import ResourceBookingRow, ResourceRow
from crm.planning.reports import CENT, check_span
from storage.unit_of_work import Reading

MOST = 200  # matters
PAY = "report.read_all"  # right to see what hours of people cost
HOUR = 3600  # seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class MatterUse:
    """What a project, a campaign or another record takes; an activity about two of them counts for each.

    Cost is in the company's currency, of what has a price; that of people is None for who may not see it.
    """

    entity: str
    record_id: str
    activities: int
    people_hours: Decimal
    people_cost: Decimal | None
    resource_hours: Decimal
    resource_cost: Decimal

    @property
    def cost(self) -> Decimal:
        """All that may be seen."""
        return self.resource_cost + (self.people_cost or 0)


def use_by_matter(view: Reading, since: datetime, until: datetime) -> list[MatterUse]:
    """Of activities that are planned or were held from within a span, the dearest first. Raises `WrongFields`."""
    require_read(view)
    check_span(view, since, until)
    may_see_pay = view.actor.may(PAY)
    counted = (ActivityRow.moment >= since, ActivityRow.moment < until, ActivityRow.status != "cancelled")
    nothing = cast(literal(0), Numeric)
    planned = cast(extract("epoch", ActivityRow.planned_to - ActivityRow.planned_from), Numeric)
    seconds = func.coalesce(cast(ActivityRow.duration_seconds, Numeric), planned, nothing)
    rate = (
        select(CostRateRow.hourly)
        .where(CostRateRow.account == ActivityRow.employee, CostRateRow.valid_from <= cast(ActivityRow.moment, Date))
        .order_by(CostRateRow.valid_from.desc())
        .limit(1)
        .correlate(ActivityRow)
        .scalar_subquery()
    )
    booked = cast(extract("epoch", ResourceBookingRow.ends_at - ResourceBookingRow.starts_at), Numeric)
    people = (
        select(
            ActivityLinkRow.entity,
            ActivityLinkRow.record_id,
            literal(1).label("activities"),
            seconds.label("people"),
            (seconds * func.coalesce(rate, nothing)).label("pay"),
            nothing.label("booked"),
            nothing.label("price"),
        )
        .join(ActivityRow, ActivityRow.id == ActivityLinkRow.activity_id)
        .where(*counted)
    )
    rooms = (
        select(
            ActivityLinkRow.entity,
            ActivityLinkRow.record_id,
            literal(0),
            nothing,
            nothing,
            booked,
            booked * func.coalesce(ResourceRow.hourly_cost, nothing),
        )
        .join(ActivityRow, ActivityRow.id == ActivityLinkRow.activity_id)
        .join(ResourceBookingRow, ResourceBookingRow.activity_id == ActivityRow.id)
        .join(ResourceRow, ResourceRow.number == ResourceBookingRow.resource_number)
        .where(*counted)
    )
    used = union_all(people, rooms).subquery()
    pay, price = func.sum(used.c.pay), func.sum(used.c.price)
    told = pay + price if may_see_pay else price
    rows = view.session.execute(
        select(
            used.c.entity,
            used.c.record_id,
            func.sum(used.c.activities),
            func.sum(used.c.people),
            pay,
            func.sum(used.c.booked),
            price,
        )
        .group_by(used.c.entity, used.c.record_id)
        .order_by(told.desc(), func.sum(used.c.people).desc(), used.c.entity, used.c.record_id)
        .limit(MOST)
    )
    return [
        MatterUse(
            entity=entity,
            record_id=record_id,
            activities=activities,
            people_hours=_hours(people_seconds),
            people_cost=_hours(paid) if may_see_pay else None,
            resource_hours=_hours(booked_seconds),
            resource_cost=_hours(priced),
        )
        for entity, record_id, activities, people_seconds, paid, booked_seconds, priced in rows
    ]


def _hours(seconds: Decimal) -> Decimal:
    return (seconds / HOUR).quantize(CENT)
