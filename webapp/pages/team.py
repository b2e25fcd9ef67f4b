"""The plan of a team: what its people have to do by week, and the tasks and activities of each of them."""

from __future__ import annotations

from datetime import date, timedelta

from flask import render_template

from core.errors import InvalidInput
from crm.activities import queries
from crm.activities.queries import ActivityFilter
from engine.inbox import task_part
from engine.queries import TaskFilter
from webapp.pages.blueprint import MOST, asked, blueprint
from webapp.pages.formats import reader_zone
from webapp.pages.shell import names
from webapp.team import checked_person, monday_of, team_of, workload
from webapp.web import view


@blueprint.get("/team")
def team() -> str:
    """Workload by person and week, and what one of them has to do."""
    with view() as reading:
        me = reading.actor
        zone = reader_zone()
        first = _day(asked("week")) or reading.clock.now().astimezone(zone).date()
        person = checked_person(me, asked("person")) if asked("person") else None
        whose = (person,) if person else team_of(me)
        wanted = TaskFilter(assigned_to=whose, sort="due")
        loads = workload(reading, first, zone)
        tasks = task_part(reading, wanted, after=asked("after") or None, limit=MOST)
        plans = []
        if me.may("customer.read"):
            for each in whose[:MOST]:
                planned = ActivityFilter(employee=each, status="planned")
                plans += queries.activities(reading, planned, limit=MOST, newest_first=False).items
        now = reading.clock.now()
    monday = monday_of(first)
    return render_template(
        "planning/team.html",
        loads=loads,
        tasks=tasks,
        plans=sorted(plans, key=lambda each: each.moment)[:MOST],
        person=person,
        names=names(),
        now=now,
        this_week=monday_of(now.astimezone(zone).date()),
        week=monday,
        earlier=monday - timedelta(weeks=1),
        later=monday + timedelta(weeks=1),
    )


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise InvalidInput(f"{text} is no day.", fields={"/week": "Write a day such as 2026-03-02."}) from error
