"""The customer's form: entering one, changing one, and what is shown when somebody else was faster."""

from __future__ import annotations

import contextlib
import json
from typing import Any

from flask import Response, flash, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from core.errors import Conflict, InvalidInput
from crm.cards import card
from crm.custom_fields import custom_fields
from crm.customers import CreateCustomer, UpdateCustomer
from crm.dictionaries import dictionaries, label
from crm.errors import ChangedMeanwhile, CustomerExists, CustomerNotFound, WrongFields
from crm.profiles import Profile
from crm.queries import customer
from storage.unit_of_work import Reading
from webapp.api.json_body import plain
from webapp.pages.blueprint import blueprint
from webapp.pages.customer_fields import PARTS, SECTIONS, WEEKDAYS, read_form
from webapp.pages.shell import names
from webapp.web import current_actor, run, view

LANGUAGE = "en"  # of the pages


@blueprint.get("/customers/new")
def new_customer() -> str:
    """An empty form."""
    with view() as reading:
        return _form(reading, plain(Profile(name="", country="PL")), title="New customer")


@blueprint.get("/customers/<customer_id>/edit")
def edit_customer(customer_id: str) -> str:
    """The form of a customer."""
    with view() as reading:
        found = card(reading, customer_id)
        return _form(reading, _shown(reading, found.profile), title=f"Edit {found.profile['name']}", customer=found)


@blueprint.get("/customers/rows/<kind>")
def customer_row(kind: str) -> Response | str:
    """An empty row for a list of parts."""
    if kind not in PARTS:
        return make_response("", 404)
    return render_template("customers/part_row.html", kind=kind, parts=PARTS[kind], row={}, index=None, faults={})


@blueprint.post("/customers")
def save_new_customer() -> BaseResponse:
    """Enter a customer, or show the form again with what is wrong."""
    given = _typed({})
    if isinstance(given, WrongFields):
        return _again({}, given, title="New customer")
    try:
        made = run(CreateCustomer(profile=Profile(**given)))
    except (InvalidInput, CustomerExists) as refusal:
        return _again(given, refusal, title="New customer")
    flash(f"Customer {made.number} is entered.")
    return redirect(url_for("pages.customer", customer_id=made.id))


@blueprint.post("/customers/<id:customer_id>/edit")
def save_customer(customer_id: str) -> BaseResponse:
    """Save what differs from what was shown, or show the form again with what is wrong."""
    seen = json.loads(request.form.get("seen") or "{}")
    with view() as reading:
        title = f"Edit {card(reading, customer_id).profile['name']}"
    given = _typed(seen)
    if isinstance(given, WrongFields):
        return _again({}, given, title=title, customer_id=customer_id)
    changes = {name: value for name, value in given.items() if plain(value) != seen.get(name)}
    version = int(request.form.get("expected_version") or 0) or None
    try:
        run(UpdateCustomer(customer_id=customer_id, changes=changes, expected_version=version))
    except (InvalidInput, Conflict) as refusal:
        return _again(changes, refusal, title=title, customer_id=customer_id)
    flash("The customer is saved.")
    return redirect(url_for("pages.customer", customer_id=customer_id))


def _typed(seen: dict[str, Any]) -> Any:
    """What was typed, or the refusal that names what cannot be read."""
    actor = current_actor()
    with view() as reading:
        own = custom_fields(reading, "crm.customer")
        try:
            given = read_form(request.form, actor.may, own)
            if given["parent_id"]:
                given["parent_id"] = customer(reading, given["parent_id"]).id
        except WrongFields as refusal:
            return refusal
        except CustomerNotFound:
            return WrongFields({"/parent_id": "There is no customer with this number."})
    retired = {key: value for key, value in (seen.get("custom") or {}).items() if key not in {each.key for each in own}}
    given["custom"] = retired | given["custom"]
    return given


def _again(
    changes: dict[str, Any], refusal: Conflict | InvalidInput, *, title: str, customer_id: str | None = None
) -> BaseResponse:
    """The form as it was typed; after somebody else's save, theirs with the changes of the reader on top."""
    with view() as reading:
        found = card(reading, customer_id) if customer_id else None
        values = _shown(reading, found.profile) if found else plain(Profile(name="", country="PL"))
        typed = changes or _raw()
        values |= _shown(reading, typed)
        page = _form(
            reading,
            values,
            title=title,
            customer=found,
            faults=refusal.details.get("fields") or {},
            refusal=refusal,
            seen=_shown(reading, found.profile, keep_id=True) if found else {},
        )
    return make_response(page, 409 if isinstance(refusal, Conflict) else 422)


def _raw() -> dict[str, Any]:
    """Single fields as they were typed, where they could not be read."""
    single = {each.name for section in SECTIONS for each in section.inputs if each.kind not in ("flag", "weekdays")}
    return {name: request.form[name] for name in single if name in request.form}


def _shown(reading: Reading, values: dict[str, Any], *, keep_id: bool = False) -> dict[str, Any]:
    found: dict[str, Any] = plain(values)
    if found.get("parent_id") and not keep_id:
        with contextlib.suppress(CustomerNotFound):  # then it is shown as it was typed
            found["parent_id"] = customer(reading, found["parent_id"]).number
    return found


def _form(reading: Reading, values: dict[str, Any], *, title: str, **more: Any) -> str:
    found = more.get("customer")
    lists = {each.key: each for each in dictionaries(reading)}
    options = {
        key: [(value.code, label(value.labels, LANGUAGE, value.code), value.is_retired) for value in each.values]
        for key, each in lists.items()
    }
    seen = more.pop("seen", None) or (_shown(reading, found.profile, keep_id=True) if found else {})
    refusal = more.pop("refusal", None)
    return render_template(
        "customers/edit.html",
        title=title,
        values=values,
        seen=seen,
        sections=SECTIONS,
        parts=PARTS,
        options=options,
        own=custom_fields(reading, "crm.customer"),
        weekdays=WEEKDAYS,
        names=names(),
        faults=more.pop("faults", {}),
        refusal=refusal,
        differences=refusal.details.get("differences", {}) if isinstance(refusal, ChangedMeanwhile) else {},
        **{"customer": None} | more,
    )
