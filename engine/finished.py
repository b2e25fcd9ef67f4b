"""Reading what somebody has finished: the other half of the inbox."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import select

from core.records import dataclass
from engine import access
from engine.models import InstanceRow, TaskHistoryRow
from engine.neutral import neutral
from engine.paging import Order, checked, count, split
from engine.views import Page
from storage.unit_of_work import Reading


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishedTask:
    """A task that somebody completed."""

    id: str
    name: str
    element_id: str
    instance_id: str
    definition_key: str
    business_key: str | None
    state: str
    created_at: datetime
    ended_at: datetime


def finished_tasks(view: Reading, after: str | None = None, limit: int = 50) -> Page[FinishedTask]:
    """The tasks that the asking person completed, the newest task first. Raises `InvalidInput` for an unknown mark."""
    query: Any = (
        select(TaskHistoryRow, InstanceRow.business_key)
        .join(InstanceRow, InstanceRow.id == TaskHistoryRow.instance_id)
        .where(TaskHistoryRow.actor == view.actor.id, TaskHistoryRow.state == "completed")
    )
    total = count(view.session, query)
    order = Order(TaskHistoryRow.id, TaskHistoryRow.id, descending=True)
    rows, more = split(order.read(view.session, query, after, checked(limit)), limit)
    following = order.mark(rows[-1][0]) if more else None
    apart = access.out_of_reach(view, {row.instance_id for row, _ in rows})
    found = [_neutral(view, row) if row.instance_id in apart else _told(row, key) for row, key in rows]
    return Page(items=found, next=following, total=total)


def _told(row: TaskHistoryRow, business_key: str | None) -> FinishedTask:
    return FinishedTask(
        id=row.id,
        name=row.name,
        element_id=row.element_id,
        instance_id=row.instance_id,
        definition_key=row.definition_key,
        business_key=business_key,
        state=row.state,
        created_at=row.created_at,
        ended_at=row.ended_at,
    )


def _neutral(view: Reading, row: TaskHistoryRow) -> FinishedTask:
    name, number = neutral(view, row.definition_id, row.instance_id)
    return replace(_told(row, number), name=name)
