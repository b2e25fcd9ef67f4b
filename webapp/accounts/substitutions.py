"""Who does whose tasks while they are away: arranged by the absent person or an administrator, for a time and a scope.

It brings tasks and the cases that they belong to, none of the absent person's rights, and is not passed on further.
"""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import aliased

from core.errors import Conflict, Forbidden, InvalidInput, NotFound
from core.executor import handles
from core.ids import new_id
from core.messages import Command
from core.records import dataclass
from engine.queries import definitions
from storage.unit_of_work import Reading, UnitOfWork
from webapp.accounts.events import SubstitutionArranged, SubstitutionEnded
from webapp.accounts.models import AccountRow, SubstitutionRow
from webapp.accounts.people import ADMINISTER
from webapp.accounts.queries import Account, account_named

LONGEST = timedelta(days=366)
MOST_AT_ONCE = 20  # substitutions of one person, or by one deputy, that are not over
MOST = 200  # that a list shows


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrangeSubstitution(Command):
    """Have somebody do one's tasks from a moment until another one. Returns the id.

    `person` is who is away, oneself where none is named; `roles` are the groups of that person whose tasks go over,
    `processes` the keys of the processes, empty for all. What is assigned to the person always goes over.
    """

    deputy: str
    starts_at: datetime
    ends_at: datetime
    person: str | None = None
    roles: frozenset[str] = frozenset()
    processes: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class EndSubstitution(Command):
    """End one before its time, or call a planned one off."""

    substitution_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Substitution:
    """Who does whose tasks: log-in names and what people call them, from when until when, and for what."""

    id: str
    person: str
    person_name: str
    deputy: str
    deputy_name: str
    roles: tuple[str, ...]
    processes: tuple[str, ...]
    starts_at: datetime
    ends_at: datetime


@handles(ArrangeSubstitution, needs=None)
def arrange_substitution(command: ArrangeSubstitution, unit: UnitOfWork) -> str:
    """Write it down. Raises `Forbidden`, `NotFound`, `InvalidInput`, `Conflict` beyond `MOST_AT_ONCE`."""
    name = (command.person or unit.actor.id).strip().lower()
    deputy_name = command.deputy.strip().lower()
    _check_may_arrange(name, deputy_name, unit)
    person = account_named(unit, name)
    deputy = _deputy(deputy_name, unit)
    if person.id == deputy.id:
        raise _wrong("/deputy", "Nobody stands in for themselves; choose somebody else.")
    if foreign := sorted(command.roles - person.roles):
        raise _wrong("/roles", f"{person.display_name} is in no group {', '.join(foreign)}, so it cannot be handed on.")
    known = {each.key for each in definitions(unit) if each.kind == "process"}
    if unknown := sorted(command.processes - known):
        raise _wrong("/processes", f"There is no process {', '.join(unknown)}.")
    _check_times(command, unit.clock.now())
    _check_room(person, deputy, unit)
    row = SubstitutionRow(
        id=new_id(),
        person_id=person.id,
        deputy_id=deputy.id,
        roles=sorted(command.roles),
        processes=sorted(command.processes),
        starts_at=command.starts_at,
        ends_at=command.ends_at,
    )
    unit.session.add(row)
    unit.emit(
        SubstitutionArranged(
            account_id=person.id,
            substitution_id=row.id,
            person=person.name,
            deputy=deputy.name,
            roles=row.roles,
            processes=row.processes,
            starts_at=row.starts_at.isoformat(),
            ends_at=row.ends_at.isoformat(),
        )
    )
    return row.id


@handles(EndSubstitution, needs=None)
def end_substitution(command: EndSubstitution, unit: UnitOfWork) -> None:
    """End it now; one that is over stays as it is. Raises `NotFound` also for those of others."""
    wanted = select(SubstitutionRow).where(SubstitutionRow.id == command.substitution_id)
    found = unit.session.scalar(wanted.with_for_update())
    me = unit.session.scalar(select(AccountRow.id).where(AccountRow.name == unit.actor.id))
    if found is None or not (me in {found.person_id, found.deputy_id} or unit.actor.may(ADMINISTER)):
        sentence = f"There is no substitution {command.substitution_id} that is yours to end."
        raise NotFound(sentence, substitution=command.substitution_id)
    now = unit.clock.now()
    if found.ends_at <= now:
        return
    found.starts_at, found.ends_at = min(found.starts_at, now), now
    unit.emit(SubstitutionEnded(account_id=found.person_id, substitution_id=found.id))


def substitutions(view: Reading, *, everybody: bool = False, past: bool = False) -> list[Substitution]:
    """Those that are about the reader, or everybody's, by their beginning; with `past` the newest, over or not.

    Raises `Forbidden` where everybody's are asked for without the right to administer accounts or to read the trail.
    """
    if everybody and not (view.actor.may(ADMINISTER) or view.actor.may("audit.read")):
        raise Forbidden(f"You do not have the right to see those of others ({ADMINISTER}).", permission=ADMINISTER)
    row, person, deputy = SubstitutionRow, aliased(AccountRow), aliased(AccountRow)
    conditions: list[ColumnElement[bool]] = []
    if not everybody:
        conditions.append(or_(person.name == view.actor.id, deputy.name == view.actor.id))
    if not past:
        conditions.append(row.ends_at > view.clock.now())
    wanted = (
        select(row, person.name, person.display_name, deputy.name, deputy.display_name)
        .join(person, person.id == row.person_id)
        .join(deputy, deputy.id == row.deputy_id)
        .where(and_(True, *conditions))
        .order_by(row.ends_at.desc() if past else row.starts_at, row.id)
        .limit(MOST)
    )
    return [_substitution(*found) for found in view.session.execute(wanted)]


def _substitution(row: SubstitutionRow, *names: Any) -> Substitution:
    person, person_name, deputy, deputy_name = names
    return Substitution(
        id=row.id,
        person=person,
        person_name=person_name,
        deputy=deputy,
        deputy_name=deputy_name,
        roles=tuple(row.roles),
        processes=tuple(row.processes),
        starts_at=row.starts_at,
        ends_at=row.ends_at,
    )


def _check_may_arrange(person: str, deputy: str, unit: UnitOfWork) -> None:
    """Who works on tasks for themselves; administrators for others, never to their own gain."""
    needed = "task.work" if person == unit.actor.id else ADMINISTER
    if not unit.actor.may(needed):
        raise Forbidden(f"You do not have the right to arrange who does these tasks ({needed}).", permission=needed)
    if person != unit.actor.id and deputy == unit.actor.id:
        sentence = "Nobody gives themselves the tasks of others; ask another administrator."
        raise Forbidden(sentence, permission=ADMINISTER)


def _deputy(name: str, unit: UnitOfWork) -> Account:
    try:
        deputy = account_named(unit, name)
    except NotFound as error:
        raise _wrong("/deputy", f"There is no account named {name}.") from error
    if not deputy.is_active or not deputy.actor().may("task.work"):
        raise _wrong("/deputy", f"{deputy.display_name} cannot work on tasks; choose somebody else.")
    return deputy


def _check_times(command: ArrangeSubstitution, now: datetime) -> None:
    if command.ends_at <= max(now, command.starts_at):
        raise _wrong("/ends_at", "The end must come after the beginning, and must not be over.")
    if command.ends_at - max(now, command.starts_at) > LONGEST:
        raise _wrong("/ends_at", f"It lasts {LONGEST.days} days at most; give the tasks to others for good instead.")


def _check_room(person: Account, deputy: Account, unit: UnitOfWork) -> None:
    row, now = SubstitutionRow, unit.clock.now()
    for who, column in ((person, row.person_id), (deputy, row.deputy_id)):
        there = unit.session.scalars(
            select(row.id).where(column == who.id, row.ends_at > now).limit(MOST_AT_ONCE)
        ).all()
        if len(there) == MOST_AT_ONCE:
            raise Conflict(f"{who.display_name} has {MOST_AT_ONCE} substitutions; end one of them first.")


def _wrong(pointer: str, sentence: str) -> InvalidInput:
    return InvalidInput(sentence, fields={pointer: sentence})
