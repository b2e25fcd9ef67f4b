"""Reading user tasks: the inbox, and one task with all that its page shows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, DateTime, Integer, Text, cast, func, or_, select

from core.errors import InvalidInput
from engine import access, catalog
from engine.bpmn.model import DocumentRef, Node, Work
from engine.errors import TaskNotFound
from engine.models import KEYS, InstanceRow, TaskCommentRow, TaskHistoryRow, WorkItemRow
from engine.paging import Order, checked, contains, count, mark, split
from engine.ports import TaskDocuments
from engine.snapshots import seen_in
from engine.views import CommentView, DocumentNeed, Page, TaskDetail, TaskSummary
from storage.unit_of_work import Reading


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskFilter:
    """Which open tasks; `sort` is created, due, priority or name, with `-` in front for the other direction."""

    assignee: str | None = None
    unassigned: bool = False
    candidate_group: str | None = None
    definition_key: str | None = None
    element_id: str | None = None
    instance_id: str | None = None
    due_before: datetime | None = None
    q: str | None = None
    sort: str = "-created"


def tasks(view: Reading, wanted: TaskFilter, after: str | None = None, limit: int = 50) -> Page[TaskSummary]:
    """The open tasks that the asking person may see. Raises `InvalidInput` for an unknown order or mark."""
    query = select(WorkItemRow).where(access.visible_tasks(view.actor), *_conditions(wanted))
    order = _order(wanted.sort)
    total = count(view.session, query)
    key = cast(order.expression, Text).label(
        "sort_key"
    )  # as text: no due date sorts as infinity, beyond Python's years
    page = order.apply(query.add_columns(key), after, checked(limit))
    rows, more = split(view.session.execute(page).all(), limit)
    following = mark(rows[-1][1], rows[-1][0].id) if more else None
    return Page(items=[_summary(row) for row, _ in rows], next=following, total=total)


def _conditions(wanted: TaskFilter) -> list[ColumnElement[bool]]:
    columns = {
        WorkItemRow.assignee: wanted.assignee,
        WorkItemRow.definition_key: wanted.definition_key,
        WorkItemRow.element_id: wanted.element_id,
        WorkItemRow.instance_id: wanted.instance_id,
    }
    found: list[ColumnElement[bool]] = [column == value for column, value in columns.items() if value is not None]
    if wanted.unassigned:
        found.append(WorkItemRow.assignee.is_(None))
    if wanted.candidate_group is not None:
        groups = cast([f"group:{wanted.candidate_group}"], KEYS)
        found.append(WorkItemRow.candidates.op("&&")(groups))
    if wanted.due_before is not None:
        found.append(WorkItemRow.due_at < wanted.due_before)
    if wanted.q:
        pattern = contains(wanted.q)
        texts = (WorkItemRow.name, WorkItemRow.business_key, cast(WorkItemRow.search, Text))
        found.append(or_(*(text.ilike(pattern) for text in texts)))
    return found


def _order(sort: str) -> Order:
    descending, name = sort.startswith("-"), sort.removeprefix("-")
    never = cast("-infinity" if descending else "infinity", DateTime(timezone=True))
    expressions: dict[str, tuple[ColumnElement[Any], Any]] = {
        "created": (cast(WorkItemRow.id, Text(collation="C")), Text()),
        "due": (func.coalesce(WorkItemRow.due_at, never), DateTime(timezone=True)),
        "priority": (WorkItemRow.priority.expression, Integer()),
        "name": (WorkItemRow.name.expression, Text()),
    }
    if name not in expressions:
        known = ", ".join(expressions)
        raise InvalidInput(f"Tasks cannot be sorted by {name}.", fields={"/sort": f"One of: {known}, with - or not."})
    expression, kind = expressions[name]
    return Order(expression, WorkItemRow.id.expression, descending, kind)


def _named(candidates: Sequence[str], kind: str) -> tuple[str, ...]:
    return tuple(name.removeprefix(kind) for name in candidates if name.startswith(kind))


def _summary(row: WorkItemRow) -> TaskSummary:
    return TaskSummary(
        id=row.id,
        name=row.name,
        element_id=row.element_id,
        instance_id=row.instance_id,
        definition_id=row.definition_id,
        definition_key=row.definition_key,
        business_key=row.business_key,
        stage=row.stage,
        assignee=row.assignee,
        candidate_groups=_named(row.candidates, "group:"),
        candidate_users=_named(row.candidates, "user:"),
        priority=row.priority,
        created_at=row.created_at,
        due_at=row.due_at,
        search=row.search,
    )


def task(view: Reading, task_id: str) -> TaskDetail:
    """A task, open or finished. Raises `TaskNotFound` also for one that the asking person may not see."""
    row: WorkItemRow | TaskHistoryRow | None = view.session.scalar(select(WorkItemRow).where(WorkItemRow.id == task_id))
    if row is None:
        row = view.session.scalar(select(TaskHistoryRow).where(TaskHistoryRow.id == task_id))
    if row is None or not access.may_see_task(view, task_id):
        raise TaskNotFound(f"There is no task {task_id}, or it is not offered to you.", task=task_id)
    finished = row if isinstance(row, TaskHistoryRow) else None
    open_row = row if isinstance(row, WorkItemRow) else None
    business_key, stage = _of_instance(view, row.instance_id)
    node = catalog.program(view, row.definition_id).process.nodes[row.element_id]
    return TaskDetail(
        id=row.id,
        name=row.name,
        element_id=row.element_id,
        documentation=node.documentation,
        instance_id=row.instance_id,
        definition_id=row.definition_id,
        definition_key=row.definition_key,
        business_key=business_key,
        stage=node.stage or stage,
        state=finished.state if finished else "open",
        assignee=row.assignee,
        candidates=tuple(row.candidates),
        candidate_groups=_named(row.candidates, "group:"),
        candidate_users=_named(row.candidates, "user:"),
        may_work=open_row is not None and access.may_work_on(view.actor, open_row) and view.actor.may("task.work"),
        priority=open_row.priority if open_row else 0,
        created_at=row.created_at,
        due_at=row.due_at,
        completed_at=finished.ended_at if finished else None,
        completed_by=finished.actor if finished else None,
        form=catalog.form_schema(view, row.form_id) if row.form_id else None,
        data=finished.data if finished else _seen(view, row.instance_id, row.id),
        required_documents=_needs(view, row, node, finished, required=True),
        shown_documents=_needs(view, row, node, finished, required=False),
        comments=_comments(view, row.instance_id, row.id),
    )


def _of_instance(view: Reading, instance_id: str) -> tuple[str | None, str | None]:
    query = select(InstanceRow.business_key, InstanceRow.stage).where(InstanceRow.id == instance_id)
    found = view.session.execute(query).one()
    return found.business_key, found.stage


def _seen(view: Reading, instance_id: str, task_id: str) -> dict[str, Any]:
    snapshot = view.session.scalar(select(InstanceRow.snapshot).where(InstanceRow.id == instance_id))
    return {} if snapshot is None else seen_in(snapshot, task_id)


def _needs(
    view: Reading, row: WorkItemRow | TaskHistoryRow, node: Node, finished: TaskHistoryRow | None, *, required: bool
) -> tuple[DocumentNeed, ...]:
    work = node.work or Work()
    references: tuple[DocumentRef, ...] = work.required if required else work.shown
    if not references:
        return ()
    if finished is not None:
        types = [document.get("type") for document in finished.documents]
    else:
        types = [each.type for each in view.port(TaskDocuments).attached(view, row.id, row.instance_id)]
    return tuple(DocumentNeed(type=each.type, name=each.name, attached=types.count(each.type)) for each in references)


def _comments(view: Reading, instance_id: str, task_id: str) -> tuple[CommentView, ...]:
    rows = view.session.scalars(
        select(TaskCommentRow)
        .where(TaskCommentRow.instance_id == instance_id, TaskCommentRow.task_id == task_id)
        .order_by(TaskCommentRow.id)
    )
    return tuple(CommentView(id=row.id, author=row.author, text=row.text, created_at=row.created_at) for row in rows)
