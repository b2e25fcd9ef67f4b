"""Planning what follows an order, and taking it back when the order is cancelled."""

from collections.abc import Collection
from datetime import date, datetime, timedelta

from sqlalchemy import and_, exists, false, or_, select

from core.errors import DomainError, InvalidInput
from core.executor import handles
from core.messages import Command
from core.records import dataclass
from crm.access import require_read
from crm.activities.content import Content, Link
from crm.activities.models import ActivityRow
from crm.activities.privacy import visible_activities
from crm.activities.registering import RegisterActivity, register_activity
from crm.activities.settling import CancelActivity, cancel_activity
from crm.after_sales.events import OrderFollowedUp
from crm.after_sales.models import AfterSalesActivityRow, AfterSalesStepRow
from crm.after_sales.steps import KnownStep, known_steps
from crm.company import today
from crm.devices.warranties import months_later
from crm.models import CustomerRow, OrderRow, ProductRow
from crm.planning.ports import WorkingDays
from crm.sales.accepting import lock_order
from storage.unit_of_work import Reading, UnitOfWork

DAY = timedelta(days=1)
LENGTH = timedelta(minutes=30)  # of a planned activity
REMINDED = 0  # minutes before it
LOOKED = 30  # days in which there is a working one
NOBODY = "Nobody looks after the order or its customer. Enter an owner, and plan it by hand."


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanAfterSales(Command):
    """Plan what follows an order as it is now: once for each step, and only what lies ahead."""

    order_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowUp:
    """What came of a step for an order; `activity_id` is None with the `sentence` why."""

    step: str
    activity_id: str | None
    subject: str
    status: str | None
    moment: datetime | None
    employee: str | None
    sentence: str | None


@handles(PlanAfterSales, needs="after_sales.plan")
def plan_after_sales(command: PlanAfterSales, unit: UnitOfWork) -> int:
    """Plan or take back; returns how many activities that were. Raises `OrderNotFound`."""
    order = lock_order(unit, command.order_id)
    rows = unit.session.scalars(select(AfterSalesActivityRow).where(AfterSalesActivityRow.order_id == order.id))
    done = {row.step_id: row for row in rows}
    planned: list[str] = []
    cancelled: list[str] = []
    faults: dict[str, str] = {}
    if order.state == "cancelled":
        cancelled = _taken_back(unit, order, done)
    else:
        for step, day in _due(unit, order):
            row = done.get(step.id) or AfterSalesActivityRow(order_id=order.id, step_id=step.id)
            if row.activity_id is not None:
                continue
            row.made_at = unit.clock.now()
            try:
                row.activity_id = _plan(unit, order, step, day)
                row.sentence = None
                planned.append(row.activity_id)
            except DomainError as refusal:
                row.sentence = faults[step.id] = refusal.sentence
            unit.session.add(row)
    if planned or cancelled or faults:
        unit.emit(
            OrderFollowedUp(
                order_id=order.id,
                number=order.number,
                customer_id=order.customer_id,
                planned=planned,
                cancelled=cancelled,
                faults=faults,
            )
        )
    return len(planned) + len(cancelled)


def concerned(unit: UnitOfWork, order_ids: Collection[str]) -> set[str]:
    """Those of the orders that a step may hold for, or that were cancelled after one did."""
    active = [each for each in known_steps(unit) if each.is_active]
    longest = max((each.delay * (31 if each.unit == "months" else 1) for each in active), default=0)
    horizon = today(unit) - longest * DAY
    planned = exists().where(AfterSalesActivityRow.order_id == OrderRow.id)
    ahead = or_(OrderRow.ordered_on >= horizon, OrderRow.delivered_on >= horizon) if active else false()
    wanted = select(OrderRow.id).where(
        OrderRow.id.in_(order_ids), or_(and_(OrderRow.state == "cancelled", planned), ahead)
    )
    return set(unit.session.scalars(wanted))


def follow_ups(view: Reading, order_id: str) -> list[FollowUp]:
    """What the steps planned for an order, in the order of their time."""
    require_read(view)
    wanted = (
        select(AfterSalesStepRow.name, AfterSalesActivityRow.sentence, ActivityRow)
        .join(AfterSalesStepRow, AfterSalesStepRow.id == AfterSalesActivityRow.step_id)
        .outerjoin(ActivityRow, (ActivityRow.id == AfterSalesActivityRow.activity_id) & visible_activities(view))
        .where(AfterSalesActivityRow.order_id == order_id)
        .order_by(ActivityRow.moment, AfterSalesStepRow.position)
    )
    return [_follow_up(name, sentence, row) for name, sentence, row in view.session.execute(wanted)]


def _follow_up(step: str, sentence: str | None, row: ActivityRow | None) -> FollowUp:
    if row is None:
        return FollowUp(
            step=step, activity_id=None, subject=step, status=None, moment=None, employee=None, sentence=sentence
        )
    return FollowUp(
        step=step,
        activity_id=row.id,
        subject=row.subject,
        status=row.status,
        moment=row.moment,
        employee=row.employee,
        sentence=sentence,
    )


def _due(unit: UnitOfWork, order: OrderRow) -> list[tuple[KnownStep, date]]:
    """The steps that hold for an order and whose day is not over."""
    ordered = {each.product_id for each in order.lines if each.product_id}
    kinds = set(unit.session.scalars(select(ProductRow.category).where(ProductRow.id.in_(ordered))))
    begun = {"won": order.ordered_on, "delivered": order.delivered_on if order.state == "done" else None}
    found = []
    for step in known_steps(unit):
        since = begun[step.begins]
        if not step.is_active or since is None or (step.category is not None and step.category not in kinds):
            continue
        day = day_of(step, since)
        if day >= today(unit):
            found.append((step, day))
    return found


def day_of(step: KnownStep, since: date) -> date:
    """The day of a step; the last one that there is where it would lie behind that."""
    try:
        return months_later(since, step.delay) if step.unit == "months" else since + step.delay * DAY
    except (OverflowError, ValueError):
        return date.max


def _plan(unit: UnitOfWork, order: OrderRow, step: KnownStep, day: date) -> str:
    keeper = unit.session.get_one(CustomerRow, order.customer_id).owner
    first, second = (order.owner, keeper) if step.goes_to == "seller" else (keeper, order.owner)
    employee = first or second
    if employee is None:
        raise InvalidInput(NOBODY)
    begins = _opening(unit, day)
    content = Content(
        employee=employee,
        method=step.method,
        direction="outgoing",
        status="planned",
        subject=f"{step.name}, {order.number}",
        customer_id=order.customer_id,
        type=step.type,
        priority=step.priority,
        note=step.note,
        planned_from=begins,
        planned_to=begins + LENGTH,
        links=(Link(entity="crm.order", record_id=order.id),),
        reminders=(REMINDED,),
    )
    return register_activity(RegisterActivity(content=content), unit)


def _opening(unit: UnitOfWork, day: date) -> datetime:
    """When the firm opens on that day, or on the next working one; never a time that is over."""
    office = unit.port(WorkingDays)
    for number in range(LOOKED):
        hours = office.hours(day + number * DAY)
        if hours is not None and hours[0] > unit.clock.now():
            return hours[0]
    raise InvalidInput(f"There is no working day in the {LOOKED} days after {day}. Look at the firm's calendar.")


def _taken_back(unit: UnitOfWork, order: OrderRow, done: dict[str, AfterSalesActivityRow]) -> list[str]:
    """What is still planned is cancelled with the order."""
    ids = [row.activity_id for row in done.values() if row.activity_id]
    wanted = select(ActivityRow.id).where(ActivityRow.id.in_(ids), ActivityRow.status == "planned")
    found = list(unit.session.scalars(wanted.order_by(ActivityRow.id)))
    for each in found:
        cancel_activity(CancelActivity(activity_id=each, reason=f"Order {order.number} was cancelled."), unit)
    return found
