"""Filters of activities that people keep by name, for themselves or for their groups."""

from typing import Any

from sqlalchemy import or_, select

from core.executor import handles
from core.ids import new_id
from core.messages import Command
from core.records import dataclass
from crm.access import require_read
from crm.activities.queries import ActivityFilter
from crm.checks import Findings, one_at_a_time
from crm.errors import FilterNotFound
from crm.planning.events import FilterDropped, FilterKept
from crm.planning.models import ActivityFilterRow
from storage.unit_of_work import Reading, UnitOfWork

MOST = 200  # filters that one person sees
FIELDS = frozenset(ActivityFilter.__dataclass_fields__) - {"since", "until"}


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepFilter(Command):
    """Keep a filter by name, in place of one's own of that name; `groups` are roles that have it, too."""

    name: str
    wanted: dict[str, Any]
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DropFilter(Command):
    """Drop one's own filter."""

    filter_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptFilter:
    """A filter by its name; `wanted` has fields of `ActivityFilter`."""

    id: str
    name: str
    owner: str
    wanted: dict[str, Any]
    groups: list[str]


@handles(KeepFilter, needs=None)
def keep_filter(command: KeepFilter, unit: UnitOfWork) -> str:
    """Keep it and return its id. Raises `WrongFields`, `Forbidden`."""
    require_read(unit)
    findings = Findings()
    name = findings.text("/name", command.name, "The name", longest=80)
    for field, value in command.wanted.items():
        if field not in FIELDS or not isinstance(value, str | bool):
            findings.add(f"/wanted/{field}", f"Activities are not filtered by {field}.")
    findings.refuse()
    one_at_a_time(unit, f"activity_filter:{unit.actor.id}")
    mine = (ActivityFilterRow.owner == unit.actor.id) & (ActivityFilterRow.name == name)
    row = unit.session.scalars(select(ActivityFilterRow).where(mine)).first()
    if row is None:
        row = ActivityFilterRow(id=new_id(), owner=unit.actor.id, name=name)
        unit.session.add(row)
    row.wanted, row.groups = dict(command.wanted), list(dict.fromkeys(command.groups))
    unit.emit(FilterKept(account=unit.actor.id, name=name, groups=row.groups))
    return row.id


@handles(DropFilter, needs=None)
def drop_filter(command: DropFilter, unit: UnitOfWork) -> None:
    """Drop it. Raises `FilterNotFound` for one that is not the actor's."""
    row = unit.session.get(ActivityFilterRow, command.filter_id)
    if row is None or row.owner != unit.actor.id:
        raise FilterNotFound(command.filter_id)
    unit.session.delete(row)
    unit.emit(FilterDropped(account=unit.actor.id, name=row.name))


def filters(view: Reading) -> list[KeptFilter]:
    """One's own and those of one's groups, by name."""
    require_read(view)
    shared = [ActivityFilterRow.groups.contains([role]) for role in sorted(view.actor.roles)]
    wanted = select(ActivityFilterRow).where(or_(ActivityFilterRow.owner == view.actor.id, *shared))
    rows = view.session.scalars(wanted.order_by(ActivityFilterRow.name, ActivityFilterRow.id).limit(MOST))
    return [
        KeptFilter(id=row.id, name=row.name, owner=row.owner, wanted=row.wanted, groups=list(row.groups))
        for row in rows
    ]


def filter_of(view: Reading, filter_id: str) -> ActivityFilter:
    """What a kept filter asks for. Raises `FilterNotFound`."""
    found = next((each for each in filters(view) if each.id == filter_id), None)
    if found is None:
        raise FilterNotFound(filter_id)
    return ActivityFilter(**found.wanted)
