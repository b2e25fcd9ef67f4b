"""Accounts of everybody, for who administers them: roles and what they bring, log-ins, tokens, second factors."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from audit.reads.exports import MASS, SetMassExport, rows_for_anybody
from audit.reads.exports import MOST as MOST_ROWS
from core.errors import DomainError, Forbidden, InvalidInput
from webapp.accounts.emergency import with_emergency_access
from webapp.accounts.logins import EndLogIn
from webapp.accounts.particulars import particulars, people
from webapp.accounts.people import (
    ADMINISTER,
    AddAccount,
    CloseAccount,
    NameTaken,
    ReopenAccount,
    SetPassword,
    SetProfile,
    SetRoles,
)
from webapp.accounts.queries import actor_named
from webapp.accounts.roles import ROLE_PERMISSIONS
from webapp.accounts.second_factor import RemoveSecondFactor
from webapp.accounts.tokens import RevokeToken
from webapp.auth import browser_log_in
from webapp.errors import status_of
from webapp.explaining import explain
from webapp.pages.blueprint import asked, blueprint
from webapp.web import run, view

ACTIONS = {  # part of the address: the command, and what is said afterwards
    "close": (CloseAccount, "The account is closed: its log-ins ended, its tokens are revoked."),
    "reopen": (ReopenAccount, "The account is open again."),
    "second-factor": (RemoveSecondFactor, "The second factor is taken away; the password alone opens the account."),
}


@blueprint.get("/people")
def people_list() -> str:
    """Everybody who has an account."""
    return _list()


def _list(error: DomainError | None = None) -> str:
    with view() as reading:
        found, rows = people(reading, asked("q")), rows_for_anybody(reading)
    with_right = sorted(role for role, rights in ROLE_PERMISSIONS.items() if MASS in rights)
    return render_template(
        "accounts/people.html",
        people=found,
        q=asked("q"),
        roles=_roles(),
        error=error,
        rows=rows,
        most=MOST_ROWS,
        with_right=with_right,
    )


@blueprint.post("/people/mass-exports")
def set_mass_export() -> Response | tuple[str, int]:
    """Say from how many rows on an export needs a right of its own."""
    browser_log_in()
    try:
        run(SetMassExport(rows=request.form.get("rows", -1, type=int)))
    except InvalidInput as error:
        return _list(error), status_of(error)
    flash("It holds from the next file on; the log tells that you changed it.")
    return redirect(url_for("pages.people_list"))


@blueprint.post("/people")
def add_person() -> Response | tuple[str, int]:
    """Let somebody in."""
    browser_log_in()
    given = request.form
    command = AddAccount(
        name=given.get("name", ""),
        display_name=given.get("display_name", ""),
        roles=_chosen(),
        password=given.get("password") or None,
        email=given.get("email", "").strip() or None,
    )
    try:
        run(command)
    except (InvalidInput, NameTaken) as error:
        return _list(error), 422
    flash("The account is added.")
    return redirect(url_for("pages.person_page", name=command.name.strip().lower()))


@blueprint.get("/people/<name>")
def person_page(name: str) -> str:
    """One account, what it may do and by which roles, and why it sees a thing or not."""
    return _person(name)


def _person(name: str, error: DomainError | None = None) -> str:
    about = asked("about")
    with view() as reading:
        found = particulars(reading, name)
        asks = bool(about) and reading.actor.may(ADMINISTER)
        me = actor_named(reading, found.account.name)
    if asks:
        with view(with_emergency_access(me) if found.emergency_until else me) as theirs:
            why = explain(theirs, about)
    else:
        why = None
    return render_template("accounts/person.html", person=found, roles=_roles(), about=about, why=why, error=error)


@blueprint.post("/people/<name>/roles")
def set_roles(name: str) -> Response | tuple[str, int]:
    """Give exactly these roles."""
    browser_log_in()
    try:
        run(SetRoles(name=name, roles=_chosen()))
    except (InvalidInput, Forbidden) as error:
        return _person(name, error), status_of(error)
    flash("The roles are set; they hold from the next request on.")
    return redirect(url_for("pages.person_page", name=name))


@blueprint.post("/people/<name>/profile")
def set_profile(name: str) -> Response | tuple[str, int]:
    """Change the name that others see, and the address of mail."""
    browser_log_in()
    given = request.form
    try:
        run(SetProfile(name=name, display_name=given.get("display_name", ""), email=given.get("email")))
    except InvalidInput as error:
        return _person(name, error), 422
    flash("Name and address are saved.")
    return redirect(url_for("pages.person_page", name=name))


@blueprint.post("/people/<name>/password")
def set_password(name: str) -> Response | tuple[str, int]:
    """Give a new pass-word."""
    browser_log_in()
    try:
        run(SetPassword(name=name, password=request.form.get("password", "")))
    except InvalidInput as error:
        return _person(name, error), 422
    flash("The password is set; all browsers of the account are logged out.")
    return redirect(url_for("pages.person_page", name=name))


@blueprint.post("/people/<name>/<any(close, reopen, 'second-factor'):action>")
def change_account(name: str, action: str) -> Response:
    """Close or reopen an account, or take its second factor away."""
    browser_log_in()
    command, said = ACTIONS[action]
    run(command(name=name))
    flash(said)
    return redirect(url_for("pages.person_page", name=name))


@blueprint.post("/people/<name>/log-ins/<log_in_id>/end")
def end_log_in_of(name: str, log_in_id: str) -> Response:
    """Log a browser out."""
    browser_log_in()
    run(EndLogIn(log_in_id=log_in_id))
    return redirect(url_for("pages.person_page", name=name))


@blueprint.post("/people/<name>/tokens/<token_id>/revoke")
def revoke_token_of(name: str, token_id: str) -> Response:
    """Make a token useless."""
    browser_log_in()
    run(RevokeToken(token_id=token_id))
    return redirect(url_for("pages.person_page", name=name))


def _roles() -> list[str]:
    return sorted(ROLE_PERMISSIONS)


def _chosen() -> frozenset[str]:
    more = request.form.get("more", "").replace(",", " ").split()
    return frozenset([*request.form.getlist("roles"), *more])
