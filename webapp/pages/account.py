"""One's own account: pass-word, second factor, browsers that are logged in, tokens for programs."""

from __future__ import annotations

from datetime import timedelta

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from core.errors import InvalidInput
from core.identity import SYSTEM
from documents.qr_code import qr_code
from webapp.accounts.logins import EndLogIn, EndOtherLogIns, NoteFailure, check_not_locked, failure_keys
from webapp.accounts.particulars import particulars
from webapp.accounts.people import ChangePassword, WrongPassword
from webapp.accounts.second_factor import (
    BeginSecondFactor,
    ConfirmSecondFactor,
    RemoveSecondFactor,
    WrongCode,
    enrolment,
)
from webapp.accounts.tokens import CreateToken, RevokeToken
from webapp.auth import browser_log_in, check_code
from webapp.pages.blueprint import blueprint
from webapp.web import current_actor, run, run_as, view

LIFETIMES = {"30": "30 days", "90": "90 days", "365": "a year", "": "until it is revoked"}


@blueprint.get("/account")
def account() -> str:
    """What one has, and what one can do to it."""
    return _page()


def _page(error: InvalidInput | None = None, token: str | None = None) -> str:
    here = browser_log_in()
    with view() as reading:
        mine = particulars(reading, current_actor().id)
    return render_template("accounts/account.html", mine=mine, here=here, error=error, token=token, lifetimes=LIFETIMES)


@blueprint.post("/account/password")
def change_password() -> Response | tuple[str, int]:
    """Change one's own pass-word; other browsers are logged out."""
    here, keys = browser_log_in(), failure_keys(current_actor().id, request.remote_addr)
    with view() as reading:
        check_not_locked(reading, keys)
    given = request.form
    if given.get("password", "") != given.get("again", ""):
        return _page(InvalidInput("The new password was typed in two ways; nothing was changed.")), 422
    try:
        run(ChangePassword(current=given.get("current", ""), password=given.get("password", ""), kept_log_in=here))
    except InvalidInput as error:
        if isinstance(error, WrongPassword):
            run_as(SYSTEM, NoteFailure(keys=keys))
        return _page(error), 422
    flash("Your password is changed; other browsers are logged out.")
    return redirect(url_for("pages.account"))


@blueprint.post("/account/second-factor")
def begin_second_factor() -> Response:
    """Make a secret for one's device, to be confirmed."""
    browser_log_in()
    run(BeginSecondFactor())
    return redirect(url_for("pages.second_factor"))


@blueprint.get("/account/second-factor")
def second_factor() -> str | Response:
    """Show the secret that waits for its confirmation."""
    return _enrolment_page()


def _enrolment_page(error: InvalidInput | None = None) -> str | Response:
    browser_log_in()
    with view() as reading:
        waiting = enrolment(reading)
    if waiting is None:
        return redirect(url_for("pages.account"))
    code = qr_code(waiting.address)
    return render_template("accounts/second_factor.html", secret=waiting.secret, code=code, error=error)


@blueprint.post("/account/second-factor/confirm")
def confirm_second_factor() -> str | Response | tuple[str | Response, int]:
    """See a code of the device; the recovery codes are shown once."""
    browser_log_in()
    try:
        codes = run(ConfirmSecondFactor(code=request.form.get("code", "")))
    except WrongCode as error:
        return _enrolment_page(error), 422
    return render_template("accounts/recovery_codes.html", codes=codes)


@blueprint.post("/account/second-factor/remove")
def remove_second_factor() -> Response | tuple[str, int]:
    """Take one's second factor away, after a code of it."""
    browser_log_in()
    with view() as reading:
        mine = particulars(reading, current_actor().id)
    try:
        check_code(mine.account.name, mine.account.id, request.form.get("code", ""))  # who guesses has to wait
    except WrongCode as error:
        return _page(error), 422
    run(RemoveSecondFactor(name=current_actor().id))
    flash("Log-ins ask for your password alone again.")
    return redirect(url_for("pages.account"))


@blueprint.post("/account/log-ins/<log_in_id>/end")
def end_log_in(log_in_id: str) -> Response:
    """Log out one browser."""
    browser_log_in()
    run(EndLogIn(log_in_id=log_in_id))
    return redirect(url_for("pages.account"))


@blueprint.post("/account/log-ins/end")
def end_other_log_ins() -> Response:
    """Log out all other browsers."""
    ended = run(EndOtherLogIns(kept=browser_log_in()))
    flash(f"{ended} other browsers are logged out." if ended != 1 else "One other browser is logged out.")
    return redirect(url_for("pages.account"))


@blueprint.post("/account/tokens")
def create_token() -> str | tuple[str, int]:
    """Make a token; the page that answers is the only one that shows it."""
    browser_log_in()
    given = request.form
    days = given.get("days", "")
    command = CreateToken(
        name=current_actor().id,
        label=given.get("label", "").strip() or "token",
        lifetime=timedelta(days=int(days)) if days in LIFETIMES and days else None,
        scopes=None if given.get("limited") != "yes" else frozenset(given.getlist("scopes")),
    )
    try:
        made = run(command)
    except InvalidInput as error:
        return _page(error), 422
    return _page(token=made.token)


@blueprint.post("/account/tokens/<token_id>/revoke")
def revoke_token(token_id: str) -> Response:
    """Make a token useless at once."""
    browser_log_in()
    run(RevokeToken(token_id=token_id))
    flash("The token is revoked.")
    return redirect(url_for("pages.account"))
