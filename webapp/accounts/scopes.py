"""How far the rights of roles reach, and the teams and departments that decide it: changed by administrators."""

from collections.abc import Mapping

from sqlalchemy import delete, func, select

from core.errors import Conflict, Forbidden, InvalidInput, NotFound
from core.executor import handles
from core.messages import Command
from core.records import dataclass
from storage.unit_of_work import Reading, UnitOfWork
from webapp.accounts.events import PutInTeam, ScopesSet, TeamDropped, TeamSet
from webapp.accounts.limits import ALL, SCOPED, SCOPES, scope_of
from webapp.accounts.models import AccountRoleRow, AccountRow, RoleScopeRow, TeamRow
from webapp.accounts.people import ADMINISTER, locked_account
from webapp.accounts.roles import NAME, ROLE_PERMISSIONS, permissions_of


@dataclass(frozen=True, slots=True, kw_only=True)
class SetScopes(Command):
    """Say how far rights of a role reach: `own`, `team`, `department` or `all`; its others stay as they are."""

    role: str
    scopes: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class SetTeam(Command):
    """Found a team, or say anew how it is called, which department it belongs to, and who leads it.

    Without a department it can be one. Its head sees the tasks and plans of its people and of those of its teams.
    """

    name: str
    title: str
    department: str | None = None
    head: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DropTeam(Command):
    """Give up a team that nobody is in and no other belongs to."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeTeam(Command):
    """Put an account into a team, or into none."""

    account: str
    team: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """A role, how many open accounts have it, its rights, and how far those reach that can reach less than all."""

    name: str
    people: int
    rights: list[str]
    scopes: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Team:
    """A team and the log-in names of its people; `department` is the team that it belongs to, `head` who leads it."""

    name: str
    title: str
    department: str | None
    head: str | None
    people: list[str]


@handles(SetScopes, needs=ADMINISTER)
def set_scopes(command: SetScopes, unit: UnitOfWork) -> None:
    """Write them down. Raises `NotFound`, `InvalidInput`, `Forbidden` for a wider reach of one's own."""
    if command.role not in _known(unit):
        raise NotFound(f"There is no role {command.role}.", role=command.role)
    held = permissions_of([command.role])
    for right, scope in command.scopes.items():
        if right not in SCOPED or right not in held:
            can = ", ".join(each for each in SCOPED if each in held) or "none"
            raise _wrong(f"/scopes/{right}", f"Of this role's rights these reach more or less: {can}.")
        if scope not in SCOPES:
            raise _wrong(f"/scopes/{right}", f"A right reaches {', '.join(SCOPES)}.")
    before = _scopes(unit)
    changes: dict[str, list[str]] = {}
    for right, scope in sorted(command.scopes.items()):
        old = before.get((command.role, right), ALL)
        if scope == old:
            continue
        if command.role in unit.actor.roles and SCOPES.index(scope) > SCOPES.index(old):
            raise Forbidden("Nobody lets themselves see more; ask another administrator.", permission=ADMINISTER)
        changes[right] = [old, scope]
        if scope == ALL:
            row = RoleScopeRow
            unit.session.execute(delete(row).where(row.role == command.role, row.permission == right))
        else:
            unit.session.merge(RoleScopeRow(role=command.role, permission=right, scope=scope))
    if changes:
        unit.emit(ScopesSet(role=command.role, changes=changes))


@handles(SetTeam, needs=ADMINISTER)
def set_team(command: SetTeam, unit: UnitOfWork) -> None:
    """Write it down. Raises `InvalidInput`, `Forbidden` below oneself; a department belongs to no other."""
    title = " ".join(command.title.split())
    if not NAME.fullmatch(command.name):
        raise _wrong("/name", "A team's name has small letters, digits and underscores only, such as sales_north.")
    if not 0 < len(title) <= TeamRow.title.type.length:
        raise _wrong("/title", f"Say how the team is called, in at most {TeamRow.title.type.length} characters.")
    row = unit.session.get(TeamRow, command.name, with_for_update=True)
    department, above = command.department or None, None
    if department is not None:
        above = unit.session.get(TeamRow, department, with_for_update=True)
        if above is None or department == command.name:
            raise _wrong("/department", f"There is no other team {department}.")
        below = unit.session.scalar(select(TeamRow.name).where(TeamRow.department == command.name).limit(1))
        if above.department is not None or below is not None:
            raise _wrong("/department", "A department belongs to no other: choose one that is in none, for a team.")
    head = _head(command, unit, row)
    if above is not None and (row is None or (row.department, row.head) != (department, head)):
        _refuse_below_oneself(unit, above)
    if row is None:
        unit.session.add(TeamRow(name=command.name, title=title, department=department, head=head))
    elif (row.title, row.department, row.head) == (title, department, head):
        return
    elif department != row.department and _is_own(unit, command.name):
        raise Forbidden("Nobody moves their own team; ask another administrator.", permission=ADMINISTER)
    else:
        row.title, row.department, row.head = title, department, head
    unit.emit(TeamSet(team=command.name, title=title, department=department, head=head))


def _head(command: SetTeam, unit: UnitOfWork, before: TeamRow | None) -> str | None:
    """Who is to lead it. Raises `InvalidInput` for nobody's name, `Forbidden` for oneself."""
    head = command.head or None
    if head is None or (before is not None and before.head == head):
        return head
    if unit.session.scalar(select(AccountRow.name).where(AccountRow.name == head, AccountRow.is_active)) is None:
        raise _wrong("/head", f"There is no open account {head} to lead the team.")
    if head == unit.actor.id:
        raise Forbidden("Nobody makes themselves the head of a team; ask another administrator.", permission=ADMINISTER)
    return head


def _refuse_below_oneself(unit: UnitOfWork, *teams: TeamRow | None) -> None:
    """Raises `Forbidden` where the actor leads one of the teams."""
    if any(each is not None and each.head == unit.actor.id for each in teams):
        sentence = "Nobody puts people or teams below themselves; ask another administrator."
        raise Forbidden(sentence, permission=ADMINISTER)


@handles(DropTeam, needs=ADMINISTER)
def drop_team(command: DropTeam, unit: UnitOfWork) -> None:
    """Let it go. Raises `NotFound`, and `Conflict` while somebody is in it or another belongs to it."""
    row = unit.session.get(TeamRow, command.name, with_for_update=True)
    if row is None:
        raise NotFound(f"There is no team {command.name}.", team=command.name)
    people = unit.session.scalar(select(AccountRow.name).where(AccountRow.team == row.name).limit(1))
    teams = unit.session.scalar(select(TeamRow.name).where(TeamRow.department == row.name).limit(1))
    if people or teams:
        raise Conflict(f"{row.title} is not empty: {people or teams} belongs to it. Move that elsewhere first.")
    unit.session.delete(row)
    unit.emit(TeamDropped(team=row.name, title=row.title))


@handles(ChangeTeam, needs=ADMINISTER)
def change_team(command: ChangeTeam, unit: UnitOfWork) -> None:
    """Write it down. Raises `NotFound`, `InvalidInput`, `Forbidden` for oneself and for a team below oneself."""
    account = locked_account(command.account, unit)
    team = command.team or None
    row = unit.session.get(TeamRow, team, with_for_update={"read": True}) if team else None
    if team is not None and row is None:
        raise _wrong("/team", f"There is no team {team}.")
    if account.team == team:
        return
    if account.name == unit.actor.id:
        raise Forbidden("Nobody puts themselves into a team; ask another administrator.", permission=ADMINISTER)
    above = (
        unit.session.get(TeamRow, row.department, with_for_update={"read": True}) if row and row.department else None
    )
    _refuse_below_oneself(unit, row, above)
    account.team = team
    unit.emit(PutInTeam(account_id=account.id, team=team))


def roles(view: Reading) -> list[Role]:
    """All roles by name. Raises `Forbidden`."""
    _require(view)
    scopes = _scopes(view)
    counted = select(AccountRoleRow.role, func.count()).join(AccountRow, AccountRow.id == AccountRoleRow.account_id)
    counts = dict(view.session.execute(counted.where(AccountRow.is_active).group_by(AccountRoleRow.role)).all())
    found = []
    for name in sorted(_known(view)):
        rights = sorted(permissions_of([name]))
        reaches = {each: scope_of(each, [name], scopes) for each in SCOPED if each in rights}
        found.append(Role(name=name, people=counts.get(name, 0), rights=rights, scopes=reaches))
    return found


def teams(view: Reading) -> list[Team]:
    """All teams: each department, then those that belong to it. Raises `Forbidden`."""
    _require(view)
    people: dict[str, list[str]] = {}
    named = select(AccountRow.team, AccountRow.name).where(AccountRow.team.is_not(None)).order_by(AccountRow.name)
    for team, name in view.session.execute(named):
        people.setdefault(str(team), []).append(name)
    order = func.coalesce(TeamRow.department, TeamRow.name), TeamRow.department.is_not(None), TeamRow.name
    rows = view.session.scalars(select(TeamRow).order_by(*order))
    return [
        Team(
            name=row.name,
            title=row.title,
            department=row.department,
            head=row.head,
            people=people.get(row.name, []),
        )
        for row in rows
    ]


def _known(view: Reading) -> set[str]:
    return {*ROLE_PERMISSIONS, *view.session.scalars(select(AccountRoleRow.role).distinct())}


def _scopes(view: Reading) -> dict[tuple[str, str], str]:
    return {(row.role, row.permission): row.scope for row in view.session.scalars(select(RoleScopeRow))}


def _is_own(unit: UnitOfWork, team: str) -> bool:
    return unit.session.scalar(select(AccountRow.team).where(AccountRow.name == unit.actor.id)) == team


def _require(view: Reading) -> None:
    if not view.actor.may(ADMINISTER):
        raise Forbidden(f"You do not have the right to see roles and teams ({ADMINISTER}).", permission=ADMINISTER)


def _wrong(pointer: str, sentence: str) -> InvalidInput:
    return InvalidInput(sentence, fields={pointer: sentence})
