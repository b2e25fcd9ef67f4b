"""Asking a colleague to do a task and give it back: delegate, resolve."""

from datetime import datetime
from typing import Any

from sqlalchemy import text, update

from core.errors import InvalidInput
from core.executor import handles
from core.messages import Command
from core.records import dataclass
from engine import access
from engine.bpmn.people import MAXIMUM_PRIORITY
from engine.errors import NotYourTask
from engine.events import TaskDelegated, TaskResolved, TaskScheduled
from engine.models import WorkItemRow
from engine.tasks import check_four_eyes, check_may_know, named_person, open_task
from storage.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class DelegateTask(Command):
    """Ask somebody to do my task; they resolve it, then I complete it."""

    task_id: str
    assignee: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolveTask(Command):
    """I have done what I was asked for; the task goes back to its owner."""

    task_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleTask(Command):
    """Change when a task is due, until when it is put aside, and its priority; a field that is None stays as it is.

    `clear` names the dates that are taken away: due_at, follow_up_at.
    """

    task_id: str
    due_at: datetime | None = None
    follow_up_at: datetime | None = None
    priority: int | None = None
    clear: frozenset[str] = frozenset()


@handles(DelegateTask, needs="task.work")
def delegate_task(command: DelegateTask, unit: UnitOfWork) -> None:
    """Give my task to somebody who gives it back. Raises `NotYourTask`, `FourEyes`, `TaskAlreadyCompleted`."""
    task = open_task(command.task_id, unit)
    person = named_person(command.assignee)
    if task.assignee != unit.actor.id and not unit.actor.may(access.ADMINISTER):
        check_may_know(task, unit)
        raise NotYourTask(f"{task.name} is not your task; claim it first, then you can delegate it.")
    if task.is_delegated:
        raise NotYourTask(f"{task.name} was delegated to you by {task.owner}; resolve it, they can delegate it again.")
    check_four_eyes(task, person, unit)
    owner = task.assignee or unit.actor.id
    if person == owner:
        sentence = f"{task.name} goes back to {owner} when it is resolved; delegate it to somebody else."
        raise InvalidInput(sentence, fields={"/assignee": sentence})
    _set(task.instance_id, task.task_id, unit, assignee=person, owner=owner, is_delegated=True)
    unit.emit(
        TaskDelegated(
            instance_id=task.instance_id,
            task_id=task.task_id,
            element_id=task.element_id,
            assignee=person,
            owner=owner,
        )
    )


@handles(ResolveTask, needs="task.work")
def resolve_task(command: ResolveTask, unit: UnitOfWork) -> None:
    """Give a delegated task back to its owner. Raises `NotYourTask`."""
    task = open_task(command.task_id, unit)
    check_may_know(task, unit)
    if not task.is_delegated or task.owner is None:
        raise NotYourTask(f"{task.name} was not delegated, so there is nothing to resolve.")
    if task.assignee != unit.actor.id and not unit.actor.may(access.ADMINISTER):
        check_may_know(task, unit)
        raise NotYourTask(f"{task.name} is with {task.assignee}; only they can resolve it.", assignee=task.assignee)
    resolved_by = sorted({*task.resolved_by, task.assignee or unit.actor.id, unit.actor.id})
    _set(task.instance_id, task.task_id, unit, assignee=task.owner, is_delegated=False, resolved_by=resolved_by)
    unit.emit(
        TaskResolved(instance_id=task.instance_id, task_id=task.task_id, element_id=task.element_id, owner=task.owner)
    )


@handles(ScheduleTask, needs="task.work")
def schedule_task(command: ScheduleTask, unit: UnitOfWork) -> None:
    """Raises `NotYourTask` for tasks that the person may not work on, `InvalidInput` for a wrong priority."""
    task = open_task(command.task_id, unit)
    if not access.may_work_on(unit.actor, task) and not unit.actor.may(access.ADMINISTER):
        check_may_know(task, unit)
        raise NotYourTask(f"{task.name} is not offered to you.")
    if command.priority is not None and abs(command.priority) > MAXIMUM_PRIORITY:
        sentence = f"A priority is a whole number up to {MAXIMUM_PRIORITY}; 50 is the usual one."
        raise InvalidInput(sentence, fields={"/priority": sentence})
    values: dict[str, Any] = dict.fromkeys(command.clear & {"due_at", "follow_up_at"})
    given = {"due_at": command.due_at, "follow_up_at": command.follow_up_at, "priority": command.priority}
    values |= {name: value for name, value in given.items() if value is not None}
    if not values:
        return
    _set(task.instance_id, task.task_id, unit, **values)
    if "due_at" in values:
        moved = {
            "task": task.task_id,
            "before": task.due_at,
            "after": values["due_at"],
            "names": task.candidates or [""],
        }
        unit.session.execute(MOVE_OFFERS, moved)
    unit.emit(
        TaskScheduled(
            instance_id=task.instance_id,
            task_id=task.task_id,
            element_id=task.element_id,
            changes={
                name: value.isoformat() if isinstance(value, datetime) else value for name, value in values.items()
            },
        )
    )


MOVE_OFFERS = text(
    "UPDATE task_offer SET due_at = coalesce(CAST(:after AS timestamptz), 'infinity')"
    " WHERE name = ANY(:names) AND due_at = coalesce(CAST(:before AS timestamptz), 'infinity') AND id = :task"
)


def _set(instance_id: str, task_id: str, unit: UnitOfWork, **values: object) -> None:
    unit.session.execute(
        update(WorkItemRow).where(WorkItemRow.instance_id == instance_id, WorkItemRow.id == task_id).values(**values)
    )
