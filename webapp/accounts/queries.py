"""Finding accounts, and turning them into actors."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, func, or_, select

from core.errors import NotFound
from core.identity import Actor
from storage.unit_of_work import Reading
from webapp.accounts.models import AccountRoleRow, AccountRow, ApiTokenRow, LogInRow
from webapp.accounts.roles import permissions_of
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
        """Who this account is in commands and in the trail."""
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
    account: Account
    used_at: datetime | None


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


def credentials(view: Reading, name: str) -> tuple[str, str | None] | None:
    """Id and hash of an account that may log in, None for unknown and closed ones."""
    if "\0" in name:  # no text of the database can have it
        return None
    wanted = select(AccountRow.id, AccountRow.password_hash).where(AccountRow.name == name, AccountRow.is_active)
    row = view.session.execute(wanted).one_or_none()
    return None if row is None else (row.id, row.password_hash)


def account_of_log_in(view: Reading, log_in_id: str) -> Account | None:
    """Whose browser this is, while its log-in holds."""
    holds = (LogInRow.id == log_in_id, LogInRow.ended_at.is_(None), LogInRow.expires_at > view.clock.now())
    wanted = ACCOUNT.join(LogInRow, LogInRow.account_id == AccountRow.id).where(*holds, AccountRow.is_active.is_(True))
    row = view.session.execute(wanted).one_or_none()
    return None if row is None else _account(row)


def token_use(view: Reading, token: str) -> TokenUse | None:
    """The token and its account, while both are valid; one statement, because every request of a program asks."""
    now = view.clock.now()
    holds = (
        ApiTokenRow.digest == digest_of(token),
        ApiTokenRow.revoked_at.is_(None),
        or_(ApiTokenRow.expires_at.is_(None), ApiTokenRow.expires_at > now),
    )
    wanted = ACCOUNT.add_columns(ApiTokenRow.id.label("token_id"), ApiTokenRow.used_at)
    wanted = wanted.join(ApiTokenRow, ApiTokenRow.account_id == AccountRow.id)
    row = view.session.execute(wanted.where(*holds, AccountRow.is_active.is_(True))).one_or_none()
    return None if row is None else TokenUse(row.token_id, _account(row), row.used_at)


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
        return found.actor(address) if found.is_active else None
