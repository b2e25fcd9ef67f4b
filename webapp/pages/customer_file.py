"""The customer file on a customer's page: one list by time, with filters, and the stages of what runs."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from flask import Response, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from audit.giving import GiveOut
from core.errors import Conflict, InvalidInput
from core.identity import SYSTEM
from crm.customer_file.entries import KINDS, FileEntry, FileFilter, customer_file
from crm.errors import WrongFields
from crm.opening import NoteCustomerOpened
from crm.outbox.sent import documents_sent
from crm.people import people
from crm.sales.trade import trade
from storage.unit_of_work import Reading
from webapp.api.json_body import answer_json
from webapp.customer_cases import StartSpecialOffer
from webapp.customer_file import running_cases
from webapp.customer_record import customer_record
from webapp.pages.blueprint import asked, blueprint
from webapp.pages.formats import reader_zone
from webapp.pages.shell import names
from webapp.web import run, view

RECORD_WORDS = {  # what a document was filed with, as people say it
    "crm.customer": "the customer",
    "crm.contact": "a person",
    "crm.offer": "an offer",
    "crm.order": "an order",
    "crm.invoice": "an invoice",
    "crm.activity": "an activity",
    "case": "a case",
    "task": "a task",
}
SHOWN = 25  # entries until "Show more"
PEOPLE = 100  # of the customer's, to choose from


@blueprint.get("/customers/<id:customer_id>/file")
def customer_file_rows(customer_id: str) -> str:
    """The file with other filters, or its next entries."""
    template = "customers/file_rows.html" if asked("after") else "customers/_file.html"
    with view() as reading:
        return render_template(template, customer_id=customer_id, **file_values(reading, customer_id))


@blueprint.get("/customers/<id:customer_id>/sent")
def sent_documents(customer_id: str) -> str:
    """The documents that the customer was really sent."""
    with view() as reading:
        found = documents_sent(reading, customer_id, after=asked("after") or None, limit=SHOWN)
    template = "customers/sent_rows.html" if asked("after") else "customers/_sent.html"
    return render_template(template, customer_id=customer_id, sent=found)


@blueprint.get("/customers/<id:customer_id>/trade")
def customer_trade(customer_id: str) -> str:
    """Contracts, orders, deliveries and goods bought."""
    with view() as reading:
        found = trade(reading, customer_id, limit=SHOWN)
    return render_template("customers/_trade.html", trade=found)


@blueprint.get("/customers/<id:customer_id>/record.json")
def customer_record_file(customer_id: str) -> Response:
    """Everything that is known of a customer as a file; the trail tells who took it."""
    with view() as reading:
        found = customer_record(reading, customer_id)
    run(NoteCustomerOpened(customer_id=found.customer.id))
    run(GiveOut(what="customer", form="json", subject=found.customer.id, rows=1))
    answer = answer_json(found)
    answer.headers["Content-Disposition"] = f"attachment; filename={found.customer.number}.json"
    return answer


@blueprint.post("/customers/<id:customer_id>/special-offer")
def start_special_offer(customer_id: str) -> BaseResponse:
    """Begin one and go to its case; what cannot be is said on the customer's page."""
    try:
        begun = run(StartSpecialOffer(customer_id=customer_id))
    except (Conflict, InvalidInput) as refusal:
        flash(refusal.sentence)
        return redirect(url_for("pages.customer", customer_id=customer_id))
    if not begun.is_new:
        flash("A special offer for this customer is under way already.")
    return redirect(url_for("pages.case", instance_id=begun.case_id))


def file_values(reading: Reading, customer_id: str) -> dict[str, Any]:
    """What the panel of the file shows. Raises `WrongFields` for a day that is none."""
    kinds = [each for each in request.args.getlist("kind") if each]
    who, _, person = asked("person").partition(":")
    until = _day("until")
    wanted = FileFilter(
        kinds=frozenset(kinds),
        since=_day("since"),
        until=until + timedelta(days=1) if until else None,
        employee=person if who == "account" else None,
        contact_id=person if who == "contact" else None,
    )
    found = customer_file(reading, customer_id, wanted, after=asked("after") or None, limit=SHOWN)
    asked_for = {name: asked(name) for name in ("since", "until", "person") if asked(name)}
    return {
        "file": found,
        "record_words": RECORD_WORDS,
        "file_kinds": KINDS,
        "file_asked": asked_for | ({"kind": kinds} if kinds else {}),
        "file_people": people(reading, customer_id, limit=PEOPLE).items,
        "file_colleagues": {key: name for key, name in names().items() if key != SYSTEM.id},
        "running": running_cases(reading, customer_id),
        "names": names(),
    }


def documents_elsewhere(reading: Reading, customer_id: str, shown: Collection[str]) -> list[FileEntry]:
    """The newest documents filed with the customer's records and cases, but for those that are shown already."""
    wanted = FileFilter(kinds=frozenset({"document"}))
    found = customer_file(reading, customer_id, wanted, limit=len(shown) + SHOWN).items
    return [each for each in found if each.id not in shown][:SHOWN]


def _day(name: str) -> datetime | None:
    """The first moment of a day as the reader's calendar has it."""
    text = asked(name)
    if not text:
        return None
    try:
        return datetime.fromisoformat(text).replace(tzinfo=reader_zone())
    except ValueError:
        raise WrongFields({f"/{name}": "Write the day as 2026-01-31."}) from None
