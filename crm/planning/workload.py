"""How many planned activities people have, and how long these take, by week."""

from collections.abc import Collection
from datetime import date, datetime

from sqlalchemy import Date, cast, func, select

from core.records import dataclass
from crm.access import require_read
from crm.activities.models import ActivityRow
from crm.planning.calendar import USUAL
from storage.unit_of_work import Reading


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedActivities:
    """The planned activities of a person in the week that begins on this Monday, and their time in minutes."""

    person: str
    week: date
    activities: int
    minutes: int


def planned_by_week(
    view: Reading, people: Collection[str], since: datetime, until: datetime, zone: str
) -> list[PlannedActivities]:
    """Per person and week; one without an end takes as long as the calendar shows it."""
    require_read(view)
    row = ActivityRow
    week = cast(func.date_trunc("week", func.timezone(zone, row.moment)), Date).label("week")
    took = func.extract("epoch", func.coalesce(row.planned_to - row.planned_from, USUAL))
    found = view.session.execute(
        select(row.employee, week, func.count(), func.sum(took))
        .where(row.employee.in_(people), row.status == "planned", row.moment >= since, row.moment < until)
        .group_by(row.employee, week)
    )
    return [
        PlannedActivities(person=person, week=monday, activities=number, minutes=round(seconds / 60))
        for person, monday, number, seconds in found
    ]
