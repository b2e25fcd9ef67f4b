"""Which invoices a payment is for: first by the numbers that it names, then by whose account it comes from.

What a payment says is garbled: banks drop signs, break lines anywhere and glue words together. Numbers are therefore
compared bare (capital letters and digits), and looked for at every place of the bare text that does not tear a row of
digits apart. An amount alone never decides; it makes a proposal.
"""

from collections.abc import Sequence
from decimal import Decimal

from sqlalchemy import select

from core.records import dataclass
from crm.cards import customer_of_iban
from crm.money import NOTHING
from crm.payments.models import PayerAccountRow, PaymentRow
from crm.sales.issuing import bare
from crm.sales.models import InvoiceRow
from storage.unit_of_work import Reading

SHORTEST, LONGEST = 4, 24  # characters of a number within a text
SURE = 8  # characters from which a number is not met by chance
MOST_TEXT = 400
MOST_OPEN = 200  # open invoices of one customer that are looked at
REFERENCE, ACCOUNT, AMOUNT = "reference", "iban", "amount"


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """How much of a payment settles which invoice."""

    invoice_id: str
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """Whose payment it is, what it settles, and what showed it; no shares: only the payer is known."""

    customer_id: str
    rule: str
    shares: tuple[Share, ...] = ()


def match(view: Reading, payment: PaymentRow) -> Match | None:
    """What a payment is for, if that is sure enough to do it without asking anybody."""
    payer = payer_of(view, payment)
    named = named_invoices(view, payment)
    owners = {each.customer_id for each in named}
    if len(owners) == 1 and payer in {None, *owners}:
        sure = payer is not None or any(len(each.reference) >= SURE for each in named)
        if sure or _total(named) == payment.unallocated:
            return Match(customer_id=named[0].customer_id, rule=REFERENCE, shares=spread(named, payment.unallocated))
    if payer is None or owners - {payer}:
        return None
    fitting = fitting_invoices(open_invoices(view, payer, payment.currency, payment.unallocated), payment.unallocated)
    return Match(customer_id=payer, rule=ACCOUNT, shares=spread(fitting, payment.unallocated))


def payer_of(view: Reading, payment: PaymentRow) -> str | None:
    """The customer whose account the money came from: as it was entered, else as it was learned."""
    if payment.customer_id is not None:
        return payment.customer_id
    if payment.payer_account is None:
        return None
    entered = customer_of_iban(view, payment.payer_account)
    if entered is not None:
        return entered
    known = view.session.get(PayerAccountRow, payment.payer_account)
    return known.customer_id if known else None


def named_invoices(view: Reading, payment: PaymentRow) -> list[InvoiceRow]:
    """The open invoices (credit notes for money that went) whose numbers a payment names, by due date."""
    numbers = candidates(payment.reference)
    if not numbers:
        return []
    is_open = InvoiceRow.balance > 0 if payment.amount > 0 else InvoiceRow.balance < 0
    wanted = (
        select(InvoiceRow)
        .where(InvoiceRow.reference.in_(numbers), InvoiceRow.currency == payment.currency, is_open)
        .order_by(InvoiceRow.due_on, InvoiceRow.id)
    )
    found = list(view.session.scalars(wanted))
    longest = {each.reference for each in found}  # INV202600012 is not INV20260001, too
    return [each for each in found if not any(each.reference in other != each.reference for other in longest)]


def candidates(text: str) -> set[str]:
    """Every piece of a text that can be a number: no row of digits begins before it or goes on behind it."""
    plain = bare(text[:MOST_TEXT])
    found = set()
    for start in range(len(plain)):
        if start and plain[start].isdigit() and plain[start - 1].isdigit():
            continue
        for end in range(start + SHORTEST, min(start + LONGEST, len(plain)) + 1):
            if end < len(plain) and plain[end].isdigit() and plain[end - 1].isdigit():
                continue
            piece = plain[start:end]
            if any(each.isdigit() for each in piece):
                found.add(piece)
    return found


def open_invoices(view: Reading, customer_id: str, currency: str, sign: Decimal) -> list[InvoiceRow]:
    """A customer's open invoices, or credit notes for a negative sign, by due date."""
    is_open = InvoiceRow.balance > 0 if sign > 0 else InvoiceRow.balance < 0
    wanted = (
        select(InvoiceRow)
        .where(InvoiceRow.customer_id == customer_id, InvoiceRow.currency == currency)
        .where(InvoiceRow.balance != 0, is_open)
        .order_by(InvoiceRow.due_on, InvoiceRow.id)
        .limit(MOST_OPEN)
    )
    return list(view.session.scalars(wanted))


def fitting_invoices(found: Sequence[InvoiceRow], amount: Decimal) -> list[InvoiceRow]:
    """The one invoice that is open to the cent, else the oldest ones that together are."""
    same = [each for each in found if each.balance == amount]
    if same:
        return same[:1] if len(same) == 1 else []
    total = NOTHING
    for count, each in enumerate(found, 1):
        total += each.balance
        if total == amount:
            return list(found[:count])
    return []


def spread(found: Sequence[InvoiceRow], amount: Decimal) -> tuple[Share, ...]:
    """The amount over invoices, the oldest debt first; what is left over stays with the payment."""
    shares = []
    for each in found:
        part = min(amount, each.balance) if amount > 0 else max(amount, each.balance)
        if part == 0:
            break
        shares.append(Share(invoice_id=each.id, amount=part))
        amount -= part
    return tuple(shares)


def _total(found: Sequence[InvoiceRow]) -> Decimal:
    return sum((each.balance for each in found), NOTHING)
