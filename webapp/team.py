"""What the people whom somebody leads have to do: tasks and activities together, by person and week."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from core.errors import Forbidden
from core.identity import Actor
from core.records import dataclass
from crm.planning.workload import planned_by_week
from engine.workload import due_by_week
from storage.unit_of_work import Reading

WEEKS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Week:
    """What is due and planned in the week that begins on this Monday; `minutes` are those of the activities."""

    begins: date
    tasks: int = 0
    activities: int = 0
    minutes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """What one person has to do; `before` are open tasks that were due before the first week."""

    person: str
    before: int
    weeks: list[Week]


def team_of(actor: Actor) -> tuple[str, ...]:
    """Oneself, and the people whom one leads."""
    return (actor.id, *actor.leads)


def checked_person(actor: Actor, person: str) -> str:
    """Somebody of one's team. Raises `Forbidden` for all others, known or not."""
    if person not in team_of(actor):
        raise Forbidden(
            f"You see what you and the people of your team have to do; {person} is none of them.",
            permission="task.work",
        )
    return person


def monday_of(day: date) -> date:
    """The first day of its week."""
    return day - timedelta(days=day.weekday())


def workload(reading: Reading, first: date, zone: ZoneInfo, weeks: int = WEEKS) -> list[Workload]:
    """Each person of the reader's team, the reader first, by the weeks that begin with that of a day."""
    mondays = [monday_of(first) + timedelta(weeks=number) for number in range(weeks)]
    ends = (mondays[0], mondays[-1] + timedelta(weeks=1))
    since, until = (datetime.combine(each, datetime.min.time(), zone).astimezone(UTC) for each in ends)
    people = team_of(reading.actor)
    due, before = due_by_week(reading, people, since, until, zone.key)
    tasks = {(each.person, each.week): each.tasks for each in due}
    may_read = reading.actor.may("customer.read")
    planned = planned_by_week(reading, people, since, until, zone.key) if may_read else []
    plans = {(each.person, each.week): (each.activities, each.minutes) for each in planned}
    return [
        Workload(
            person=person,
            before=before.get(person, 0),
            weeks=[
                Week(begins=monday, tasks=tasks.get((person, monday), 0), activities=number, minutes=minutes)
                for monday in mondays
                for number, minutes in [plans.get((person, monday), (0, 0))]
            ],
        )
        for person in people
    ]
