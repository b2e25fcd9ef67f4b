"""Rooms and devices: the list, one with who has it when, and proposals of free times."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

from flask import make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from core.errors import Conflict, InvalidInput
from core.identity import SYSTEM
from crm.company import company
from crm.errors import WrongFields
from crm.planning.resources import KINDS, Offer, Resource, WriteResource, resource, resources
from crm.planning.slots import Wanted, bookings, proposals
from storage.unit_of_work import Reading
from webapp.accounts.roles import ROLE_PERMISSIONS
from webapp.pages.blueprint import asked, blueprint
from webapp.pages.formats import reader_zone
from webapp.pages.shell import names
from webapp.web import current_actor, run, view

SHOWN = timedelta(days=28)  # of a resource's bookings
AHEAD = timedelta(days=14)  # where free times are looked for
FIELDS = ("name", "kind", "place", "capacity", "opens", "closes", "hourly_cost")


@blueprint.get("/resources")
def resource_list() -> str:
    """All rooms and devices, and the form for a new one."""
    with view() as reading:
        return _list(reading)


@blueprint.post("/resources")
def add_resource() -> Response:
    """Enter one, or show the form again with what is wrong."""
    try:
        made = run(WriteResource(offer=_offer()))
    except (Conflict, InvalidInput) as refusal:
        with view() as reading:
            return make_response(_list(reading, refusal), 409 if isinstance(refusal, Conflict) else 422)
    return redirect(url_for("pages.resource_page", resource_id=made))


@blueprint.get("/resources/<id:resource_id>")
def resource_page(resource_id: str) -> str:
    """One resource with its calendar of four weeks."""
    with view() as reading:
        return _page(reading, resource_id)


@blueprint.post("/resources/<id:resource_id>")
def change_resource(resource_id: str) -> Response:
    """Change it, or show the form again with what is wrong."""
    try:
        version = int(request.form.get("version", "0"))
        run(WriteResource(offer=_offer(), resource_id=resource_id, expected_version=version))
    except (Conflict, InvalidInput) as refusal:
        with view() as reading:
            page = _page(reading, resource_id, refusal)
        return make_response(page, 409 if isinstance(refusal, Conflict) else 422)
    return redirect(url_for("pages.resource_page", resource_id=resource_id))


@blueprint.get("/free-times")
def free_times() -> str:
    """When chosen people and resources are free together."""
    people, chosen = request.args.getlist("people"), request.args.getlist("resources")
    minutes = int(asked("minutes")) if asked("minutes").isdecimal() else 60
    with view() as reading:
        since = max(_day(asked("since")) or reading.clock.now(), reading.clock.now())
        found = None
        if people or chosen:
            wanted = Wanted(
                people=tuple(people), resources=tuple(chosen), minutes=minutes, since=since, until=since + AHEAD
            )
            found = proposals(reading, wanted, most=20)
        values: dict[str, Any] = {
            "slots": found,
            "offered": resources(reading),
            "colleagues": {key: name for key, name in names().items() if key != SYSTEM.id},
            "people": people or [current_actor().id],
            "chosen": chosen,
            "minutes": minutes,
            "since": since,
        }
    return render_template("planning/free_times.html", **values)


def _list(reading: Reading, refusal: Conflict | InvalidInput | None = None) -> str:
    found = resources(reading, all_of_them=True)
    return render_template("planning/resources.html", resources=found, **_form_values(reading, refusal, None))


def _page(reading: Reading, resource_id: str, refusal: Conflict | InvalidInput | None = None) -> str:
    shown = resource(reading, resource_id)
    now = reading.clock.now()
    values = {"bookings": bookings(reading, resource_id, now, now + SHOWN), "names": names()}
    return render_template("planning/resource.html", resource=shown, **values, **_form_values(reading, refusal, shown))


def _form_values(reading: Reading, refusal: Conflict | InvalidInput | None, shown: Resource | None) -> dict[str, Any]:
    given = {name: getattr(shown, name) for name in FIELDS} if shown else {}
    groups: tuple[str, ...] = shown.groups if shown else ()
    if refusal is not None:
        given, groups = dict(request.form), tuple(request.form.getlist("groups"))
    return {
        "kinds": KINDS,
        "roles": sorted({*ROLE_PERMISSIONS, *groups}),
        "given": given,
        "groups": groups,
        "refusal": refusal,
        "faults": (refusal.details.get("fields") or {}) if refusal else {},
        "currency": company(reading).currency,
        "zone": company(reading).time_zone,
    }


def _offer() -> Offer:
    given = {name: value.strip() for name, value in request.form.items()}
    capacity = given.get("capacity") or None
    if capacity is not None and not capacity.isdecimal():
        raise WrongFields({"/capacity": "Enter a whole number."})
    return Offer(
        name=given.get("name", ""),
        kind=given.get("kind", ""),
        place=given.get("place") or None,
        capacity=None if capacity is None else int(capacity),
        groups=tuple(request.form.getlist("groups")),
        opens=_time(given, "opens"),
        closes=_time(given, "closes"),
        hourly_cost=_amount(given.get("hourly_cost") or None),
        is_active="is_retired" not in given,
    )


def _time(given: dict[str, str], name: str) -> time | None:
    try:
        return time.fromisoformat(given[name]) if given.get(name) else None
    except ValueError:
        raise WrongFields({f"/{name}": "Enter a time such as 09:00."}) from None


def _amount(text: str | None) -> Decimal | None:
    try:
        return None if text is None else Decimal(text.replace(",", "."))
    except InvalidOperation:
        raise WrongFields({"/hourly_cost": "Enter an amount such as 120.00."}) from None


def _day(text: str) -> datetime | None:
    try:
        zone: ZoneInfo = reader_zone()
        return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC) if text else None
    except ValueError:
        return None
