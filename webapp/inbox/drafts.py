"""Forms that somebody has begun: kept per person and task until they are sent, and no part of the trail.

What stands in a draft was not decided yet. It goes with the task, by the same statement.
"""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from core.errors import InvalidInput
from core.executor import handles
from core.messages import Command, Event
from core.records import dataclass
from engine.access import workable
from engine.errors import TaskNotFound
from engine.events import TaskCancelled, TaskCompleted
from engine.models import InstanceRow, WorkItemRow
from storage.unit_of_work import Reading, UnitOfWork
from storage.writes import to_array
from webapp.inbox.models import TaskDraftRow, TaskFilterRow

LARGEST = 256 << 10  # bytes of a draft as JSON
FORGET = "DELETE FROM task_draft WHERE task_id = ANY(%({n}ended)s::varchar[])"


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What was entered, and when it was kept."""

    data: dict[str, Any]
    saved_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepDraft(Command):
    """Keep what was entered so far into the form of a task that one may work on; an empty one is forgotten."""

    task_id: str
    data: dict[str, Any]


@handles(KeepDraft, needs="task.work")
def keep_draft(command: KeepDraft, unit: UnitOfWork) -> datetime | None:
    """Keep it; since when. Raises `TaskNotFound`, `InvalidInput` for one that is too large."""
    if len(json.dumps(command.data)) > LARGEST:
        raise InvalidInput(f"What was entered is too much to be kept: at most {LARGEST >> 10} KB.")
    mine = (TaskDraftRow.task_id == command.task_id) & (TaskDraftRow.account == unit.actor.id)
    if not command.data:
        unit.session.execute(delete(TaskDraftRow).where(mine))
        return None
    case = select(WorkItemRow.instance_id).where(WorkItemRow.id == command.task_id)
    # whoever completes the task at this moment waits, or was faster: no draft outlives its task
    unit.session.scalar(select(InstanceRow.id).where(InstanceRow.id.in_(case)).with_for_update(read=True))
    is_open = select(WorkItemRow.id).where(WorkItemRow.id == command.task_id, workable(unit.actor))
    if unit.session.scalar(is_open) is None:
        raise TaskNotFound(f"Task {command.task_id} is not open any more, or not yours.", task=command.task_id)
    now = unit.clock.now()
    kept = insert(TaskDraftRow).values(task_id=command.task_id, account=unit.actor.id, data=command.data, saved_at=now)
    unit.session.execute(
        kept.on_conflict_do_update(
            index_elements=["task_id", "account"], set_={"data": kept.excluded.data, "saved_at": now}
        )
    )
    return now


def draft_of(view: Reading, task_id: str) -> Draft | None:
    """What the asking person began to enter."""
    row = view.session.get(TaskDraftRow, (task_id, view.actor.id))
    return None if row is None else Draft(data=row.data, saved_at=row.saved_at)


def forget_person(unit: UnitOfWork, account: str) -> None:
    """Remove what somebody began to enter and the filters that they kept; their groups lose those, too."""
    unit.session.execute(delete(TaskDraftRow).where(TaskDraftRow.account == account))
    unit.session.execute(delete(TaskFilterRow).where(TaskFilterRow.owner == account))


def forget_drafts(unit: UnitOfWork, events: Sequence[Event]) -> None:
    """Forget everybody's drafts of tasks that are done or no longer needed."""
    ended = [event.task_id for event in events if isinstance(event, TaskCompleted | TaskCancelled)]
    if ended:
        unit.posted.ride(FORGET, ended=to_array(ended))
