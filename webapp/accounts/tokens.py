"""Tokens with which programs act as an account; only digests are kept."""

import hashlib
import secrets
from datetime import timedelta

from sqlalchemy import select

from core.errors import Conflict, Forbidden, InvalidInput, NotFound
from core.executor import handles
from core.ids import new_id
from core.messages import Command
from core.records import dataclass
from storage.unit_of_work import UnitOfWork
from webapp.accounts.events import TokenCreated, TokenRevoked
from webapp.accounts.models import AccountRoleRow, AccountRow, ApiTokenRow
from webapp.accounts.people import ADMINISTER, locked_account
from webapp.accounts.roles import permissions_of

MARK = "obieg_"  # lets secret scanners recognise a leaked token
SHOWN = len(MARK) + 6  # characters that lists show


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateToken(Command):
    """Make a token for an account; the answer is the only time that it is shown.

    With `scopes` it has these rights of the account and no others, whatever roles the account gets later.
    """

    name: str
    label: str = "token"
    lifetime: timedelta | None = None
    scopes: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class NewToken:
    """A token and the id under which it can be revoked."""

    id: str
    token: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RevokeToken(Command):
    """Make a token useless from the next request on."""

    token_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteTokenUse(Command):
    """Remember that a token was used just now."""

    token_id: str


def digest_of(token: str) -> str:
    """What is kept of a token; its 256 random bits need no slow hash."""
    return hashlib.sha256(token.encode()).hexdigest()


@handles(CreateToken, needs=None)
def create_token(command: CreateToken, unit: UnitOfWork) -> NewToken:
    """Write the digest of a fresh token. Raises `Forbidden`, `NotFound`, `Conflict`, `InvalidInput`."""
    account = locked_account(command.name, unit)
    _require_own(account, unit)
    if not account.is_active:
        raise Conflict(f"The account {account.name} is closed; it cannot have tokens.", name=account.name)
    if command.lifetime is not None and command.lifetime <= timedelta(0):
        raise InvalidInput("A token must live for some time.", fields={"/lifetime": "must be above zero"})
    scopes = None if command.scopes is None else _checked(command.scopes, account, unit)
    token = MARK + secrets.token_urlsafe(32)
    now = unit.clock.now()
    row = ApiTokenRow(
        id=new_id(),
        account_id=account.id,
        label=command.label[:200],
        prefix=token[:SHOWN],
        digest=digest_of(token),
        created_at=now,
        expires_at=None if command.lifetime is None else now + command.lifetime,
        scopes=scopes,
    )
    unit.session.add(row)
    told = TokenCreated(account_id=account.id, token_id=row.id, label=row.label, prefix=row.prefix, scopes=scopes or [])
    unit.emit(told)
    return NewToken(row.id, token)


def _require_own(account: AccountRow, unit: UnitOfWork) -> None:
    if account.name != unit.actor.id and not unit.actor.may(ADMINISTER):
        raise Forbidden("Only who administers accounts makes tokens for others.", permission=ADMINISTER)
    if account.name != unit.actor.id and account.password_hash is not None and not unit.actor.is_system:
        raise Forbidden(
            f"{account.name} is a person's account; only they make tokens that act as them.", permission=ADMINISTER
        )


def _checked(scopes: frozenset[str], account: AccountRow, unit: UnitOfWork) -> list[str]:
    """The rights, when the account has each of them. Raises `InvalidInput`."""
    roles = unit.session.scalars(select(AccountRoleRow.role).where(AccountRoleRow.account_id == account.id))
    missing = sorted(scopes - permissions_of(roles))
    if missing:
        raise InvalidInput(
            f"{account.name} does not have the right {missing[0]}, so a token cannot have it either.",
            fields={"/scopes": f"not a right of this account: {', '.join(missing)}"},
        )
    return sorted(scopes)


@handles(RevokeToken, needs=None)
def revoke_token(command: RevokeToken, unit: UnitOfWork) -> None:
    """Mark a token as revoked; a second time changes nothing. Raises `NotFound`, also for somebody else's."""
    row = unit.session.get(ApiTokenRow, command.token_id, with_for_update=True)
    owner = None if row is None else unit.session.get_one(AccountRow, row.account_id).name
    if row is None or (owner != unit.actor.id and not unit.actor.may(ADMINISTER)):
        raise NotFound("There is no such token.", token_id=command.token_id)
    if row.revoked_at is None:
        row.revoked_at = unit.clock.now()
        unit.emit(TokenRevoked(account_id=row.account_id, token_id=row.id))


@handles(NoteTokenUse, needs=None)
def note_token_use(command: NoteTokenUse, unit: UnitOfWork) -> None:
    """Set the time of the last use."""
    row = unit.session.get(ApiTokenRow, command.token_id)
    if row is not None:
        row.used_at = unit.clock.now()
