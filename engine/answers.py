"""What a completion answered, for a repetition; of a case with many tasks these are not stored again each time."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import cast, func, select, true, union_all
from sqlalchemy.dialects.postgresql import ARRAY

from core.records import dataclass
from engine.models import TaskHistoryRow, WorkItemRow
from engine.openings import OpenTask
from storage.orm import ID
from storage.unit_of_work import UnitOfWork

MANY = 64  # open tasks; what was open then is found in their history again


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """The case after a task was completed, with all tasks that wait now."""

    instance_id: str
    state: str
    tasks: tuple[OpenTask, ...]


def to_json(completion: Completion, cases: Sequence[str]) -> dict[str, Any]:
    """`cases` are those whose tasks it names, the related ones last."""
    answer: dict[str, Any] = {"instance_id": completion.instance_id, "state": completion.state}
    if len(completion.tasks) > MANY:
        return answer | {"cases": list(cases)}
    return answer | {"tasks": [[task.id, task.element_id] for task in completion.tasks]}


def from_json(answer: dict[str, Any], done: TaskHistoryRow, unit: UnitOfWork) -> Completion:
    """What the completion of this task answered."""
    tasks = answer["tasks"] if "tasks" in answer else _open_after(done, answer["cases"], unit)
    return Completion(
        instance_id=answer["instance_id"],
        state=answer["state"],
        tasks=tuple(OpenTask(id=task, element_id=element) for task, element in tasks),
    )


def _open_after(done: TaskHistoryRow, cases: list[str], unit: UnitOfWork) -> list[tuple[str, str]]:
    """The tasks that were open when this one had been completed, by the moments in their rows."""
    within = cast(cases, ARRAY(ID))
    rows = [
        select(row.id, row.element_id, func.array_position(within, row.instance_id).label("place")).where(
            row.instance_id.in_(cases), row.created_at <= done.ended_at, was_open
        )
        for row, was_open in ((WorkItemRow, true()), (TaskHistoryRow, TaskHistoryRow.ended_at > done.ended_at))
    ]
    query = union_all(*rows).order_by("place", "id")
    return [(row.id, row.element_id) for row in unit.session.execute(query)]
