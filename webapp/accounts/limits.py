"""How far the rights of somebody reach: by their roles, and by the team and the department that they are in."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

from core.identity import Actor, Reach
from crm.access import READERS, reach_of
from engine.access import CASES
from webapp.accounts.roles import EMPLOYEE, ROLE_PERMISSIONS, permissions_of

SCOPES = ("own", "team", "department", "all")  # each reaches further than the one before
ALL = SCOPES[-1]
SCOPED = READERS  # the rights that can reach less than everything

Scopes = Mapping[tuple[str, str], str]  # the scope of (role, right), where it is not all
Teams = Mapping[str, tuple[str | None, Collection[str]]]  # the department and the people of each team, by its name


def limits_of(
    name: str,
    team: str | None,
    roles: Collection[str],
    scopes: Scopes,
    teams: Teams,
    *,
    leads: Collection[str] = (),
    lent: Collection[str] = (),
) -> tuple[tuple[str, Reach], ...]:
    """How far each right reaches that does not reach everything.

    `teams` has at least those of the person's department; `leads` are those whom the person leads: what they look after
    is reached, too; `lent` are customers that an open task of theirs is about.
    Cases are reached as far as what they are about is. The role that reaches furthest decides; a group that only a
    diagram knows decides only where no role brings the right.
    """
    if not scopes:
        return ()
    found = [
        (right, replace(reach, people=reach.people | frozenset(leads), customers=frozenset(lent)))
        for right in SCOPED
        if right in permissions_of(roles) and (scope := scope_of(right, roles, scopes)) != ALL
        for reach in [_reach(scope, name, team, teams)]
    ]
    seen = reach_of(Actor(id=name, name=name, permissions=permissions_of(roles), limits=tuple(found)))
    return tuple(found) if seen is None else (*found, (CASES, seen))


def scope_of(right: str, roles: Iterable[str], scopes: Scopes) -> str:
    """How far a right reaches that one of these roles brings."""
    bringing = [role for role in roles if right in ROLE_PERMISSIONS.get(role, EMPLOYEE)]
    known = [role for role in bringing if role in ROLE_PERMISSIONS or (role, right) in scopes]
    return max((scopes.get((role, right), ALL) for role in known or bringing), key=SCOPES.index)


def _reach(scope: str, name: str, team: str | None, teams: Teams) -> Reach:
    if scope == SCOPES[0] or team is None or team not in teams:
        return Reach(people=frozenset({name}))
    top = team if scope == "team" else teams[team][0] or team
    within = [each for each, (department, _) in teams.items() if top in (each, department)]
    people = frozenset({name}).union(*(teams[each][1] for each in within))
    return Reach(people=people, teams=frozenset(within))
