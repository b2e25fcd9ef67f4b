"""Reading user tasks: the inbox, and one task with all that its page shows."""

from dataclasses import replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import InstrumentedAttribute

from core.errors import InvalidInput
from engine import access, catalog, worklist
from engine.bpmn.model import DocumentRef, Node, Work
from engine.errors import TaskNotFound
from engine.models import InstanceRow, TaskCommentRow, TaskHistoryRow, WorkItemRow
from engine.neutral import neutral
from engine.paging import COUNTED, DoubleOrder, Order, checked, split
from engine.ports import TaskDocuments
from engine.snapshots import seen_in, state_of
from engine.task_filter import TaskFilter, asked
from engine.views import CommentView, DocumentNeed, Page, Part, TaskDetail, TaskSummary
from engine.worklist import named
from storage.unit_of_work import Reading

__all__ = ["TaskFilter", "count_tasks", "search_columns", "task", "task_part", "tasks"]

COUNTED_WITH_PAGE = 1000  # tasks: the total that comes with a page is not counted further


def tasks(view: Reading, wanted: TaskFilter, after: str | None = None, limit: int = 50) -> Page[TaskSummary]:
    """The open tasks that the asking person may see; the total is counted up to `COUNTED_WITH_PAGE`.

    Raises `InvalidInput` for an unknown order or mark.
    """
    found, total = _found(view, wanted, after, limit, COUNTED_WITH_PAGE)
    return Page(items=found.items, next=found.next, total=total)


def task_part(view: Reading, wanted: TaskFilter, after: str | None = None, limit: int = 50) -> Part[TaskSummary]:
    """The same without a total, which often costs several times as much as the page.

    Raises `InvalidInput` for an unknown order or mark.
    """
    return _found(view, wanted, after, limit, 0)[0]


def _found(
    view: Reading, wanted: TaskFilter, after: str | None, limit: int, up_to: int
) -> tuple[Part[TaskSummary], int]:
    order = _order(wanted.sort)
    found = worklist.page(view.session, order, asked(view.actor, wanted), after, checked(limit), up_to=up_to)
    shown, more = split(found.rows, limit)
    apart = access.out_of_reach(view, {each.instance_id for each in shown})
    items = [_neutral(view, each) if each.instance_id in apart else each for each in shown]
    return Part(items=items, next=order.mark(shown[-1]) if more else None), found.total


def _neutral(view: Reading, task: TaskSummary) -> TaskSummary:
    name, number = neutral(view, task.definition_id, task.instance_id)
    return replace(task, name=name, business_key=number, search={})


def count_tasks(view: Reading, wanted: TaskFilter, *, up_to: int = COUNTED) -> int:
    """How many open tasks the asking person may see, counted up to a number."""
    return worklist.count(view.session, asked(view.actor, wanted), up_to)


def search_columns(view: Reading, definition_id: str) -> tuple[str, ...]:
    """The variables by which a process lets its tasks be found. Raises `DefinitionNotFound`."""
    return catalog.program(view, definition_id).process.searchable


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
    if name == "priority":
        return DoubleOrder(known[name], WorkItemRow.id, descending=descending, then=WorkItemRow.due_at)
    return Order(known[name], WorkItemRow.id, descending=descending)


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
    shown = TaskDetail(
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
        candidate_groups=named(row.candidates, "group:"),
        candidate_users=named(row.candidates, "user:"),
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
    return _without_record(view, shown) if access.out_of_reach(view, {row.instance_id}) else shown


def _without_record(view: Reading, task: TaskDetail) -> TaskDetail:
    name, number = neutral(view, task.definition_id, task.instance_id)
    return replace(
        task,
        name=name,
        business_key=number,
        form=None,
        data={},
        required_documents=(),
        shown_documents=(),
        comments=(),
        is_neutral=True,
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
