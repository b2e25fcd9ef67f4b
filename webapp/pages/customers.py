"""Customers: the list, and one customer with standing, offers, orders, cases and documents."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from core.errors import Conflict, InvalidInput
from crm import offer_queries, queries
from crm.activities.queries import ActivityFilter, activities
from crm.cards import card
from crm.company import company
from crm.custom_fields import custom_fields
from crm.customer_search import Condition, Criteria, SaveFilter, criteria_of, filters, find_customers
from crm.dictionaries import Dictionary, dictionaries, label
from crm.duplicates import duplicates
from crm.merging import family
from crm.notes import notes
from crm.opening import NoteCustomerOpened
from crm.satisfaction import satisfaction
from documents.access import Target
from documents.queries import LinkedDocument, documents_of
from engine.queries import InstanceFilter, instances
from engine.views import InstanceSummary
from storage.unit_of_work import Reading
from webapp.pages.blueprint import MOST, answer, asked, blueprint
from webapp.pages.customer_fields import LISTED
from webapp.pages.customer_file import documents_elsewhere, file_values
from webapp.pages.devices import device_values
from webapp.web import run, view

MOST_OF_FAMILY = 10  # merged customers whose cases are asked for, one statement each
FILTERED = (
    "name",
    "city",
    "customer_kind",
    "industry",
    "region",
    "abc_class",
    "reliability",
    "owner",
    "key_account",
    "is_blocked",
)
TICKED = ("key_account", "is_blocked")
RECENT = 10  # offers, orders and cases on a customer's page


@blueprint.get("/customers")
def customers() -> str:
    """Customers by number: those that fit a word, some fields, or a kept search."""
    fields = {name: asked(name) for name in FILTERED if asked(name)}
    with view() as reading:
        kept = filters(reading)
        chosen = next((each for each in kept if each.id == asked("filter")), None)
        found: Any
        if chosen or fields:
            wanted = criteria_of(chosen.criteria) if chosen else _criteria(fields)
            found = find_customers(reading, wanted, after=asked("after") or None, limit=MOST)
        else:
            found = queries.customers(reading, asked("q"), after=asked("after") or None, limit=MOST)
        lists = {each.key: each for each in dictionaries(reading) if each.key in FILTERED}
    return answer(
        "customers.html",
        "customer_rows.html",
        customers=found,
        q=asked("q"),
        fields=fields,
        kept=kept,
        chosen=chosen,
        lists=lists,
        said=partial(said, lists),
    )


@blueprint.post("/customers/filters")
def save_customer_filter() -> Response:
    """Keep a search under a name."""
    fields = {name: request.form[name] for name in FILTERED if request.form.get(name)}
    order = SaveFilter(
        name=request.form.get("filter_name", ""), criteria=_criteria(fields), is_shared="is_shared" in request.form
    )
    return redirect(url_for("pages.customers", filter=run(order)))


def _criteria(fields: Mapping[str, str]) -> Criteria:
    return Criteria(
        conditions=tuple(
            Condition(field=name, value=True if name in TICKED else value) for name, value in fields.items()
        )
    )


def chosen_criteria(reading: Reading, given: Mapping[str, str]) -> tuple[Criteria, str]:
    """What the list was asked for, as criteria; with the name of the kept search that it was."""
    chosen = next((each for each in filters(reading) if each.id == given.get("filter")), None)
    if chosen:
        return criteria_of(chosen.criteria), chosen.name
    found = _criteria({name: given[name] for name in FILTERED if given.get(name)})
    text = (Condition(field="text", value=given["q"]),) if given.get("q") else ()
    return replace(found, conditions=(*found.conditions, *text)), ""


@blueprint.get("/customers/<customer_id>")
def customer(customer_id: str) -> str:
    """One customer."""
    return customer_page(customer_id)


def customer_page(customer_id: str, refusal: Conflict | InvalidInput | None = None) -> str:
    """One customer; after a form there was refused, with the reason and what was typed."""
    with view() as reading:
        found = card(reading, customer_id)
        own = family(reading, found.id)
        lists = {each.key: each for each in dictionaries(reading)}
        values = {
            "notes": notes(reading, found.id, limit=RECENT),
            "satisfaction": satisfaction(reading, found.id, limit=RECENT),
            "recent_contacts": activities(
                reading, ActivityFilter(customer_id=found.id, status="held"), limit=RECENT
            ).items,
            "own": custom_fields(reading, "crm.customer", all_of_them=True),
            "lists": lists,
            "said": partial(said, lists),
            "listed": LISTED,
            "offers": offer_queries.offers(reading, customer_id=found.id, limit=RECENT),
            "orders": queries.orders(reading, found.id, limit=RECENT),
            "cases": _cases(reading, own),
            "documents": (filed := _documents(reading, own)),
            "elsewhere": documents_elsewhere(reading, found.id, {each.document_id for each in filed}),
            "pairs": duplicates(reading, customer_id=found.id).items,
            "currency": company(reading).currency,
            **file_values(reading, found.id),
            **device_values(reading, found.id),
        }
    run(NoteCustomerOpened(customer_id=found.id))
    return render_template("customer.html", customer=found, customer_id=found.id, refusal=refusal, **values)


def _cases(reading: Reading, own: list[str]) -> list[InstanceSummary]:
    found = [
        each
        for customer_id in own[:MOST_OF_FAMILY]
        for each in instances(reading, InstanceFilter(entity="crm.customer", entity_id=customer_id), limit=RECENT).items
    ]
    return sorted(found, key=lambda each: each.id, reverse=True)[:RECENT]


def _documents(reading: Reading, own: list[str]) -> list[LinkedDocument]:
    """Each document once, also where it hangs on several that were merged."""
    found = documents_of(reading, [Target("crm.customer", customer_id) for customer_id in own])
    return list({each.document_id: each for documents in found.values() for each in documents}.values())


def said(lists: Mapping[str, Dictionary], key: str, code: str | None) -> str | None:
    """The text of a value of a list; the code where the list does not know it."""
    if code is None or key not in lists:
        return code
    return next((label(each.labels, "en", code) for each in lists[key].values if each.code == code), code)
