"""Customers: the list, and one customer with standing, offers, orders, cases and documents."""

from flask import render_template

from crm import offer_queries, queries
from crm.company import company
from documents.queries import linked_documents
from engine.queries import InstanceFilter, instances
from webapp.pages.blueprint import MOST, answer, asked, blueprint
from webapp.pages.shell import names
from webapp.web import view

RECENT = 10  # offers, orders and cases on a customer's page


@blueprint.get("/customers")
def customers() -> str:
    """Customers by number."""
    with view() as reading:
        found = queries.customers(reading, asked("q"), after=asked("after") or None, limit=MOST)
    return answer("customers.html", "customer_rows.html", customers=found, q=asked("q"))


@blueprint.get("/customers/<customer_id>")
def customer(customer_id: str) -> str:
    """One customer."""
    with view() as reading:
        found = queries.customer(reading, customer_id)
        values = {
            "offers": offer_queries.offers(reading, customer_id=found.id, limit=RECENT),
            "orders": queries.orders(reading, found.id, limit=RECENT),
            "cases": instances(reading, InstanceFilter(entity="crm.customer", entity_id=found.id), limit=RECENT).items,
            "documents": linked_documents(reading, "crm.customer", found.id),
            "currency": company(reading).currency,
        }
    return render_template("customer.html", customer=found, names=names(), **values)
