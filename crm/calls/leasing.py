"""Taking calls: the next one or a certain one, and each customer by one person at a time.

Whoever takes a call holds its customer for two minutes, and longer as long as they say that the call goes on.
"""

from datetime import datetime, timedelta
from typing import Any, ClassVar

from sqlalchemy import ColumnElement, Select, cast, delete, func, or_, select
from sqlalchemy.dialects.postgresql import ARRAY, insert

from core.executor import handles
from core.identity import Actor
from core.messages import Command
from core.records import dataclass
from crm.activities.content import Content, Participant
from crm.activities.registering import RegisterActivity, register_activity
from crm.calls.errors import CallNotFound, CallOfTask, CustomerBusy, LeaseOver, NoCallWaits
from crm.calls.events import CallFinished, CallGivenBack, CallTaken
from crm.calls.hours import ZONES, closed_countries, is_open, zone_of
from crm.calls.models import KEY, CallLeaseRow, CallRow
from crm.calls.queueing import PROMISED, WORK
from crm.checks import Findings, one_at_a_time
from crm.company import company
from crm.customers import note_need
from crm.models import CustomerRow
from storage.unit_of_work import Reading, UnitOfWork

LEASE = timedelta(minutes=2)
AGAIN = timedelta(hours=2)  # until the next try, unless a moment is named
OUTCOMES = ("reached", "not_reached", "not_needed")
TRIES = 5  # customers that somebody else took in the same moment


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeNextCall(Command):
    """Take the call that is to be made next."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeCall(Command):
    """Take a certain call."""

    call_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepCall(Command):
    """Say that the call goes on."""

    quiet: ClassVar[bool] = True
    call_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GiveBackCall(Command):
    """Nobody answered, or the customer wants to be called at another time (`call_at`)."""

    call_id: str
    reason: str
    call_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishCall(Command):
    """Say what came of a callback; a call of a task is finished by its task.

    `needs` is what the customer turned out to need: it stands with the customer, before what was known, and whoever
    calls next sees it.
    """

    call_id: str
    outcome: str
    note: str = ""
    needs: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenCall:
    """A call that somebody holds until a moment; `task_id` where a task says what to do."""

    id: str
    customer_id: str
    task_id: str | None
    until: datetime


def waiting(actor: Actor) -> ColumnElement[bool]:
    """Calls that somebody may take, now or later."""
    names = [f"user:{actor.id}", *(f"group:{each}" for each in sorted(actor.roles))]
    is_offered = (func.cardinality(CallRow.candidates) == 0) | CallRow.candidates.overlap(cast(names, ARRAY(KEY)))
    return or_(CallRow.assignee == actor.id, CallRow.assignee.is_(None) & is_offered)


def _due(view: Reading, actor: Actor) -> Select[CallRow]:
    """Calls that may be made now, in their order: nobody else has the customer, and it is day there."""
    now = view.clock.now()
    others = select(CallLeaseRow.customer_id).where(
        CallLeaseRow.customer_id == CallRow.customer_id, CallLeaseRow.until > now, CallLeaseRow.agent != actor.id
    )
    is_day: ColumnElement[bool] = CustomerRow.country.not_in(closed_countries(now))
    if not is_open(zone_of("", company(view).time_zone), now):
        is_day &= CustomerRow.country.in_(sorted(ZONES))
    return (
        select(CallRow)
        .join(CustomerRow, CustomerRow.id == CallRow.customer_id)
        .where(CallRow.call_at <= now, waiting(actor), is_day, ~others.exists())
        .order_by(CallRow.urgency, CallRow.call_at, CallRow.id)
    )


@handles(TakeNextCall, needs=WORK)
def take_next_call(_command: TakeNextCall, unit: UnitOfWork) -> TakenCall:
    """The call with its lease. Raises `NoCallWaits`."""
    mine = unit.session.scalars(select(CallLeaseRow).where(CallLeaseRow.agent == unit.actor.id)).first()
    if mine is not None and mine.until > unit.clock.now():
        held = unit.session.get(CallRow, mine.call_id)
        if held is not None:
            return _lease(unit, held)
    wanted = _due(unit, unit.actor).limit(1).with_for_update(of=CallRow, skip_locked=True)
    for _ in range(TRIES):
        row = unit.session.scalars(wanted).first()
        if row is None:
            break
        try:
            return _lease(unit, row)
        except CustomerBusy:
            continue  # another agent was faster with the same customer: their lease is seen now
    raise NoCallWaits


@handles(TakeCall, needs=WORK)
def take_call(command: TakeCall, unit: UnitOfWork) -> TakenCall:
    """The call with its lease, also when it is early or late there. Raises `CallNotFound`, `CustomerBusy`."""
    return _lease(unit, _row(unit, command.call_id))


@handles(KeepCall, needs=WORK)
def keep_call(command: KeepCall, unit: UnitOfWork) -> TakenCall:
    """The longer lease. Raises `CallNotFound`, `LeaseOver` when somebody else has the customer by now."""
    row = _row(unit, command.call_id)
    try:
        return _lease(unit, row)
    except CustomerBusy as error:
        raise LeaseOver from error


@handles(GiveBackCall, needs=WORK)
def give_back_call(command: GiveBackCall, unit: UnitOfWork) -> datetime:
    """When it is to be made now. Raises `CallNotFound`, `LeaseOver`, `WrongFields`."""
    findings = Findings()
    reason = findings.text("/reason", command.reason, "The reason", longest=1000)
    now = unit.clock.now()
    if command.call_at is not None and (command.call_at.tzinfo is None or command.call_at <= now):
        findings.add("/call_at", "The moment must be one that is to come.")
    findings.refuse()
    row = _held(unit, command.call_id)
    row.tries += 1
    row.call_at = command.call_at or now + AGAIN
    if command.call_at is not None:
        row.urgency = PROMISED
    _hang_up(unit, row)
    unit.emit(
        CallGivenBack(
            customer_id=row.customer_id,
            call_id=row.id,
            task_id=row.task_id,
            call_at=row.call_at.isoformat(),
            reason=reason,
        )
    )
    return row.call_at


@handles(FinishCall, needs=WORK)
def finish_call(command: FinishCall, unit: UnitOfWork) -> str | None:
    """The activity that tells of the call. Raises `CallNotFound`, `CallOfTask`, `LeaseOver`, `WrongFields`."""
    findings = Findings()
    outcome = findings.choice("/outcome", command.outcome, "What came of it", OUTCOMES)
    findings.refuse()
    row = _held(unit, command.call_id)
    if row.task_id is not None:
        raise CallOfTask
    activity = _activity(unit, row, command) if outcome == "reached" else None
    if command.needs.strip():
        note_need(unit, row.customer_id, command.needs)
    _hang_up(unit, row)
    unit.session.delete(row)
    unit.emit(CallFinished(customer_id=row.customer_id, call_id=row.id, outcome=outcome, activity_id=activity))
    return activity


def _activity(unit: UnitOfWork, row: CallRow, command: FinishCall) -> str:
    lease = unit.session.get_one(CallLeaseRow, row.customer_id)
    content = Content(
        employee=unit.actor.id,
        method="phone",
        direction="outgoing",
        status="held",
        state="not_needed",
        subject=row.subject,
        note=command.note or None,
        customer_id=row.customer_id,
        participants=(Participant(side="customer", name=unit.session.get_one(CustomerRow, row.customer_id).name),),
        held_from=lease.taken_at,
        duration_seconds=int((unit.clock.now() - lease.taken_at).total_seconds()),
    )
    return register_activity(RegisterActivity(content=content), unit)


def _row(unit: UnitOfWork, call_id: str) -> CallRow:
    wanted = select(CallRow).where(CallRow.id == call_id, waiting(unit.actor))
    row = unit.session.scalars(wanted.with_for_update()).one_or_none()
    if row is None:
        raise CallNotFound(call_id)
    return row


def _held(unit: UnitOfWork, call_id: str) -> CallRow:
    row = _row(unit, call_id)
    lease = unit.session.get(CallLeaseRow, row.customer_id, with_for_update=True)
    if lease is None or lease.agent != unit.actor.id or lease.call_id != call_id or lease.until <= unit.clock.now():
        raise LeaseOver
    return row


def _lease(unit: UnitOfWork, row: CallRow) -> TakenCall:
    """Hold the customer of a locked call. Raises `CustomerBusy`."""
    now, me = unit.clock.now(), unit.actor.id
    one_at_a_time(unit, f"caller:{me}")
    other = (CallLeaseRow.agent == me) & (CallLeaseRow.customer_id != row.customer_id)
    unit.session.execute(delete(CallLeaseRow).where(other))
    before = unit.session.get(CallLeaseRow, row.customer_id, populate_existing=True)
    goes_on = before is not None and (before.agent, before.call_id) == (me, row.id) and before.until > now
    began = before.taken_at if goes_on and before is not None else now
    values: dict[str, Any] = {"agent": me, "call_id": row.id, "taken_at": began, "until": now + LEASE}
    is_free = (CallLeaseRow.until <= now) | (CallLeaseRow.agent == me)
    made = insert(CallLeaseRow).values(customer_id=row.customer_id, **values)
    taken = made.on_conflict_do_update(index_elements=["customer_id"], set_=values, where=is_free)
    if unit.session.scalars(taken.returning(CallLeaseRow.until)).one_or_none() is None:
        holder = unit.session.get_one(CallLeaseRow, row.customer_id, populate_existing=True)
        raise CustomerBusy(holder.agent, holder.until)
    found = TakenCall(id=row.id, customer_id=row.customer_id, task_id=row.task_id, until=now + LEASE)
    if not goes_on:
        unit.emit(
            CallTaken(customer_id=row.customer_id, call_id=row.id, task_id=row.task_id, until=found.until.isoformat())
        )
    return found


def _hang_up(unit: UnitOfWork, row: CallRow) -> None:
    unit.session.execute(delete(CallLeaseRow).where(CallLeaseRow.customer_id == row.customer_id))
