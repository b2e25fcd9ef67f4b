"""Emergency access: who runs the installation sees everything for a short time, says why, and auditors see that."""

from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import select

from core.errors import Conflict, Forbidden, InvalidInput
from core.executor import handles
from core.identity import Actor
from core.ids import new_id
from core.messages import Command
from core.records import dataclass
from storage.unit_of_work import Reading, UnitOfWork
from webapp.accounts.events import EmergencyAccessEnded, EmergencyAccessOpened
from webapp.accounts.models import AccountRow, EmergencyAccessRow
from webapp.accounts.people import ADMINISTER, locked_account
from webapp.accounts.roles import EMERGENCY, permissions_of

OPEN = "emergency.open"
SHORTEST_REASON = 15  # characters
LONGEST_REASON = 500
MINUTES = (30, 60, 240)  # how long it may last
MOST = 500  # occasions that the list shows


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenEmergencyAccess(Command):
    """See all cases, documents and customers for some minutes, in browsers only. Returns the id of the occasion."""

    reason: str
    minutes: int = MINUTES[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class EndEmergencyAccess(Command):
    """Give one's own emergency access back before its end."""


@dataclass(frozen=True, slots=True)
class Occasion:
    """One emergency access: whose, why, from when until when."""

    account: str
    name: str
    reason: str
    started_at: datetime
    ends_at: datetime


@handles(OpenEmergencyAccess, needs=OPEN)
def open_emergency_access(command: OpenEmergencyAccess, unit: UnitOfWork) -> str:
    """Write it down. Raises `InvalidInput`, and `Conflict` while one is open."""
    reason = " ".join(command.reason.split())
    if not SHORTEST_REASON <= len(reason) <= LONGEST_REASON:
        sentence = f"Say why in {SHORTEST_REASON} to {LONGEST_REASON} characters; auditors read it."
        raise InvalidInput(sentence, fields={"/reason": sentence})
    if command.minutes not in MINUTES:
        listed = ", ".join(str(each) for each in MINUTES)
        raise InvalidInput(f"It lasts {listed} minutes.", fields={"/minutes": f"one of {listed}"})
    account = locked_account(unit.actor.id, unit)
    if open_occasion(unit, account.name) is not None:
        raise Conflict("Your emergency access is open already; it can be opened again after its end.")
    now = unit.clock.now()
    row = EmergencyAccessRow(
        id=new_id(),
        account_id=account.id,
        reason=reason,
        started_at=now,
        ends_at=now + timedelta(minutes=command.minutes),
    )
    unit.session.add(row)
    unit.emit(
        EmergencyAccessOpened(
            account_id=account.id, emergency_id=row.id, reason=reason, ends_at=row.ends_at.isoformat()
        )
    )
    return row.id


@handles(EndEmergencyAccess, needs=None)
def end_emergency_access(command: EndEmergencyAccess, unit: UnitOfWork) -> None:  # noqa: ARG001 -- it names nothing
    """End it now; nothing happens where none is open. Raises `NotFound` for who has no account."""
    account = locked_account(unit.actor.id, unit)
    row = open_occasion(unit, account.name)
    if row is not None:
        row.ends_at = unit.clock.now()
        unit.emit(EmergencyAccessEnded(account_id=account.id, emergency_id=row.id))


def open_occasion(view: Reading, name: str) -> EmergencyAccessRow | None:
    """What an account has opened and not yet given back."""
    row = EmergencyAccessRow
    wanted = (
        select(row)
        .join(AccountRow, AccountRow.id == row.account_id)
        .where(AccountRow.name == name, row.ends_at > view.clock.now())
    )
    return view.session.scalar(wanted.order_by(row.id.desc()).limit(1))


def with_emergency_access(actor: Actor) -> Actor:
    """The actor while their emergency access is open: they see everything, and may change no more than before.

    Who lost the right to open one has none.
    """
    if not actor.may(OPEN):
        return actor
    limits = tuple((right, reach) for right, reach in actor.limits if right not in EMERGENCY)
    return replace(actor, permissions=actor.permissions | EMERGENCY, limits=limits)


def is_beyond_own_rights(actor: Actor) -> bool:
    """Whether somebody acts with an open emergency access."""
    return not actor.permissions <= permissions_of(actor.roles)


def occasions(view: Reading) -> list[Occasion]:
    """Everybody's, newest first; for auditors and for who administers accounts. Raises `Forbidden`."""
    if not (view.actor.may("audit.read") or view.actor.may(ADMINISTER)):
        raise Forbidden("Only auditors and administrators see who opened emergency access.", permission="audit.read")
    row = EmergencyAccessRow
    wanted = (
        select(AccountRow.name, AccountRow.display_name, row.reason, row.started_at, row.ends_at)
        .join(AccountRow, AccountRow.id == row.account_id)
        .order_by(row.id.desc())
        .limit(MOST)
    )
    return [Occasion(*each) for each in view.session.execute(wanted)]
