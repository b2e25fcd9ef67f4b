"""Who did what in a case and with which documents before them, for handlers that keep it on record."""

from datetime import datetime

from sqlalchemy import select, true, union_all

from core.records import dataclass
from engine.handlers import ServiceCall
from engine.models import TaskHistoryRow, TokenLogRow, WorkItemRow
from engine.ports import AttachedDocument
from storage.unit_of_work import Reading


@dataclass(frozen=True, slots=True)
class Performer:
    """Who completed a user task, by id, and when."""

    id: str
    at: datetime


def completed_with(view: Reading, instance_id: str) -> list[AttachedDocument]:
    """The document versions that finished tasks had, each once, in the order of the tasks; asks for no rights."""
    rows = view.session.scalars(
        select(TaskHistoryRow.documents)
        .where(TaskHistoryRow.instance_id == instance_id, TaskHistoryRow.state == "completed")
        .order_by(TaskHistoryRow.ended_at, TaskHistoryRow.id)
    )
    return list(dict.fromkeys(AttachedDocument(**each) for documents in rows for each in documents))


def task_ids(view: Reading, instance_id: str, element_id: str | None = None) -> list[str]:
    """User tasks of a case, finished ones and open ones, all or those of an element; asks for no rights."""
    rows = union_all(
        *(
            select(row.id).where(
                row.instance_id == instance_id, true() if element_id is None else row.element_id == element_id
            )
            for row in (TaskHistoryRow, WorkItemRow)
        )
    )
    return sorted(view.session.scalars(rows))


def performer_before(view: Reading, call: ServiceCall, element_id: str) -> Performer | None:
    """Who completed the user task in front of a service task that failed then and is tried again now.

    None in the ordinary case, where the service task runs in the very command that completes the user task: there it
    is the unit's own actor. Without this, whoever repairs a step would pass for the person whose work it records.
    """
    token = call.key.removeprefix(f"{call.instance_id}:")
    entered = view.session.scalar(
        select(TokenLogRow.entered_at).where(TokenLogRow.instance_id == call.instance_id, TokenLogRow.id == token)
    )
    if entered is None:
        return None
    row = view.session.scalars(
        select(TaskHistoryRow)
        .where(
            TaskHistoryRow.instance_id == call.instance_id,
            TaskHistoryRow.element_id == element_id,
            TaskHistoryRow.state == "completed",
            TaskHistoryRow.ended_at >= entered,
        )
        .order_by(TaskHistoryRow.ended_at)
        .limit(1)
    ).first()
    return None if row is None else Performer(row.actor, row.ended_at)
