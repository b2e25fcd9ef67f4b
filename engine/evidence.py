"""Which documents the people of a case had before them: what its tasks were completed with, at those versions."""

from sqlalchemy import select, union_all

from engine.models import TaskHistoryRow, WorkItemRow
from engine.ports import AttachedDocument
from storage.unit_of_work import Reading


def completed_with(view: Reading, instance_id: str) -> list[AttachedDocument]:
    """The document versions that finished tasks had, each once, in the order of the tasks; asks for no rights."""
    rows = view.session.scalars(
        select(TaskHistoryRow.documents)
        .where(TaskHistoryRow.instance_id == instance_id, TaskHistoryRow.state == "completed")
        .order_by(TaskHistoryRow.ended_at, TaskHistoryRow.id)
    )
    return list(dict.fromkeys(AttachedDocument(**each) for documents in rows for each in documents))


def task_ids(view: Reading, instance_id: str) -> list[str]:
    """All user tasks of a case, finished ones and open ones; asks for no rights."""
    rows = union_all(*(select(row.id).where(row.instance_id == instance_id) for row in (TaskHistoryRow, WorkItemRow)))
    return sorted(view.session.scalars(rows))
