"""How far the rights of roles reach, and who is in which team, for who administers accounts."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from core.errors import Conflict, DomainError, Forbidden, InvalidInput, NotFound
from webapp.accounts.limits import SCOPED, SCOPES
from webapp.accounts.queries import accounts
from webapp.accounts.scopes import ChangeTeam, DropTeam, SetScopes, SetTeam, roles, teams
from webapp.auth import browser_log_in
from webapp.errors import status_of
from webapp.pages.blueprint import blueprint
from webapp.web import run, view

REACHES = {  # rights, as the page calls what they are about
    "customer.read": "See customers",
    "customer.edit": "Change customers",
    "offer.edit": "Offers and orders",
    "invoice.edit": "Invoices",
    "payment.edit": "Payments",
    "activity.edit": "Activities",
}


@blueprint.get("/scopes")
def scopes() -> str:
    """Roles with the reach of their rights, and teams with their people."""
    return _page()


def _page(error: DomainError | None = None) -> str:
    browser_log_in()
    with view() as reading:
        known, there = roles(reading), teams(reading)
        people = [each for each in accounts(reading) if each.is_active]
    limited = [each for each in known if each.scopes]
    placed = {name: team.name for team in there for name in team.people}
    return render_template(
        "accounts/scopes.html",
        roles=limited,
        teams=there,
        departments=[each for each in there if each.department is None],
        people=people,
        placed=placed,
        titles={each.name: each.title for each in there},
        names={each.name: each.display_name for each in people},
        reaches=REACHES,
        scopes=SCOPES,
        error=error,
    )


@blueprint.post("/scopes/roles/<role>")
def set_scopes(role: str) -> Response | tuple[str, int]:
    """Say how far the rights of a role reach."""
    given = {right: request.form[right] for right in SCOPED if right in request.form}
    return _done(SetScopes(role=role, scopes=given), "The reach is set; it holds from the next request on.")


@blueprint.post("/scopes/teams")
def set_team() -> Response | tuple[str, int]:
    """Found a team, or change its title and department."""
    form = request.form
    name, title = form.get("name", "").strip(), form.get("title", "")
    named = {key: form.get(key) or None for key in ("department", "head")}
    return _done(SetTeam(name=name, title=title, **named), "The team is set.")


@blueprint.post("/scopes/teams/<name>/drop")
def drop_team(name: str) -> Response | tuple[str, int]:
    """Give up a team that is empty."""
    return _done(DropTeam(name=name), "The team is given up.")


@blueprint.post("/scopes/people")
def change_team() -> Response | tuple[str, int]:
    """Put somebody into a team, or into none."""
    form = request.form
    command = ChangeTeam(account=form.get("account", ""), team=form.get("team") or None)
    return _done(command, "The team is changed; it holds from the next request on.")


def _done(command: SetScopes | SetTeam | DropTeam | ChangeTeam, said: str) -> Response | tuple[str, int]:
    browser_log_in()
    try:
        run(command)
    except (InvalidInput, Forbidden, Conflict, NotFound) as error:
        return _page(error), status_of(error)
    flash(said)
    return redirect(url_for("pages.scopes"))
