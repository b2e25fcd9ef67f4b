"""Reading the call queue: what waits for somebody, and one call with all that is to be said in it."""

from collections.abc import Collection
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from sqlalchemy import func, select, tuple_

from core.errors import Forbidden
from core.records import dataclass
from crm.calls.errors import CallNotFound
from crm.calls.hours import is_open, zone_of
from crm.calls.leasing import waiting
from crm.calls.models import CallLeaseRow, CallRow
from crm.calls.queueing import WORK
from crm.company import company
from crm.errors import WrongFields
from crm.models import CustomerRow
from crm.paging import COUNTED, MARK, MOST, Part
from crm.sales.models import InvoiceRow
from storage.unit_of_work import Reading

DUNNING = "dunning"


@dataclass(frozen=True, slots=True, kw_only=True)
class Debt:
    """What a customer should have paid by now in one currency, and for how many days the oldest of it is late."""

    amount: Decimal
    currency: str
    days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CallSummary:
    """A call in the queue; `held_by` has the customer on the phone, `local_time` is what the clock shows there.

    `debts` are told with calls of dunning alone, as they are now.
    """

    id: str
    customer_id: str
    customer_name: str
    kind: str
    subject: str
    task_id: str | None
    instance_id: str | None
    assignee: str | None
    urgency: int
    call_at: datetime
    tries: int
    held_by: str | None
    held_until: datetime | None
    local_time: str
    is_day: bool
    is_due: bool
    debts: list[Debt]


@dataclass(frozen=True, slots=True, kw_only=True)
class Call(CallSummary):
    """A call with the numbers to try, and what else the customer is to be called about."""

    note: str | None
    needs: str | None  # what is known of what the customer needs and prefers
    phones: list[str]
    others: list[CallSummary]


def require(view: Reading) -> None:
    """Raise `Forbidden` unless the reader makes calls."""
    if not view.actor.may(WORK):
        raise Forbidden(f"You do not have the right to make calls of the queue ({WORK}).", permission=WORK)


def call_queue(view: Reading, *, after: str | None = None, limit: int = 50) -> Part[CallSummary]:
    """Calls that the reader may take, in the order in which they are to be made. Raises `Forbidden`, `WrongFields`."""
    require(view)
    place = (CallRow.urgency, CallRow.call_at, CallRow.id)
    wanted = select(CallRow, CustomerRow).join(CustomerRow, CustomerRow.id == CallRow.customer_id)
    wanted = wanted.where(waiting(view.actor))
    counted = wanted.with_only_columns(CallRow.id).limit(COUNTED + 1).subquery()
    total = view.session.scalars(select(func.count()).select_from(counted)).one()
    if after is not None:
        wanted = wanted.where(tuple_(*place) > tuple_(*_placed(after)))
    size = max(1, min(limit, MOST))
    rows = view.session.execute(wanted.order_by(*place).limit(size + 1)).all()
    following = None
    if len(rows) > size:
        last = rows[size - 1][0]
        following = MARK.join((str(last.urgency), last.call_at.isoformat(), last.id))
    items = _summaries(view, [(row, customer) for row, customer in rows[:size]])
    return Part(items=items, next=following, total=total if total <= COUNTED else None)


def call(view: Reading, call_id: str) -> Call:
    """One call. Raises `Forbidden`, `CallNotFound`."""
    require(view)
    wanted = select(CallRow).where(CallRow.id == call_id, waiting(view.actor))
    row = view.session.scalars(wanted).one_or_none()
    if row is None:
        raise CallNotFound(call_id)
    customer = view.session.get_one(CustomerRow, row.customer_id)
    more = select(CallRow).where(CallRow.customer_id == row.customer_id, CallRow.id != row.id, waiting(view.actor))
    others = view.session.scalars(more.order_by(CallRow.urgency, CallRow.call_at, CallRow.id).limit(MOST)).all()
    first, *rest = _summaries(view, [(each, customer) for each in (row, *others)])
    told = {name: getattr(first, name) for name in CallSummary.__dataclass_fields__}
    phones = [each.number for each in customer.phones if each.number]
    return Call(**told, note=row.note, needs=customer.needs, phones=phones, others=rest)


def call_of_task(view: Reading, task_id: str) -> str | None:
    """The call of a task that waits for the reader, if there is one."""
    if not view.actor.may(WORK):
        return None
    return view.session.scalars(select(CallRow.id).where(CallRow.task_id == task_id, waiting(view.actor))).first()


def waiting_calls(view: Reading) -> int:
    """How many calls the reader could make by now."""
    due = select(CallRow.id).where(waiting(view.actor), CallRow.call_at <= view.clock.now()).limit(COUNTED + 1)
    return view.session.scalars(select(func.count()).select_from(due.subquery())).one()


def _summaries(view: Reading, rows: list[tuple[CallRow, CustomerRow]]) -> list[CallSummary]:
    now, own = view.clock.now(), company(view).time_zone
    named = {row.customer_id for row, _ in rows}
    held = select(CallLeaseRow).where(CallLeaseRow.customer_id.in_(named), CallLeaseRow.until > now)
    leases = {each.customer_id: each for each in view.session.scalars(held)} if named else {}
    debts = _debts(view, {row.customer_id for row, _ in rows if row.kind == DUNNING})
    return [
        _summary(
            row,
            customer,
            leases.get(row.customer_id),
            zone=zone_of(customer.country, own),
            now=now,
            debts=debts.get(row.customer_id, []) if row.kind == DUNNING else [],
        )
        for row, customer in rows
    ]


def _debts(view: Reading, customers: Collection[str]) -> dict[str, list[Debt]]:
    """What some customers owe that is late, by currency; one statement for all of them."""
    if not customers:
        return {}
    on = view.clock.now().astimezone(ZoneInfo(company(view).time_zone)).date()
    late = (
        select(InvoiceRow.customer_id, InvoiceRow.currency, func.sum(InvoiceRow.balance), func.min(InvoiceRow.due_on))
        .where(InvoiceRow.customer_id.in_(customers), InvoiceRow.balance > 0, InvoiceRow.due_on < on)
        .group_by(InvoiceRow.customer_id, InvoiceRow.currency)
        .order_by(InvoiceRow.customer_id, InvoiceRow.currency)
    )
    found: dict[str, list[Debt]] = {}
    for customer, currency, amount, due_on in view.session.execute(late):
        found.setdefault(customer, []).append(Debt(amount=amount, currency=currency, days=(on - due_on).days))
    return found


def _summary(
    row: CallRow,
    customer: CustomerRow,
    lease: CallLeaseRow | None,
    *,
    zone: ZoneInfo,
    now: datetime,
    debts: list[Debt],
) -> CallSummary:
    return CallSummary(
        id=row.id,
        customer_id=customer.id,
        customer_name=customer.name,
        kind=row.kind,
        subject=row.subject,
        task_id=row.task_id,
        instance_id=row.instance_id,
        assignee=row.assignee,
        urgency=row.urgency,
        call_at=row.call_at,
        tries=row.tries,
        held_by=lease.agent if lease else None,
        held_until=lease.until if lease else None,
        local_time=now.astimezone(zone).strftime("%H:%M"),
        is_day=is_open(zone, now),
        is_due=row.call_at <= now,
        debts=debts,
    )


def _placed(after: str) -> tuple[int, datetime, str]:
    try:
        urgency, moment, key = after.split(MARK)
        return int(urgency), datetime.fromisoformat(moment), key
    except ValueError:
        raise WrongFields({"/after": "This is not where a page ended. Begin with the first page."}) from None
