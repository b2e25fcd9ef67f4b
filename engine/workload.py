"""How many open tasks people have, by the week in which they are due."""

from collections.abc import Collection
from datetime import date, datetime

from sqlalchemy import Date, cast, func, select

from core.records import dataclass
from engine import access
from engine.models import WorkItemRow
from storage.unit_of_work import Reading


@dataclass(frozen=True, slots=True, kw_only=True)
class DueTasks:
    """The open tasks of a person that are due in the week that begins on this Monday."""

    person: str
    week: date
    tasks: int


def due_by_week(
    view: Reading, people: Collection[str], since: datetime, until: datetime, zone: str
) -> tuple[list[DueTasks], dict[str, int]]:
    """Per person and week, and how many of each were due before the span; only those that the reader may see."""
    row = WorkItemRow
    week = cast(func.date_trunc("week", func.timezone(zone, row.due_at)), Date).label("week")
    seen = (row.assignee.in_(people), access.visible_tasks(view.actor))
    due = select(row.assignee, week, func.count()).where(*seen, row.due_at >= since, row.due_at < until)
    before = select(row.assignee, func.count()).where(*seen, row.due_at < since).group_by(row.assignee)
    found = view.session.execute(due.group_by(row.assignee, week))
    return (
        [DueTasks(person=str(person), week=monday, tasks=number) for person, monday, number in found],
        {str(person): number for person, number in view.session.execute(before)},
    )
