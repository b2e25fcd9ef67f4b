"""Orders and invoices."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any, Literal

from pydantic import Field

from core.errors import InvalidInput
from crm import queries as crm_queries
from crm.orders import EnterOrder
from crm.paging import Part
from crm.queries import Order
from crm.queries import Page as CrmPage
from crm.sales import queries
from crm.sales.accepting import AcceptOffer, MoveOrder
from crm.sales.crediting import CreditInvoice, CreditLine
from crm.sales.delivering import AddressOrder, DueOrder, due_orders
from crm.sales.importing import ImportedInvoices, ImportInvoices
from crm.sales.issuing import InvoiceOrder, IssueInvoice, Portion
from crm.sales.queries import Invoice, InvoiceFilter, InvoiceSummary
from crm.sales.settling import ApplyCredit, DisputeInvoice, ResolveDispute, UndoSettlement, WriteOff
from webapp.api.offers import LineBody, lines_of_body
from webapp.api.routing import Body, Routes, Upload
from webapp.uploads import receive_small_files
from webapp.web import run, view

routes = Routes("invoices")
REFUSALS = (403, 404, 409, 422)
MOST_LINES = 1000


class OrderQuery(Body):
    """Whose orders."""

    customer_id: str
    after: str | None = None
    limit: int = Field(default=50, ge=1, le=200)


class OrderBody(Body):
    """An order to enter, with or without an offer before it."""

    customer_id: str
    lines: list[LineBody] = Field(min_length=1, max_length=MOST_LINES)
    ordered_on: date
    due_on: date | None = None
    owner: str | None = None
    currency: str | None = None
    freight: Decimal = Decimal(0)
    payment_days: int | None = None
    delivery_address: str | None = Field(default=None, max_length=1000)
    external_reference: str | None = Field(default=None, max_length=64)


class MoveBody(Body):
    """How far an order is."""

    state: Literal["partly_delivered", "done", "cancelled"]
    reason: str | None = Field(default=None, max_length=1000)


class AddressBody(Body):
    """One of the delivery addresses of the order's customer."""

    address: str = Field(max_length=1000)


class DueQuery(Body):
    """Whether only those that are overdue."""

    overdue: bool = False
    after: str | None = None
    limit: int = Field(default=50, ge=1, le=200)


class PortionBody(Body):
    """How much of one position."""

    position: int
    quantity: Decimal


class InvoiceOrderBody(Body):
    """What of an order to invoice; without portions all that no invoice covers yet."""

    portions: list[PortionBody] | None = Field(default=None, max_length=MOST_LINES)
    sold_on: date | None = None
    payment_days: int | None = None


class InvoiceQuery(Body):
    """Which invoices: `q` is a number or an external reference."""

    customer_id: str | None = None
    order_id: str | None = None
    state: str | None = None
    kind: Literal["invoice", "credit_note"] | None = None
    overdue: bool = False
    q: str = Field(default="", max_length=64)
    after: str | None = None
    limit: int = Field(default=50, ge=1, le=200)


class InvoiceBody(Body):
    """An invoice without an order."""

    customer_id: str
    lines: list[LineBody] = Field(min_length=1, max_length=MOST_LINES)
    currency: str | None = None
    sold_on: date | None = None
    payment_days: int | None = None
    external_reference: str | None = Field(default=None, max_length=64)


class CreditLineBody(Body):
    """How much of one position: units at their whole price, or at what is taken off each unit's price."""

    position: int
    quantity: Decimal
    price_off: Decimal | None = None


class CreditBody(Body):
    """What to credit and why; without lines all that is left."""

    reason: str
    lines: list[CreditLineBody] | None = Field(default=None, max_length=MOST_LINES)


class ReasonBody(Body):
    """Why."""

    reason: str


class WriteOffBody(Body):
    """How much to give up, all that is open without an amount, and why."""

    reason: str
    amount: Decimal | None = None


class ApplyBody(Body):
    """Which invoice a credit note settles, and how much of it."""

    invoice_id: str
    amount: Decimal | None = None


@routes.post("/offers/<key>/accept", "Accept an offer: it becomes one order", answer=Order, refusals=REFUSALS)
def accept_offer(key: str) -> Order:
    """Accept an offer; again is harmless."""
    made = run(AcceptOffer(offer_id=key))
    with view() as reading:
        return crm_queries.order(reading, made.id)


@routes.get("/orders", "A customer's orders, newest number first", query=OrderQuery, answer=CrmPage[Order])
def orders(query: OrderQuery) -> Any:
    """List orders."""
    with view() as reading:
        return crm_queries.orders(reading, query.customer_id, after=query.after, limit=query.limit)


@routes.post("/orders", "Enter an order", body=OrderBody, answer=Order, status=201, refusals=REFUSALS)
def enter_order(body: OrderBody) -> Order:
    """Enter an order."""
    values = body.model_dump(exclude={"lines"})
    made = run(EnterOrder(lines=lines_of_body(body.lines), **values))
    with view() as reading:
        return crm_queries.order(reading, made)


@routes.get(
    "/orders/due",
    "Open orders by the day by which they are due, the earliest first",
    query=DueQuery,
    answer=Part[DueOrder],
    refusals=(403, 422),
)
def list_due_orders(query: DueQuery) -> Part[DueOrder]:
    """List orders that are to be delivered."""
    with view() as reading:
        return due_orders(reading, overdue=query.overdue, after=query.after, limit=query.limit)


@routes.post("/orders/<key>/address", "Say where an open order goes", body=AddressBody, answer=Order, refusals=REFUSALS)
def address_order(key: str, body: AddressBody) -> Order:
    """Choose a delivery address."""
    run(AddressOrder(order_id=key, address=body.address))
    with view() as reading:
        return crm_queries.order(reading, key)


@routes.get("/orders/<key>", "One order, by id, number or external reference", answer=Order, refusals=(403, 404))
def order(key: str) -> Order:
    """Read one order."""
    with view() as reading:
        return crm_queries.order(reading, key)


@routes.post("/orders/<key>/move", "Say how far an order is", body=MoveBody, answer=Order, refusals=REFUSALS)
def move_order(key: str, body: MoveBody) -> Order:
    """Deliver or cancel an order."""
    run(MoveOrder(order_id=key, state=body.state, reason=body.reason))
    with view() as reading:
        return crm_queries.order(reading, key)


@routes.post(
    "/orders/<key>/invoices",
    "Invoice an order",
    body=InvoiceOrderBody,
    answer=Invoice,
    status=201,
    refusals=REFUSALS,
)
def invoice_order(key: str, body: InvoiceOrderBody) -> Invoice:
    """Invoice an order, whole or in part."""
    portions = None if body.portions is None else tuple(Portion(**each.model_dump()) for each in body.portions)
    command = InvoiceOrder(order_id=key, portions=portions, sold_on=body.sold_on, payment_days=body.payment_days)
    return _read(run(command).id)


@routes.get(
    "/invoices",
    "Invoices and credit notes, newest first; overdue ones with the oldest debt first",
    query=InvoiceQuery,
    answer=Part[InvoiceSummary],
    refusals=(403, 422),
)
def invoices(query: InvoiceQuery) -> Any:
    """List invoices."""
    wanted = InvoiceFilter(**query.model_dump(exclude={"after", "limit"}))
    with view() as reading:
        return queries.invoices(reading, wanted, after=query.after, limit=query.limit)


@routes.post("/invoices", "Issue an invoice", body=InvoiceBody, answer=Invoice, status=201, refusals=REFUSALS)
def issue_invoice(body: InvoiceBody) -> Invoice:
    """Issue an invoice without an order."""
    values = body.model_dump(exclude={"lines"})
    return _read(run(IssueInvoice(lines=lines_of_body(body.lines), **values)).id)


@routes.post(
    "/invoices/import",
    "Take over a CSV file of invoices; rows that are wrong are told, the others come in",
    upload=Upload(fields={}),
    answer=ImportedInvoices,
    refusals=(403, 413, 422),
)
def import_invoices() -> ImportedInvoices:
    """Take invoices over from another system."""
    files, _ = receive_small_files()
    if len(files) != 1:
        raise InvalidInput("Send one file at a time.", fields={"/file": "one file"})
    done: ImportedInvoices = run(ImportInvoices(content=files[0].content))
    return done


@routes.get(
    "/invoices/<path:key>", "One invoice, by id, number or external reference", answer=Invoice, refusals=(403, 404)
)
def invoice(key: str) -> Invoice:
    """Read one invoice."""
    return _read(key)


@routes.post(
    "/invoices/<id:invoice_id>/credit",
    "Correct an invoice by a credit note",
    body=CreditBody,
    answer=Invoice,
    status=201,
    refusals=REFUSALS,
)
def credit_invoice(invoice_id: str, body: CreditBody) -> Invoice:
    """Issue a credit note and answer with it."""
    lines = None if body.lines is None else tuple(CreditLine(**each.model_dump()) for each in body.lines)
    return _read(run(CreditInvoice(invoice_id=invoice_id, reason=body.reason, lines=lines)).id)


@routes.post(
    "/invoices/<id:invoice_id>/apply",
    "Settle another invoice with a credit note",
    body=ApplyBody,
    answer=Invoice,
    refusals=REFUSALS,
)
def apply_credit(invoice_id: str, body: ApplyBody) -> Invoice:
    """Use a credit note for another invoice."""
    run(ApplyCredit(credit_id=invoice_id, invoice_id=body.invoice_id, amount=body.amount))
    return _read(invoice_id)


@routes.post(
    "/invoices/<id:invoice_id>/write-off",
    "Give up what is open on an invoice",
    body=WriteOffBody,
    answer=Invoice,
    refusals=REFUSALS,
)
def write_off(invoice_id: str, body: WriteOffBody) -> Invoice:
    """Write an amount off."""
    run(WriteOff(invoice_id=invoice_id, reason=body.reason, amount=body.amount))
    return _read(invoice_id)


@routes.post(
    "/invoices/<id:invoice_id>/dispute",
    "Note that the customer does not accept an invoice",
    body=ReasonBody,
    answer=Invoice,
    refusals=REFUSALS,
)
def dispute_invoice(invoice_id: str, body: ReasonBody) -> Invoice:
    """Mark an invoice as disputed."""
    run(DisputeInvoice(invoice_id=invoice_id, reason=body.reason))
    return _read(invoice_id)


@routes.post(
    "/invoices/<id:invoice_id>/resolve",
    "Note that a dispute has ended",
    body=ReasonBody,
    answer=Invoice,
    refusals=REFUSALS,
)
def resolve_dispute(invoice_id: str, body: ReasonBody) -> Invoice:
    """End a dispute."""
    run(ResolveDispute(invoice_id=invoice_id, reason=body.reason))
    return _read(invoice_id)


@routes.post(
    "/invoices/<id:invoice_id>/settlements/<id:settlement_id>/undo",
    "Take a settlement of an invoice back",
    body=ReasonBody,
    answer=Invoice,
    refusals=REFUSALS,
)
def undo_settlement(invoice_id: str, settlement_id: str, body: ReasonBody) -> Invoice:
    """Take a settlement back."""
    run(UndoSettlement(settlement_id=settlement_id, reason=body.reason))
    return _read(invoice_id)


def _read(key: str) -> Invoice:
    with view() as reading:
        return queries.invoice(reading, key)
