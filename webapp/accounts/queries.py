"""Finding accounts, and turning them into actors."""

import json
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, func, select, text

from core.errors import NotFound
from core.identity import Actor, Reach, StandIn
from core.records import dataclass
from storage.unit_of_work import Reading, Snapshot
from webapp.accounts.emergency import with_emergency_access
from webapp.accounts.limits import limits_of
from webapp.accounts.models import AccountRoleRow, AccountRow
from webapp.accounts.roles import PROGRAMS, ROLE_PERMISSIONS, permissions_of
from webapp.accounts.tokens import digest_of

ROLES = select(func.array_agg(AccountRoleRow.role)).where(AccountRoleRow.account_id == AccountRow.id)
ACCOUNT: Select[Any] = select(
    AccountRow.id,
    AccountRow.name,
    AccountRow.display_name,
    AccountRow.email,
    AccountRow.is_active,
    AccountRow.created_at,
    ROLES.scalar_subquery().label("roles"),
)


@dataclass(frozen=True, slots=True)
class Account:
    """An account as lists show it."""

    id: str
    name: str
    display_name: str
    email: str | None
    roles: frozenset[str]
    is_active: bool
    created_at: datetime

    def actor(self, address: str | None = None) -> Actor:
        """Who this account is in the trail, and what it may do; `actor_named` tells how far that reaches."""
        return Actor(
            id=self.name,
            name=self.display_name,
            roles=self.roles,
            permissions=permissions_of(self.roles),
            address=address,
        )


@dataclass(frozen=True, slots=True)
class TokenUse:
    """A valid token: which one, whose, and when it was used before."""

    id: str
    actor: Actor
    used_at: datetime | None


# Every request asks one of the two; through the ORM that cost two fifths of a completion's time of the processor.
# Teams are looked for only where a right of somebody reaches no further than theirs, and what open tasks are about
# only where rights reach less than everything.
# Whoever stands in for somebody has of that person's groups those that were handed on and that the person still has.
WHO = b"""
SELECT a.name, a.display_name, ARRAY(SELECT role FROM account_role WHERE account_id = a.id) AS roles,
  ARRAY(
    SELECT json_build_array(p.name, s.processes, ARRAY(
      SELECT role FROM account_role WHERE account_id = p.id AND (s.roles = '{}' OR role = ANY(s.roles)) ORDER BY role
    ))::text
    FROM substitution AS s JOIN account AS p ON p.id = s.person_id
    WHERE s.deputy_id = a.id AND s.ends_at > $2 AND s.starts_at <= $2 ORDER BY s.id
  ) AS absent,
  a.team, ARRAY(
    SELECT json_build_array(s.role, s.permission, s.scope)::text
    FROM account_role AS r JOIN role_scope AS s ON s.role = r.role WHERE r.account_id = a.id
  ) AS scopes_of_roles,
  ARRAY(
    SELECT json_build_array(t.name, t.department, ARRAY(SELECT name FROM account WHERE team = t.name))::text
    FROM team AS own
    JOIN team AS t ON coalesce(own.department, own.name) IN (t.name, t.department)
    WHERE own.name = a.team AND EXISTS (
      SELECT FROM account_role AS r JOIN role_scope AS s ON s.role = r.role
      WHERE r.account_id = a.id AND s.scope IN ('team', 'department')
    )
  ) AS teams,
  ARRAY(
    SELECT p.name FROM team AS led JOIN team AS t ON led.name IN (t.name, t.department)
    JOIN account AS p ON p.team = t.name OR p.name = t.head WHERE led.head = a.name AND p.name <> a.name
    GROUP BY p.name ORDER BY p.name
  ) AS leads,
  CASE WHEN EXISTS (
    SELECT FROM account_role AS r JOIN role_scope AS s ON s.role = r.role WHERE r.account_id = a.id
  ) THEN ARRAY(
    SELECT DISTINCT customer_survivor(found.id)
    FROM work_item AS w CROSS JOIN LATERAL case_customers(w.instance_id) AS found (id) WHERE w.assignee = a.name
  ) END AS lent"""
BY_LOG_IN = (
    b"""%b,
  EXISTS (SELECT FROM emergency_access AS e WHERE e.account_id = a.id AND e.ends_at > $2) AS is_emergency
FROM account_login l JOIN account a ON a.id = l.account_id
WHERE l.id = $1 AND l.ended_at IS NULL AND l.expires_at > $2 AND a.is_active
"""
    % WHO
)
BY_TOKEN = (
    b"""%b,
  t.id AS token_id, t.used_at, t.scopes
FROM api_token t JOIN account a ON a.id = t.account_id
WHERE t.digest = $1 AND t.revoked_at IS NULL AND (t.expires_at IS NULL OR t.expires_at > $2) AND a.is_active
"""
    % WHO
)


BY_NAME = text(WHO.decode().replace("$2", ":now") + " FROM account a WHERE a.name = :name")


def accounts(view: Reading) -> list[Account]:
    """All accounts by name."""
    return [_account(row) for row in view.session.execute(ACCOUNT.order_by(AccountRow.name))]


def account_named(view: Reading, name: str) -> Account:
    """The account of that log-in name. Raises `NotFound`."""
    found = view.session.execute(ACCOUNT.where(AccountRow.name == name.strip().lower())).one_or_none()
    if found is None:
        raise NotFound(f"There is no account named {name}.", name=name)
    return _account(found)


def names_of(view: Reading, accounts: Collection[str]) -> dict[str, str]:
    """What people call the accounts of these log-in names."""
    rows = select(AccountRow.name, AccountRow.display_name).where(AccountRow.name.in_(accounts))
    return {row.name: row.display_name for row in view.session.execute(rows)} if accounts else {}


def members(view: Reading, role: str) -> tuple[str, ...]:
    """The log-in names of the open accounts with a role; nobody's name where there are none, which matches nothing."""
    named = select(AccountRow.name).join(AccountRoleRow, AccountRoleRow.account_id == AccountRow.id)
    found = view.session.scalars(
        named.where(AccountRoleRow.role == role, AccountRow.is_active).order_by(AccountRow.name)
    )
    return tuple(found) or ("",)


def credentials(view: Reading, name: str) -> tuple[str, str | None] | None:
    """Id and hash of an account that may log in, None for unknown and closed ones."""
    if "\0" in name:  # no text of the database can have it
        return None
    wanted = select(AccountRow.id, AccountRow.password_hash).where(AccountRow.name == name, AccountRow.is_active)
    row = view.session.execute(wanted).one_or_none()
    return None if row is None else (row.id, row.password_hash)


def actor_of_log_in(view: Snapshot, log_in_id: str, address: str | None) -> Actor | None:
    """Whose browser this is, while its log-in holds."""
    rows = view.fetch(BY_LOG_IN, log_in_id, view.clock.now())
    if not rows:
        return None
    actor = _actor(rows[0], address)
    return with_emergency_access(actor) if rows[0]["is_emergency"] else actor


def actor_named(view: Reading, name: str, address: str | None = None) -> Actor:
    """Who an account is at this moment, those whom it stands in for included. Raises `NotFound`."""
    row = view.session.execute(BY_NAME, {"name": name, "now": view.clock.now()}).mappings().one_or_none()
    if row is None:
        raise NotFound(f"There is no account named {name}.", name=name)
    return _actor(dict(row), address)


def token_use(view: Snapshot, token: str, address: str | None) -> TokenUse | None:
    """The token and who acts with it, while both are valid."""
    for row in view.fetch(BY_TOKEN, digest_of(token), view.clock.now()):
        return TokenUse(row["token_id"], _limited(_actor(row, address), row["scopes"]), row["used_at"])
    return None


def _actor(row: Mapping[str, Any], address: str | None) -> Actor:
    roles = frozenset(row["roles"])
    return Actor(
        id=row["name"],
        name=row["display_name"],
        roles=roles,
        permissions=permissions_of(roles),
        address=address,
        stands_in_for=tuple(map(_stand_in, row["absent"])),
        leads=tuple(row["leads"]),
        limits=_limits(row, roles) if row["scopes_of_roles"] else (),
    )


def _limits(row: Mapping[str, Any], roles: frozenset[str]) -> tuple[tuple[str, Reach], ...]:
    scopes = {(role, right): scope for role, right, scope in map(json.loads, row["scopes_of_roles"])}
    teams = {name: (department, people) for name, department, people in map(json.loads, row["teams"])}
    return limits_of(row["name"], row["team"], roles, scopes, teams, leads=row["leads"], lent=row["lent"] or ())


def _stand_in(written: str) -> StandIn:
    person, processes, roles = json.loads(written)
    names = (f"user:{person}", *(f"group:{role}" for role in roles))
    return StandIn(person=person, names=names, processes=tuple(processes))


def _limited(actor: Actor, scopes: Collection[str] | None) -> Actor:
    """The rights that both the account and its token have."""
    return actor if scopes is None else replace(actor, permissions=actor.permissions.intersection(scopes))


def _account(row: Row[Any]) -> Account:
    roles = frozenset(row.roles or ())
    return Account(row.id, row.name, row.display_name, row.email, roles, row.is_active, row.created_at)


class OrderingAccounts:
    """Tells the worker who ordered something, with the rights that they have by then."""

    def actor(self, reading: Reading, account: str, address: str | None) -> Actor | None:
        """The account of that log-in name; None where it is closed, or gone."""
        try:
            found = account_named(reading, account)
        except NotFound:
            return None
        return actor_named(reading, account, address) if found.is_active else None


class FirmGroups:
    """Tells documents which groups of people there are: those that roles bring, and those that somebody is in."""

    def groups(self, reading: Reading) -> list[str]:
        """Their names, in order; programs are no people."""
        found = reading.session.scalars(select(AccountRoleRow.role).distinct())
        return sorted({*ROLE_PERMISSIONS, *found} - PROGRAMS)
