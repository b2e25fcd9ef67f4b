"""What somebody sees of their own account, and who administers accounts of everybody's: log-ins, tokens, rights."""

from datetime import datetime

from sqlalchemy import or_, select

from core.errors import Forbidden
from core.records import dataclass
from storage.unit_of_work import Reading
from webapp.accounts.browsers import browser_name
from webapp.accounts.emergency import open_occasion
from webapp.accounts.models import ApiTokenRow, LogInRow, SecondFactorRow
from webapp.accounts.people import ADMINISTER
from webapp.accounts.queries import Account, account_named, accounts
from webapp.accounts.roles import EMPLOYEE, ROLE_PERMISSIONS
from webapp.accounts.second_factor import has_second_factor, recovery_codes_left

MOST = 200  # log-ins and tokens that a page shows


@dataclass(frozen=True, slots=True)
class LogIn:
    """A browser that is logged in."""

    id: str
    browser: str
    address: str | None
    started_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Token:
    """A token that still works; `scopes` is None where it has all rights of its account."""

    id: str
    label: str
    prefix: str
    scopes: tuple[str, ...] | None
    created_at: datetime
    expires_at: datetime | None
    used_at: datetime | None


@dataclass(frozen=True, slots=True)
class Particulars:
    """All that there is to see of one account; `rights` tells by which roles each right came.

    `emergency_until` is when its emergency access ends, None where none is open.
    """

    account: Account
    log_ins: tuple[LogIn, ...]
    tokens: tuple[Token, ...]
    has_second_factor: bool
    recovery_codes: int
    rights: dict[str, tuple[str, ...]]
    emergency_until: datetime | None


def particulars(view: Reading, name: str) -> Particulars:
    """Of oneself, or of anybody for who administers accounts. Raises `Forbidden`, `NotFound`."""
    _require_own(view, name)
    account = account_named(view, name)
    emergency = open_occasion(view, account.name)
    return Particulars(
        account=account,
        log_ins=_log_ins(view, account.id),
        tokens=_tokens(view, account.id),
        has_second_factor=has_second_factor(view, account.id),
        recovery_codes=recovery_codes_left(view, account.id),
        rights=rights_by_role(account.roles),
        emergency_until=None if emergency is None else emergency.ends_at,
    )


def people(view: Reading, q: str = "") -> list[tuple[Account, bool]]:
    """All accounts whose name, mail or role has this text, and whether each has a second factor. Raises `Forbidden`."""
    _require_own(view, "")
    wanted = q.strip().lower()
    second = select(SecondFactorRow.account_id).where(SecondFactorRow.confirmed_at.is_not(None))
    have_second = set(view.session.scalars(second))
    return [
        (each, each.id in have_second)
        for each in accounts(view)
        if not wanted or any(wanted in text.lower() for text in _texts(each))
    ]


def rights_by_role(roles: frozenset[str]) -> dict[str, tuple[str, ...]]:
    """Every right that these roles bring together, with the roles that bring it."""
    brought = {role: ROLE_PERMISSIONS.get(role, EMPLOYEE) for role in sorted(roles)}
    rights = sorted(frozenset().union(*brought.values()))
    return {right: tuple(role for role, some in brought.items() if right in some) for right in rights}


def _require_own(view: Reading, name: str) -> None:
    if name != view.actor.id and not view.actor.may(ADMINISTER):
        raise Forbidden(f"You do not have the right to see accounts of others ({ADMINISTER}).", permission=ADMINISTER)


def _texts(account: Account) -> tuple[str, ...]:
    return account.name, account.display_name, account.email or "", *account.roles


def _log_ins(view: Reading, account_id: str) -> tuple[LogIn, ...]:
    row = LogInRow
    wanted = (
        select(row)
        .where(row.account_id == account_id, row.ended_at.is_(None), row.expires_at > view.clock.now())
        .order_by(row.id.desc())
        .limit(MOST)
    )
    return tuple(
        LogIn(each.id, browser_name(each.browser), each.address, each.started_at, each.expires_at)
        for each in view.session.scalars(wanted)
    )


def _tokens(view: Reading, account_id: str) -> tuple[Token, ...]:
    row = ApiTokenRow
    wanted = (
        select(row)
        .where(
            row.account_id == account_id,
            row.revoked_at.is_(None),
            or_(row.expires_at.is_(None), row.expires_at > view.clock.now()),
        )
        .order_by(row.id.desc())
        .limit(MOST)
    )
    return tuple(
        Token(
            id=each.id,
            label=each.label,
            prefix=each.prefix,
            scopes=None if each.scopes is None else tuple(each.scopes),
            created_at=each.created_at,
            expires_at=each.expires_at,
            used_at=each.used_at,
        )
        for each in view.session.scalars(wanted)
    )
