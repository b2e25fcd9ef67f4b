"""Customers: the list, and one customer with standing, offers, orders, cases and documents."""

from collections.abc import Mapping
from functools import partial

from flask import render_template

from crm import offer_queries, queries
from crm.cards import card
from crm.company import company
from crm.custom_fields import custom_fields
from crm.dictionaries import Dictionary, dictionaries, label
from crm.notes import notes
from crm.satisfaction import satisfaction
from documents.queries import linked_documents
from engine.queries import InstanceFilter, instances
from webapp.pages.blueprint import MOST, answer, asked, blueprint
from webapp.pages.customer_fields import LISTED
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
        found = card(reading, customer_id)
        lists = {each.key: each for each in dictionaries(reading)}
        values = {
            "notes": notes(reading, found.id, limit=RECENT),
            "satisfaction": satisfaction(reading, found.id, limit=RECENT),
            "own": custom_fields(reading, "crm.customer", all_of_them=True),
            "lists": lists,
            "said": partial(said, lists),
            "listed": LISTED,
            "offers": offer_queries.offers(reading, customer_id=found.id, limit=RECENT),
            "orders": queries.orders(reading, found.id, limit=RECENT),
            "cases": instances(reading, InstanceFilter(entity="crm.customer", entity_id=found.id), limit=RECENT).items,
            "documents": linked_documents(reading, "crm.customer", found.id),
            "currency": company(reading).currency,
        }
    return render_template("customer.html", customer=found, names=names(), **values)


def said(lists: Mapping[str, Dictionary], key: str, code: str | None) -> str | None:
    """The text of a value of a list; the code where the list does not know it."""
    if code is None or key not in lists:
        return code
    return next((label(each.labels, "en", code) for each in lists[key].values if each.code == code), code)
