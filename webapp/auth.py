"""Who sent this request: a browser that is logged in, or a program with a token; and the way in and out."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

import flask_login
from flask import Blueprint, Flask, current_app, flash, g, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response

from core.errors import Forbidden, Unauthenticated
from core.identity import SYSTEM, Actor
from webapp import refusals
from webapp.accounts import queries
from webapp.accounts.logins import (
    EndLogIn,
    NoteFailure,
    StartLogIn,
    TooManyAttempts,
    WrongCredentials,
    check_not_locked,
    code_keys,
    failure_keys,
)
from webapp.accounts.passwords import is_right
from webapp.accounts.second_factor import SpendCode, WrongCode, has_second_factor
from webapp.accounts.tokens import NoteTokenUse
from webapp.modules import without

if TYPE_CHECKING:
    from webapp.bootstrap import Application

PUBLIC = {
    *(
        "auth.log_in",
        "auth.enter_code",
        "static",
        "assets.static",
        "api.openapi",
        "health.healthz",
        "health.readyz",
        "health.metrics",
    ),
    *("answers.offer", "answers.answer", "answers.paper"),  # a signed link is the right
    *("portal.ticket", "portal.reply"),  # the same
    *("portal.ticket_form", "portal.send_ticket"),  # a form for everybody, where a setting allows it
    *("shared.opened", "shared.fetch"),  # and here
    "pages.calendar_feed",  # its address is the secret
}
TOKEN_USE_KEPT = timedelta(minutes=10)  # how exact the time of a token's last use is
HALF_WAY = "half_way"  # in the session: who typed the right pass-word and is asked for a code
HALF_WAY_LASTS = 600  # seconds

blueprint = Blueprint("auth", __name__)


class LoggedInUser(flask_login.UserMixin):  # type: ignore[misc]  # Flask-Login 0.6 has no types
    """What Flask-Login holds for a request: the log-in and whose it is."""

    def __init__(self, log_in_id: str, actor: Actor) -> None:
        self.id = log_in_id
        self.actor = actor


def register(app: Flask) -> None:
    """Let nobody in but those with a log-in or a token, except to what is public."""
    manager = flask_login.LoginManager(app)
    manager.session_protection = None  # the log-in's row decides, not the browser's address
    manager.user_loader(_user_of_log_in)
    app.before_request(_guard)
    app.register_blueprint(blueprint)


def _guard() -> None:
    if request.endpoint is not None and request.endpoint not in PUBLIC:
        current_actor()


def current_actor() -> Actor:
    """Whoever sent this request. Raises `Unauthenticated`."""
    actor = maybe_actor()
    if actor is None:
        raise Unauthenticated("Log in first, or send a valid token.")
    return actor


def maybe_actor() -> Actor | None:
    """Whoever sent this request, None when nobody is logged in. Raises `Unauthenticated` for an invalid token."""
    if "actor" not in g:
        actor = _actor_of_token() if has_token() else _actor_of_browser()
        g.actor = without(_application().settings, actor) if actor is not None else None
    return cast("Actor | None", g.actor)


def has_token() -> bool:
    """Whether the request comes with a token; its cookies count for nothing then."""
    return "Authorization" in request.headers


def browser_log_in() -> str:
    """The id of the log-in of this browser, for what no program may do with a token. Raises `Forbidden`."""
    user = flask_login.current_user
    if has_token() or not isinstance(user, LoggedInUser):
        raise Forbidden("This is for people who are logged in with a browser; a token cannot do it.")
    return str(user.id)


def _actor_of_browser() -> Actor | None:
    user = flask_login.current_user
    return user.actor if isinstance(user, LoggedInUser) else None


def _actor_of_token() -> Actor:
    authorization = request.authorization
    token = authorization.token if authorization is not None and authorization.type == "bearer" else None
    if not token:
        raise Unauthenticated("The Authorization header must be: Bearer, a space, and a token.")
    with _application().units.reading(SYSTEM) as view:
        use = queries.token_use(view, token, request.remote_addr)
        now = view.clock.now()
    if use is None:
        refusals.note_token()
        raise Unauthenticated("The token is not valid: it is unknown, expired or revoked.")
    if use.used_at is None or use.used_at < now - TOKEN_USE_KEPT:
        _application().executor.execute(NoteTokenUse(token_id=use.id), actor=SYSTEM)
    return use.actor


def _user_of_log_in(log_in_id: str) -> LoggedInUser | None:
    with _application().units.reading(SYSTEM) as view:
        actor = queries.actor_of_log_in(view, log_in_id, request.remote_addr)
    return None if actor is None else LoggedInUser(log_in_id, actor)


def _application() -> Application:
    return cast("Application", current_app.extensions["obieg"])


@blueprint.route("/login", methods=["GET", "POST"])
def log_in() -> Any:
    """Show the log-in page, or check what was typed into it."""
    target = safe_target(request.values.get("next"))
    if request.method == "GET":
        return redirect(target) if maybe_actor() else _page(target, "", None)
    name = request.form.get("name", "").strip().lower()
    try:
        account_id = check_password(name, request.form.get("password", ""))
    except (WrongCredentials, TooManyAttempts) as error:
        return _page(target, name, error)
    with _application().units.reading(SYSTEM) as view:
        asks_for_code = has_second_factor(view, account_id)
    session.clear()  # what an attacker may have planted before must not survive
    if asks_for_code:
        session[HALF_WAY] = {"name": name, "account": account_id, "since": _seconds()}
        return redirect(url_for("auth.enter_code", next=None if target == "/" else target))
    open_session(name, account_id)
    return redirect(target)


@blueprint.route("/login/code", methods=["GET", "POST"])
def enter_code() -> Any:
    """Ask whoever typed the right pass-word for the code of their second device."""
    target = safe_target(request.values.get("next"))
    half = session.get(HALF_WAY)
    if half is None or half["since"] < _seconds() - HALF_WAY_LASTS:
        session.pop(HALF_WAY, None)
        return redirect(url_for("auth.log_in", next=None if target == "/" else target))
    if request.method == "GET":
        return _code_page(target, None)
    try:
        check_code(half["name"], half["account"], request.form.get("code", ""))
    except (WrongCode, TooManyAttempts) as error:
        return _code_page(target, error)
    session.clear()
    open_session(half["name"], half["account"])
    return redirect(target)


def check_code(name: str, account_id: str, code: str) -> None:
    """Use up a code. Raises `WrongCode`, `TooManyAttempts`."""
    execute = _application().executor.execute
    keys = code_keys(account_id, request.remote_addr)
    with _application().units.reading(SYSTEM) as view:
        try:
            check_not_locked(view, keys)
        except TooManyAttempts as error:
            refusals.note_log_in(name, error.code)
            raise
        actor = queries.account_named(view, name).actor(request.remote_addr)
    try:
        execute(SpendCode(account_id=account_id, code=code), actor=actor)
    except WrongCode as error:
        execute(NoteFailure(keys=keys), actor=SYSTEM)
        refusals.note_log_in(name, error.code)
        raise


def check_password(name: str, password: str) -> str:
    """The id of the account that this pass-word opens. Raises `WrongCredentials`, `TooManyAttempts`."""
    execute = _application().executor.execute
    keys = failure_keys(name, request.remote_addr)
    with _application().units.reading(SYSTEM) as view:
        known = queries.credentials(view, name)
        try:
            check_not_locked(view, keys)
        except TooManyAttempts as error:
            refusals.note_log_in(name if known else None, error.code)
            raise
    if not is_right(password, known[1] if known else None) or known is None:
        execute(NoteFailure(keys=keys), actor=SYSTEM)
        refusals.note_log_in(name if known else None, WrongCredentials.code)
        raise WrongCredentials("Name or password is wrong.")
    return known[0]


def open_session(name: str, account_id: str) -> None:
    """Log the browser in."""
    with _application().units.reading(SYSTEM) as view:
        actor = queries.account_named(view, name).actor(request.remote_addr)
    forgiven = (failure_keys(name, None)[0][1], code_keys(account_id, None)[0][1])
    command = StartLogIn(
        account_id=account_id, keys=forgiven, address=request.remote_addr, browser=request.user_agent.string
    )
    log_in_id = _application().executor.execute(command, actor=actor)
    flask_login.login_user(LoggedInUser(log_in_id, actor))


@blueprint.post("/logout")
def log_out() -> Response:
    """End the log-in on the server and in the browser."""
    user = flask_login.current_user
    if isinstance(user, LoggedInUser):
        _application().executor.execute(EndLogIn(log_in_id=user.id), actor=user.actor)
    flask_login.logout_user()
    session.clear()
    flash("You are logged out.")
    return redirect(url_for("auth.log_in"))


def _seconds() -> int:
    return int(_application().clock.now().timestamp())


def _code_page(target: str, error: WrongCode | TooManyAttempts | None) -> Any:
    """The template `accounts/code.html` is given next (a hidden field) and error (a sentence or None)."""
    from webapp.errors import status_of  # late: errors redirect to this page

    body = render_template("accounts/code.html", next=target, error=None if error is None else error.sentence)
    return body if error is None else (body, status_of(error), _retry_after(error))


def _retry_after(error: Exception) -> dict[str, str]:
    return {"Retry-After": str(error.details["retry_after"])} if isinstance(error, TooManyAttempts) else {}


def _page(target: str, name: str, error: WrongCredentials | TooManyAttempts | None) -> Any:
    """The template `login.html` is given next (a hidden field), name (as typed) and error (a sentence or None)."""
    from webapp.errors import status_of  # late: errors redirect to this page

    sentence = None if error is None else error.sentence
    body = render_template("login.html", next=target, name=name, error=sentence)
    if error is None:
        return body
    return body, status_of(error), _retry_after(error)


def safe_target(wanted: str | None) -> str:
    """An address of this site to go on to; anything else becomes the front page."""
    if not wanted or not wanted.startswith("/") or wanted.startswith(("//", "/\\")):
        return "/"
    if any(ord(character) < 0x20 for character in wanted):  # browsers drop tabs and line breaks
        return "/"
    parts = urlsplit(wanted)
    return "/" if parts.scheme or parts.netloc or parts.path.startswith("/log") else wanted
