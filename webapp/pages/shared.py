"""Where people outside fetch a document that was shared with them: no log-in, a secret link, sometimes a password."""

from flask import Blueprint, Flask, render_template, request
from werkzeug.wrappers import Response

from core.identity import SYSTEM
from documents.sharing.links import OpenShare, ShareClosed, by_link, opening
from webapp.content import send_version
from webapp.errors import status_of
from webapp.outbox.limits import RateLimit
from webapp.refusals import note_address
from webapp.web import application, blobs, run_as, view

LOOKS, TRIES = RateLimit(60), RateLimit(20)  # a minute, from one address
WRONG = "This is not the password. Ask whoever sent you the link."
shared = Blueprint("shared", __name__, url_prefix="/shared")


def register(app: Flask) -> None:
    """Serve the page to whoever has a link."""
    app.register_blueprint(shared)


@shared.get("/<token>")
def opened(token: str) -> str | tuple[str, int]:
    """What there is to fetch. Programs that look at links in mails fetch nothing by it."""
    _slow_down(LOOKS)
    try:
        return _page(token)
    except ShareClosed as error:
        return _closed(error)


@shared.post("/<token>")
def fetch(token: str) -> Response | str | tuple[str, int]:
    """The content; that it was fetched, or that the password was wrong, is in the trail."""
    _slow_down(TRIES)
    try:
        order = OpenShare(token=token, password=request.form.get("password", ""))
        found = run_as(by_link(request.remote_addr), order)
        return _page(token, WRONG) if found is None else send_version(found, blobs())
    except ShareClosed as error:
        return _closed(error)


def _page(token: str, fault: str | None = None) -> str | tuple[str, int]:
    with view(SYSTEM) as reading:
        found = opening(reading, token)
    page = render_template("shared.html", found=found, token=token, fault=fault)
    return (page, 403) if fault else page


def _closed(error: ShareClosed) -> tuple[str, int]:
    """Nothing more than that; the trail hears that somebody came with it."""
    note_address(None, error.code)
    return render_template("shared_closed.html", sentence=error.sentence), status_of(error)


def _slow_down(limit: RateLimit) -> None:
    """Raises `TooManyRequests`."""
    limit.check(request.remote_addr or "", application().clock.now())
