"""Reading user tasks: the inbox, and one task with all that its page shows."""

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Text, cast, literal, or_, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import InstrumentedAttribute

from core.errors import InvalidInput
from core.identity import Actor
from engine import access, catalog, worklist
from engine.bpmn.model import DocumentRef, Node, Work
from engine.errors import TaskNotFound
from engine.models import KEYS, InstanceRow, TaskCommentRow, TaskHistoryRow, WorkItemRow
from engine.paging import COUNTED, Order, checked, contains, split
from engine.ports import TaskDocuments
from engine.snapshots import seen_in, state_of
from engine.views import CommentView, DocumentNeed, Page, TaskDetail, TaskSummary
from storage.unit_of_work import Reading

Value = str | int | float | bool | None  # of a declared variable
COUNTED_WITH_PAGE = 1000  # tasks: the total that comes with a page is not counted further


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskFilter:
    """Which open tasks; `sort` is created, due, priority or name, with `-` in front for the other direction.

    `variables` are values that declared variables (`obieg:searchable`) must have; a text also finds the number or truth
    value that it spells. `follow_up_until` leaves out what was put aside until later, `follow_up_after` finds that.
    """

    assignee: str | None = None
    unassigned: bool = False
    candidate_group: str | None = None
    definition_key: str | None = None
    element_id: str | None = None
    instance_id: str | None = None
    due_before: datetime | None = None
    due_after: datetime | None = None
    follow_up_until: datetime | None = None
    follow_up_after: datetime | None = None
    minimum_priority: int | None = None
    variables: Mapping[str, Value] = field(default_factory=dict)
    q: str | None = None
    sort: str = "-created"


def tasks(view: Reading, wanted: TaskFilter, after: str | None = None, limit: int = 50) -> Page[TaskSummary]:
    """The open tasks that the asking person may see; the total is counted up to `COUNTED_WITH_PAGE`.

    Raises `InvalidInput` for an unknown order or mark.
    """
    order, matching = _order(wanted.sort), _matching(view.actor, wanted)
    found = worklist.page(view.session, order, matching, after, checked(limit), up_to=COUNTED_WITH_PAGE)
    shown, more = split(found.rows, limit)
    following = order.mark(shown[-1]) if more else None
    return Page(items=[_summary(row) for row in shown], next=following, total=found.total)


def count_tasks(view: Reading, wanted: TaskFilter, *, up_to: int = COUNTED) -> int:
    """How many open tasks the asking person may see, counted up to a number."""
    return worklist.count(view.session, _matching(view.actor, wanted), up_to)


def _matching(actor: Actor, wanted: TaskFilter) -> worklist.Conditions:
    if wanted.assignee == actor.id:  # one's own are always to be seen
        return lambda row, _: _conditions(wanted, row)
    return lambda row, apart: [access.visible_tasks(actor, row, apart=apart), *_conditions(wanted, row)]


def _conditions(wanted: TaskFilter, row: type[WorkItemRow]) -> list[ColumnElement[bool]]:
    columns: dict[Any, str | None] = {
        row.assignee: wanted.assignee,
        row.definition_key: wanted.definition_key,
        row.element_id: wanted.element_id,
        row.instance_id: wanted.instance_id,
    }
    found: list[ColumnElement[bool]] = [column == value for column, value in columns.items() if value is not None]
    if wanted.unassigned:
        found.append(row.assignee.is_(None))
    if wanted.candidate_group is not None:
        groups = cast([f"group:{wanted.candidate_group}"], KEYS)
        found.append(row.candidates.op("&&")(groups))
    if wanted.due_before is not None:
        found.append(row.due_at < wanted.due_before)
    if wanted.due_after is not None:
        found.append(row.due_at >= wanted.due_after)
    if wanted.follow_up_until is not None:
        found.append(or_(row.follow_up_at.is_(None), row.follow_up_at <= wanted.follow_up_until))
    if wanted.follow_up_after is not None:
        found.append(row.follow_up_at > wanted.follow_up_after)
    if wanted.minimum_priority is not None:
        found.append(row.priority >= wanted.minimum_priority)
    found += [_holds(row, name, value) for name, value in wanted.variables.items()]
    if wanted.q:
        pattern = contains(wanted.q)
        texts = (row.name, row.business_key, cast(row.search, Text))
        found.append(or_(*(text.ilike(pattern) for text in texts)))
    return found


def _order(sort: str) -> Order:
    descending, name = sort.startswith("-"), sort.removeprefix("-")
    known: dict[str, InstrumentedAttribute[Any]] = {
        "created": WorkItemRow.id,  # ids grow
        "due": WorkItemRow.due_at,
        "priority": WorkItemRow.priority,
        "name": WorkItemRow.name,
    }
    if name not in known:
        listed = ", ".join(known)
        raise InvalidInput(f"Tasks cannot be sorted by {name}.", fields={"/sort": f"One of: {listed}, with - or not."})
    return Order(known[name], WorkItemRow.id, descending=descending)


def _holds(row: type[WorkItemRow], name: str, value: Value) -> ColumnElement[bool]:
    """A declared variable has this value; a text may stand for the number or the truth value that it spells."""
    written = {json.dumps(value)}
    if isinstance(value, str):
        with suppress(ValueError):
            spelt = json.loads(value, parse_constant=_refuse)
            written |= {value} if isinstance(spelt, int | float | bool) else set()
    key = json.dumps(name)
    return or_(*(row.search.op("@>")(cast(literal(f"{{{key}: {each}}}", Text()), JSONB)) for each in sorted(written)))


def _refuse(constant: str) -> None:
    """JSON has no NaN and no Infinity."""
    raise ValueError(constant)


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
        follow_up_at=row.follow_up_at,
        owner=row.owner if row.is_delegated else None,
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
        follow_up_at=open_row.follow_up_at if open_row else None,
        owner=open_row.owner if open_row and open_row.is_delegated else None,
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
    state = state_of(view, instance_id)
    return {} if state is None else seen_in(state, task_id)


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
