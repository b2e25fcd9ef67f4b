"""The register of personal-data breaches: a list with what is due, and a page for each."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import flash, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from core.errors import Conflict, InvalidInput
from crm.privacy import breaches as register
from crm.privacy.breaches import KINDS, RISKS, BreachDetails, ChangeBreach, CloseBreach, RecordBreach
from webapp.pages.blueprint import MOST, asked, blueprint
from webapp.pages.shell import names
from webapp.web import application, run, view

TEXTS = (
    "title", "happened", "data", "consequences", "measures", "reference", "why_late", "why_not_notified",
    "why_not_informed",
)  # fmt: skip
MOMENTS = ("discovered_at", "notified_at", "informed_at")


@blueprint.get("/breaches")
def breach_register() -> str:
    """The register, and the form for a new entry."""
    return _register()


@blueprint.post("/breaches")
def record_breach() -> Response:
    """Record a breach, or show what is wrong."""
    try:
        made = run(RecordBreach(details=BreachDetails(**_typed())))
    except InvalidInput as refusal:
        return make_response(_register(refusal), 422)
    flash("The breach is recorded. The authority is to be told within 72 hours of its discovery if there is a risk.")
    return redirect(url_for("pages.breach_page", breach_id=made))


@blueprint.get("/breaches/<id:breach_id>")
def breach_page(breach_id: str) -> str:
    """One entry."""
    return _page(breach_id)


@blueprint.post("/breaches/<id:breach_id>")
def change_breach(breach_id: str) -> Response:
    """Save what was typed, or close the entry when that was asked for."""
    version = int(request.form.get("expected_version") or 0) or None
    try:
        run(ChangeBreach(breach_id=breach_id, changes=_typed(), expected_version=version))
        if request.form.get("close"):
            run(CloseBreach(breach_id=breach_id))
    except (InvalidInput, Conflict) as refusal:
        return make_response(_page(breach_id, refusal), 409 if isinstance(refusal, Conflict) else 422)
    flash("The breach is closed." if request.form.get("close") else "The breach is saved.")
    return redirect(url_for("pages.breach_page", breach_id=breach_id))


def _typed() -> dict[str, Any]:
    """The fields of the form; a moment is meant by the clock of the firm."""
    form = request.form
    return {
        **{name: form.get(name, "").strip() or None for name in TEXTS},
        **{name: _moment(form.get(name, "")) for name in MOMENTS},
        "kinds": form.getlist("kinds"),
        "risk": form.get("risk", ""),
        "people": form.get("people", "").strip() or None,
    }


def _moment(written: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(written)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=ZoneInfo(application().settings.time_zone))


def _register(refusal: InvalidInput | None = None) -> str:
    with view() as reading:
        found = register.breaches(reading, after=asked("after") or None, limit=MOST)
        now = reading.clock.now()
    return render_template("breaches/register.html", register=found, now=now, values=request.form, **_shared(refusal))


def _page(breach_id: str, refusal: InvalidInput | Conflict | None = None) -> str:
    with view() as reading:
        found = register.breach(reading, breach_id)
        now = reading.clock.now()
    zone = ZoneInfo(application().settings.time_zone)
    values: dict[str, Any] = {name: getattr(found, name) for name in (*TEXTS, "kinds", "risk", "people")}
    values |= {name: _written(getattr(found, name), zone) for name in MOMENTS}
    if refusal is not None:
        values |= request.form.to_dict() | {"kinds": request.form.getlist("kinds")}
    return render_template("breaches/breach.html", breach=found, now=now, values=values, **_shared(refusal))


def _written(at: datetime | None, zone: ZoneInfo) -> str:
    return "" if at is None else at.astimezone(zone).strftime("%Y-%m-%dT%H:%M")


def _shared(refusal: InvalidInput | Conflict | None) -> dict[str, Any]:
    faults = (refusal.details.get("fields") or {}) if refusal else {}
    return {"refusal": refusal, "faults": faults, "all_kinds": KINDS, "risks": RISKS, "names": names()}
