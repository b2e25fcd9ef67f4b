"""Tells people of tasks: that they were given one, that one came back to them, that somebody mentioned them."""

import re
from collections.abc import Sequence

from sqlalchemy import select

from core.ids import new_id
from core.messages import Event
from crm.planning.telling import Telling, tell
from documents.orders.making import Customers
from documents.sharing.links import SeenBy
from engine import access
from engine.events import TaskAssigned, TaskCommented, TaskDelegated, TaskEvent, TaskResolved
from engine.models import TaskHistoryRow, WorkItemRow
from storage.unit_of_work import UnitOfWork

KIND = "task"
MENTION = re.compile(r"(?<![\w@./-])@([a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?)")  # a log-in name, not part of an address
MOST_MENTIONED = 20  # people of one comment


def mentioned(text: str) -> list[str]:
    """The log-in names that a comment mentions, each once."""
    return list(dict.fromkeys(MENTION.findall(text)))[:MOST_MENTIONED]


def tell_of_tasks(unit: UnitOfWork, events: Sequence[Event]) -> None:
    """Hear of tasks inside the transaction; what an engine step does by itself costs nothing."""
    for event in tuple(events):
        if isinstance(event, TaskCommented):
            _tell_mentioned(unit, event)
        elif isinstance(event, TaskAssigned | TaskDelegated):
            _tell_given(unit, event, event.assignee, "gave you")
        elif isinstance(event, TaskResolved):
            _tell_given(unit, event, event.owner, "did what you asked for and gave back")


def _tell_mentioned(unit: UnitOfWork, event: TaskCommented) -> None:
    """Of those who may see the task: nobody learns of one by being mentioned."""
    for name in mentioned(event.text):
        reader = unit.port(Customers).actor(unit, name, None)
        if reader is not None and access.may_see_task(SeenBy(unit, reader), event.task_id):
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
        title=f"{unit.actor.name} {how}: {_named(unit, event)}",
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
