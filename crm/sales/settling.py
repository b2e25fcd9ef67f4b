"""Settling invoices: what pays, credits or writes off an amount, taking that back, and disputes."""

from datetime import date
from decimal import Decimal

from sqlalchemy import select

from core.executor import handles
from core.ids import new_id
from core.messages import Command
from core.records import dataclass
from crm.checks import Findings
from crm.company import today
from crm.money import NOTHING, plain
from crm.sales.balances import refresh_balance
from crm.sales.errors import (
    InvoiceNotFound,
    SettledByPayment,
    SettlementGone,
    SettlementNotFound,
    SettlesTooMuch,
    WrongInvoiceState,
)
from crm.sales.events import DisputeResolved, InvoiceDisputed, InvoiceSettled, SettlementUndone
from crm.sales.models import InvoiceRow, SettlementRow
from storage.unit_of_work import UnitOfWork

CREDIT, WRITE_OFF, PAYMENT = "credit", "write_off", "payment"
MANUAL = "manual"


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteOff(Command):
    """Give up what is open on an invoice, or a part of it."""

    invoice_id: str
    reason: str
    amount: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplyCredit(Command):
    """Let a credit note settle another invoice of the same customer; without an amount as much as fits."""

    credit_id: str
    invoice_id: str
    amount: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UndoSettlement(Command):
    """Take back a write-off, or the use of a credit note."""

    settlement_id: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DisputeInvoice(Command):
    """Note that the customer does not accept an invoice."""

    invoice_id: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolveDispute(Command):
    """Note that a dispute has ended, and how."""

    invoice_id: str
    reason: str


@handles(WriteOff, needs="payment.edit")
def write_off(command: WriteOff, unit: UnitOfWork) -> None:
    """Write the amount off. Raises `InvoiceNotFound`, `WrongInvoiceState`, `SettlesTooMuch`, `WrongFields`."""
    reason = checked_reason(command.reason)
    invoice = lock_invoice(unit, command.invoice_id)
    if invoice.balance <= 0:
        raise WrongInvoiceState(invoice.number, state=invoice.state, wanted="written off")
    amount = _amount(command.amount, invoice.balance)
    settle(unit, invoice, Means(kind=WRITE_OFF, amount=amount, effective_on=today(unit), reason=reason))
    refresh_balance(unit, invoice.customer_id)


@handles(ApplyCredit, needs="payment.edit")
def apply_credit(command: ApplyCredit, unit: UnitOfWork) -> None:
    """Settle with the credit note. Raises `InvoiceNotFound`, `WrongInvoiceState`, `SettlesTooMuch`, `WrongFields`."""
    locked = {row.id: row for row in lock_invoices(unit, command.credit_id, command.invoice_id)}
    credit, invoice = locked.get(command.credit_id), locked.get(command.invoice_id)
    if credit is None or invoice is None:
        raise InvoiceNotFound(command.credit_id if credit is None else command.invoice_id)
    if credit.balance >= 0:
        raise WrongInvoiceState(credit.number, state=credit.state, wanted="used")
    if invoice.balance <= 0:
        raise WrongInvoiceState(invoice.number, state=invoice.state, wanted="settled")
    findings = Findings()
    if credit.customer_id != invoice.customer_id or credit.currency != invoice.currency:
        findings.add("/invoice_id", "A credit note settles invoices of the same customer and currency only.")
    findings.refuse()
    amount = _amount(command.amount, min(-credit.balance, invoice.balance))
    means = Means(kind=CREDIT, amount=amount, effective_on=today(unit), credit=credit)
    settle(unit, invoice, means)
    refresh_balance(unit, invoice.customer_id)


@handles(UndoSettlement, needs="payment.edit")
def undo_settlement(command: UndoSettlement, unit: UnitOfWork) -> None:
    """Take the settlement back. Raises `SettlementNotFound`, `SettlementGone`, `WrongFields`."""
    reason = checked_reason(command.reason)
    row = unit.session.get(SettlementRow, command.settlement_id)
    if row is None:
        raise SettlementNotFound(command.settlement_id)
    if row.kind == PAYMENT:
        raise SettledByPayment
    locked = {each.id: each for each in lock_invoices(unit, row.invoice_id, row.credit_id)}
    unsettle(unit, row, locked, reason)
    refresh_balance(unit, locked[row.invoice_id].customer_id)


@handles(DisputeInvoice, needs="payment.edit")
def dispute_invoice(command: DisputeInvoice, unit: UnitOfWork) -> None:
    """Mark the invoice as disputed. Raises `InvoiceNotFound`, `WrongInvoiceState`, `WrongFields`."""
    reason = checked_reason(command.reason)
    invoice = lock_invoice(unit, command.invoice_id)
    if invoice.balance <= 0 or invoice.dispute is not None:
        raise WrongInvoiceState(invoice.number, state=invoice.state, wanted="disputed")
    invoice.dispute = reason
    _restate(unit, invoice)
    unit.emit(
        InvoiceDisputed(invoice_id=invoice.id, number=invoice.number, customer_id=invoice.customer_id, reason=reason)
    )


@handles(ResolveDispute, needs="payment.edit")
def resolve_dispute(command: ResolveDispute, unit: UnitOfWork) -> None:
    """End the dispute. Raises `InvoiceNotFound`, `WrongInvoiceState`, `WrongFields`."""
    reason = checked_reason(command.reason)
    invoice = lock_invoice(unit, command.invoice_id)
    if invoice.dispute is None:
        raise WrongInvoiceState(invoice.number, state=invoice.state, wanted="resolved")
    invoice.dispute = None
    _restate(unit, invoice)
    unit.emit(
        DisputeResolved(invoice_id=invoice.id, number=invoice.number, customer_id=invoice.customer_id, reason=reason)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What settles an amount, from when on, and what found it."""

    kind: str
    amount: Decimal
    effective_on: date
    rule: str = MANUAL
    credit: InvoiceRow | None = None
    payment_id: str | None = None
    reason: str | None = None


def settle(unit: UnitOfWork, invoice: InvoiceRow, means: Means) -> SettlementRow:
    """Settle an amount of a locked invoice; nobody's balance changes its sign. Raises `SettlesTooMuch`."""
    amount = means.amount
    for item, left in ((invoice, invoice.balance), (means.credit, -means.credit.balance if means.credit else NOTHING)):
        if item is not None and (amount == 0 or amount * left <= 0 or abs(amount) > abs(left)):
            raise SettlesTooMuch(item.number, amount=amount, left=left, currency=item.currency)
    invoice.balance -= amount
    if means.kind == WRITE_OFF:
        invoice.written_off += amount
    if means.credit is not None:
        means.credit.balance += amount
        _restate(unit, means.credit)
    _restate(unit, invoice)
    row = SettlementRow(
        id=new_id(),
        invoice_id=invoice.id,
        kind=means.kind,
        credit_id=means.credit.id if means.credit else None,
        payment_id=means.payment_id,
        amount=amount,
        effective_on=means.effective_on,
        rule=means.rule,
        reason=means.reason,
        made_at=unit.clock.now(),
        made_by=unit.actor.id,
    )
    unit.session.flush()  # a credit note of this unit comes before what names it
    unit.session.add(row)
    unit.emit(
        InvoiceSettled(
            invoice_id=invoice.id,
            number=invoice.number,
            customer_id=invoice.customer_id,
            settlement_id=row.id,
            kind=means.kind,
            by=means.credit.number if means.credit else means.payment_id,
            rule=means.rule,
            amount=plain(amount),
            balance=plain(invoice.balance),
            currency=invoice.currency,
            state=invoice.state,
            effective_on=means.effective_on.isoformat(),
            reason=means.reason,
        )
    )
    return row


def unsettle(unit: UnitOfWork, row: SettlementRow, locked: dict[str, InvoiceRow], reason: str) -> None:
    """Take a settlement of locked invoices back. Raises `SettlementGone`."""
    unit.session.refresh(row)  # read after the lock
    invoice = locked[row.invoice_id]
    if row.undone_at is not None:
        raise SettlementGone(invoice.number)
    row.undone_at, row.undone_by, row.undone_reason = unit.clock.now(), unit.actor.id, reason
    invoice.balance += row.amount
    if row.kind == WRITE_OFF:
        invoice.written_off -= row.amount
    if row.credit_id is not None:
        credit = locked[row.credit_id]
        credit.balance -= row.amount
        _restate(unit, credit)
    _restate(unit, invoice)
    unit.emit(
        SettlementUndone(
            invoice_id=invoice.id,
            number=invoice.number,
            customer_id=invoice.customer_id,
            settlement_id=row.id,
            kind=row.kind,
            amount=plain(row.amount),
            balance=plain(invoice.balance),
            currency=invoice.currency,
            state=invoice.state,
            reason=reason,
        )
    )


def lock_invoice(unit: UnitOfWork, key: str) -> InvoiceRow:
    """An invoice by id or number, locked until the unit ends. Raises `InvoiceNotFound`."""
    wanted = select(InvoiceRow).where((InvoiceRow.id == key) | (InvoiceRow.number == key))
    row = unit.session.scalars(wanted.with_for_update().execution_options(populate_existing=True)).first()
    if row is None:
        raise InvoiceNotFound(key)
    return row


def lock_invoices(unit: UnitOfWork, *ids: str | None) -> list[InvoiceRow]:
    """Invoices by id, locked in one order, so that two units never wait for each other."""
    unit.session.flush()  # what this unit changed is read again
    wanted = select(InvoiceRow).where(InvoiceRow.id.in_({each for each in ids if each})).order_by(InvoiceRow.id)
    return list(unit.session.scalars(wanted.with_for_update().execution_options(populate_existing=True)))


def checked_reason(reason: str) -> str:
    """A reason that says something. Raises `WrongFields`."""
    findings = Findings()
    text = findings.text("/reason", reason, "The reason", longest=1000)
    findings.refuse()
    return text


def _amount(asked: Decimal | None, most: Decimal) -> Decimal:
    if asked is None:
        return most
    findings = Findings()
    amount = findings.amount("/amount", asked, "The amount", places=2)
    findings.refuse()
    return amount


def _restate(unit: UnitOfWork, row: InvoiceRow) -> None:
    if row.balance == 0:
        row.state = "written_off" if row.written_off else "paid"
        row.settled_on = row.settled_on or today(unit)
        return
    row.settled_on = None
    if row.dispute is not None:
        row.state = "disputed"
    else:
        row.state = "open" if row.balance == row.gross else "part_paid"
