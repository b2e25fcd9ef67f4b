"""The ways to look at open tasks: which ones, in what order, and what a look asks of the engine."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from core.identity import Actor
from core.records import dataclass
from engine.queries import TaskFilter
from engine.views import TaskSummary

MINE, GROUPS, OVERDUE, TODAY, DELEGATED, DONE = "mine", "groups", "overdue", "today", "delegated", "done"
INSTEAD = "instead"  # tasks of absent colleagues whom the reader stands in for
VIEWS = (MINE, GROUPS, INSTEAD, OVERDUE, TODAY, DELEGATED)
ORDERS = {
    "due": "Due first",
    "-priority": "Most urgent first",
    "-created": "Newest first",
    "created": "Oldest first",
    "name": "By task",
}
DUE = {"": "Whenever due", "late": "Late", "day": "Due within a day", "week": "Due within a week"}
SPANS = {"late": timedelta(), "day": timedelta(days=1), "week": timedelta(days=7)}
LONGEST = 200  # characters of a text of a look
WEEK = 7  # days


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How somebody looks at tasks; `aside`: at what was put aside until later, which is left out otherwise.

    `column` is a search column that the process declares, `value` what it must be; `grouped` puts headings between the
    rows of one day, task or priority, as the order has it.
    """

    show: str = MINE
    q: str = ""
    sort: str = "due"
    due: str = ""
    aside: bool = False
    process: str = ""
    column: str = ""
    value: str = ""
    grouped: bool = False

    def to_json(self) -> dict[str, Any]:
        """What differs from the usual look."""
        usual = asdict(Look())
        return {name: value for name, value in asdict(self).items() if value != usual[name]}

    def address(self) -> dict[str, str]:
        """The same as parameters of an address, which always names the list."""
        wanted = {"show": self.show, **self.to_json()}
        return {name: "yes" if value is True else str(value) for name, value in wanted.items()}


def look_of(values: Mapping[str, Any]) -> Look:
    """The look that an address or a kept filter names; anything unknown in it is as usual."""
    texts = {name: str(values.get(name) or "").strip()[:LONGEST] for name in Look.__dataclass_fields__}
    return Look(
        show=texts["show"] if texts["show"] in VIEWS else MINE,
        q=texts["q"],
        sort=texts["sort"] if texts["sort"] in ORDERS else "due",
        due=texts["due"] if texts["due"] in DUE else "",
        aside=texts["aside"] in {"yes", "True"},
        process=texts["process"],
        column=texts["column"] if texts["process"] else "",
        value=texts["value"],
        grouped=texts["grouped"] in {"yes", "True"},
    )


def wanted(look: Look, me: Actor, now: datetime, zone: ZoneInfo) -> TaskFilter:
    """What a look asks for, at a moment and in the reader's zone."""
    span = SPANS.get(look.due)
    until = None if span is None else now + span
    since = None
    if look.show == OVERDUE:
        until = now if until is None else min(now, until)
    elif look.show == TODAY:
        since, end = now, end_of_day(now, zone)
        until = end if until is None else min(end, until)
    absent = [each.person for each in me.stands_in_for]
    return TaskFilter(
        assignee=me.id if look.show == MINE else None,
        unassigned=look.show == GROUPS,
        assigned_to=absent if look.show == INSTEAD else None,
        free_for=[me.id, *absent] if look.show in {OVERDUE, TODAY} else None,
        delegated_by=me.id if look.show == DELEGATED else None,
        definition_key=look.process or None,
        variables={look.column: look.value} if look.column and look.value else {},
        q=look.q or None,
        sort=look.sort,
        due_before=until,
        due_after=since,
        follow_up_until=None if look.aside else now,
        follow_up_after=now if look.aside else None,
    )


def end_of_day(now: datetime, zone: ZoneInfo) -> datetime:
    """The next midnight in a zone."""
    local = now.astimezone(zone)
    return (local + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)


def heading(task: TaskSummary, look: Look, now: datetime, zone: ZoneInfo) -> str | None:
    """The heading under which a task stands, None where nothing is grouped."""
    if not look.grouped:
        return None
    if look.sort == "name":
        return task.name
    if look.sort == "-priority":
        return f"Priority {task.priority}"
    if look.sort != "due":
        return f"{task.created_at.astimezone(zone):%d.%m.%Y}"
    return _due_heading(task.due_at, now, zone)


def _due_heading(due_at: datetime | None, now: datetime, zone: ZoneInfo) -> str:
    if due_at is None:
        return "Without a date"
    if due_at < now:
        return "Late"
    days = (due_at.astimezone(zone).date() - now.astimezone(zone).date()).days
    if days <= 1:
        return "Today" if days == 0 else "Tomorrow"
    return "Within a week" if days < WEEK else "Later"
