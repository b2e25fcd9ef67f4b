"""The calendar page, what it shows, and one's addresses for calendar programs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from http import HTTPStatus
from typing import Any

from flask import Response, jsonify, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response as Answer

from audit.giving import GiveOut
from core.identity import SYSTEM, Actor
from crm.access import may_read
from crm.activities.words import METHOD, PRIORITIES, REASON, TYPE
from crm.dictionaries import dictionary, label
from crm.errors import WrongFields
from crm.planning.calendar import BUSY, CalendarFilter, Days, Entry, days
from crm.planning.errors import FeedNotFound
from crm.planning.feeds import MakeFeed, RevokeFeed, feeds, owner_of
from crm.planning.icalendar_files import my_calendar, one_activity
from crm.planning.resources import resources
from engine.feel.calendar import calendar as firm_calendar
from engine.queries import TaskFilter, tasks
from storage.unit_of_work import Reading
from webapp.accounts.queries import account_named, actor_named, members
from webapp.accounts.roles import ROLE_PERMISSIONS
from webapp.pages.blueprint import asked, blueprint
from webapp.pages.formats import reader_zone
from webapp.pages.shell import names
from webapp.refusals import note_address
from webapp.team import team_of
from webapp.web import current_actor, run, run_as, view

HUES = 8  # colours of types, see calendar.css
TASKS = 100  # tasks of a span
EVERYBODY = "*"
GROUP = "group:"
TEAM = "team"  # oneself and the people whom one leads
NEW = "calendar_feed"  # the session's key of a new address, shown once


@blueprint.get("/calendar")
def calendar() -> str:
    """The frame that the script fills; without scripts, the list of activities is there."""
    with view() as reading:
        values: dict[str, Any] = {
            "offered": resources(reading),
            "types": _labels(reading, TYPE),
            "methods": _labels(reading, METHOD),
            "reasons": _labels(reading, REASON),
        }
    hours = firm_calendar()
    return render_template(
        "planning/calendar.html",
        **values,
        roles=sorted(ROLE_PERMISSIONS),
        priorities=PRIORITIES,
        colleagues={key: name for key, name in names().items() if key != SYSTEM.id},
        whose=asked("whose") or current_actor().id,
        opens=f"{hours.opens:%H:%M}",
        closes=f"{hours.closes:%H:%M}",
        hues=_hues(values["types"]),
    )


@blueprint.get("/calendar/events")
def calendar_events() -> Response:
    """What the script asks for: activities, open tasks by their due day, and how many more a day has."""
    first, last = _day("start"), _day("end")
    whose = asked("whose") or current_actor().id
    with view() as reading:
        wanted = CalendarFilter(
            first=first,
            last=last,
            zone=reader_zone().key,
            people=_people(reading, whose),
            **{name: asked(name) or None for name in ("resource", "type", "priority", "method")},
        )
        shown = days(reading, wanted)
        hues = _hues(_labels(reading, TYPE))
        called = names()
        due = [] if wanted.resource else _tasks(reading, wanted, called)
    may_move = current_actor().may("activity.edit")
    events = [_event(each, hues, called, whose, may_move=may_move) for each in shown.entries]
    return jsonify([*events, *due, *_more(shown, whose)])


@blueprint.get("/calendar/feeds")
def calendar_feeds() -> str:
    """One's own addresses, and a new one this once."""
    with view() as reading:
        found = feeds(reading)
    return render_template("planning/feeds.html", feeds=found, made=session.pop(NEW, None))


@blueprint.post("/calendar/feeds")
def make_calendar_feed() -> Answer:
    """Make an address, and show it on the next page."""
    made = run(MakeFeed(label=request.form.get("label", "")))
    session[NEW] = url_for("pages.calendar_feed", secret=made.secret, _external=True)
    return redirect(url_for("pages.calendar_feeds"))


@blueprint.post("/calendar/feeds/<id:feed_id>/revoke")
def revoke_calendar_feed(feed_id: str) -> Answer:
    """Take an address back."""
    run(RevokeFeed(feed_id=feed_id))
    return redirect(url_for("pages.calendar_feeds"))


@blueprint.get("/calendar/feeds/<secret>.ics")
def calendar_feed(secret: str) -> Answer:
    """A person's calendar for whoever knows the address, with the rights that the person has by now."""
    try:
        actor, content = _read_by_address(secret)
    except FeedNotFound as error:
        note_address(error.account, error.code)
        raise
    answer = Response(content, mimetype="text/calendar", headers={"Cache-Control": "private, no-cache"})
    answer.add_etag()
    answer.make_conditional(request)
    if answer.status_code == HTTPStatus.OK:  # a program that has it already gets nothing
        run_as(actor, GiveOut(what="calendar", form="ics", subject=actor.id))
    return answer


@blueprint.get("/activities/<id:activity_id>.ics")
def activity_calendar(activity_id: str) -> Response:
    """One activity, to be opened in a calendar program."""
    with view() as reading:
        content = one_activity(reading, activity_id)
    run(GiveOut(what="activity", form="ics", subject=activity_id))
    named = {"Content-Disposition": f'attachment; filename="{activity_id}.ics"'}
    return Response(content, mimetype="text/calendar", headers=named)


def _read_by_address(secret: str) -> tuple[Actor, bytes]:
    """Whose calendar it is, and the calendar. Raises `FeedNotFound`, also when that person may not read it any more."""
    with view(SYSTEM) as reading:
        name = owner_of(reading, secret)
        account = account_named(reading, name)
        actor = actor_named(reading, name, request.remote_addr)
    if not account.is_active or not may_read(actor):
        raise FeedNotFound(name)
    with view(actor) as reading:
        return actor, my_calendar(reading)


def _people(reading: Reading, whose: str) -> tuple[str, ...]:
    if whose == EVERYBODY:
        return ()
    if whose == TEAM:
        return team_of(reading.actor)
    return members(reading, whose.removeprefix(GROUP)) if whose.startswith(GROUP) else (whose,)


def _event(each: Entry, hues: dict[str, int], called: Any, whose: str, *, may_move: bool) -> dict[str, Any]:
    who = "" if each.employee == whose else f"{called.get(each.employee, each.employee)}: "
    with_whom = f" – {each.customer_name}" if each.customer_name else ""
    is_open = each.status == "planned" and each.subject != BUSY
    marks = [f"cal-hue-{hues.get(each.type or '', 0)}", f"cal-{each.priority}", f"cal-{each.status}"]
    return {
        "id": each.id,
        "title": f"{who}{each.subject}{with_whom}",
        "start": each.starts_at.isoformat(),
        "end": each.ends_at.isoformat(),
        "url": url_for("pages.activity", activity_id=each.id) if each.subject != BUSY else None,
        "editable": may_move and is_open,
        "classNames": [*marks, f"cal-{each.urgency}"] if each.urgency else marks,
        "extendedProps": {"version": each.version},
    }


def _tasks(reading: Reading, wanted: CalendarFilter, called: Mapping[str, str]) -> list[dict[str, Any]]:
    """Open tasks by the day on which they are due: of these people, as far as the reader may see them."""
    zone = reader_zone()
    begin, end = (datetime.combine(each, datetime.min.time(), zone) for each in (wanted.first, wanted.last))
    me = reading.actor.id
    is_own = wanted.people == (me,)
    asked_for = TaskFilter(
        assignee=me if is_own else None,
        assigned_to=None if is_own else wanted.people or None,
        due_after=begin.astimezone(UTC),
        due_before=end.astimezone(UTC),
        sort="due",
    )
    return [
        {
            "id": each.id,
            "title": f"{_whose(each.assignee, called, me)}Task: {each.name}",
            "start": each.due_at.astimezone(zone).date().isoformat(),
            "allDay": True,
            "url": url_for("pages.task", task_id=each.id),
            "classNames": ["cal-task"],
        }
        for each in tasks(reading, asked_for, limit=TASKS).items
        if each.due_at is not None
    ]


def _whose(assignee: str | None, called: Mapping[str, str], me: str) -> str:
    return "" if assignee in {None, me} else f"{called.get(str(assignee), assignee)}: "


def _more(shown: Days, whose: str) -> list[dict[str, Any]]:
    return [
        {
            "title": f"{'very many' if left is None else left} more",
            "start": day.isoformat(),
            "allDay": True,
            "url": url_for("pages.activities", show="everybody", whose=whose, since=day, until=day + timedelta(days=1)),
            "classNames": ["cal-more"],
        }
        for day, left in shown.more.items()
    ]


def _day(name: str) -> date:
    try:
        return date.fromisoformat(asked(name)[:10])
    except ValueError:
        raise WrongFields({f"/{name}": "Write a day such as 2026-03-01."}) from None


def _labels(reading: Reading, key: str) -> dict[str, str]:
    known = dictionary(reading, key).values
    return {each.code: label(each.labels, "en", each.code) for each in known if not each.is_retired}


def _hues(types: dict[str, str]) -> dict[str, int]:
    """A colour for each type, by its place in the list, so that a new type has one of its own."""
    return {code: 1 + number % HUES for number, code in enumerate(types)}
