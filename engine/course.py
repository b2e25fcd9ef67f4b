"""The course of a case: its tasks, done, open and overdue, whose they are, and how long they have stood so."""

from datetime import datetime
from typing import Any, Literal

from sqlalchemy import DateTime, Subquery, cast, desc, func, literal, null, select, union_all

from core.records import dataclass
from engine.models import KEY, TaskHistoryRow, WorkItemRow
from engine.paging import COUNTED, Order, checked, split
from engine.queries import seen_instance
from engine.views import Part
from storage.unit_of_work import Reading

State = Literal["open", "overdue", "done", "cancelled"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseTask:
    """A task of a case; `owner` is who has it or completed it, nobody yet when it is only offered.

    `since` is when its state began: it came, fell due, was done or was no longer needed; `seconds` is how long it has
    lasted, of a finished one how long the task took in all.
    """

    id: str
    name: str
    element_id: str
    state: State
    owner: str | None
    candidates: tuple[str, ...]
    created_at: datetime
    due_at: datetime | None
    ended_at: datetime | None
    since: datetime
    seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How many tasks of a case stand how, counted up to `COUNTED`; the overdue ones are not among the open ones."""

    open: int
    overdue: int
    done: int
    cancelled: int


def tally(view: Reading, instance_id: str) -> Tally:
    """How many there are. Raises `InstanceNotFound` also for a case that the asking person may not see."""
    seen_instance(view, instance_id)
    row = TaskHistoryRow
    is_late = func.coalesce(WorkItemRow.due_at < view.clock.now(), False)
    waiting = select(is_late).where(WorkItemRow.instance_id == instance_id).limit(COUNTED).subquery()
    ended = select(row.state).where(row.instance_id == instance_id).limit(COUNTED).subquery()
    late = _counted(view, waiting)
    states = _counted(view, ended)
    return Tally(
        open=late.get(False, 0),
        overdue=late.get(True, 0),
        done=states.get("completed", 0),
        cancelled=states.get("cancelled", 0),
    )


def _counted(view: Reading, rows: Subquery) -> dict[Any, int]:
    kind = next(iter(rows.c))
    return {row[0]: row[1] for row in view.session.execute(select(kind, func.count()).group_by(kind))}


def case_tasks(view: Reading, instance_id: str, *, after: str | None = None, limit: int = 50) -> Part[CaseTask]:
    """The tasks of a case, the newest first.

    Raises `InstanceNotFound` also for a case that the asking person may not see, `InvalidInput` for an unknown mark.
    """
    seen_instance(view, instance_id)
    both = []
    for row, ended, state, actor in (
        (WorkItemRow, cast(null(), DateTime(timezone=True)), literal("open"), cast(null(), KEY)),
        (TaskHistoryRow, TaskHistoryRow.ended_at, TaskHistoryRow.state, TaskHistoryRow.actor),
    ):
        order = Order(row.id, row.id, descending=True)
        part: Any = select(
            row.id, row.name, row.element_id, row.assignee, row.candidates, row.created_at, row.claimed_at, row.due_at,
            ended.label("ended_at"), state.label("state"), actor.label("actor"),
        ).where(row.instance_id == instance_id)  # fmt: skip
        if after is not None:
            part = part.where(order.behind(order.place(after)))
        both.append(part.order_by(*order.by()).limit(checked(limit) + 1).subquery().select())
    rows = view.session.execute(union_all(*both).order_by(desc("id")).limit(limit + 1)).all()
    shown, more = split(rows, limit)
    mark = Order(WorkItemRow.id, WorkItemRow.id, descending=True).mark
    now = view.clock.now()
    return Part(items=[_told(row, now) for row in shown], next=mark(shown[-1]) if more else None)


def _told(row: Any, now: datetime) -> CaseTask:
    is_late = row.ended_at is None and row.due_at is not None and row.due_at < now
    state: State = "overdue" if is_late else {"completed": "done"}.get(row.state, row.state)
    since = row.ended_at or (row.due_at if is_late else row.claimed_at or row.created_at)
    lasted = row.ended_at - row.created_at if row.ended_at else now - since
    return CaseTask(
        id=row.id,
        name=row.name,
        element_id=row.element_id,
        state=state,
        owner=row.actor if state == "done" else row.assignee,
        candidates=tuple(row.candidates),
        created_at=row.created_at,
        due_at=row.due_at,
        ended_at=row.ended_at,
        since=since,
        seconds=int(lasted.total_seconds()),
    )
