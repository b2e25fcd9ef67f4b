"""Settling invoices with payments, by what the bank's file says or by hand, and taking that back."""

from collections.abc import Sequence
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from core.executor import handles
from core.messages import Command
from core.records import dataclass
from crm.checks import Findings
from crm.errors import CustomerNotFound
from crm.models import CustomerRow
from crm.money import NOTHING, plain
from crm.payments.errors import PaymentNotFound, PaymentTooSmall, WrongPaymentState
from crm.payments.events import (
    PayerNamed,
    PaymentMatched,
    PaymentPutAside,
    PaymentReversed,
    PaymentUnmatched,
)
from crm.payments.matching import REFERENCE, Match, Share, match
from crm.payments.models import PayerAccountRow, PaymentRow
from crm.sales.balances import refresh_balance
from crm.sales.errors import InvoiceNotFound
from crm.sales.models import SettlementRow
from crm.sales.settling import MANUAL, PAYMENT, Means, checked_reason, lock_invoices, settle, unsettle
from storage.unit_of_work import UnitOfWork

UNMATCHED, PART_MATCHED, MATCHED = "unmatched", "part_matched", "matched"
PUT_ASIDE, REVERSED, OUTGOING = "put_aside", "reversed", "outgoing"
STATES = (UNMATCHED, PART_MATCHED, MATCHED, PUT_ASIDE, REVERSED, OUTGOING)
OPEN_STATES = {UNMATCHED, PART_MATCHED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Portion:
    """How much of a payment settles which invoice; without an amount as much as fits."""

    invoice_id: str
    amount: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchPayment(Command):
    """Settle invoices of one customer by hand; the account that paid is remembered as the customer's."""

    payment_id: str
    portions: tuple[Portion, ...]
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UnmatchPayment(Command):
    """Take a payment off the invoices that it settles, or off one of them."""

    payment_id: str
    reason: str
    invoice_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NamePayer(Command):
    """Say whose payment it is without saying for which invoice: it is the customer's until it is used."""

    payment_id: str
    customer_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PutPaymentAside(Command):
    """Say that a payment is for no invoice, such as interest of the bank."""

    payment_id: str
    reason: str


@handles(MatchPayment, needs="payment.edit")
def match_payment(command: MatchPayment, unit: UnitOfWork) -> None:
    """Settle. Raises `PaymentNotFound`, `InvoiceNotFound`, `WrongPaymentState`, `SettlesTooMuch`, `PaymentTooSmall`."""
    payment = lock_payment(unit, command.payment_id)
    if payment.state not in OPEN_STATES and payment.state != OUTGOING:
        raise WrongPaymentState(state=payment.state, wanted="matched")
    locked = {row.id: row for row in lock_invoices(unit, *(each.invoice_id for each in command.portions))}
    findings = Findings()
    for index, each in enumerate(command.portions):
        if each.invoice_id not in locked:
            raise InvoiceNotFound(each.invoice_id)
        if locked[each.invoice_id].currency != payment.currency:
            findings.add(f"/portions/{index}/invoice_id", f"The payment is in {payment.currency}, the invoice is not.")
    customers = {row.customer_id for row in locked.values()} | ({payment.customer_id} - {None})
    if len(customers) != 1:
        findings.add("/portions", "A payment settles invoices of one customer. Choose invoices of one customer.")
    if len({each.invoice_id for each in command.portions}) < len(command.portions):
        findings.add("/portions", "An invoice is named twice.")
    findings.refuse()
    if payment.state == OUTGOING:
        payment.unallocated, payment.state = payment.amount, UNMATCHED
    left, shares = payment.unallocated, []
    for each in command.portions:
        row = locked[each.invoice_id]
        amount = each.amount
        if amount is None:
            amount = min(left, row.balance) if left > 0 else max(left, row.balance)
        left -= amount
        shares.append(Share(invoice_id=row.id, amount=amount))
    (customer_id,) = (each for each in customers if each)
    found = Match(customer_id=customer_id, rule=MANUAL, shares=tuple(shares))
    apply_match(unit, payment, found, reason=command.reason)
    _remember(unit, payment, customer_id)
    refresh_balance(unit, customer_id)


@handles(UnmatchPayment, needs="payment.edit")
def unmatch_payment(command: UnmatchPayment, unit: UnitOfWork) -> None:
    """Take the payment off. Raises `PaymentNotFound`, `WrongPaymentState`, `WrongFields`."""
    reason = checked_reason(command.reason)
    payment = lock_payment(unit, command.payment_id)
    taken = take_off(unit, payment, reason, invoice_id=command.invoice_id)
    if not taken:
        raise WrongPaymentState(state=payment.state, wanted="taken off")
    _restate(payment)
    unit.emit(
        PaymentUnmatched(payment_id=payment.id, invoices=taken, unallocated=plain(payment.unallocated), reason=reason)
    )
    if payment.customer_id is not None:
        refresh_balance(unit, payment.customer_id)


@handles(NamePayer, needs="payment.edit")
def name_payer(command: NamePayer, unit: UnitOfWork) -> None:
    """Give an unmatched payment to a customer. Raises `PaymentNotFound`, `CustomerNotFound`, `WrongPaymentState`."""
    payment = lock_payment(unit, command.payment_id)
    if payment.state != UNMATCHED:
        raise WrongPaymentState(state=payment.state, wanted="given to another customer")
    if unit.session.get(CustomerRow, command.customer_id) is None:
        raise CustomerNotFound(command.customer_id)
    before, payment.customer_id = payment.customer_id, command.customer_id
    unit.emit(PayerNamed(payment_id=payment.id, customer_id=command.customer_id, rule=MANUAL))
    _remember(unit, payment, command.customer_id)
    for each in sorted({before, command.customer_id} - {None}, key=str):
        refresh_balance(unit, str(each))


@handles(PutPaymentAside, needs="payment.edit")
def put_payment_aside(command: PutPaymentAside, unit: UnitOfWork) -> None:
    """Put an unmatched payment aside. Raises `PaymentNotFound`, `WrongPaymentState`, `WrongFields`."""
    reason = checked_reason(command.reason)
    payment = lock_payment(unit, command.payment_id)
    if payment.state != UNMATCHED:
        raise WrongPaymentState(state=payment.state, wanted="put aside")
    customer_id = payment.customer_id
    payment.state, payment.note, payment.unallocated, payment.customer_id = PUT_ASIDE, reason, NOTHING, None
    unit.emit(PaymentPutAside(payment_id=payment.id, reason=reason))
    if customer_id is not None:
        refresh_balance(unit, customer_id)


def match_by_itself(unit: UnitOfWork, payment: PaymentRow) -> str | None:
    """Do what the payment shows clearly enough; returns the customer, whose balance the caller refreshes."""
    found = match(unit, payment)
    if found is None:
        return None
    lock_invoices(unit, *(each.invoice_id for each in found.shares))
    again = match(unit, payment) if found.shares else found  # read after the lock
    if again is None:
        return None
    apply_match(unit, payment, again)
    if again.rule == REFERENCE and payment.state == MATCHED:
        _remember(unit, payment, again.customer_id, over=False)
    return again.customer_id


def apply_match(unit: UnitOfWork, payment: PaymentRow, found: Match, *, reason: str | None = None) -> None:
    """Settle what a match says; its invoices are locked. Raises `SettlesTooMuch`, `PaymentTooSmall`."""
    if payment.customer_id != found.customer_id:
        payment.customer_id = found.customer_id
        unit.emit(PayerNamed(payment_id=payment.id, customer_id=found.customer_id, rule=found.rule))
    if not found.shares:
        return
    total = sum((each.amount for each in found.shares), NOTHING)
    if abs(total) > abs(payment.unallocated):
        raise PaymentTooSmall(wanted=str(total), left=str(payment.unallocated), currency=payment.currency)
    rows = {row.id: row for row in lock_invoices(unit, *(each.invoice_id for each in found.shares))}
    settled = {}
    for each in found.shares:
        invoice = rows[each.invoice_id]
        means = Means(
            kind=PAYMENT,
            amount=each.amount,
            effective_on=payment.value_on,
            rule=found.rule,
            payment_id=payment.id,
            reason=reason,
        )
        settle(unit, invoice, means)
        settled[invoice.number] = plain(each.amount)
    payment.unallocated -= total
    _restate(payment)
    unit.emit(
        PaymentMatched(
            payment_id=payment.id,
            customer_id=found.customer_id,
            rule=found.rule,
            invoices=settled,
            unallocated=plain(payment.unallocated),
            reason=reason,
        )
    )


def reverse(unit: UnitOfWork, reversal: PaymentRow, original: PaymentRow) -> str | None:
    """Undo what a payment settled because the bank took it back; returns the customer."""
    taken = take_off(unit, original, "the bank took the payment back")
    original.state = reversal.state = REVERSED
    original.unallocated = reversal.unallocated = NOTHING
    reversal.reverses_id, reversal.customer_id = original.id, original.customer_id
    unit.emit(PaymentReversed(payment_id=original.id, by=reversal.id, invoices=taken))
    return original.customer_id


def take_off(unit: UnitOfWork, payment: PaymentRow, reason: str, *, invoice_id: str | None = None) -> dict[str, str]:
    """Take back what a locked payment settles; maps number to amount."""
    wanted = select(SettlementRow).where(SettlementRow.payment_id == payment.id, SettlementRow.undone_at.is_(None))
    if invoice_id is not None:
        wanted = wanted.where(SettlementRow.invoice_id == invoice_id)
    rows: Sequence[SettlementRow] = unit.session.scalars(wanted).all()
    locked = {row.id: row for row in lock_invoices(unit, *(each.invoice_id for each in rows))}
    taken = {}
    for each in rows:
        unsettle(unit, each, locked, reason)
        payment.unallocated += each.amount
        taken[locked[each.invoice_id].number] = plain(each.amount)
    return taken


def lock_payment(unit: UnitOfWork, key: str) -> PaymentRow:
    """A payment, locked until the unit ends. Raises `PaymentNotFound`."""
    wanted = select(PaymentRow).where(PaymentRow.id == key).with_for_update()
    row = unit.session.scalars(wanted.execution_options(populate_existing=True)).first()
    if row is None:
        raise PaymentNotFound(key)
    return row


def _restate(payment: PaymentRow) -> None:
    if payment.unallocated == 0:
        payment.state = MATCHED
    else:
        payment.state = UNMATCHED if payment.unallocated == payment.amount else PART_MATCHED


def _remember(unit: UnitOfWork, payment: PaymentRow, customer_id: str, *, over: bool = True) -> None:
    """The next payment from the same account is known at once; `over` what was known, for whom a person says it is."""
    if payment.payer_account is None or payment.amount < 0:
        return
    row = {"customer_id": customer_id, "learned_at": unit.clock.now(), "learned_by": unit.actor.id}
    written = insert(PayerAccountRow).values(account=payment.payer_account, **row)
    if over:
        unit.session.execute(written.on_conflict_do_update(index_elements=["account"], set_=row))
    else:
        unit.session.execute(written.on_conflict_do_nothing())
