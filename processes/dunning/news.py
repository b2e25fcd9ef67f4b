"""News for running dunnings: what happens to invoices becomes messages to the case that runs for them."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from sqlalchemy import select, update

from core.executor import handles
from core.messages import Command, Event
from core.records import dataclass
from crm.company import today
from crm.sales.events import DisputeResolved, InvoiceDisputed, InvoiceEvent, InvoiceSettled, SettlementUndone
from crm.sales.settling import lock_invoice
from engine.events import CaseCancelled, CaseCompleted
from processes.dunning.errors import NotDunned, PromiseUnclear
from processes.dunning.events import ClaimNoted
from processes.dunning.models import DunningRow
from processes.dunning.telling import tell
from processes.dunning.undelivered import mark, note_messages, step_back
from storage.unit_of_work import UnitOfWork

WORTH_TELLING = (InvoiceSettled, SettlementUndone, InvoiceDisputed, DisputeResolved)
OUTCOMES = ("settled", "handed_over", "assigned", "written_off", "insolvency", "stopped")  # of the diagram


@dataclass(frozen=True, slots=True, kw_only=True)
class MakePromise(Command):
    """A customer promised to pay so much of an invoice until a day; `settlement`: an agreement was signed."""

    invoice_id: str
    day: date
    amount: Decimal
    settlement: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteReturned(Command):
    """A letter, mail or SMS of an invoice's dunning did not arrive."""

    invoice_id: str
    channel: str  # letter, email, sms
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclareInsolvent(Command):
    """A customer is insolvent: every dunning of theirs goes to the lawyer."""

    customer_id: str
    reason: str
    claim_deadline: date | None = None  # until when claims can be filed with the court


@dataclass(frozen=True, slots=True, kw_only=True)
class StopDunning(Command):
    """Stop the dunning of an invoice."""

    invoice_id: str
    reason: str


@handles(MakePromise, needs="payment.edit")
def make_promise(command: MakePromise, unit: UnitOfWork) -> None:
    """Tell the case. Raises `InvoiceNotFound`, `NotDunned`, `PromiseUnclear`."""
    row = running(unit, command.invoice_id)
    if command.day < today(unit) or command.amount <= 0:
        raise PromiseUnclear
    facts = {"day": command.day.isoformat(), "amount": str(command.amount), "settlement": command.settlement}
    unit.emit(ClaimNoted(invoice_id=row.invoice_id, instance_id=row.instance_id, what="promised", facts=facts))
    tell(
        unit,
        "promise.made",
        row.invoice_id,
        news="promise",
        promise_date={"@": "date", "v": command.day.isoformat()},
        promise_amount=str(command.amount),
        settlement=command.settlement,
    )


@handles(NoteReturned, needs="payment.edit")
def note_returned(command: NoteReturned, unit: UnitOfWork) -> None:
    """Remember what does not arrive; the step counts as not done. Raises `InvoiceNotFound`, `NotDunned`."""
    row = running(unit, command.invoice_id)
    mark(row, command.channel)
    step_back(unit, row)
    facts = {"channel": command.channel}
    unit.emit(
        ClaimNoted(
            invoice_id=row.invoice_id, instance_id=row.instance_id, what="returned", note=command.reason, facts=facts
        )
    )
    tell(unit, "letter.returned", row.invoice_id, news="returned")


@handles(DeclareInsolvent, needs="payment.edit")
def declare_insolvent(command: DeclareInsolvent, unit: UnitOfWork) -> int:
    """How many dunnings that concerns."""
    wanted = select(DunningRow).where(DunningRow.customer_id == command.customer_id, DunningRow.is_running)
    rows = unit.session.scalars(wanted.with_for_update()).all()
    last = command.claim_deadline.isoformat() if command.claim_deadline else None
    for row in rows:
        row.is_insolvent = True
        unit.emit(
            ClaimNoted(
                invoice_id=row.invoice_id,
                instance_id=row.instance_id,
                what="insolvent",
                note=command.reason,
                facts={"claim_deadline": last},
            )
        )
        tell(unit, "customer.insolvent", row.invoice_id, news="insolvent", claim_deadline=last)
    return len(rows)


@handles(StopDunning, needs="payment.edit")
def stop_dunning(command: StopDunning, unit: UnitOfWork) -> None:
    """Tell the case. Raises `InvoiceNotFound`, `NotDunned`."""
    row = running(unit, command.invoice_id)
    unit.emit(ClaimNoted(invoice_id=row.invoice_id, instance_id=row.instance_id, what="stopped", note=command.reason))
    tell(unit, "dunning.stopped", row.invoice_id, news="stop")


def running(unit: UnitOfWork, key: str) -> DunningRow:
    """The running dunning of an invoice by id or number, locked. Raises `InvoiceNotFound`, `NotDunned`."""
    invoice = lock_invoice(unit, key)
    row = unit.session.get(DunningRow, invoice.id, with_for_update=True)
    if row is None or not row.is_running:
        raise NotDunned(invoice.number)
    return row


def note_changes(unit: UnitOfWork, events: Sequence[Event]) -> None:
    """Hear of invoices, messages and cases inside the transaction: a statement each, where it may concern dunning."""
    note_messages(unit, events)
    changed = {
        event.invoice_id: event
        for event in events
        if isinstance(event, InvoiceEvent) and isinstance(event, WORTH_TELLING)
    }
    if changed:
        wanted = select(DunningRow.invoice_id).where(DunningRow.invoice_id.in_(changed), DunningRow.is_running)
        for invoice_id in sorted(unit.session.scalars(wanted)):
            _tell_of(unit, changed[invoice_id])
    ended = {
        event.instance_id: event.outcome if isinstance(event, CaseCompleted) else "cancelled"
        for event in events
        if isinstance(event, CaseCancelled) or (isinstance(event, CaseCompleted) and event.outcome in OUTCOMES)
    }
    for instance_id, outcome in ended.items():
        mine = (DunningRow.instance_id == instance_id) & DunningRow.is_running
        unit.session.execute(update(DunningRow).where(mine).values(is_running=False, outcome=outcome))


def _tell_of(unit: UnitOfWork, event: InvoiceEvent) -> None:
    match event:
        case InvoiceDisputed():
            mine = DunningRow.invoice_id == event.invoice_id
            unit.session.execute(update(DunningRow).where(mine).values(disputes=DunningRow.disputes + 1))
            tell(unit, "dispute.raised", event.invoice_id, news="dispute")
        case DisputeResolved():
            tell(unit, "dispute.closed", event.invoice_id, news="dispute_closed")
        case _:
            tell(unit, "payment.posted", event.invoice_id, news="payment")
