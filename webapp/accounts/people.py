"""Adding, closing and reopening accounts, and giving them names, roles and pass-words."""

import re
from dataclasses import field

from sqlalchemy import delete, select, update

from core.errors import Conflict, Forbidden, InvalidInput, NotFound
from core.executor import handles
from core.ids import new_id
from core.messages import Command
from core.records import dataclass
from documents.sharing.links import BY_LINK
from storage.unit_of_work import Reading, UnitOfWork
from webapp.accounts import roles as known_roles
from webapp.accounts.events import (
    AccountAdded,
    AccountClosed,
    AccountReopened,
    PasswordSet,
    ProfileSet,
    RolesSet,
)
from webapp.accounts.models import AccountRoleRow, AccountRow, ApiTokenRow, EmergencyAccessRow, LogInRow
from webapp.accounts.passwords import hashed, is_right

NAME = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?")
ADMINISTER = "account.administer"
EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]+\.[^@\s.]+")
RESERVED = {"system", "anonymous", BY_LINK}  # who the trail names so is nobody with an account


class WrongPassword(InvalidInput):
    """Who changes a pass-word must know the current one."""

    code = "wrong_password"


class NameTaken(Conflict):
    """An account of that name exists."""

    code = "name_taken"


@dataclass(frozen=True, slots=True, kw_only=True)
class AddAccount(Command):
    """Let somebody in; without a pass-word only tokens work. Returns the account's id."""

    name: str
    display_name: str = ""
    roles: frozenset[str] = frozenset()
    password: str | None = field(default=None, repr=False)
    email: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SetRoles(Command):
    """Give an account exactly these roles; they hold from its next request on."""

    name: str
    roles: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class SetPassword(Command):
    """Give an account a new pass-word; every browser that it is logged in with is logged out."""

    name: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangePassword(Command):
    """Give oneself a new pass-word; every other browser is logged out."""

    current: str = field(repr=False)
    password: str = field(repr=False)
    kept_log_in: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SetProfile(Command):
    """Say what others see of an account, and where mail for it goes."""

    name: str
    display_name: str
    email: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReopenAccount(Command):
    """Let somebody in again whose account was closed; their tokens stay revoked."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseAccount(Command):
    """Make an account unusable at once: log-ins end, tokens are revoked; what it did stays in the trail."""

    name: str


@handles(AddAccount, needs=ADMINISTER)
def add_account(command: AddAccount, unit: UnitOfWork) -> str:
    """Write the account and its roles. Raises `NameTaken`, `InvalidInput`."""
    name = command.name.strip().lower()
    if name in RESERVED:
        raise InvalidInput(
            f"{name} is what the trail calls somebody without an account; choose another name.",
            fields={"/name": "is taken by Obieg itself"},
        )
    if not NAME.fullmatch(name):
        raise InvalidInput(
            f"{command.name!r} cannot be a log-in name: use small letters, digits, dots and hyphens.",
            fields={"/name": "small letters, digits, dots, hyphens and underscores; 64 at most"},
        )
    if unit.session.scalar(select(AccountRow.id).where(AccountRow.name == name)):
        raise NameTaken(f"There is an account named {name} already; choose another name.", name=name)
    chosen = known_roles.checked(command.roles)
    account = AccountRow(
        id=new_id(),
        name=name,
        display_name=command.display_name.strip() or name,
        email=command.email,
        password_hash=None if command.password is None else hashed(command.password, name=name),
        is_active=True,
        created_at=unit.clock.now(),
    )
    unit.session.add(account)
    unit.session.flush()  # the account's row must exist before its roles refer to it
    unit.session.add_all(AccountRoleRow(account_id=account.id, role=role) for role in sorted(chosen))
    unit.emit(AccountAdded(account_id=account.id, name=name, display_name=account.display_name, roles=sorted(chosen)))
    return account.id


@handles(SetRoles, needs=ADMINISTER)
def set_roles(command: SetRoles, unit: UnitOfWork) -> None:
    """Replace the roles of an account. Raises `NotFound`, `InvalidInput`, `Forbidden` for more roles of one's own."""
    account = locked_account(command.name, unit)
    chosen = known_roles.checked(command.roles)
    if account.name == unit.actor.id and not chosen.issubset(unit.actor.roles):
        raise Forbidden("Nobody gives themselves a role; ask another administrator.", permission=ADMINISTER)
    unit.session.execute(delete(AccountRoleRow).where(AccountRoleRow.account_id == account.id))
    unit.session.add_all(AccountRoleRow(account_id=account.id, role=role) for role in sorted(chosen))
    unit.emit(RolesSet(account_id=account.id, roles=sorted(chosen)))


@handles(SetPassword, needs=ADMINISTER)
def set_password(command: SetPassword, unit: UnitOfWork) -> None:
    """Replace the hash and end every log-in. Raises `NotFound`, `InvalidInput`."""
    account = locked_account(command.name, unit)
    account.password_hash = hashed(command.password, name=account.name)
    _end_log_ins(account, unit)
    unit.emit(PasswordSet(account_id=account.id))


@handles(ChangePassword, needs=None)
def change_password(command: ChangePassword, unit: UnitOfWork) -> None:
    """Replace one's own hash, after the current pass-word was typed once more. Raises `WrongPassword`."""
    account = locked_account(unit.actor.id, unit)
    if not is_right(command.current, account.password_hash):
        raise WrongPassword(
            "The current password is wrong; nothing was changed.", fields={"/current": "this is not your password"}
        )
    account.password_hash = hashed(command.password, name=account.name)
    _end_log_ins(account, unit, but=command.kept_log_in)
    unit.emit(PasswordSet(account_id=account.id))


@handles(SetProfile, needs=ADMINISTER)
def set_profile(command: SetProfile, unit: UnitOfWork) -> None:
    """Replace name and address. Raises `NotFound`, `InvalidInput`."""
    account = locked_account(command.name, unit)
    email = (command.email or "").strip() or None
    if email is not None and not EMAIL.fullmatch(email):
        raise InvalidInput(f"{email} is no e-mail address.", fields={"/email": "such as anna@firma.pl"})
    account.display_name = command.display_name.strip()[:200] or account.name
    account.email = email
    unit.emit(ProfileSet(account_id=account.id, display_name=account.display_name, email=email))


@handles(ReopenAccount, needs=ADMINISTER)
def reopen_account(command: ReopenAccount, unit: UnitOfWork) -> None:
    """Switch an account on; a second time changes nothing. Raises `NotFound`."""
    account = locked_account(command.name, unit)
    if not account.is_active:
        account.is_active = True
        unit.emit(AccountReopened(account_id=account.id))


@handles(CloseAccount, needs=ADMINISTER)
def close_account(command: CloseAccount, unit: UnitOfWork) -> None:
    """Switch an account off. Raises `NotFound`, `Conflict` for one's own: nobody might be left to open it."""
    account = locked_account(command.name, unit)
    if account.name == unit.actor.id:
        raise Conflict("You cannot close your own account; another administrator can.", name=account.name)
    account.is_active = False
    now = unit.clock.now()
    _end_log_ins(account, unit)
    is_open = (EmergencyAccessRow.account_id == account.id) & (EmergencyAccessRow.ends_at > now)
    unit.session.execute(update(EmergencyAccessRow).where(is_open).values(ends_at=now))
    tokens = update(ApiTokenRow).where(ApiTokenRow.account_id == account.id, ApiTokenRow.revoked_at.is_(None))
    unit.session.execute(tokens.values(revoked_at=now))
    unit.emit(AccountClosed(account_id=account.id))


def locked_account(name: str, unit: UnitOfWork) -> AccountRow:
    """The account of that name, locked until the commit. Raises `NotFound`."""
    wanted = select(AccountRow).where(AccountRow.name == name.strip().lower()).with_for_update()
    account = unit.session.scalar(wanted)
    if account is None:
        raise NotFound(f"There is no account named {name}.", name=name)
    return account


def _end_log_ins(account: AccountRow, unit: UnitOfWork, *, but: str | None = None) -> None:
    open_ones = update(LogInRow).where(
        LogInRow.account_id == account.id, LogInRow.ended_at.is_(None), LogInRow.id != (but or "")
    )
    unit.session.execute(open_ones.values(ended_at=unit.clock.now()))


def account_ids(view: Reading, name: str) -> list[str]:
    """The id of the account of that log-in name, if there is one."""
    return list(view.session.scalars(select(AccountRow.id).where(AccountRow.name == name)))


def forget(unit: UnitOfWork, name: str) -> None:
    """Remove what tells who the person behind an account is; the account stays, called after its log-in name."""
    for account in account_ids(unit, name):
        known = update(AccountRow).where(AccountRow.id == account)
        unit.session.execute(known.values(display_name=name, email=None))
        unit.session.execute(update(LogInRow).where(LogInRow.account_id == account).values(address=None))
