"""The page of a customer's order: its lines, its invoices, its documents and what it is linked with."""

from flask import render_template

from crm.erp.queries import of_record
from crm.queries import customer, order
from crm.sales.access import may_see_finance
from crm.sales.queries import InvoiceFilter, invoices
from documents.queries import linked_documents
from webapp.pages.blueprint import MOST, blueprint
from webapp.pages.erp import MARKS as ERP_MARKS
from webapp.pages.invoices import MARKS
from webapp.pages.shell import names
from webapp.web import view

STATE_MARKS = {"open": "mark-live", "partly_delivered": "mark-soon", "done": "mark-good", "cancelled": "mark-late"}


@blueprint.get("/orders/<id:order_id>")
def customer_order(order_id: str) -> str:
    """One order; invoices for who may see what customers owe."""
    with view() as reading:
        found = order(reading, order_id)
        issued = None
        if may_see_finance(reading.actor):
            issued = invoices(reading, InvoiceFilter(order_id=found.id), limit=MOST).items
        values = {
            "buyer": customer(reading, found.customer_id).profile.name,
            "handover": of_record(reading, "crm.order", found.id),
            "documents": linked_documents(reading, "crm.order", found.id),
        }
    marks = {"marks": MARKS, "state_marks": STATE_MARKS, "erp_marks": ERP_MARKS}
    return render_template("sales/order.html", order=found, issued=issued, names=names(), **values, **marks)
