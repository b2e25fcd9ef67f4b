"""Customers' orders: those that are due, and the page of one with its lines, invoices, documents and links."""

from typing import Any

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from crm.activities.words import METHOD
from crm.after_sales.planning import follow_ups
from crm.company import today
from crm.dictionaries import dictionary, label
from crm.erp.queries import of_record
from crm.order_states import OPEN_STATES
from crm.queries import customer, order
from crm.sales.access import may_see_finance
from crm.sales.delivering import AddressOrder, addresses_of, due_orders
from crm.sales.origins import Origin
from crm.sales.queries import InvoiceFilter, invoices
from documents.queries import linked_documents
from webapp.pages.blueprint import MOST, answer, asked, blueprint
from webapp.pages.erp import MARKS as ERP_MARKS
from webapp.pages.invoices import MARKS
from webapp.pages.record_links import PAGES
from webapp.pages.shell import names
from webapp.sale_history import sale_history
from webapp.web import run, view

STATE_MARKS = {"open": "mark-live", "partly_delivered": "mark-soon", "done": "mark-good", "cancelled": "mark-late"}


@blueprint.get("/orders")
def customer_orders() -> str:
    """Open orders by the day by which they are due, or only those that are late."""
    late = asked("show") != "due"
    with view() as reading:
        found = due_orders(reading, overdue=late, after=asked("after") or None, limit=MOST)
    values = {"orders": found, "late": late, "names": names(), "state_marks": STATE_MARKS}
    return answer("sales/orders.html", "sales/order_rows.html", **values)


@blueprint.get("/orders/<id:order_id>")
def customer_order(order_id: str) -> str:
    """One order; invoices for who may see what customers owe."""
    with view() as reading:
        found = order(reading, order_id)
        is_open = found.due_on is not None and found.state in OPEN_STATES
        late = max((today(reading) - found.due_on).days, 0) if is_open and found.due_on else 0
        issued = None
        if may_see_finance(reading.actor):
            issued = invoices(reading, InvoiceFilter(order_id=found.id), limit=MOST).items
        values = {
            "days_late": late,
            "buyer": customer(reading, found.customer_id).profile.name,
            "handover": of_record(reading, "crm.order", found.id),
            "addresses": addresses_of(reading, found.customer_id),
            "follow_ups": follow_ups(reading, found.id),
            "documents": linked_documents(reading, "crm.order", found.id),
        }
    marks = {"marks": MARKS, "state_marks": STATE_MARKS, "erp_marks": ERP_MARKS}
    return render_template("sales/order.html", order=found, issued=issued, names=names(), **values, **marks)


@blueprint.get("/orders/<id:order_id>/history")
def order_history(order_id: str) -> str:
    """What led to the order, from the campaign on."""
    with view() as reading:
        found, steps = order(reading, order_id), sale_history(reading, order_id)
        methods = {each.code: label(each.labels, "en", each.code) for each in dictionary(reading, METHOD).values}
    addresses = [_address(each) for each in steps]
    return render_template(
        "sales/history.html", order=found, steps=steps, addresses=addresses, methods=methods, names=names()
    )


def _address(step: Origin) -> str:
    """The page of a step; cases say themselves who may see them."""
    endpoint, variable = PAGES[step.record]
    values: dict[str, Any] = {variable: step.id}
    if step.record == "crm.offer":
        values["version"] = step.version
    return url_for(endpoint, **values)


@blueprint.post("/orders/<id:order_id>/address")
def address_order(order_id: str) -> Response:
    """Where the order goes."""
    run(AddressOrder(order_id=order_id, address=request.form.get("address", "")))
    return redirect(url_for("pages.customer_order", order_id=order_id))
