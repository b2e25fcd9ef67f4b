"""Filters of tasks that people keep by name, for themselves or for their groups."""

from typing import Any

from sqlalchemy import delete, exists, func, or_, select

from core.errors import Forbidden, InvalidInput, NotFound
from core.executor import handles
from core.ids import new_id
from core.messages import Command
from core.records import dataclass
from storage.unit_of_work import Reading, UnitOfWork
from webapp.inbox.events import TaskFilterDropped, TaskFilterKept
from webapp.inbox.looks import Look, look_of
from webapp.inbox.models import TaskFilterGroupRow, TaskFilterRow

MOST = 30  # filters that one person keeps, or sees
LONGEST = 80  # characters of a name


class TaskFilterNotFound(NotFound):
    """No such filter of this person or their groups."""

    code = "task_filter_not_found"

    def __init__(self, key: str) -> None:
        super().__init__(f"You have no filter {key}. Look at the filters of your inbox.", filter=key)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepTaskFilter(Command):
    """Keep a look at tasks by name, in place of one's own of that name; `groups` are roles that have it, too."""

    name: str
    look: dict[str, Any]
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DropTaskFilter(Command):
    """Drop one's own filter."""

    filter_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptLook:
    """A look by its name."""

    id: str
    name: str
    owner: str
    look: Look
    groups: frozenset[str] = frozenset()  # that have it, too; known to its owner


@handles(KeepTaskFilter, needs="task.work")
def keep_task_filter(command: KeepTaskFilter, unit: UnitOfWork) -> str:
    """Keep it and return its id. Raises `InvalidInput`, `Forbidden` for a group that one does not belong to."""
    name = " ".join(command.name.split())
    if not 1 <= len(name) <= LONGEST or "\0" in name:
        raise InvalidInput(
            f"Give the filter a name of at most {LONGEST} characters.", fields={"/name": "A name is needed."}
        )
    groups = sorted(set(command.groups))
    if foreign := sorted(set(groups) - unit.actor.roles):
        raise Forbidden(f"You do not belong to {', '.join(foreign)}; share it with groups of your own.", groups=foreign)
    row = _own(unit, name)
    row.look = look_of(command.look).to_json()
    unit.session.execute(delete(TaskFilterGroupRow).where(TaskFilterGroupRow.filter_id == row.id))
    unit.session.add_all([TaskFilterGroupRow(role=role, filter_id=row.id) for role in groups])
    unit.emit(TaskFilterKept(filter_id=row.id, name=name, look=row.look, groups=groups))
    return row.id


def _own(unit: UnitOfWork, name: str) -> TaskFilterRow:
    """One's own filter of that name, made where there is none."""
    key = func.hashtextextended(f"task_filter:{unit.actor.id}", 0)
    unit.session.execute(select(func.pg_advisory_xact_lock(key)))  # two browsers of one person
    mine = TaskFilterRow.owner == unit.actor.id
    row = unit.session.scalar(select(TaskFilterRow).where(mine, TaskFilterRow.name == name))
    if row is None:
        if (unit.session.scalar(select(func.count()).select_from(TaskFilterRow).where(mine)) or 0) >= MOST:
            raise InvalidInput(f"You keep {MOST} filters already; drop one that you no longer use.")
        row = TaskFilterRow(id=new_id(), owner=unit.actor.id, name=name, look={})
        unit.session.add(row)
        unit.session.flush()  # its groups refer to it
    return row


@handles(DropTaskFilter, needs="task.work")
def drop_task_filter(command: DropTaskFilter, unit: UnitOfWork) -> None:
    """Drop it. Raises `TaskFilterNotFound` for one that is not the actor's."""
    row = unit.session.get(TaskFilterRow, command.filter_id)
    if row is None or row.owner != unit.actor.id:
        raise TaskFilterNotFound(command.filter_id)
    unit.session.delete(row)
    unit.emit(TaskFilterDropped(filter_id=row.id, name=row.name))


def task_filters(view: Reading) -> list[KeptLook]:
    """One's own and those of one's groups, by name."""
    shared = exists().where(
        TaskFilterGroupRow.filter_id == TaskFilterRow.id, TaskFilterGroupRow.role.in_(view.actor.roles)
    )
    rows = view.session.scalars(
        select(TaskFilterRow)
        .where(or_(TaskFilterRow.owner == view.actor.id, shared))
        .order_by(TaskFilterRow.owner != view.actor.id, TaskFilterRow.name, TaskFilterRow.id)  # one's own always show
        .limit(MOST)
    ).all()
    groups: dict[str, set[str]] = {row.id: set() for row in rows if row.owner == view.actor.id}
    for shown in view.session.scalars(select(TaskFilterGroupRow).where(TaskFilterGroupRow.filter_id.in_(groups))):
        groups[shown.filter_id].add(shown.role)
    return [
        KeptLook(
            id=row.id,
            name=row.name,
            owner=row.owner,
            look=look_of(row.look),
            groups=frozenset(groups.get(row.id, ())),
        )
        for row in rows
    ]
