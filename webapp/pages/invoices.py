"""Invoices: the list, and one with its lines, what settled it, and what can be done about it."""

from decimal import Decimal, InvalidOperation

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from crm.company import company
from crm.errors import RateMissing, WrongFields
from crm.payments import receivables as debts
from crm.payments.errors import InterestRateMissing
from crm.payments.queries import payments
from crm.payments.receivables import Claim
from crm.sales import queries
from crm.sales.crediting import CreditInvoice
from crm.sales.issuing import InvoiceOrder
from crm.sales.queries import STATES, Invoice, InvoiceFilter
from crm.sales.settling import DisputeInvoice, ResolveDispute, UndoSettlement, WriteOff
from documents.queries import linked_documents
from processes.notices import offered_about
from storage.unit_of_work import Reading
from webapp.pages.blueprint import MOST, answer, asked, blueprint
from webapp.pages.shell import names
from webapp.web import run, view

RECENT = 8  # invoices and payments on a customer's page
MARKS = {
    "paid": "mark-good",
    "part_paid": "mark-soon",
    "disputed": "mark-late",
    "unmatched": "mark-soon",
    "part_matched": "mark-soon",
    "matched": "mark-good",
    "reversed": "mark-late",
}
TABS = ("", "overdue", *STATES)


@blueprint.get("/invoices")
def invoices() -> str:
    """Invoices, newest first; overdue ones with the oldest debt first."""
    tab, q = asked("state"), asked("q")[:64]
    state = tab if tab in STATES else None
    wanted = InvoiceFilter(state=state, overdue=tab == "overdue", q=q, customer_id=asked("customer") or None)
    with view() as reading:
        found = queries.invoices(reading, wanted, after=asked("after") or None, limit=MOST)
        ageing, currency = debts.ageing(reading), company(reading).currency
    values = {"state": tab, "q": q, "tabs": TABS, "marks": MARKS, "ageing": ageing, "currency": currency}
    return answer("sales/invoices.html", "sales/invoice_rows.html", invoices=found, **values)


@blueprint.get("/invoices/<id:invoice_id>")
def invoice(invoice_id: str) -> str:
    """One invoice."""
    with view() as reading:
        found = queries.invoice(reading, invoice_id)
        claim, missing = _claim(reading, found)
        documents = linked_documents(reading, "crm.invoice", found.id)
        notices = offered_about(reading, "crm.invoice", found.id)
    values = {
        "notices": notices,
        "documents": documents,
        "claim": claim,
        "missing": missing,
        "marks": MARKS,
        "names": names(),
    }
    return render_template("sales/invoice.html", invoice=found, **values)


@blueprint.post("/invoices/<id:invoice_id>/<any(dispute, resolve, credit, write_off):action>")
def act_on_invoice(invoice_id: str, action: str) -> BaseResponse:
    """Dispute, resolve, credit or write off, with a reason."""
    reason = request.form.get("reason", "")
    match action:
        case "dispute":
            run(DisputeInvoice(invoice_id=invoice_id, reason=reason))
        case "resolve":
            run(ResolveDispute(invoice_id=invoice_id, reason=reason))
        case "credit":
            note = run(CreditInvoice(invoice_id=invoice_id, reason=reason))
            flash(f"Credit note {note.number} is issued.")
        case _:
            run(WriteOff(invoice_id=invoice_id, reason=reason, amount=amount_of("amount")))
    return redirect(url_for("pages.invoice", invoice_id=invoice_id))


@blueprint.post("/invoices/<id:invoice_id>/settlements/<id:settlement_id>")
def undo_settlement(invoice_id: str, settlement_id: str) -> BaseResponse:
    """Take a settlement back."""
    run(UndoSettlement(settlement_id=settlement_id, reason=request.form.get("reason", "")))
    return redirect(url_for("pages.invoice", invoice_id=invoice_id))


@blueprint.post("/orders/<id:order_id>/invoices")
def invoice_order(order_id: str) -> BaseResponse:
    """Invoice what is left of an order."""
    issued = run(InvoiceOrder(order_id=order_id))
    flash(f"Invoice {issued.number} is issued.")
    return redirect(url_for("pages.invoice", invoice_id=issued.id))


@blueprint.get("/customers/<id:customer_id>/money")
def customer_money(customer_id: str) -> str:
    """A customer's debts, invoices and payments, as a part of its page."""
    with view() as reading:
        values = {
            "stands": debts.receivables(reading, customer_id),
            "invoices": queries.invoices(reading, InvoiceFilter(customer_id=customer_id), limit=RECENT),
            "payments": payments(reading, customer_id=customer_id, limit=RECENT),
            "marks": MARKS,
        }
    return render_template("sales/_money.html", **values)


def amount_of(name: str) -> Decimal | None:
    """An amount of a form, None when it is empty. Raises `WrongFields`."""
    text = request.form.get(name, "").strip().replace(" ", "").replace(",", ".")
    if not text:
        return None
    try:
        return Decimal(text)
    except InvalidOperation:
        raise WrongFields({f"/{name}": "The amount must be a number."}) from None


def _claim(reading: Reading, found: Invoice) -> tuple[Claim | None, str | None]:
    """What may be claimed for a late invoice, or what is missing to work it out."""
    if not found.days_late:
        return None, None
    try:
        return debts.claim(reading, found.id), None
    except (InterestRateMissing, RateMissing) as error:
        return None, str(error)
