"""The register of consents, its clauses, and recording on the page of a person what they said."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from flask import flash, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from core.errors import InvalidInput
from crm.dictionaries import dictionary, label
from crm.links.ends import End, LinkedRecords
from crm.privacy.access import OrderAccess
from crm.privacy.consent_queries import clauses, register
from crm.privacy.consents import RecordConsent, WriteClause
from crm.privacy.words import PURPOSE, STATES
from webapp.pages.blueprint import MOST, asked, blueprint
from webapp.pages.contacts import contact_page
from webapp.pages.shell import names
from webapp.web import application, run, view


@blueprint.get("/consents")
def consent_register() -> str:
    """All that was ever said, and what people are asked."""
    return _register()


@blueprint.post("/consents/clauses")
def write_clause() -> Response:
    """Ask in other words from now on."""
    purpose = request.form.get("purpose", "")
    try:
        n = run(WriteClause(purpose=purpose, text=request.form.get("text", "")))
    except InvalidInput as refusal:
        return make_response(_register(refusal), 422)
    flash(f"From now on people are asked in these words; it is version {n}.")
    return redirect(url_for("pages.consent_register"))


@blueprint.post("/contacts/<id:contact_id>/consents")
def record_consent(contact_id: str) -> Response:
    """Record what a person said, or show what is wrong with it."""
    form = request.form
    command = RecordConsent(
        contact_id=contact_id,
        purpose=form.get("purpose", ""),
        state=form.get("state", ""),
        channel=form.get("channel") or "any",
        happened_at=_moment(form.get("happened_at", "")),
        source=form.get("source", ""),
        wording=form.get("wording", "").strip() or None,
        evidence_id=form.get("evidence_id", "").strip().rpartition("/")[2] or None,
        remark=form.get("remark", "").strip() or None,
    )
    try:
        run(command)
    except InvalidInput as refusal:
        return make_response(contact_page(contact_id, refusal), 422)
    flash("It is recorded; what was said before stays in the history.")
    return redirect(url_for("pages.contact", contact_id=contact_id) + "#consents")


@blueprint.post("/contacts/<id:contact_id>/access")
def order_access(contact_id: str) -> Response:
    """Have all that is held about a person put together, or say what is wrong with the wish."""
    try:
        run(OrderAccess(contact_id=contact_id, reason=request.form.get("reason", "")))
    except InvalidInput as refusal:
        return make_response(contact_page(contact_id, access_refusal=refusal), 422)
    flash("It is being put together; the file appears here as soon as it is done.")
    return redirect(url_for("pages.exports"))


def _moment(written: str) -> datetime | None:
    """A moment of the form, in the zone of the firm; nothing readable is now."""
    try:
        found = datetime.fromisoformat(written)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=ZoneInfo(application().settings.time_zone))


def _register(refusal: InvalidInput | None = None) -> str:
    state = asked("state") if asked("state") in STATES else ""
    with view() as reading:
        found = register(reading, purpose=asked("purpose"), state=state, after=asked("after") or None, limit=MOST)
        ends = [End("crm.contact", each.contact_id) for each in found.items]
        people = {end.id: title for end, title in reading.port(LinkedRecords).titles(reading, ends).items()}
        purposes = {each.code: label(each.labels, "en", each.code) for each in dictionary(reading, PURPOSE).values}
        known = clauses(reading)
    return render_template(
        "customers/consents.html",
        register=found,
        people=people,
        purposes=purposes,
        purpose=asked("purpose"),
        state=state,
        clauses=known,
        refusal=refusal,
        given=request.form,
        names=names(),
    )
