"""What one is told."""

from __future__ import annotations

from pydantic import Field

from core.records import dataclass
from crm.paging import Part
from crm.planning import notifications as crm_notifications
from crm.planning.notifications import Notification, ReadNotifications, SetWish, SnoozeNotification
from webapp.api.routing import Body, Routes
from webapp.web import run, view

routes = Routes("notifications")


@dataclass(frozen=True, slots=True, kw_only=True)
class Marked:
    """How many notifications were not read before."""

    marked: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """Whether reminders come by mail, too, and a summary of tasks every working day."""

    by_mail: bool
    has_digest: bool


class PageQuery(Body):
    """Page by page."""

    after: str | None = None
    limit: int = Field(default=50, ge=1, le=200)


class ReadBody(Body):
    """Which ones; all that are shown where none is named."""

    ids: list[str] = Field(default_factory=list, max_length=200)


class SnoozeBody(Body):
    """For how long."""

    minutes: int = Field(ge=1, le=86_400)


class WishBody(Body):
    """Whether reminders are sent by mail, too, and a summary of tasks; it stays as it is where nothing is said."""

    by_mail: bool
    has_digest: bool | None = None


@routes.get(
    "/notifications",
    "One's own notifications, newest first",
    query=PageQuery,
    answer=Part[Notification],
    refusals=(422,),
)
def notifications(query: PageQuery) -> Part[Notification]:
    """List notifications."""
    with view() as reading:
        return crm_notifications.notifications(reading, after=query.after, limit=query.limit)


@routes.post("/notifications/read", "Mark notifications as read, all or these", body=ReadBody, answer=Marked)
def read_notifications(body: ReadBody) -> Marked:
    """Mark as read."""
    return Marked(marked=run(ReadNotifications(notifications=tuple(body.ids))))


@routes.post(
    "/notifications/<id:notification_id>/snooze",
    "Be told of it again later",
    body=SnoozeBody,
    answer=Marked,
    refusals=(404, 422),
)
def snooze(notification_id: str, body: SnoozeBody) -> Marked:
    """Put one off."""
    run(SnoozeNotification(notification_id=notification_id, minutes=body.minutes))
    return Marked(marked=1)


@routes.post("/notifications/wish", "Have reminders sent by mail, too, or not", body=WishBody, answer=Wish)
def wish(body: WishBody) -> Wish:
    """Set the wish."""
    run(SetWish(by_mail=body.by_mail, has_digest=body.has_digest))
    with view() as reading:
        by_mail, has_digest = crm_notifications.wish_of(reading)
    return Wish(by_mail=by_mail, has_digest=has_digest)
