"""Credit notes: the only way to correct an invoice.

What a note takes off is worked out from all notes of the invoice together, less what the earlier ones took off, so that
several notes that credit everything add up to the invoice to the cent.
"""

from decimal import Decimal

from sqlalchemy import select

from core.executor import handles
from core.messages import Command
from core.records import dataclass
from crm.checks import Findings
from crm.company import today
from crm.money import NOTHING, VatShare, line_net, plain, rounded, totals
from crm.sales.balances import refresh_balance
from crm.sales.errors import TooMuchInvoiced, WrongInvoiceState
from crm.sales.events import InvoiceCredited
from crm.sales.issuing import CREDIT_NOTE, INVOICE, Draft, IssuedInvoice, copied, issue
from crm.sales.models import InvoiceLineRow, InvoiceRow
from crm.sales.settling import CREDIT, Means, checked_reason, lock_invoice, settle
from storage.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditLine:
    """How much of one position to credit: units at their whole price, or at what is taken off each unit's price."""

    position: int
    quantity: Decimal
    price_off: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditInvoice(Command):
    """Correct an invoice by a credit note: some lines, or all that is not credited yet."""

    invoice_id: str
    reason: str
    lines: tuple[CreditLine, ...] | None = None


@handles(CreditInvoice, needs="invoice.edit")
def credit_invoice(command: CreditInvoice, unit: UnitOfWork) -> IssuedInvoice:
    """Issue the credit note; it settles what is open on its invoice, the rest stays the customer's.

    Raises `InvoiceNotFound`, `WrongInvoiceState`, `TooMuchInvoiced`, `WrongFields`.
    """
    reason = checked_reason(command.reason)
    invoice = lock_invoice(unit, command.invoice_id)
    if invoice.kind != INVOICE:
        raise WrongInvoiceState(invoice.number, state="a credit note", wanted="credited")
    before = _credited(unit, invoice)
    lines = _all_left(invoice, before) if command.lines is None else _asked(invoice, command.lines)
    if not lines:
        raise WrongInvoiceState(invoice.number, state="credited completely", wanted="credited")
    _refuse_too_much(invoice, before, lines)
    on = today(unit)
    note = issue(
        unit,
        Draft(
            kind=CREDIT_NOTE,
            customer_id=invoice.customer_id,
            lines=lines,
            shares=_difference(before, lines),
            issued_on=on,
            sold_on=invoice.sold_on,
            due_on=on,
            currency=invoice.currency,
            exchange_rate=invoice.exchange_rate,  # of what it corrects
            order_id=invoice.order_id,
            corrects_id=invoice.id,
            owner=invoice.owner,
            reason=reason,
        ),
    )
    unit.emit(
        InvoiceCredited(
            invoice_id=invoice.id,
            number=invoice.number,
            customer_id=invoice.customer_id,
            credit_id=note.id,
            credit_number=note.number,
            gross=plain(note.gross),
            currency=note.currency,
            reason=reason,
        )
    )
    usable = min(invoice.balance, -note.balance)
    if usable > 0:
        settle(unit, invoice, Means(kind=CREDIT, amount=usable, effective_on=on, rule=CREDIT, credit=note))
        refresh_balance(unit, invoice.customer_id)
    return IssuedInvoice(id=note.id, number=note.number)


def _credited(unit: UnitOfWork, invoice: InvoiceRow) -> list[InvoiceLineRow]:
    """The lines of all credit notes of an invoice."""
    notes = select(InvoiceRow.id).where(InvoiceRow.corrects_id == invoice.id)
    wanted = select(InvoiceLineRow).where(InvoiceLineRow.invoice_id.in_(notes)).order_by(InvoiceLineRow.id)
    return list(unit.session.scalars(wanted))


def _all_left(invoice: InvoiceRow, before: list[InvoiceLineRow]) -> list[InvoiceLineRow]:
    """Each line less what was credited of it; where a part of a price was taken off, the rest of its value."""
    rows: list[InvoiceLineRow] = []
    for line in invoice.lines:
        earlier = [each for each in before if each.origin == line.position]
        if any(each.unit_price != line.unit_price for each in earlier):
            left = line_net(line) + sum((line_net(each) for each in earlier), NOTHING)
            if rounded(left) > 0:
                rows.append(_value(line, left, position=len(rows) + 1))
            continue
        quantity = line.quantity + sum((each.quantity for each in earlier), NOTHING)
        if quantity > 0:
            rows.append(copied(line, position=len(rows) + 1, origin=line.position, quantity=-quantity))
    return rows


def _value(line: InvoiceLineRow, value: Decimal, *, position: int) -> InvoiceLineRow:
    row = copied(line, position=position, origin=line.position, quantity=Decimal(-1))
    row.unit_price, row.discount, row.unit_cost = value, NOTHING, None
    return row


def _asked(invoice: InvoiceRow, lines: tuple[CreditLine, ...]) -> list[InvoiceLineRow]:
    findings, by_position = Findings(), {line.position: line for line in invoice.lines}
    rows: list[InvoiceLineRow] = []
    for index, each in enumerate(lines):
        at = f"/lines/{index}"
        line = by_position.get(each.position)
        if line is None:
            findings.add(f"{at}/position", f"{invoice.number} has no position {each.position}.")
            continue
        quantity = findings.amount(f"{at}/quantity", each.quantity, "The quantity")
        if quantity == 0:
            findings.add(f"{at}/quantity", "The quantity must be above zero.")
        row = copied(line, position=len(rows) + 1, origin=line.position, quantity=-quantity)
        if each.price_off is not None:
            row.unit_price = findings.amount(f"{at}/price_off", each.price_off, "What is taken off the price")
            row.unit_cost = None
        rows.append(row)
    if not lines:
        findings.add("/lines", "A credit note has at least one line.")
    findings.refuse()
    return rows


def _refuse_too_much(invoice: InvoiceRow, before: list[InvoiceLineRow], lines: list[InvoiceLineRow]) -> None:
    for line in invoice.lines:
        what = f"Position {line.position} of {invoice.number}"
        taken = [each for each in (*before, *lines) if each.origin == line.position]
        returned = -sum((each.quantity for each in taken if each.unit_price == line.unit_price), NOTHING)
        if returned > line.quantity:
            earlier = -sum((each.quantity for each in before if each.origin == line.position), NOTHING)
            raise TooMuchInvoiced(what, wanted=plain(returned - earlier), left=plain(line.quantity - earlier))
        value = -sum((line_net(each) for each in taken), NOTHING)
        if rounded(value) > rounded(line_net(line)):
            raise TooMuchInvoiced(what, wanted=plain(rounded(value)), left=plain(rounded(line_net(line))))


def _difference(before: list[InvoiceLineRow], lines: list[InvoiceLineRow]) -> list[VatShare]:
    earlier = {each.rate: each for each in totals(before).shares}
    found = []
    for share in totals([*before, *lines]).shares:
        known = earlier.get(share.rate, VatShare(share.rate, NOTHING, NOTHING))
        if share != known:
            found.append(VatShare(share.rate, share.net - known.net, share.vat - known.vat))
    return found
