"""Who does whose tasks while they are away: arranging it for oneself, or as an administrator for others."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from core.errors import Conflict, Forbidden, InvalidInput, NotFound
from engine.queries import definitions
from webapp.accounts.people import ADMINISTER
from webapp.accounts.queries import account_named, accounts
from webapp.accounts.substitutions import ArrangeSubstitution, EndSubstitution, substitutions
from webapp.auth import browser_log_in
from webapp.errors import status_of
from webapp.inbox.looks import end_of_day
from webapp.pages.blueprint import blueprint
from webapp.pages.formats import reader_zone, words
from webapp.web import current_actor, run, view

USUAL = timedelta(days=13)  # from the first to the last day of what the form proposes


@blueprint.get("/substitutions")
def substitution_list() -> str:
    """What is arranged, and the form for more."""
    return _page()


def _page(error: InvalidInput | Conflict | Forbidden | NotFound | None = None) -> str:
    me = current_actor()
    administers = me.may(ADMINISTER)
    with view() as reading:
        arranged = substitutions(reading, everybody=administers)
        people = [each for each in accounts(reading) if each.is_active and each.actor().may("task.work")]
        roles = [(each, words(each)) for each in sorted(account_named(reading, me.id).roles)]
        processes = {each.key: each.name for each in definitions(reading) if each.kind == "process"}
        now = reading.clock.now()
    today = now.astimezone(reader_zone()).date()
    return render_template(
        "accounts/substitutions.html",
        arranged=arranged,
        people=people,
        roles=roles,
        processes=processes,
        given=request.form,
        chosen={name: request.form.getlist(name) for name in ("roles", "processes")},
        days=(today, today + USUAL),
        now=now,
        administers=administers,
        error=error,
    )


@blueprint.post("/substitutions")
def arrange() -> Response | tuple[str, int]:
    """Arrange one from the first until the end of the last day, in the reader's zone."""
    browser_log_in()
    given, zone = request.form, reader_zone()
    try:
        first, last = (_day(name) for name in ("first", "last"))
        begins = datetime.combine(first, datetime.min.time(), zone)
        command = ArrangeSubstitution(
            deputy=given.get("deputy", ""),
            starts_at=begins,
            ends_at=end_of_day(datetime.combine(last, datetime.min.time(), zone), zone),
            person=given.get("person") or None,
            roles=frozenset(given.getlist("roles")),
            processes=frozenset(given.getlist("processes")),
        )
        run(command)
    except (InvalidInput, Conflict, Forbidden, NotFound) as error:
        return _page(error), status_of(error)
    flash("It is arranged.")
    return redirect(url_for("pages.substitution_list"))


@blueprint.post("/substitutions/<id:substitution_id>/end")
def end_substitution(substitution_id: str) -> Response:
    """End one before its time."""
    browser_log_in()
    run(EndSubstitution(substitution_id=substitution_id))
    flash("It is ended.")
    return redirect(url_for("pages.substitution_list"))


def _day(name: str) -> date:
    """A day of the form. Raises `InvalidInput`."""
    text = request.form.get(name, "").strip()
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise InvalidInput(f"{text or 'Nothing'} is no day.", fields={f"/{name}": "a day"}) from error
