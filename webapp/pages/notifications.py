"""What one is told: the bell's number, the list, reading and putting off."""

from __future__ import annotations

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from crm.planning import notifications as planning
from crm.planning.notifications import ReadNotifications, SetWish, SnoozeNotification
from webapp.pages.blueprint import MOST, answer, asked, blueprint
from webapp.web import run, view


@blueprint.get("/notifications")
def notifications() -> str:
    """One's own notifications, newest first."""
    with view() as reading:
        found = planning.notifications(reading, after=asked("after") or None, limit=MOST)
        by_mail, has_digest = planning.wish_of(reading)
    return answer(
        "planning/notifications.html",
        "planning/notification_rows.html",
        notifications=found,
        by_mail=by_mail,
        has_digest=has_digest,
    )


@blueprint.get("/notifications/count")
def notification_count() -> str:
    """The number beside the bell."""
    with view() as reading:
        count = planning.unread(reading)
    return render_template("planning/notification_count.html", count=count)


@blueprint.post("/notifications/read")
def read_notifications() -> Response:
    """Mark one or all as read."""
    run(ReadNotifications(notifications=tuple(request.form.getlist("id"))))
    return redirect(url_for("pages.notifications"))


@blueprint.post("/notifications/<id:notification_id>/snooze")
def snooze_notification(notification_id: str) -> Response:
    """Put one off."""
    minutes = request.form.get("minutes", "")
    run(SnoozeNotification(notification_id=notification_id, minutes=int(minutes) if minutes.isdecimal() else 0))
    return redirect(url_for("pages.notifications"))


@blueprint.post("/notifications/wish")
def set_wish() -> Response:
    """Have them by mail, too, or not."""
    run(SetWish(by_mail="by_mail" in request.form, has_digest="has_digest" in request.form))
    return redirect(url_for("pages.notifications"))
