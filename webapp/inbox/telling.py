"""Tells people of tasks: that they were given one, that one came back to them, that somebody mentioned them."""

import re
from collections.abc import Sequence

from sqlalchemy import func, select, update

from core.ids import new_id
from core.messages import Event
from crm.planning.models import NotificationRow
from crm.planning.telling import Telling, tell
from documents.orders.making import Customers
from documents.sharing.links import SeenBy
from engine import access
from engine.events import TaskAssigned, TaskCommented, TaskDelegated, TaskEvent, TaskResolved
from engine.models import TaskHistoryRow, WorkItemRow
from storage.unit_of_work import UnitOfWork
from webapp.accounts.models import AccountRow

KIND = "task"
# a log-in name that is not part of an address
MENTION = re.compile(r"(?<![\w@./-])@([a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?)", re.IGNORECASE)
MOST_MENTIONED = 20  # people of one comment


def mentioned(text: str) -> list[str]:
    """The log-in names that a comment mentions, each once."""
    return list(dict.fromkeys(each.lower() for each in MENTION.findall(text)))[:MOST_MENTIONED]


def tell_of_tasks(unit: UnitOfWork, events: Sequence[Event]) -> None:
    """Hear of tasks inside the transaction; what an engine step does by itself costs nothing."""
    for event in tuple(events):
        if isinstance(event, TaskCommented):
            _tell_mentioned(unit, event)
        elif isinstance(event, TaskAssigned | TaskDelegated):
            _tell_given(unit, event, event.assignee, "gave you")
        elif isinstance(event, TaskResolved):
            _tell_given(unit, event, event.owner, "did what you asked for and gave back")


def forget_teller(unit: UnitOfWork, account: str) -> None:
    """Have what somebody told others begin with their log-in name, as long as the account still has another one."""
    names = unit.session.scalars(select(AccountRow.display_name).where(AccountRow.name == account)).all()
    row = NotificationRow
    for name in names:
        theirs = update(row).where(row.kind == KIND, row.title.startswith(f"{name} ", autoescape=True))
        unit.session.execute(theirs.values(title=func.concat(account, func.substr(row.title, len(name) + 1))))


def _tell_mentioned(unit: UnitOfWork, event: TaskCommented) -> None:
    """Of those who may see the task: nobody learns of one by being mentioned."""
    for name in mentioned(event.text):
        reader = unit.port(Customers).actor(unit, name, None)
        seen = None if reader is None else SeenBy(unit, reader)
        if seen and access.may_see_task(seen, event.task_id) and not access.out_of_reach(seen, {event.instance_id}):
            _tell(unit, event, name, "mentions you at")


def _tell_given(unit: UnitOfWork, event: TaskEvent, person: str, how: str) -> None:
    if unit.port(Customers).actor(unit, person, None) is not None:
        _tell(unit, event, person, how)


def _tell(unit: UnitOfWork, event: TaskEvent, person: str, how: str) -> None:
    if person == unit.actor.id:
        return
    telling = Telling(
        key=f"task:{new_id()}",  # each time it happens anew
        kind=KIND,
        title=" ".join(f"{unit.actor.name} {how}: {_named(unit, event)}".split()),  # a task's name may have lines
        address=f"/tasks/{event.task_id}",
        due_at=unit.clock.now(),
    )
    tell(unit, person, telling)


def _named(unit: UnitOfWork, event: TaskEvent) -> str:
    for table in (WorkItemRow, TaskHistoryRow):
        name = unit.session.scalar(
            select(table.name).where(table.instance_id == event.instance_id, table.id == event.task_id)
        )
        if name is not None:
            return name
    return event.element_id
