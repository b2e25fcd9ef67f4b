"""Records as rows of cells, for files that are taken out: kind by kind, only what the reader may see."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.orm import InstrumentedAttribute

from core.errors import InvalidInput
from core.identity import Actor
from core.records import dataclass
from crm.access import FINANCIAL, PRIVATE, require_read
from crm.activities.models import ActivityRow
from crm.activities.privacy import visible_activities
from crm.birthdays import birthday
from crm.company import today
from crm.customer_search import clause, criteria_of
from crm.models import ContactRow, CustomerRow, OfferRow, OfferVersionRow, OrderRow, ProductRow
from crm.payments.models import PaymentRow
from crm.sales.access import require_finance
from crm.sales.models import InvoiceRow
from storage.unit_of_work import Reading

PIECE = 500  # records that are in memory at a time
TABLES: dict[str, type[Any]] = {
    "customers": CustomerRow,
    "contacts": ContactRow,
    "products": ProductRow,
    "activities": ActivityRow,
}
PLAIN: dict[str, tuple[str, ...]] = {  # fields as imports call them, so that what goes out comes in again
    "customers": (
        *("number", "external_reference", "name", "legal_name", "country", "region", "tax_id", "currency"),
        *("reliability", "abc_class", "key_account", "owner", "industry", "customer_kind", "website", "needs"),
    ),
    "contacts": ("external_reference", "name", "job_title", "role", "email", "phone", "mobile"),
    "products": ("sku", "external_reference", "name", "category", "unit", "price", "currency", "vat_rate", "is_active"),
    "activities": (
        *("employee", "method", "direction", "type", "priority", "status", "state", "subject", "note"),
        *("planned_from", "planned_to", "held_from"),
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """Documents of sales: the query of their rows, the columns of a file, by which fields they may be chosen."""

    key: InstrumentedAttribute[str]
    wanted: Select[Any]
    columns: Mapping[str, Any]
    chosen_by: Mapping[str, Any]
    is_finance: bool = False


FIRM = {"customer.number": CustomerRow.number, "company": CustomerRow.name}


def _plain(table: type[Any], *names: str) -> dict[str, Any]:
    return {name: getattr(table, name) for name in names}


SALES: Mapping[str, Sheet] = {
    "offers": Sheet(
        key=OfferRow.id,
        wanted=select()
        .select_from(OfferRow)
        .join(CustomerRow, CustomerRow.id == OfferRow.customer_id)
        .join(OfferVersionRow, (OfferVersionRow.offer_id == OfferRow.id) & (OfferVersionRow.n == OfferRow.version)),
        columns=_plain(OfferRow, "number")
        | FIRM
        | _plain(OfferRow, "state", "version", "owner", "created_at", "changed_at")
        | _plain(OfferVersionRow, "valid_until", "payment_days", "currency", "net", "vat", "gross"),
        chosen_by={"state": OfferRow.state, "customer": OfferRow.customer_id, "owner": OfferRow.owner},
    ),
    "orders": Sheet(
        key=OrderRow.id,
        wanted=select()
        .select_from(OrderRow)
        .join(CustomerRow, CustomerRow.id == OrderRow.customer_id)
        .join(OfferRow, OfferRow.id == OrderRow.offer_id, isouter=True),
        columns=_plain(OrderRow, "number", "external_reference", "erp_number")
        | FIRM
        | {"offer": OfferRow.number}
        | _plain(OrderRow, "state", "ordered_on", "due_on", "delivered_on", "owner", "payment_days", "delivery_address")
        | _plain(OrderRow, "currency", "net", "gross", "freight", "invoiced"),
        chosen_by={"state": OrderRow.state, "customer": OrderRow.customer_id},
    ),
    "invoices": Sheet(
        key=InvoiceRow.id,
        wanted=select()
        .select_from(InvoiceRow)
        .join(CustomerRow, CustomerRow.id == InvoiceRow.customer_id)
        .join(OrderRow, OrderRow.id == InvoiceRow.order_id, isouter=True),
        columns=_plain(InvoiceRow, "number", "kind", "external_reference")
        | FIRM
        | {"order": OrderRow.number}
        | _plain(InvoiceRow, "state", "issued_on", "sold_on", "due_on", "settled_on", "owner", "dispute")
        | _plain(InvoiceRow, "currency", "net", "vat", "gross", "balance", "written_off"),
        chosen_by={"state": InvoiceRow.state, "customer": InvoiceRow.customer_id, "kind": InvoiceRow.kind},
        is_finance=True,
    ),
    "payments": Sheet(
        key=PaymentRow.id,
        wanted=select()
        .select_from(PaymentRow)
        .join(CustomerRow, CustomerRow.id == PaymentRow.customer_id, isouter=True),
        columns=_plain(PaymentRow, "booked_on", "value_on", "state")
        | FIRM
        | _plain(PaymentRow, "payer_name", "payer_account", "reference", "bank_reference", "account", "is_reversal")
        | _plain(PaymentRow, "currency", "amount", "unallocated", "note"),
        chosen_by={"state": PaymentRow.state, "customer": PaymentRow.customer_id},
        is_finance=True,
    ),
}
KINDS = (*TABLES, *SALES)


def check_choice(view: Reading, kind: str, wanted: Mapping[str, Any]) -> None:
    """Raise `Forbidden` unless the reader may take out such records, `InvalidInput` when they cannot be chosen so."""
    require_read(view)
    if kind in SALES and SALES[kind].is_finance:
        require_finance(view)
    known = {*SALES[kind].chosen_by, *(("overdue",) if kind == "invoices" else ())} if kind in SALES else set()
    known |= {"criteria"} if kind == "customers" else set()
    for name in sorted(wanted.keys() - known):
        raise InvalidInput(
            f"{kind} cannot be chosen by {name} for a file; they can by {', '.join(sorted(known)) or '–'}."
        )
    if "criteria" in wanted:
        clause(view, criteria_of(wanted["criteria"]))  # refuses what cannot be searched


def columns_of(kind: str, actor: Actor) -> list[str]:
    """The heads of the columns, as imports know them."""
    return list(SALES[kind].columns) if kind in SALES else [*PLAIN[kind], *_more(kind, actor)]


def cells(view: Reading, kind: str, wanted: Mapping[str, Any]) -> Iterator[Sequence[Any]]:
    """The values of each record, in the order of the columns; a large file needs no more memory than a small one."""
    check_choice(view, kind, wanted)
    if kind in SALES:
        yield from _of_sales(view, kind, wanted)
        return
    for row, customer in records(view, kind, wanted):
        yield [*(getattr(row, name) for name in PLAIN[kind]), *_told(kind, row, customer, view.actor)]


def records(view: Reading, kind: str, wanted: Mapping[str, Any]) -> Iterator[tuple[Any, CustomerRow | None]]:
    """Each record that the reader may see, with its customer."""
    table, after = TABLES[kind], ""
    while True:
        some = select(table).where(table.id > after)
        if kind == "customers":
            some = some.where(table.merged_into.is_(None), clause(view, criteria_of(wanted.get("criteria") or {})))
        if kind == "activities":
            some = some.where(visible_activities(view))
        rows = list(view.session.scalars(some.order_by(table.id).limit(PIECE)))
        ids = {row.customer_id for row in rows if getattr(row, "customer_id", None)}
        found = view.session.scalars(select(CustomerRow).where(CustomerRow.id.in_(ids))) if ids else ()
        customers = {row.id: row for row in found}
        for row in rows:
            yield row, customers.get(getattr(row, "customer_id", None) or "")
        if len(rows) < PIECE:
            return
        after = rows[-1].id
        view.session.expunge_all()


def _of_sales(view: Reading, kind: str, wanted: Mapping[str, Any]) -> Iterator[Sequence[Any]]:
    sheet, after = SALES[kind], ""
    labelled = [column.label(name.replace(".", "_")) for name, column in sheet.columns.items()]
    chosen = [sheet.chosen_by[name] == value for name, value in wanted.items() if name in sheet.chosen_by]
    chosen += _overdue(view) if wanted.get("overdue") else []
    asked = sheet.wanted.add_columns(sheet.key, *labelled).where(*chosen).order_by(sheet.key).limit(PIECE)
    while True:
        rows = view.session.execute(asked.where(sheet.key > after)).all()
        yield from (row[1:] for row in rows)
        if len(rows) < PIECE:
            return
        after = rows[-1][0]


def _overdue(view: Reading) -> list[ColumnElement[bool]]:
    return [InvoiceRow.balance > 0, InvoiceRow.due_on < today(view)]


def _more(kind: str, actor: Actor) -> list[str]:
    """Further columns, by right."""
    match kind:
        case "customers":
            money = ["credit_limit", "payment_days"] if actor.may(FINANCIAL) else []
            return ["street", "postal_code", "city", "phone", "mobile", "fax", "email", "billing_email", *money]
        case "contacts":
            private = ["preferences", "family"] if actor.may(PRIVATE) else []
            return ["birthday", "customer.number", "company", *private]
        case "activities":
            return ["minutes", "customer.number", "company"]
        case _:
            return []


def _told(kind: str, row: Any, customer: CustomerRow | None, actor: Actor) -> Sequence[Any]:
    firm = [customer.number, customer.name] if customer else ["", ""]
    match kind:
        case "customers":
            seat = next((each for each in row.addresses if each.kind == "registered"), None)
            where = [seat.street, seat.postal_code, seat.city] if seat else ["", "", ""]
            phones = {each.kind: each.as_written for each in reversed(row.phones)}
            mails = {each.kind: each.address for each in reversed(row.emails)}
            reached = [phones.get("office"), phones.get("mobile"), phones.get("fax")]
            money = [row.credit_limit, row.payment_days] if actor.may(FINANCIAL) else []
            return [*where, *reached, mails.get("office"), mails.get("billing"), *money]
        case "contacts":
            private = [row.preferences, row.family] if actor.may(PRIVATE) else []
            return [birthday(row.birth_year, row.birth_day), *firm, *private]
        case "activities":
            return [row.duration_seconds // 60 if row.duration_seconds is not None else None, *firm]
        case _:
            return []
