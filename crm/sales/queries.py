"""Reading invoices: lists, one with its lines and settlements, and a customer's ledger."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import or_, select

from core.records import dataclass
from crm.company import today
from crm.models import CustomerRow, OrderRow
from crm.money import VatShare, line_net, rounded
from crm.paging import Part, keyset
from crm.queries import OrderLine
from crm.sales.access import require_finance
from crm.sales.errors import InvoiceNotFound
from crm.sales.issuing import bare
from crm.sales.models import InvoiceRow, SettlementRow
from storage.unit_of_work import Reading

STATES = ("open", "part_paid", "paid", "written_off", "disputed")


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceFilter:
    """Which invoices: `q` is a number or an external reference, `overdue` those with money open after their day."""

    customer_id: str | None = None
    order_id: str | None = None
    state: str | None = None
    kind: str | None = None
    overdue: bool = False
    q: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceSummary:
    """An invoice in a list; amounts of credit notes are negative, `days_late` is 0 for what is not."""

    id: str
    kind: str
    number: str
    customer_id: str
    customer_name: str
    state: str
    issued_on: date
    due_on: date
    days_late: int
    currency: str
    net: Decimal
    gross: Decimal
    balance: Decimal
    source: str
    external_reference: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceLine(OrderLine):
    """One line of an invoice; `origin` is the position of the order or of the invoice that it stands for."""

    origin: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """What settled an amount; `by` is the number of the credit note, `payment_id` what paid."""

    id: str
    kind: str
    by: str | None
    payment_id: str | None
    rule: str
    amount: Decimal
    effective_on: date
    reason: str | None
    made_at: datetime
    made_by: str
    undone_at: datetime | None
    undone_reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """Another document, as a link to it needs it."""

    id: str
    number: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Invoice(InvoiceSummary):
    """An invoice with all that it says and what settled it."""

    sold_on: date
    vat: Decimal
    exchange_rate: Decimal
    settled_on: date | None
    written_off: Decimal
    owner: str | None
    reason: str | None
    dispute: str | None
    order: Named | None
    corrects: Named | None
    credits: list[Named]
    lines: list[InvoiceLine]
    shares: list[VatShare]
    settlements: list[Settlement]


def invoices(
    view: Reading, wanted: InvoiceFilter, *, after: str | None = None, limit: int = 50
) -> Part[InvoiceSummary]:
    """Invoices, the newest first; overdue ones with the oldest debt first."""
    require_finance(view)
    found = select(InvoiceRow)
    for column, value in (
        (InvoiceRow.customer_id, wanted.customer_id),
        (InvoiceRow.order_id, wanted.order_id),
        (InvoiceRow.state, wanted.state),
        (InvoiceRow.kind, wanted.kind),
    ):
        if value is not None:
            found = found.where(column == value)
    if wanted.q:
        q = wanted.q.strip()
        named = [InvoiceRow.number == q, InvoiceRow.external_reference == q]
        found = found.where(or_(*named, InvoiceRow.reference == bare(q)) if bare(q) else or_(*named))
    day = InvoiceRow.issued_on
    if wanted.overdue:
        day = InvoiceRow.due_on
        found = found.where(InvoiceRow.balance != 0, InvoiceRow.balance > 0, InvoiceRow.due_on < today(view))
    rows, following, total = keyset(
        view, found, (day, InvoiceRow.id), after=after, limit=limit, newest_first=not wanted.overdue
    )
    return Part(items=summaries(view, rows), next=following, total=total)


def invoice(view: Reading, key: str) -> Invoice:
    """An invoice by id, number or external reference. Raises `InvoiceNotFound`."""
    require_finance(view)
    named = (InvoiceRow.id == key) | (InvoiceRow.number == key) | (InvoiceRow.external_reference == key)
    row = view.session.scalars(select(InvoiceRow).where(named)).first()
    if row is None:
        raise InvoiceNotFound(key)
    (summary,) = summaries(view, [row])
    order = view.session.get(OrderRow, row.order_id) if row.order_id else None
    corrects = view.session.get(InvoiceRow, row.corrects_id) if row.corrects_id else None
    notes = select(InvoiceRow).where(InvoiceRow.corrects_id == row.id).order_by(InvoiceRow.id)
    return Invoice(
        **{name: getattr(summary, name) for name in InvoiceSummary.__dataclass_fields__},
        sold_on=row.sold_on,
        vat=row.vat,
        exchange_rate=row.exchange_rate,
        settled_on=row.settled_on,
        written_off=row.written_off,
        owner=row.owner,
        reason=row.reason,
        dispute=row.dispute,
        order=Named(id=order.id, number=order.number) if order else None,
        corrects=Named(id=corrects.id, number=corrects.number) if corrects else None,
        credits=[Named(id=each.id, number=each.number) for each in view.session.scalars(notes)],
        lines=_lines(row),
        shares=[VatShare(each.rate, each.net, each.vat) for each in row.shares],
        settlements=_settlements(view, row),
    )


def summaries(view: Reading, rows: Sequence[InvoiceRow]) -> list[InvoiceSummary]:
    """Rows as lists show them, with the names of their customers."""
    ids = {row.customer_id for row in rows}
    asked = select(CustomerRow.id, CustomerRow.name).where(CustomerRow.id.in_(ids))
    names = dict(view.session.execute(asked).all()) if ids else {}
    now = today(view)
    return [
        InvoiceSummary(
            id=row.id,
            kind=row.kind,
            number=row.number,
            customer_id=row.customer_id,
            customer_name=names[row.customer_id],
            state=row.state,
            issued_on=row.issued_on,
            due_on=row.due_on,
            days_late=max((now - row.due_on).days, 0) if row.balance > 0 else 0,
            currency=row.currency,
            net=row.net,
            gross=row.gross,
            balance=row.balance,
            source=row.source,
            external_reference=row.external_reference,
        )
        for row in rows
    ]


def _lines(row: InvoiceRow) -> list[InvoiceLine]:
    return [
        InvoiceLine(
            position=line.position,
            origin=line.origin,
            product_id=line.product_id,
            sku=line.sku,
            description=line.description,
            quantity=line.quantity,
            unit=line.unit,
            unit_price=line.unit_price,
            discount=line.discount,
            vat_rate=line.vat_rate,
            net=rounded(line_net(line)),
        )
        for line in row.lines
    ]


def _settlements(view: Reading, row: InvoiceRow) -> list[Settlement]:
    """What settled an invoice; of a credit note, what it settled."""
    wanted = (
        select(SettlementRow)
        .where((SettlementRow.invoice_id == row.id) | (SettlementRow.credit_id == row.id))
        .order_by(SettlementRow.id)
    )
    rows = view.session.scalars(wanted).all()
    others = {each.credit_id if each.invoice_id == row.id else each.invoice_id for each in rows} - {None}
    asked = select(InvoiceRow.id, InvoiceRow.number).where(InvoiceRow.id.in_(others))
    numbers = dict(view.session.execute(asked).all()) if others else {}
    found = []
    for each in rows:
        other = each.credit_id if each.invoice_id == row.id else each.invoice_id
        found.append(
            Settlement(
                id=each.id,
                kind=each.kind,
                by=numbers.get(other) if other else None,
                payment_id=each.payment_id,
                rule=each.rule,
                amount=each.amount,
                effective_on=each.effective_on,
                reason=each.reason,
                made_at=each.made_at,
                made_by=each.made_by,
                undone_at=each.undone_at,
                undone_reason=each.undone_reason,
            )
        )
    return found
