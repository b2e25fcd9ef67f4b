"""Calendars by day, and as iCalendar for other programs."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import Response
from pydantic import Field

from audit.giving import GiveOut
from crm.planning import feeds as crm_feeds
from crm.planning.calendar import CalendarFilter, Days, days
from crm.planning.feeds import Feed, MadeFeed, MakeFeed, RevokeFeed
from crm.planning.icalendar_files import one_activity
from webapp.accounts.queries import members
from webapp.api.routing import Body, Routes
from webapp.api.shapes import Done
from webapp.web import run, view

routes = Routes("calendar")


class CalendarQuery(Body):
    """From `first` to before `last`; `people` with commas, or a `group`, or a `resource`; else everybody's."""

    first: date
    last: date
    zone: str = Field(default="Europe/Warsaw", max_length=64)
    people: str = Field(default="", max_length=2000)
    group: str | None = Field(default=None, max_length=64)
    resource: str | None = Field(default=None, max_length=26)
    type: str | None = None
    priority: str | None = None
    method: str | None = None
    status: str | None = None


class FeedBody(Body):
    """For which program."""

    label: str = Field(max_length=200)


@routes.get("/calendar", "The activities of a span by day", query=CalendarQuery, answer=Days, refusals=(403, 422))
def calendar(query: CalendarQuery) -> Days:
    """Show a calendar."""
    with view() as reading:
        values: dict[str, Any] = query.model_dump(exclude={"people", "group"})
        people = tuple(each.strip() for each in query.people.split(",") if each.strip())
        if query.group:
            people = members(reading, query.group)
        return days(reading, CalendarFilter(**values, people=people))


@routes.get(
    "/activities/<id:activity_id>/calendar",
    "One activity as an iCalendar file",
    media="text/calendar",
    refusals=(403, 404),
)
def activity_file(activity_id: str) -> Response:
    """Give out one activity."""
    with view() as reading:
        content = one_activity(reading, activity_id)
    run(GiveOut(what="activity", form="ics", subject=activity_id))
    named = {"Content-Disposition": f'attachment; filename="{activity_id}.ics"'}
    return Response(content, mimetype="text/calendar", headers=named)


@routes.get("/calendar-feeds", "One's own feeds", answer=list[Feed])
def feeds() -> list[Feed]:
    """List feeds."""
    with view() as reading:
        return crm_feeds.feeds(reading)


@routes.post(
    "/calendar-feeds",
    "Make an address that calendar programs read",
    body=FeedBody,
    answer=MadeFeed,
    status=201,
    refusals=(403, 422),
)
def make_feed(body: FeedBody) -> MadeFeed:
    """Make a feed."""
    made: MadeFeed = run(MakeFeed(label=body.label))
    return made


@routes.post("/calendar-feeds/<id:feed_id>/revoke", "Take an address back", answer=Done, refusals=(404,))
def revoke_feed(feed_id: str) -> Done:
    """Revoke a feed."""
    run(RevokeFeed(feed_id=feed_id))
    return Done()
