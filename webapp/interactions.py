"""An interaction with a customer: contacts that follow one another, and the tasks that come of them, in one order.

It is what hangs together: activities that follow one another or are about the same case, and the tasks of the cases
that these began or belong to.
"""

from collections.abc import Collection, Iterable
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import aliased

from core.records import dataclass
from crm.access import require_read
from crm.activities.models import ActivityLinkRow, ActivityRow
from crm.activities.privacy import visible_activities
from crm.activities.queries import activity
from crm.activities.words import OPEN_STATES
from engine.access import visible_instances
from engine.models import InstanceEntityRow, InstanceRow, TaskHistoryRow, WorkItemRow
from engine.queries import instance
from storage.unit_of_work import Reading

ACTIVITY, CASE, TASK = "crm.activity", "case", "task"
CAUSE = "cause"  # the role of the activity that began a case
ROUNDS = 6  # from contacts to their cases and back
MOST = 200  # contacts, cases and tasks, of each
COMPLETED = "completed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A contact or a task; `after` is the id of the step that it follows or comes of, None for a beginning.

    `state` is planned, held or cancelled for a contact, open, completed or cancelled for a task; `case_id` is the case
    of a task.
    """

    kind: str
    id: str
    title: str
    state: str
    is_open: bool
    moment: datetime
    due_at: datetime | None
    employee: str | None
    groups: tuple[str, ...] = ()
    after: str | None = None
    case_id: str | None = None
    method: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Interaction:
    """The steps in their order, none before the one that it follows.

    `hidden` are cases of it that the reader may not see; with one of them nobody can say that it is over.
    """

    steps: list[Step]
    open: int
    hidden: int
    is_cut: bool

    @property
    def is_over(self) -> bool:
        """Whether every contact and every task is closed."""
        return not self.open and not self.hidden


def interaction_of_activity(view: Reading, activity_id: str) -> Interaction:
    """Around a contact. Raises `ActivityNotFound`."""
    return _interaction(view, {activity(view, activity_id).id}, set())


def interaction_of_case(view: Reading, instance_id: str) -> Interaction:
    """Around a case. Raises `InstanceNotFound`."""
    require_read(view)
    return _interaction(view, set(), {instance(view, instance_id).id})


def _interaction(view: Reading, contacts: set[str], cases: set[str]) -> Interaction:
    for _ in range(ROUNDS):
        known = len(contacts) + len(cases)
        contacts |= _linked(view, cases) | _chained(view, contacts)
        cases |= _begun(view, contacts)
        if len(contacts) + len(cases) == known or max(len(contacts), len(cases)) >= MOST:
            break
    seen = set(
        view.session.scalars(select(InstanceRow.id).where(InstanceRow.id.in_(cases), visible_instances(view.actor)))
    )
    found = [*_contacts(view, contacts), *_tasks(view, seen)]
    is_cut = len(found) >= MOST or max(len(contacts), len(cases)) >= MOST
    steps = _ordered(found)
    return Interaction(steps=steps, open=sum(each.is_open for each in steps), hidden=len(cases - seen), is_cut=is_cut)


def _chained(view: Reading, contacts: Collection[str]) -> set[str]:
    """What these contacts follow, and what follows that."""
    before = select(ActivityRow.id, ActivityRow.follows_id).where(ActivityRow.id.in_(contacts)).cte(recursive=True)
    earlier = aliased(ActivityRow)
    before = before.union(select(earlier.id, earlier.follows_id).join(before, earlier.id == before.c.follows_id))
    chain = select(before.c.id).cte(recursive=True)
    later = aliased(ActivityRow)
    chain = chain.union(select(later.id).join(chain, later.follows_id == chain.c.id))
    return set(view.session.scalars(select(chain.c.id).limit(MOST)))


def _linked(view: Reading, cases: Collection[str]) -> set[str]:
    """The contacts that cases began with, that joined them, or that are about them."""
    about = select(InstanceEntityRow.entity_id).where(
        InstanceEntityRow.instance_id.in_(cases), InstanceEntityRow.entity == ACTIVITY
    )
    linked = select(ActivityLinkRow.activity_id).where(
        ActivityLinkRow.entity == CASE, ActivityLinkRow.record_id.in_(cases)
    )
    return {*view.session.scalars(about.limit(MOST)), *view.session.scalars(linked.limit(MOST))}


def _begun(view: Reading, contacts: Collection[str]) -> set[str]:
    """The cases of contacts."""
    about = select(InstanceEntityRow.instance_id).where(
        InstanceEntityRow.entity == ACTIVITY, InstanceEntityRow.entity_id.in_(contacts)
    )
    linked = select(ActivityLinkRow.record_id).where(
        ActivityLinkRow.entity == CASE, ActivityLinkRow.activity_id.in_(contacts)
    )
    return {*view.session.scalars(about.limit(MOST)), *view.session.scalars(linked.limit(MOST))}


def _contacts(view: Reading, ids: Collection[str]) -> Iterable[Step]:
    rows = view.session.scalars(
        select(ActivityRow)
        .where(ActivityRow.id.in_(ids), visible_activities(view))
        .order_by(ActivityRow.moment, ActivityRow.id)
        .limit(MOST)
    )
    for row in rows:
        yield Step(
            kind="contact",
            id=row.id,
            title=row.subject,
            state=row.status,
            is_open=row.status == "planned" or row.state in OPEN_STATES,
            moment=row.moment,
            due_at=row.planned_from if row.status == "planned" else None,
            employee=row.employee,
            after=row.follows_id,
            method=row.method,
        )


def _tasks(view: Reading, cases: Collection[str]) -> list[Step]:
    """Tasks of cases: each after the last one of its case that was done before it came, else after what began it."""
    causes: dict[str, str] = {}
    named = select(InstanceEntityRow).where(
        InstanceEntityRow.instance_id.in_(cases), InstanceEntityRow.entity == ACTIVITY, InstanceEntityRow.role == CAUSE
    )
    for cause in view.session.scalars(named.order_by(InstanceEntityRow.linked_at.desc())):
        causes[cause.instance_id] = cause.entity_id
    done = list(
        view.session.scalars(
            select(TaskHistoryRow)
            .where(TaskHistoryRow.instance_id.in_(cases))
            .order_by(TaskHistoryRow.ended_at.desc(), TaskHistoryRow.id)
            .limit(MOST)
        )
    )
    waiting = view.session.scalars(
        select(WorkItemRow).where(WorkItemRow.instance_id.in_(cases)).order_by(WorkItemRow.created_at).limit(MOST)
    )
    rows: list[WorkItemRow | TaskHistoryRow] = [*done, *waiting]
    found = []
    for row in rows:
        before = [each for each in done if each.instance_id == row.instance_id and each.ended_at <= row.created_at]
        last = max(
            (each for each in before if each.id != row.id), key=lambda each: (each.ended_at, each.id), default=None
        )
        found.append(_task(row, last.id if last else causes.get(row.instance_id)))
    return found


def _task(row: WorkItemRow | TaskHistoryRow, after: str | None) -> Step:
    is_open = isinstance(row, WorkItemRow)
    groups = (each.removeprefix("group:") for each in row.candidates if each.startswith("group:"))
    return Step(
        kind=TASK,
        id=row.id,
        title=row.name,
        state="open" if isinstance(row, WorkItemRow) else row.state,
        is_open=is_open,
        moment=row.created_at,
        due_at=row.due_at if is_open else None,
        employee=row.assignee if isinstance(row, WorkItemRow) else row.actor,
        groups=tuple(groups),
        after=after,
        case_id=row.instance_id,
    )


def _ordered(found: list[Step]) -> list[Step]:
    """By time, but none before the one that it follows."""
    left = sorted(found, key=lambda each: (each.moment, each.id))
    ids = {each.id for each in found}
    placed: set[str] = set()
    steps: list[Step] = []
    while left:
        ready = next((each for each in left if each.after not in ids or each.after in placed), left[0])
        left.remove(ready)
        placed.add(ready.id)
        steps.append(ready)
    return steps
