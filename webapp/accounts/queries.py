"""Finding accounts, and turning them into actors."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from core.errors import NotFound
from core.identity import Actor
from storage.unit_of_work import Reading
from webapp.accounts.models import AccountRoleRow, AccountRow, ApiTokenRow, LogInRow
from webapp.accounts.roles import permissions_of
from webapp.accounts.tokens import digest_of


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
    rows = view.session.scalars(select(AccountRow).order_by(AccountRow.name)).all()
    roles: dict[str, set[str]] = {}
    for row in view.session.scalars(select(AccountRoleRow)):
        roles.setdefault(row.account_id, set()).add(row.role)
    return [_account(row, roles.get(row.id, ())) for row in rows]


def account_named(view: Reading, name: str) -> Account:
    """The account of that log-in name. Raises `NotFound`."""
    found = _one(view.session, AccountRow.name == name.strip().lower())
    if found is None:
        raise NotFound(f"There is no account named {name}.", name=name)
    return found


def credentials(view: Reading, name: str) -> tuple[str, str | None] | None:
    """Id and hash of an account that may log in, None for unknown and closed ones."""
    if "\0" in name:  # no text of the database can have it
        return None
    wanted = select(AccountRow.id, AccountRow.password_hash).where(AccountRow.name == name, AccountRow.is_active)
    row = view.session.execute(wanted).one_or_none()
    return None if row is None else (row.id, row.password_hash)


def account_of_log_in(view: Reading, log_in_id: str) -> Account | None:
    """Whose browser this is, while its log-in holds."""
    wanted = select(LogInRow.account_id).where(
        LogInRow.id == log_in_id, LogInRow.ended_at.is_(None), LogInRow.expires_at > view.clock.now()
    )
    return _one(view.session, AccountRow.id == wanted.scalar_subquery(), AccountRow.is_active.is_(True))


def token_use(view: Reading, token: str) -> TokenUse | None:
    """The token and its account, while both are valid."""
    row = view.session.scalar(select(ApiTokenRow).where(ApiTokenRow.digest == digest_of(token)))
    if row is None or row.revoked_at is not None:
        return None
    if row.expires_at is not None and row.expires_at <= view.clock.now():
        return None
    account = _one(view.session, AccountRow.id == row.account_id, AccountRow.is_active.is_(True))
    return None if account is None else TokenUse(row.id, account, row.used_at)


def _one(session: Session, *conditions: ColumnElement[bool]) -> Account | None:
    roles = select(func.array_agg(AccountRoleRow.role)).where(AccountRoleRow.account_id == AccountRow.id)
    found = session.execute(select(AccountRow, roles.scalar_subquery()).where(*conditions)).one_or_none()
    return None if found is None else _account(found[0], found[1] or ())


def _account(row: AccountRow, roles: "set[str] | list[str] | tuple[()]") -> Account:
    return Account(row.id, row.name, row.display_name, row.email, frozenset(roles), row.is_active, row.created_at)
