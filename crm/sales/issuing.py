"""Issuing invoices: for an order, or for lines of their own.

Numbers follow one another without a gap, in the order of issue: the date of issue is always the company's today.
"""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select

from core.executor import handles
from core.ids import new_id
from core.messages import Command
from core.records import dataclass
from crm.checks import Findings, refuse_taken
from crm.company import exchange_rate, today
from crm.errors import CustomerNotFound
from crm.models import CustomerRow, OrderRow
from crm.money import NOTHING, Priced, VatShare, line_net, plain, totals
from crm.numbering import yearly_number
from crm.offer_content import Line, line_rows
from crm.sales.accepting import lock_order
from crm.sales.balances import refresh_balance
from crm.sales.errors import NothingToInvoice, TooMuchInvoiced
from crm.sales.events import InvoiceIssued
from crm.sales.models import InvoiceLineRow, InvoiceRow, InvoiceVatRow
from storage.unit_of_work import UnitOfWork

INVOICE, CREDIT_NOTE = "invoice", "credit_note"
SERIES = {INVOICE: "INV", CREDIT_NOTE: "CN"}
OWN = "own"
USUAL_DAYS = 14  # of payment, where nothing else is agreed
LINE = ("product_id", "sku", "description", "unit", "unit_price", "discount", "vat_rate", "unit_cost")


@dataclass(frozen=True, slots=True, kw_only=True)
class Portion:
    """How much of one position of an order to invoice."""

    position: int
    quantity: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceOrder(Command):
    """Invoice an order: all that no invoice covers yet, or some portions; freight goes with the first invoice."""

    order_id: str
    portions: tuple[Portion, ...] | None = None
    sold_on: date | None = None
    payment_days: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueInvoice(Command):
    """Invoice lines without an order."""

    customer_id: str
    lines: tuple[Line, ...]
    currency: str | None = None
    sold_on: date | None = None
    payment_days: int | None = None
    external_reference: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedInvoice:
    """The invoice or credit note that was issued."""

    id: str
    number: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """All that an invoice says; without `number` it gets the next one of its series."""

    kind: str = INVOICE
    customer_id: str
    lines: Sequence[InvoiceLineRow]
    shares: Sequence[VatShare]
    issued_on: date
    sold_on: date
    due_on: date
    currency: str
    exchange_rate: Decimal
    number: str | None = None
    order_id: str | None = None
    corrects_id: str | None = None
    owner: str | None = None
    reason: str | None = None
    source: str = OWN
    external_reference: str | None = None


@handles(InvoiceOrder, needs="invoice.edit")
def invoice_order(command: InvoiceOrder, unit: UnitOfWork) -> IssuedInvoice:
    """Invoice the order. Raises `OrderNotFound`, `NothingToInvoice`, `TooMuchInvoiced`."""
    order = lock_order(unit, command.order_id)
    if order.state == "cancelled":
        raise NothingToInvoice(order.number, "it is cancelled")
    invoiced = _invoiced(unit, order)
    rows = _portions(order, invoiced, command.portions)
    if not rows:
        raise NothingToInvoice(order.number, "all of it is invoiced")
    goods = totals(rows)
    is_first = not invoiced
    if order.freight and is_first:
        rows.append(_freight(order, rows))
    customer = unit.session.get_one(CustomerRow, order.customer_id)
    on = today(unit)
    issued = issue(
        unit,
        Draft(
            customer_id=customer.id,
            lines=rows,
            shares=totals(rows).shares,
            issued_on=on,
            sold_on=command.sold_on or order.delivered_on or on,
            due_on=on + timedelta(days=_days(command.payment_days, order.payment_days, customer)),
            currency=order.currency,
            exchange_rate=exchange_rate(unit, order.currency, on),
            order_id=order.id,
            owner=order.owner or unit.actor.id,
        ),
    )
    order.invoiced = min(order.gross, order.invoiced + goods.gross)
    if not _portions(order, _invoiced(unit, order), None):
        order.invoiced = order.gross  # parts are rounded one by one; together they are the whole
    return IssuedInvoice(id=issued.id, number=issued.number)


@handles(IssueInvoice, needs="invoice.edit")
def issue_invoice(command: IssueInvoice, unit: UnitOfWork) -> IssuedInvoice:
    """Invoice the lines. Raises `CustomerNotFound`, `WrongFields`, `RateMissing`, `ReferenceTaken`."""
    customer = unit.session.get(CustomerRow, command.customer_id)
    if customer is None:
        raise CustomerNotFound(command.customer_id)
    findings = Findings()
    currency = findings.code("/currency", command.currency or customer.currency, "The currency", 3)
    if not command.lines:
        findings.add("/lines", "An invoice has at least one line.")
    findings.refuse()
    refuse_taken(unit, InvoiceRow, command.external_reference, "an invoice")
    rows = [copied(line, position=n) for n, line in enumerate(line_rows(unit, command.lines, currency), 1)]
    on = today(unit)
    issued = issue(
        unit,
        Draft(
            customer_id=customer.id,
            lines=rows,
            shares=totals(rows).shares,
            issued_on=on,
            sold_on=command.sold_on or on,
            due_on=on + timedelta(days=_days(command.payment_days, None, customer)),
            currency=currency,
            exchange_rate=exchange_rate(unit, currency, on),
            owner=customer.owner or unit.actor.id,
            external_reference=command.external_reference,
        ),
    )
    return IssuedInvoice(id=issued.id, number=issued.number)


def issue(unit: UnitOfWork, draft: Draft) -> InvoiceRow:
    """Write an invoice down, number it, tell the trail and the customer's balance."""
    net = sum((each.net for each in draft.shares), NOTHING)
    vat = sum((each.vat for each in draft.shares), NOTHING)
    number = draft.number or yearly_number(unit, SERIES[draft.kind])
    row = InvoiceRow(
        id=new_id(),
        kind=draft.kind,
        number=number,
        reference=bare(number),
        customer_id=draft.customer_id,
        order_id=draft.order_id,
        corrects_id=draft.corrects_id,
        state="open",
        issued_on=draft.issued_on,
        sold_on=draft.sold_on,
        due_on=draft.due_on,
        currency=draft.currency,
        exchange_rate=draft.exchange_rate,
        net=net,
        vat=vat,
        gross=net + vat,
        balance=net + vat,
        written_off=NOTHING,
        owner=draft.owner,
        reason=draft.reason,
        source=draft.source,
        external_reference=draft.external_reference,
        created_at=unit.clock.now(),
        created_by=unit.actor.id,
        lines=list(draft.lines),
        shares=[InvoiceVatRow(rate=each.rate, net=each.net, vat=each.vat) for each in draft.shares],
    )
    if row.balance == NOTHING:
        row.state, row.settled_on = "paid", draft.issued_on
    unit.session.add(row)
    unit.emit(
        InvoiceIssued(
            invoice_id=row.id,
            number=number,
            customer_id=row.customer_id,
            source=row.source,
            gross=plain(row.gross),
            currency=row.currency,
            due_on=row.due_on.isoformat(),
            order_id=row.order_id,
            external_reference=row.external_reference,
        )
    )
    refresh_balance(unit, row.customer_id)
    return row


def copied(line: Any, *, position: int, origin: int | None = None, quantity: Decimal | None = None) -> InvoiceLineRow:
    """A line of an invoice that says what a line of an order, an offer or another invoice says."""
    values = {name: getattr(line, name) for name in LINE}
    wanted = line.quantity if quantity is None else quantity
    return InvoiceLineRow(id=new_id(), position=position, origin=origin, quantity=wanted, **values)


def bare(number: str) -> str:
    """A number without what banks drop or change: capital letters and digits only."""
    return "".join(each for each in number.upper() if each.isascii() and each.isalnum())


def _invoiced(unit: UnitOfWork, order: OrderRow) -> dict[int, Decimal]:
    """How much of each position is on invoices already; credit notes do not make it free again."""
    unit.session.flush()  # an invoice of this unit counts
    summed = (
        select(InvoiceLineRow.origin, func.sum(InvoiceLineRow.quantity))
        .join(InvoiceRow, InvoiceRow.id == InvoiceLineRow.invoice_id)
        .where(InvoiceRow.order_id == order.id, InvoiceRow.kind == INVOICE, InvoiceLineRow.origin.is_not(None))
        .group_by(InvoiceLineRow.origin)
    )
    return {origin: quantity for origin, quantity in unit.session.execute(summed) if origin is not None}


def _portions(order: OrderRow, invoiced: dict[int, Decimal], wanted: Iterable[Portion] | None) -> list[InvoiceLineRow]:
    left = {line.position: line.quantity - invoiced.get(line.position, NOTHING) for line in order.lines}
    asked = dict(left) if wanted is None else {each.position: each.quantity for each in wanted}
    findings = Findings()
    for index, position in enumerate(asked):
        if position not in left:
            findings.add(f"/portions/{index}/position", f"Order {order.number} has no position {position}.")
        elif wanted is not None and asked[position] <= 0:
            findings.add(f"/portions/{index}/quantity", f"The quantity of position {position} must be above zero.")
    findings.refuse()
    rows: list[InvoiceLineRow] = []
    for line in order.lines:
        quantity = asked.get(line.position, NOTHING)
        if quantity > left[line.position]:
            what = f"Position {line.position} of order {order.number}"
            raise TooMuchInvoiced(what, wanted=plain(quantity), left=plain(left[line.position]))
        if quantity > 0:
            rows.append(copied(line, position=len(rows) + 1, origin=line.position, quantity=quantity))
    return rows


def _freight(order: OrderRow, rows: Sequence[InvoiceLineRow]) -> InvoiceLineRow:
    """Freight shares the VAT rate of the most valuable goods (main supply)."""
    dearest: Priced = max(rows, key=line_net)
    return InvoiceLineRow(
        id=new_id(),
        position=len(rows) + 1,
        description="Freight",
        quantity=Decimal(1),
        unit="pc",
        unit_price=order.freight,
        discount=NOTHING,
        vat_rate=dearest.vat_rate,
    )


def _days(asked: int | None, agreed: int | None, customer: CustomerRow) -> int:
    for days in (asked, agreed, customer.payment_days):
        if days is not None:
            findings = Findings()
            found = findings.whole("/payment_days", days, "The payment term", most=365)
            findings.refuse()
            return found
    return USUAL_DAYS
