"""Reading payments: lists, one with what it settles, and proposals for one that found no invoice."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal

from rapidfuzz import fuzz
from sqlalchemy import func, select

from core.records import dataclass
from crm.models import CustomerRow
from crm.paging import Part, keyset
from crm.payments.errors import PaymentNotFound
from crm.payments.matching import ACCOUNT, AMOUNT, REFERENCE, named_invoices, open_invoices, payer_of
from crm.payments.models import BankStatementRow, PaymentRow
from crm.reach import prefix_query
from crm.sales.access import require_finance
from crm.sales.models import InvoiceRow, SettlementRow
from crm.sales.queries import InvoiceSummary, summaries
from storage.unit_of_work import Reading

MOST_PROPOSALS = 12
NAMESAKES = 3  # customers whose names begin like the payer's
NAME = "name"
ALIKE = 80  # of 100, from which names are called alike


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentSummary:
    """A payment in a list; money that went is negative."""

    id: str
    state: str
    booked_on: date
    value_on: date
    amount: Decimal
    unallocated: Decimal
    currency: str
    customer_id: str | None
    customer_name: str | None
    payer_name: str | None
    payer_account: str | None
    reference: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """What a payment settled, or had settled until it was taken off."""

    settlement_id: str
    invoice_id: str
    number: str
    amount: Decimal
    rule: str
    reason: str | None
    made_at: datetime
    made_by: str
    undone_at: datetime | None
    undone_reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """An invoice that a payment may be for, and what speaks for it: reference, iban, amount, name."""

    invoice: InvoiceSummary
    because: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment(PaymentSummary):
    """A payment with what it settled; `statement` is the number of the bank's statement."""

    account: str
    statement: str | None
    bank_reference: str | None
    is_reversal: bool
    reverses_id: str | None
    note: str | None
    uses: list[Use]
    proposals: list[Proposal]


def payments(
    view: Reading,
    *,
    state: str | None = None,
    customer_id: str | None = None,
    after: str | None = None,
    limit: int = 50,
) -> Part[PaymentSummary]:
    """Payments, the newest first; unmatched ones with the oldest first."""
    require_finance(view)
    wanted = select(PaymentRow)
    if state is not None:
        wanted = wanted.where(PaymentRow.state == state)
    if customer_id is not None:
        wanted = wanted.where(PaymentRow.customer_id == customer_id)
    rows, following, total = keyset(
        view,
        wanted,
        (PaymentRow.booked_on, PaymentRow.id),
        after=after,
        limit=limit,
        newest_first=state != "unmatched",
    )
    return Part(items=_summaries(view, rows), next=following, total=total)


def payment(view: Reading, key: str) -> Payment:
    """One payment. Raises `PaymentNotFound`."""
    require_finance(view)
    row = view.session.get(PaymentRow, key)
    if row is None:
        raise PaymentNotFound(key)
    (summary,) = _summaries(view, [row])
    statement = view.session.get(BankStatementRow, row.statement_id) if row.statement_id else None
    return Payment(
        **{name: getattr(summary, name) for name in PaymentSummary.__dataclass_fields__},
        account=row.account,
        statement=statement.number if statement else None,
        bank_reference=row.bank_reference,
        is_reversal=row.is_reversal,
        reverses_id=row.reverses_id,
        note=row.note,
        uses=_uses(view, row),
        proposals=_proposals(view, row) if row.unallocated != 0 else [],
    )


def _summaries(view: Reading, rows: Sequence[PaymentRow]) -> list[PaymentSummary]:
    ids = {row.customer_id for row in rows} - {None}
    asked = select(CustomerRow.id, CustomerRow.name).where(CustomerRow.id.in_(ids))
    names = dict(view.session.execute(asked).all()) if ids else {}
    return [
        PaymentSummary(
            id=row.id,
            state=row.state,
            booked_on=row.booked_on,
            value_on=row.value_on,
            amount=row.amount,
            unallocated=row.unallocated,
            currency=row.currency,
            customer_id=row.customer_id,
            customer_name=names.get(row.customer_id) if row.customer_id else None,
            payer_name=row.payer_name,
            payer_account=row.payer_account,
            reference=row.reference,
        )
        for row in rows
    ]


def _uses(view: Reading, row: PaymentRow) -> list[Use]:
    wanted = (
        select(SettlementRow, InvoiceRow.number)
        .join(InvoiceRow, InvoiceRow.id == SettlementRow.invoice_id)
        .where(SettlementRow.payment_id == row.id)
        .order_by(SettlementRow.id)
    )
    return [
        Use(
            settlement_id=each.id,
            invoice_id=each.invoice_id,
            number=number,
            amount=each.amount,
            rule=each.rule,
            reason=each.reason,
            made_at=each.made_at,
            made_by=each.made_by,
            undone_at=each.undone_at,
            undone_reason=each.undone_reason,
        )
        for each, number in view.session.execute(wanted)
    ]


def _proposals(view: Reading, row: PaymentRow) -> list[Proposal]:
    """Invoices by what speaks for them; each clue is one look-up in an index."""
    found: dict[str, InvoiceRow] = {}
    clues: dict[str, list[str]] = {}
    payer = payer_of(view, row)
    same = select(InvoiceRow).where(
        InvoiceRow.currency == row.currency, InvoiceRow.balance == row.unallocated, InvoiceRow.balance != 0
    )
    sources = (
        (REFERENCE, named_invoices(view, row)),
        (ACCOUNT, open_invoices(view, payer, row.currency, row.unallocated) if payer else []),
        (NAME, [] if payer else _of_namesakes(view, row)),
        (AMOUNT, list(view.session.scalars(same.order_by(InvoiceRow.id).limit(MOST_PROPOSALS)))),
    )
    for clue, rows in sources:
        for each in rows:
            found[each.id] = each
            clues.setdefault(each.id, []).append(clue)
    proposals = []
    for summary in summaries(view, list(found.values())):
        because = clues[summary.id]
        if (
            NAME not in because
            and row.payer_name
            and fuzz.token_set_ratio(row.payer_name.lower(), summary.customer_name.lower()) >= ALIKE
        ):
            because = [*because, NAME]
        if summary.balance == row.unallocated and AMOUNT not in because:
            because = [*because, AMOUNT]
        proposals.append(Proposal(invoice=summary, because=tuple(because)))
    proposals.sort(key=lambda each: (-len(each.because), each.invoice.due_on, each.invoice.id))
    return proposals[:MOST_PROPOSALS]


def _of_namesakes(view: Reading, row: PaymentRow) -> list[InvoiceRow]:
    """Open invoices of customers that are called like the payer."""
    question = prefix_query(row.payer_name or "")
    if not question:
        return []
    wanted = select(CustomerRow.id).where(CustomerRow.search.bool_op("@@")(func.to_tsquery("simple", question)))
    found = view.session.scalars(wanted.order_by(CustomerRow.number).limit(NAMESAKES)).all()
    return [each for key in found for each in open_invoices(view, key, row.currency, row.unallocated)]
