"""Links between records: the panel on their pages, the graph around one, and the types that a firm edits."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from core.errors import DomainError
from crm.access import may_read
from crm.dictionaries import LANGUAGES
from crm.links.ends import End
from crm.links.linking import LinkRecords, UnlinkRecords
from crm.links.queries import graph, links
from crm.links.types import DefineLinkType, LinkType, link_types
from storage.unit_of_work import Reading
from webapp.pages.blueprint import asked, blueprint
from webapp.pages.link_choices import KINDS, choices
from webapp.pages.link_graph import HEIGHT, WIDTH, drawn, label
from webapp.pages.value_lists import NAMES
from webapp.web import run, view

SHOWN = 100  # links in a panel
INVERSE = ":inverse"  # of a chosen direction
KIND_NAMES = {
    "crm.customer": "Customer",
    "crm.contact": "Contact",
    "crm.offer": "Offer",
    "crm.order": "Order",
    "crm.product": "Product",
    "crm.invoice": "Invoice",
    "crm.payment": "Payment",
    "crm.activity": "Activity",
    "crm.device": "Device",
    "crm.service_contract": "Service contract",
    "crm.campaign": "Campaign",
    "document": "Document",
    "case": "Case",
    "task": "Task",
}
PAGES = {  # the endpoint and its variable
    "crm.customer": ("pages.customer", "customer_id"),
    "crm.contact": ("pages.contact", "contact_id"),
    "crm.offer": ("pages.offer", "offer_id"),
    "crm.order": ("pages.customer_order", "order_id"),
    "crm.product": ("pages.product", "product_id"),
    "crm.device": ("pages.device", "device_id"),
    "crm.service_contract": ("pages.service_contract", "contract_id"),
    "crm.campaign": ("pages.campaign", "campaign_id"),
    "crm.invoice": ("pages.invoice", "invoice_id"),
    "crm.payment": ("pages.payment", "payment_id"),
    "crm.activity": ("pages.activity", "activity_id"),
    "document": ("pages.document", "document_id"),
    "case": ("pages.case", "instance_id"),
    "task": ("pages.task", "task_id"),
}


@blueprint.get("/links/panel")
def link_panel() -> str:
    """Loaded by the page of a record."""
    with view() as reading:
        return _panel(reading, _end(asked("kind"), asked("id")))


@blueprint.get("/links/choices")
def record_choices() -> str:
    """What fits the search for something to link a record to."""
    with view() as reading:
        found = choices(reading, asked("what"), asked("target"))
    return render_template("links/_choices.html", choices=found)


@blueprint.post("/links")
def link_record() -> str:
    """Link it, and show the panel anew."""
    given = request.form
    here = _end(given.get("kind", ""), given.get("id", ""))
    kind, _, key = given.get("other", "").partition("/")
    other = _end(kind, key)
    type_ = given.get("type", "")
    first, second = (other, here) if type_.endswith(INVERSE) else (here, other)
    run(
        LinkRecords(
            type=type_.removesuffix(INVERSE), first=first, others=(second,), note=given.get("note", "").strip() or None
        )
    )
    with view() as reading:
        return _panel(reading, here)


@blueprint.post("/links/<id:link_id>/remove")
def unlink_record(link_id: str) -> str:
    """Take a link away, and show the panel anew."""
    run(UnlinkRecords(link_id=link_id))
    with view() as reading:
        return _panel(reading, _end(request.form.get("kind", ""), request.form.get("id", "")))


@blueprint.get("/links/graph")
def link_graph() -> str:
    """What lies around a record, as a picture and as a list."""
    end = _end(asked("kind"), asked("id"))
    depth = int(asked("depth")) if asked("depth") in {"1", "2", "3"} else 2
    with view() as reading:
        found = graph(reading, end, depth=depth)
    return render_template(
        "links/graph.html",
        graph=found,
        drawing=drawn(found),
        box=(WIDTH, HEIGHT),
        end=end,
        depth=depth,
        kind_names=KIND_NAMES,
        address=address,
    )


@blueprint.get("/link-types")
def show_link_types() -> str:
    """The types of links."""
    with view() as reading:
        return _types(reading)


@blueprint.post("/link-types")
def define_link_type() -> Response:
    """Make a type, or change one."""
    given = request.form
    version = given.get("version", "")
    run(
        DefineLinkType(
            code=given.get("code", "").strip(),
            labels=_labels("label"),
            inverse_labels=_labels("inverse"),
            is_retired="is_retired" in given,
            expected_version=int(version) if version.isdecimal() else None,
        )
    )
    flash("The type is saved.")
    return redirect(url_for("pages.show_link_types"))


def address(kind: str, key: str) -> str:
    """The page of a record, empty when it has none."""
    endpoint, name = PAGES.get(kind, ("", ""))
    values: dict[str, Any] = {name: key}
    return url_for(endpoint, **values) if endpoint else ""


def _panel(reading: Reading, end: End) -> str:
    values: dict[str, Any] = {"end": end, "kinds": KINDS, "kind_names": KIND_NAMES, "label": label}
    try:
        found = links(reading, end, limit=SHOWN)
    except DomainError:
        return ""  # the page itself says what is wrong
    types = link_types(reading) if may_read(reading.actor) else []
    return render_template(
        "links/_panel.html",
        links=found.items,
        is_cut=found.next is not None,
        directions=_directions(types),
        address=address,
        **values,
    )


def _directions(types: list[LinkType]) -> list[tuple[str, str]]:
    """What can be chosen: each type in both directions."""
    offered = [each for each in types if not each.is_retired]
    found = [(each.code, label(each.labels, "en", each.code)) for each in offered]
    backwards = [
        (f"{each.code}{INVERSE}", label(each.inverse_labels, "en", each.code))
        for each in offered
        if not each.is_symmetric
    ]
    return sorted(found + backwards, key=lambda each: each[1])


def _types(reading: Reading) -> str:
    return render_template("links/types.html", types=link_types(reading), languages=NAMES, label=label)


def _labels(name: str) -> dict[str, str]:
    found = {language: request.form.get(f"{name}.{language}", "").strip() for language in LANGUAGES}
    return {language: text for language, text in found.items() if text}


def _end(kind: str, key: str) -> End:
    return End(kind.strip(), key.strip())
