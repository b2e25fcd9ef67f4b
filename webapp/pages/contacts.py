"""People at customers, notes and satisfaction: the forms on a customer's page and the page of a person."""

from __future__ import annotations

from typing import Any

from flask import flash, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from audit.erasing import ErasePersonalData
from core.errors import Conflict, Forbidden, InvalidInput
from core.messages import Command
from crm.access import PRIVATE
from crm.blocking import BlockCustomer, UnblockCustomer
from crm.cards import card
from crm.contacts import CreateContact, MoveContact, UpdateContact
from crm.custom_fields import custom_fields
from crm.dictionaries import dictionaries, label
from crm.erasing import ERASE, GONE, remains
from crm.errors import ChangedMeanwhile
from crm.notes import EditNote, WriteNote
from crm.people import people, person
from crm.privacy.consent_queries import consents
from crm.privacy.words import CHANNELS
from crm.queries import customer
from crm.satisfaction import RecordSatisfaction
from storage.unit_of_work import Reading
from webapp.pages.blueprint import asked, blueprint
from webapp.pages.customer_fields import Input, read_own
from webapp.pages.customers import customer_page
from webapp.pages.shell import names
from webapp.web import current_actor, run, view

INPUTS = (
    Input("name", "Name", is_required=True),
    Input("job_title", "Job title"),
    Input("role", "Role", "listed"),
    Input("email", "E-mail"),
    Input("phone", "Phone"),
    Input("mobile", "Mobile phone"),
    Input("birthday", "Birthday, 1980-05-31 or --05-31"),
    Input("is_active", "Works there", "flag"),
)
PRIVATE_INPUTS = (Input("preferences", "Preferences", "long"), Input("family", "Family", "long"))


@blueprint.get("/customers/<id:customer_id>/people")
def customer_people(customer_id: str) -> str:
    """The next people at a customer."""
    with view() as reading:
        found = people(reading, customer_id, after=asked("after") or None)
    return render_template("customers/people_rows.html", people=found, customer_id=customer_id)


@blueprint.get("/customers/<id:customer_id>/contacts/new")
def new_contact(customer_id: str) -> str:
    """An empty form."""
    with view() as reading:
        name = card(reading, customer_id).profile["name"]
        return _form(reading, customer_id, name, {"custom": {}, "is_active": True}, title="New contact")


@blueprint.get("/contacts/<id:contact_id>")
def contact(contact_id: str) -> str:
    """One person."""
    return contact_page(contact_id)


def contact_page(
    contact_id: str, consent_refusal: InvalidInput | None = None, *, access_refusal: InvalidInput | None = None
) -> str:
    """The page of a person, with what is wrong with a consent that was not recorded, or a file not put together."""
    with view() as reading:
        found = person(reading, contact_id)
        return _form(
            reading,
            found.customer_id,
            found.customer_name,
            found,
            title=found.name,
            person=found,
            consent_refusal=consent_refusal,
            access_refusal=access_refusal,
        )


@blueprint.post("/customers/<id:customer_id>/contacts")
def save_new_contact(customer_id: str) -> Response:
    """Enter a person, or show the form again with what is wrong."""
    given = _typed()
    try:
        made = run(CreateContact(customer_id=customer_id, **given))
    except InvalidInput as refusal:
        with view() as reading:
            name = card(reading, customer_id).profile["name"]
            page = _form(reading, customer_id, name, given, title="New contact", refusal=refusal)
        return make_response(page, 422)
    flash("The contact is entered.")
    return redirect(url_for("pages.contact", contact_id=made))


@blueprint.post("/contacts/<id:contact_id>")
def save_contact(contact_id: str) -> Response:
    """Save a person, or show the form again with what is wrong."""
    given = _typed()
    version = int(request.form.get("expected_version") or 0) or None
    try:
        run(UpdateContact(contact_id=contact_id, changes=given, expected_version=version))
    except (InvalidInput, Conflict) as refusal:
        with view() as reading:
            found = person(reading, contact_id)
            page = _form(
                reading, found.customer_id, found.customer_name, given, title=found.name, person=found, refusal=refusal
            )
        return make_response(page, 409 if isinstance(refusal, Conflict) else 422)
    flash("The contact is saved.")
    return redirect(url_for("pages.contact", contact_id=contact_id))


@blueprint.post("/contacts/<id:contact_id>/move")
def move_contact(contact_id: str) -> Response:
    """A person works for another customer now."""
    with view() as reading:
        target = customer(reading, request.form.get("customer", "").strip()).id
    run(MoveContact(contact_id=contact_id, customer_id=target))
    return redirect(url_for("pages.contact", contact_id=contact_id))


@blueprint.post("/customers/<id:customer_id>/notes")
def write_note(customer_id: str) -> Response:
    """Keep a note."""
    given = request.form
    command = WriteNote(
        customer_id=customer_id,
        text=given.get("text", ""),
        kind=given.get("kind") or "general",
        visibility=given.get("visibility") or "everyone",
    )
    if refused := _refusal(command, customer_id):
        return refused
    return redirect(url_for("pages.customer", customer_id=customer_id))


@blueprint.post("/notes/<id:note_id>")
def edit_note(note_id: str) -> Response:
    """Keep another text of a note."""
    version = int(request.form.get("expected_version") or 0) or None
    customer_id = request.form.get("customer_id", "")
    command = EditNote(note_id=note_id, text=request.form.get("text", ""), expected_version=version)
    if refused := _refusal(command, customer_id):
        return refused
    return redirect(url_for("pages.customer", customer_id=customer_id))


@blueprint.post("/customers/<id:customer_id>/satisfaction")
def record_satisfaction(customer_id: str) -> Response:
    """Record what a customer said."""
    level = request.form.get("level", "")
    said = int(level) if level.isascii() and level.isdigit() else 0
    command = RecordSatisfaction(
        customer_id=customer_id,
        level=said,
        source=request.form.get("source") or "call",
        cause=request.form.get("cause") or None,
        activity_id=request.form.get("activity_id") or None,
        remark=request.form.get("remark") or None,
    )
    if refused := _refusal(command, customer_id):
        return refused
    return redirect(url_for("pages.customer", customer_id=customer_id))


@blueprint.post("/customers/<id:customer_id>/block")
def block_customer(customer_id: str) -> Response:
    """Offer and sell nothing new to a customer, or do so again."""
    reason = request.form.get("reason", "")
    command = (
        UnblockCustomer(customer_id=customer_id, reason=reason)
        if request.form.get("is_lifted")
        else BlockCustomer(customer_id=customer_id, reason=reason)
    )
    if refused := _refusal(command, customer_id):
        return refused
    return redirect(url_for("pages.customer", customer_id=customer_id))


@blueprint.get("/contacts/<id:contact_id>/erasure")
def contact_erasure(contact_id: str) -> str:
    """What erasing a person takes and what stays; afterwards, what has stayed."""
    if not current_actor().may(ERASE):
        raise Forbidden("Only who keeps the records erases people; ask for the right person.erase.", permission=ERASE)
    return _erasure(contact_id)


@blueprint.post("/contacts/<id:contact_id>/erase")
def erase_contact(contact_id: str) -> Response:
    """Erase who a person was, here and in the trail, or say what keeps it."""
    try:
        run(ErasePersonalData(subject=f"contact:{contact_id}", reason=request.form.get("reason", "")))
    except (InvalidInput, Conflict) as refusal:
        return make_response(_erasure(contact_id, refusal), 409 if isinstance(refusal, Conflict) else 422)
    flash("The person is erased. The trail keeps that and why.")
    return redirect(url_for("pages.contact_erasure", contact_id=contact_id))


def _erasure(contact_id: str, refusal: Conflict | InvalidInput | None = None) -> str:
    with view() as reading:
        found, kept = person(reading, contact_id), remains(reading, contact_id)
    quoted = found.name.replace('"', " ")
    values = {"person": found, "remains": kept, "refusal": refusal, "mentions": f'"{quoted}"', "names": names()}
    return render_template("customers/erasure.html", **values)


def _refusal(command: Command, customer_id: str) -> Response | None:
    """Do it; when it is refused, the customer's page with the reason and what was typed."""
    try:
        run(command)
    except (InvalidInput, Conflict) as refusal:
        return make_response(customer_page(customer_id, refusal), 409 if isinstance(refusal, Conflict) else 422)
    return None


def _typed() -> dict[str, Any]:
    form = request.form
    found: dict[str, Any] = {
        each.name: each.name in form if each.kind == "flag" else form.get(each.name, "").strip() or None
        for each in INPUTS
    }
    found["name"] = found["name"] or ""
    if current_actor().may(PRIVATE):
        found |= {each.name: form.get(each.name, "").strip() or None for each in PRIVATE_INPUTS}
        found["interests"] = tuple(form.getlist("interests"))
    with view() as reading:
        found["custom"] = read_own(form, custom_fields(reading, "crm.contact"))
    return found


def _form(
    reading: Reading, customer_id: str, customer_name: str, values: Any, *, title: str, refusal: Any = None, **more: Any
) -> str:
    lists = {each.key: each for each in dictionaries(reading)}
    options = {
        key: [(value.code, label(value.labels, "en", value.code), value.is_retired) for value in each.values]
        for key, each in lists.items()
    }
    shown = values if isinstance(values, dict) else {name: getattr(values, name) for name in values.__slots__}
    return render_template(
        "customers/contact.html",
        title=title,
        customer_id=customer_id,
        customer_name=customer_name,
        values=shown,
        inputs_of=INPUTS,
        private_inputs=PRIVATE_INPUTS,
        options=options | {"role": options.get("contact_role", [])},
        own=custom_fields(reading, "crm.contact"),
        names=names(),
        faults=(refusal.details.get("fields") or {}) if refusal else {},
        refusal=refusal,
        differences=refusal.details.get("differences", {}) if isinstance(refusal, ChangedMeanwhile) else {},
        consents=consents(reading, more["person"].id) if "person" in more else None,
        channels=CHANNELS,
        given=request.form,
        is_erased="person" in more and more["person"].name == GONE,
        **{"person": None, "consent_refusal": None, "access_refusal": None} | more,
    )
