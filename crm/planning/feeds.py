"""Addresses under which calendar programs read somebody's calendar: secret, revocable, for reading alone."""

import hashlib
import secrets
from datetime import datetime

from sqlalchemy import func, select

from core.executor import handles
from core.ids import new_id
from core.messages import Command
from core.records import dataclass
from crm.access import require_read
from crm.checks import Findings
from crm.errors import WrongFields
from crm.planning.errors import FeedNotFound
from crm.planning.events import FeedMade, FeedRevoked
from crm.planning.models import CalendarFeedRow
from storage.unit_of_work import Reading, UnitOfWork

SECRET = 32  # random bytes of an address
MOST = 10  # feeds of one person
LONGEST = 200  # characters of what may be a secret


@dataclass(frozen=True, slots=True, kw_only=True)
class MakeFeed(Command):
    """Make an address for one's own calendar; `label` says for which program."""

    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RevokeFeed(Command):
    """Take an address back."""

    feed_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeFeed:
    """A new feed; the secret is told this once."""

    id: str
    secret: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """A feed as its owner sees it."""

    id: str
    label: str
    made_at: datetime


@handles(MakeFeed, needs=None)
def make_feed(command: MakeFeed, unit: UnitOfWork) -> MadeFeed:
    """Make a feed of the actor's calendar. Raises `Forbidden`, `WrongFields`."""
    require_read(unit)
    findings = Findings()
    label = findings.text("/label", command.label, "The name of the program")
    findings.refuse()
    mine = (CalendarFeedRow.account == unit.actor.id) & CalendarFeedRow.revoked_at.is_(None)
    if unit.session.scalars(select(func.count()).select_from(CalendarFeedRow).where(mine)).one() >= MOST:
        raise WrongFields({"/label": f"You have {MOST} addresses already. Revoke one that you do not use."})
    secret = secrets.token_urlsafe(SECRET)
    row = CalendarFeedRow(
        id=new_id(), account=unit.actor.id, label=label, digest=_digest(secret), made_at=unit.clock.now()
    )
    unit.session.add(row)
    unit.emit(FeedMade(account=unit.actor.id, feed_id=row.id, label=label))
    return MadeFeed(id=row.id, secret=secret)


@handles(RevokeFeed, needs=None)
def revoke_feed(command: RevokeFeed, unit: UnitOfWork) -> None:
    """Take one's own feed back; programs that read it get nothing from now on. Raises `FeedNotFound`."""
    row = unit.session.get(CalendarFeedRow, command.feed_id)
    if row is None or row.account != unit.actor.id or row.revoked_at is not None:
        raise FeedNotFound
    row.revoked_at = unit.clock.now()
    unit.emit(FeedRevoked(account=unit.actor.id, feed_id=row.id))


def feeds(view: Reading) -> list[Feed]:
    """One's own feeds that can be read."""
    mine = (CalendarFeedRow.account == view.actor.id) & CalendarFeedRow.revoked_at.is_(None)
    rows = view.session.scalars(select(CalendarFeedRow).where(mine).order_by(CalendarFeedRow.id))
    return [Feed(id=row.id, label=row.label, made_at=row.made_at) for row in rows]


def owner_of(view: Reading, secret: str) -> str:
    """Whose calendar an address shows. Raises `FeedNotFound`."""
    row = None
    if len(secret) <= LONGEST and secret.isascii():
        row = view.session.scalars(select(CalendarFeedRow).where(CalendarFeedRow.digest == _digest(secret))).first()
    if row is None or row.revoked_at is not None:
        raise FeedNotFound(None if row is None else row.account)
    return row.account


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
