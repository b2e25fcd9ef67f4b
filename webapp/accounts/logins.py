"""Logging in and out: who is it, may they try again yet, and which browsers are logged in."""

import hashlib
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert

from core.errors import DomainError, NotFound, Unauthenticated
from core.executor import handles
from core.ids import new_id
from core.messages import Command
from core.records import dataclass
from storage.unit_of_work import Reading, UnitOfWork
from webapp.accounts.events import LoggedIn, LoggedOut
from webapp.accounts.models import AccountRow, LogInFailureRow, LogInRow
from webapp.accounts.passwords import HASHER

LIFETIME = timedelta(hours=12)
FREE_FAILURES = {"name": 5, "address": 30, "code": 5}  # in a row, before waiting begins
LONGEST_WAIT = timedelta(minutes=15)
FORGOTTEN_AFTER = timedelta(hours=24)


class WrongCredentials(Unauthenticated):
    """Name or pass-word is wrong; which of them is not said."""

    code = "wrong_credentials"


class TooManyAttempts(DomainError):
    """Somebody failed too often; `details["retry_after"]` says how many seconds to wait."""

    code = "too_many_attempts"


@dataclass(frozen=True, slots=True, kw_only=True)
class StartLogIn(Command):
    """Remember that somebody logged in; the pass-word was checked before. Returns the log-in's id."""

    account_id: str
    keys: tuple[str, ...]
    address: str | None
    browser: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteFailure(Command):
    """Count a failed log-in under each key."""

    keys: tuple[tuple[str, str], ...]  # kind and digest


@dataclass(frozen=True, slots=True, kw_only=True)
class EndLogIn(Command):
    """Log a browser out: one's own, or anybody's for who administers accounts."""

    log_in_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EndOtherLogIns(Command):
    """Log out every browser that one is logged in with, but the one at hand."""

    kept: str


def failure_keys(name: str, address: str | None) -> tuple[tuple[str, str], ...]:
    """The keys under which a failure counts, each with its kind."""
    texts = [("name", name)] + ([("address", address)] if address else [])
    return tuple((kind, hashlib.sha256(f"{kind}:{text}".encode()).hexdigest()) for kind, text in texts)


def code_keys(account_id: str, address: str | None) -> tuple[tuple[str, str], ...]:
    """The keys under which a wrong code of a second factor counts."""
    return (("code", hashlib.sha256(f"code:{account_id}".encode()).hexdigest()), *failure_keys("", address)[1:])


def check_not_locked(view: Reading, keys: tuple[tuple[str, str], ...]) -> None:
    """Raise `TooManyAttempts` while one of the keys has to wait."""
    rows = select(LogInFailureRow.locked_until).where(LogInFailureRow.key.in_([key for _, key in keys]))
    now = view.clock.now()
    until = max((moment for moment in view.session.scalars(rows) if moment is not None), default=now)
    if until > now:
        seconds = int((until - now).total_seconds()) + 1
        raise TooManyAttempts(f"Too many failed log-ins. Wait {seconds} seconds, then try again.", retry_after=seconds)


@handles(NoteFailure, needs=None)
def note_failure(command: NoteFailure, unit: UnitOfWork) -> None:
    """Count; every failure beyond the free ones doubles the wait."""
    now = unit.clock.now()
    for kind, key in sorted(command.keys, key=lambda pair: pair[1]):  # one order, so that two of us never deadlock
        fresh = insert(LogInFailureRow).values(key=key, failures=0, last_at=now).on_conflict_do_nothing()
        unit.session.execute(fresh)
        row = unit.session.get_one(LogInFailureRow, key, with_for_update=True, populate_existing=True)
        forgotten = row.last_at < now - FORGOTTEN_AFTER
        row.failures = 1 if forgotten else row.failures + 1
        row.last_at = now
        row.locked_until = _locked_until(now, row.failures - FREE_FAILURES[kind])
    unit.session.execute(delete(LogInFailureRow).where(LogInFailureRow.last_at < now - FORGOTTEN_AFTER))


def _locked_until(now: datetime, excess: int) -> datetime | None:
    if excess < 0:
        return None
    return now + min(timedelta(seconds=2 ** min(excess, 20)), LONGEST_WAIT)


@handles(StartLogIn, needs=None)
def start_log_in(command: StartLogIn, unit: UnitOfWork) -> str:
    """Write the log-in and forget the failures."""
    now = unit.clock.now()
    row = LogInRow(
        id=new_id(),
        account_id=command.account_id,
        address=command.address,
        browser=(command.browser or "")[:200] or None,
        started_at=now,
        expires_at=now + LIFETIME,
    )
    unit.session.add(row)
    unit.session.execute(delete(LogInFailureRow).where(LogInFailureRow.key.in_(command.keys)))
    unit.session.execute(delete(LogInRow).where(LogInRow.expires_at < now - LIFETIME))
    unit.emit(LoggedIn(account_id=row.account_id, log_in_id=row.id, address=row.address))
    return row.id


@handles(EndLogIn, needs=None)
def end_log_in(command: EndLogIn, unit: UnitOfWork) -> None:
    """End it; a second time changes nothing. Raises `NotFound`, also for somebody else's."""
    row = unit.session.get(LogInRow, command.log_in_id, with_for_update=True)
    owner = None if row is None else unit.session.get_one(AccountRow, row.account_id).name
    if row is None or (owner != unit.actor.id and not unit.actor.may("account.administer")):
        raise NotFound("There is no such log-in.", log_in_id=command.log_in_id)
    if row.ended_at is None:
        row.ended_at = unit.clock.now()
        unit.emit(LoggedOut(account_id=row.account_id, log_in_id=row.id))


@handles(EndOtherLogIns, needs=None)
def end_other_log_ins(command: EndOtherLogIns, unit: UnitOfWork) -> int:
    """End them; returns how many there were."""
    own = select(AccountRow.id).where(AccountRow.name == unit.actor.id).scalar_subquery()
    others = update(LogInRow).where(
        LogInRow.account_id == own, LogInRow.id != command.kept, LogInRow.ended_at.is_(None)
    )
    ended = unit.session.execute(
        others.values(ended_at=unit.clock.now()).returning(LogInRow.account_id, LogInRow.id)
    ).all()
    for account_id, log_in_id in ended:
        unit.emit(LoggedOut(account_id=account_id, log_in_id=log_in_id))
    return len(ended)


def rehash_is_due(account: AccountRow) -> bool:
    """Whether the hash was made with weaker parameters than today's."""
    return account.password_hash is not None and HASHER.check_needs_rehash(account.password_hash)
