"""Activities: the lists, one with its chain, and the forms that register, hold, postpone and cancel."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from flask import make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from core.errors import Conflict, InvalidInput
from core.identity import SYSTEM
from crm.activities import queries
from crm.activities.content import Content, Participant
from crm.activities.queries import ActivityFilter
from crm.activities.registering import RegisterActivity
from crm.activities.settling import CancelActivity, HoldActivity, PostponeActivity
from crm.activities.words import METHOD, REASON, TYPE
from crm.cards import card
from crm.dictionaries import Dictionary, dictionary, label
from crm.errors import WrongFields
from crm.mailings.queries import mailing_of
from crm.people import people
from crm.planning.errors import ResourceTaken
from crm.planning.filters import filter_of, filters
from crm.planning.resources import resources
from crm.planning.rules import results
from crm.visits.queries import visit_of
from documents.access import Target
from documents.queries import documents_of
from storage.unit_of_work import Reading
from webapp.accounts.roles import ROLE_PERMISSIONS
from webapp.customer_cases import StartSeparateCase
from webapp.pages.blueprint import MOST, answer, asked, blueprint
from webapp.pages.formats import reader_zone
from webapp.pages.shell import names
from webapp.web import current_actor, run, view

SHOWN = {  # the tabs of the list: which activities, and whether the newest come first
    "": (ActivityFilter(status="planned"), False),
    "overdue": (ActivityFilter(overdue=True), False),
    "unanswered": (ActivityFilter(unanswered=True), False),
    "held": (ActivityFilter(status="held"), True),
    "everybody": (ActivityFilter(), True),
}
MINUTE = 60  # seconds
AT = {"/planned_from": "/at", "/held_from": "/at"}  # the form has one time


@blueprint.get("/activities")
def activities() -> str:
    """What the reader has planned, what is late, what was held, and everybody's."""
    show = asked("show") if asked("show") in SHOWN else ""
    wanted, newest_first = wanted_of(show)
    with view() as reading:
        if asked("filter"):
            wanted, newest_first, show = filter_of(reading, asked("filter")), True, "everybody"
        found = queries.activities(
            reading,
            wanted,
            after=asked("after") or None,
            limit=MOST,
            newest_first=newest_first,
        )
        values = {
            "methods": _labels(dictionary(reading, METHOD)),
            "types": _labels(dictionary(reading, TYPE)),
            "names": names(),
            "tabs": list(SHOWN),
            "kept": filters(reading),
            "wanted": wanted,
            "query": request.args.to_dict(),
        }
    return answer("activities.html", "activity_rows.html", activities=found, show=show, q=asked("q"), **values)


def wanted_of(show: str) -> tuple[ActivityFilter, bool]:
    """What the address asks for, and whether the newest come first."""
    wanted, newest_first = SHOWN.get(show, SHOWN[""])
    fields = {name: asked(name) or None for name in ("method", "type", "priority", "status") if asked(name)}
    wanted = replace(
        wanted,
        employee=asked("employee") or None if show == "everybody" else current_actor().id,
        customer_id=asked("customer_id") or None,
        q=asked("q"),
        since=_begin("since"),
        until=_begin("until"),
        **fields,  # type: ignore[arg-type]  # texts
    )
    return wanted, newest_first


@blueprint.get("/activities/<id:activity_id>")
def activity(activity_id: str) -> str:
    """One activity."""
    with view() as reading:
        return _page(reading, activity_id)


@blueprint.get("/activities/new")
def new_activity() -> str:
    """An empty form, for a customer and after another activity where the address names them."""
    with view() as reading:
        return _form(reading, dict(request.args))


@blueprint.post("/activities")
def register_activity() -> Response:
    """Register it, or show the form again with what is wrong."""
    given = {name: value.strip() for name, value in request.form.items()}
    try:
        made = run(RegisterActivity(content=_content(given)))
    except InvalidInput as refusal:
        with view() as reading:
            faults = {AT.get(place, place): told for place, told in (refusal.details.get("fields") or {}).items()}
            return make_response(_form(reading, given, faults), 422)
    except ResourceTaken as refusal:
        with view() as reading:
            return make_response(_form(reading, given, {"/resources": refusal.sentence}), 409)
    return redirect(url_for("pages.activity", activity_id=made))


@blueprint.post("/activities/<id:activity_id>/<any(hold, postpone, cancel):step>")
def settle_activity(activity_id: str, step: str) -> Response:
    """Hold, postpone or cancel it, or say why that cannot be."""
    given = {name: value.strip() for name, value in request.form.items()}
    try:
        run(_step(activity_id, step, given))
    except (Conflict, InvalidInput) as refusal:
        with view() as reading:
            page = _page(reading, activity_id, refusal=refusal)
        return make_response(page, 409 if isinstance(refusal, Conflict) else 422)
    return redirect(url_for("pages.activity", activity_id=activity_id))


@blueprint.post("/activities/<id:activity_id>/separate-case")
def start_separate_case(activity_id: str) -> Response:
    """Begin a case beside the running one, or say why that cannot be."""
    given = request.form
    try:
        begun = run(
            StartSeparateCase(
                activity_id=activity_id, rule_id=given.get("rule_id", ""), reason=given.get("reason", "").strip()
            )
        )
    except (Conflict, InvalidInput) as refusal:
        with view() as reading:
            page = _page(reading, activity_id, refusal=refusal)
        return make_response(page, 409 if isinstance(refusal, Conflict) else 422)
    return redirect(url_for("pages.case", instance_id=begun))


def _begin(name: str) -> datetime | None:
    """The beginning of a day of the address."""
    try:
        return datetime.fromisoformat(asked(name)[:10]).replace(tzinfo=reader_zone()) if asked(name) else None
    except ValueError:
        raise WrongFields({f"/{name}": "Write a day such as 2026-03-01."}) from None


def _step(activity_id: str, step: str, given: dict[str, str]) -> HoldActivity | PostponeActivity | CancelActivity:
    if step == "hold":
        return HoldActivity(
            activity_id=activity_id,
            held_from=moment_of(given, "held_from"),
            duration_seconds=_seconds(given),
            state=given.get("state", "done"),
            note=given.get("note") or None,
        )
    if step == "postpone":
        moved = moment_of(given, "planned_from")
        remark = given.get("remark") or None
        return PostponeActivity(
            activity_id=activity_id, planned_from=moved, reason=given.get("reason", ""), remark=remark
        )
    return CancelActivity(activity_id=activity_id, reason=given.get("reason", ""))


def _content(given: dict[str, str]) -> Content:
    is_planned = given.get("status") == "planned"
    at = moment_of(given, "at")
    return Content(
        employee=given.get("employee", ""),
        method=given.get("method", ""),
        direction=given.get("direction", ""),
        status=given.get("status", ""),
        subject=given.get("subject", ""),
        customer_id=given.get("customer_id") or None,
        contact_id=given.get("contact_id") or None,
        type=given.get("type") or None,
        priority=given.get("priority", "medium"),
        state="not_done" if is_planned else given.get("state", "done"),
        note=given.get("note") or None,
        planned_from=at if is_planned else None,
        planned_to=at + timedelta(seconds=_seconds(given) or 0) if is_planned and given.get("minutes") else None,
        held_from=None if is_planned else at,
        duration_seconds=None if is_planned else _seconds(given),
        follows_id=given.get("follows_id") or None,
        is_private="is_private" in given,
        participants=tuple(Participant(side="ours", account=each) for each in request.form.getlist("with_us")),
        reminders=tuple(int(each) for each in request.form.getlist("reminders") if each.isdecimal()),
        resources=tuple(request.form.getlist("resources")),
    )


def moment_of(given: dict[str, str], name: str) -> datetime:
    """A time as the reader's clock shows it. Raises `WrongFields`."""
    try:
        return datetime.fromisoformat(given.get(name, "")).replace(tzinfo=reader_zone())
    except ValueError:
        raise WrongFields({f"/{name}": "Enter a day and a time."}) from None


def _seconds(given: dict[str, str]) -> int | None:
    """What was entered in minutes. Raises `WrongFields`."""
    minutes = given.get("minutes") or None
    if minutes is not None and not minutes.isdecimal():
        raise WrongFields({"/minutes": "Enter whole minutes."})
    return None if minutes is None else int(minutes) * MINUTE


def _page(reading: Reading, activity_id: str, refusal: Conflict | InvalidInput | None = None) -> str:
    found, target = queries.activity(reading, activity_id), Target("crm.activity", activity_id)
    values: dict[str, Any] = {
        "methods": _labels(dictionary(reading, METHOD)),
        "types": _labels(dictionary(reading, TYPE)),
        "reasons": _labels(dictionary(reading, REASON)),
        "offered": _offered(dictionary(reading, REASON)),
        "now": reading.clock.now(),
        "names": names(),
        "visit": visit_of(reading, activity_id),
        "mailing": mailing_of(reading, activity_id),
        "results": results(reading, activity_id),
        "colleagues": {key: name for key, name in names().items() if key != SYSTEM.id},
        "roles": sorted(ROLE_PERMISSIONS),
        "documents": documents_of(reading, [target])[target],
        "booked": {each.id: each.name for each in resources(reading, all_of_them=True)},
    }
    return render_template("activity.html", activity=found, refusal=refusal, **values)


def _form(reading: Reading, given: dict[str, str], faults: dict[str, str] | None = None) -> str:
    customer_id = given.get("customer_id") or None
    entered = request.form if request.method == "POST" else request.args
    values: dict[str, Any] = {
        "methods": _offered(dictionary(reading, METHOD)),
        "types": _offered(dictionary(reading, TYPE)),
        "customer": card(reading, customer_id) if customer_id else None,
        "people": people(reading, customer_id).items if customer_id else [],
        "now": reading.clock.now(),
        "offered": resources(reading),
        "chosen": {name: entered.getlist(name) for name in ("resources", "reminders", "with_us")},
        "colleagues": {key: name for key, name in names().items() if key != SYSTEM.id},
    }
    return render_template("activity_new.html", given=given, faults=faults or {}, **values)


def _labels(values: Dictionary) -> dict[str, str]:
    return {each.code: label(each.labels, "en", each.code) for each in values.values}


def _offered(values: Dictionary) -> dict[str, str]:
    return {each.code: label(each.labels, "en", each.code) for each in values.values if not each.is_retired}
