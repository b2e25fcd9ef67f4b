"""Why somebody sees a case, a task, a document or a customer, or why not: the verdict of the rules, and what led to it.

The verdict is the answer of the very functions that pages and routes ask. The reasons name people, roles, rights and
ids, never content: who administers accounts learns nothing else by asking.
"""

import re
from collections.abc import Callable

from sqlalchemy import or_, select

from core.identity import Actor
from core.records import dataclass
from crm.access import READERS, may_read
from crm.models import CustomerRow
from documents.access import links_of, readable, target_of, visible_documents, visible_targets
from documents.models import DocumentRow, DocumentTypeRow
from engine import access
from engine.models import InstanceRow, TaskHistoryRow, WorkItemRow
from storage.unit_of_work import Reading
from webapp.accounts.roles import EMPLOYEE, ROLE_PERMISSIONS

ADDRESS = re.compile(r"/(cases|tasks|documents|customers)/([0-9A-HJKMNP-TV-Z]{26})")
MOST = 500  # cases of a family that are looked at


@dataclass(frozen=True, slots=True)
class Reason:
    """One rule: whether it lets the person see the thing, and a sentence that says so."""

    holds: bool
    sentence: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """`is_seen` is None where there is no such thing."""

    what: str
    is_seen: bool | None
    reasons: tuple[Reason, ...] = ()


def explain(view: Reading, about: str) -> Explanation:
    """About the thing at an address of this site, `view` being that of the person whom it is about."""
    found = ADDRESS.search(about)
    if found is None:
        return Explanation("This is no address of a case, task, document or customer", None)
    return EXPLAINED[found[1]](view, found[2])


def _case(view: Reading, instance_id: str) -> Explanation:
    row = view.session.get(InstanceRow, instance_id)
    if row is None:
        return Explanation(f"There is no case {instance_id}", None)
    reasons = _of_cases(view, row)
    return Explanation(f"Case {instance_id}", access.may_see_instance(view, instance_id), reasons)


def _task(view: Reading, task_id: str) -> Explanation:
    row: WorkItemRow | TaskHistoryRow | None = view.session.get(WorkItemRow, task_id)
    row = row or view.session.scalar(select(TaskHistoryRow).where(TaskHistoryRow.id == task_id))
    if row is None:
        return Explanation(f"There is no task {task_id}", None)
    me = view.actor
    offered = sorted(set(access.names_of(me)).intersection(row.candidates))
    reasons = [
        *_by_rights(me, (*access.READ_ALL, access.ADMINISTER), "all cases and their tasks"),
        Reason(row.assignee == me.id, f"It is assigned to {row.assignee or 'nobody'}."),
        Reason(bool(offered), f"It is offered to {_listed(row.candidates) or 'nobody in particular'}."),
        *_in_place(me, row),
    ]
    if isinstance(row, TaskHistoryRow):
        reasons.append(Reason(row.actor == me.id, f"It was finished by {row.actor or 'nobody'}."))
    if offered and not me.may("task.work"):
        reasons.append(Reason(False, "Whoever tasks are offered to needs the right task.work."))
    case = view.session.get_one(InstanceRow, row.instance_id)
    return Explanation(f"Task {task_id}", access.may_see_task(view, task_id), (*reasons, *_of_cases(view, case)[1:]))


def _in_place(me: Actor, row: WorkItemRow | TaskHistoryRow) -> tuple[Reason, ...]:
    """By standing in for somebody; nothing to say of who stands in for nobody."""
    if not me.stands_in_for:
        return ()
    people = _listed([each.person for each in me.stands_in_for])
    holds = isinstance(row, WorkItemRow) and access.absent_owner(me, row) is not None
    return (Reason(holds, f"It would be a task of somebody whom this person stands in for: {people}."),)


def _of_cases(view: Reading, case: InstanceRow) -> tuple[Reason, ...]:
    """Of a case with its callers and called ones, which are seen together."""
    me, root = view.actor, case.root_id or case.id
    family = list(
        view.session.scalars(
            select(InstanceRow).where(or_(InstanceRow.id == root, InstanceRow.root_id == root)).limit(MOST)
        )
    )
    ids = [each.id for each in family]
    open_tasks = list(view.session.scalars(select(WorkItemRow).where(WorkItemRow.instance_id.in_(ids)).limit(MOST)))
    done = view.session.scalar(
        select(TaskHistoryRow.id)
        .where(
            TaskHistoryRow.instance_id.in_(ids), or_(TaskHistoryRow.actor == me.id, TaskHistoryRow.assignee == me.id)
        )
        .limit(1)
    )
    mine = set(access.names_of(me))
    offered = [each for each in open_tasks if me.may("task.work") and mine.intersection(each.candidates)]
    starters = sorted({each.started_by for each in family if each.started_by})
    return (
        *_by_rights(me, (*access.READ_ALL, access.ADMINISTER), "all cases"),
        Reason(me.id in starters, f"It, or a case that belongs to it, was started by {_listed(starters) or 'nobody'}."),
        Reason(any(each.assignee == me.id for each in open_tasks), "An open task in it is assigned to this person."),
        Reason(bool(offered), f"An open task in it is offered to one of: {_listed(sorted(mine))}."),
        Reason(done is not None, "This person finished a task in it, or had one."),
        *_by_reach(view, case.id),
    )


def _by_reach(view: Reading, instance_id: str) -> tuple[Reason, ...]:
    """Nothing to say of who reaches all customers."""
    if view.actor.reach(access.CASES) is None:
        return ()
    is_within = not access.out_of_reach(view, {instance_id})
    return (Reason(is_within, "Rights of this person reach every customer that it is about, which is needed, too."),)


def _document(view: Reading, document_id: str) -> Explanation:
    row = view.session.get(DocumentRow, document_id)
    if row is None:
        return Explanation(f"There is no document {document_id}", None)
    me = view.actor
    readers = view.session.scalar(select(DocumentTypeRow.readers).where(DocumentTypeRow.key == row.type)) or []
    is_open = bool(view.session.scalar(select(DocumentRow.id).where(DocumentRow.id == row.id, readable(me))))
    reasons = [
        *_by_rights(me, ("document.read_all",), "all documents"),
        Reason(row.created_by == me.id, f"It was filed by {row.created_by}."),
    ]
    if readers:
        reasons.append(Reason(is_open, f"Documents of the type {row.type} are read by {_listed(readers)} alone."))
    targets = sorted({target_of(link) for link in links_of(view, [row.id])[row.id]})
    seen = visible_targets(view, targets)
    reasons += [
        Reason(
            is_open and each in seen,
            f"It is linked to {each.kind} {each.id}, which this person {'sees' if each in seen else 'does not see'}.",
        )
        for each in targets
    ]
    return Explanation(f"Document {document_id}", bool(visible_documents(view, [row])), tuple(reasons))


def _customer(view: Reading, customer_id: str) -> Explanation:
    if view.session.get(CustomerRow, customer_id) is None:
        return Explanation(f"There is no customer {customer_id}", None)
    reasons = _by_rights(view.actor, READERS, "customers")
    return Explanation(f"Customer {customer_id}", may_read(view.actor), reasons)


def _by_rights(actor: Actor, rights: tuple[str, ...], what: str) -> tuple[Reason, ...]:
    held = [right for right in rights if actor.may(right)]
    by = sorted({role for role in actor.roles for right in held if right in ROLE_PERMISSIONS.get(role, EMPLOYEE)})
    by = by or ["emergency access"]
    if held:
        return (Reason(True, f"The right {_listed(held)} opens {what}; it comes with {_listed(by)}."),)
    return (Reason(False, f"No right of this person opens {what} ({_listed(rights)})."),)


def _listed(names: list[str] | tuple[str, ...]) -> str:
    return ", ".join(names)


EXPLAINED: dict[str, Callable[[Reading, str], Explanation]] = {
    "cases": _case,
    "tasks": _task,
    "documents": _document,
    "customers": _customer,
}
