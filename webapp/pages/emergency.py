"""Emergency access: who opened it and why, for auditors; opening it and giving it back, for administrators."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from core.errors import Conflict, InvalidInput
from webapp.accounts.emergency import MINUTES, EndEmergencyAccess, OpenEmergencyAccess, occasions, open_occasion
from webapp.auth import browser_log_in
from webapp.errors import status_of
from webapp.pages.blueprint import blueprint
from webapp.web import run, view


@blueprint.get("/emergency-access")
def emergency() -> str:
    """Everybody's, newest first, and one's own."""
    return _page()


def _page(error: InvalidInput | Conflict | None = None) -> str:
    browser_log_in()
    with view() as reading:
        found, mine, now = occasions(reading), open_occasion(reading, reading.actor.id), reading.clock.now()
    reason = request.form.get("reason", "")
    return render_template(
        "accounts/emergency.html", occasions=found, mine=mine, now=now, minutes=MINUTES, error=error, reason=reason
    )


@blueprint.post("/emergency-access")
def open_emergency() -> Response | tuple[str, int]:
    """See everything for a while, with a reason."""
    browser_log_in()
    minutes = request.form.get("minutes", type=int) or 0
    try:
        run(OpenEmergencyAccess(reason=request.form.get("reason", ""), minutes=minutes))
    except (InvalidInput, Conflict) as error:
        return _page(error), status_of(error)
    flash("Emergency access is open. Auditors see that, and why.")
    return redirect(url_for("pages.emergency"))


@blueprint.post("/emergency-access/end")
def end_emergency() -> Response:
    """Give it back."""
    browser_log_in()
    run(EndEmergencyAccess())
    flash("Emergency access is ended.")
    return redirect(url_for("pages.account"))
