"""Refusals and failed log-ins: counted by the minute, then told in the trail, so that nobody can flood it with them."""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar

from sqlalchemy import Connection, Engine, delete, func, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert

from audit.content import moment
from audit.models import AuditRefusalRow
from core.clock import Clock
from core.executor import handles
from core.identity import Actor
from core.messages import Command, Event
from core.records import dataclass
from storage.faults import translated
from storage.unit_of_work import UnitOfWork

MOST = 1000  # kinds of refusals that one minute tells apart; what is beyond is counted together
LONGEST = 200  # characters of what was asked for
NOBODY = "(nobody)"  # whoever did not say who they are; no account can be called so
OTHERS = "(others)"
KINDS = ("forbidden", "log_in", "token", "address")


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """What was refused to whom; those with the same `alike`, code, account and address are counted together.

    `account` is whoever asked, or tried to log in; None when nobody knows them.
    """

    kind: str  # one of KINDS
    account: str | None
    address: str | None
    what: str
    alike: str
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TellRefusals(Command):
    """Write the counted refusals of one kind, account and address into the trail, up to a moment."""

    quiet: ClassVar[bool] = True
    kind: str
    account: str | None
    address: str | None
    before: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusalEvent(Event):
    """Something was refused, so many times within a minute; `what` is the first of them."""

    account: str | None
    what: str
    code: str
    number: int
    since: str
    until: str

    @property
    def stream(self) -> str:
        """One per account, and one for everybody unknown."""
        return f"access:{self.account or NOBODY}"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessRefused(RefusalEvent):
    """Somebody asked for what they have no right to."""

    type: ClassVar[str] = "access.refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class LogInFailed(RefusalEvent):
    """Somebody tried to log in, and was not let in; the name is kept only if there is such an account."""

    type: ClassVar[str] = "access.log_in_failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRefused(RefusalEvent):
    """A program came with a token that is unknown, expired or revoked."""

    type: ClassVar[str] = "access.token_refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressRefused(RefusalEvent):
    """Somebody came with a secret address that is unknown, expired or revoked; `account` is whose it was."""

    type: ClassVar[str] = "access.address_refused"


EVENTS: dict[str, type[RefusalEvent]] = {
    "forbidden": AccessRefused,
    "log_in": LogInFailed,
    "token": TokenRefused,
    "address": AddressRefused,
}


def count_refusal(engine: Engine, clock: Clock, refusal: Refusal) -> None:
    """Count one, in a transaction of its own. Raises `Unavailable`."""
    now = clock.now()
    minute = now.replace(second=0, microsecond=0)
    key = _key(refusal.kind, refusal.account, refusal.address, refusal.alike, refusal.code)
    with translated(), engine.begin() as connection:
        if _counted(connection, key, minute, now):
            return
        known = connection.scalar(select(func.count()).where(AuditRefusalRow.minute == minute)) or 0
        values = {"account_id": refusal.account, "address": refusal.address, "what": refusal.what[:LONGEST]}
        if known >= MOST:
            key = _key(refusal.kind)
            values = {"account_id": None, "address": None, "what": OTHERS}
        fresh = insert(AuditRefusalRow).values(
            key=key, minute=minute, kind=refusal.kind, code=refusal.code, number=1, first_at=now, last_at=now, **values
        )
        more = {"number": AuditRefusalRow.number + 1, "last_at": now}
        connection.execute(fresh.on_conflict_do_update(index_elements=["key", "minute"], set_=more))


def untold(engine: Engine, before: datetime) -> list[tuple[str, str | None, str | None]]:
    """Kind, account and address of refusals whose minute is over, each once. Raises `Unavailable`."""
    row = AuditRefusalRow
    with translated(), engine.connect() as connection:
        query = select(row.kind, row.account_id, row.address).where(row.minute < before).distinct()
        return [(kind, account, address) for kind, account, address in connection.execute(query)]


def stranger(address: str | None) -> Actor:
    """Whoever did not say who they are."""
    return Actor(id=NOBODY, name="Nobody known", address=address)


@handles(TellRefusals, needs=None)
def tell_refusals(command: TellRefusals, unit: UnitOfWork) -> int:
    """How many entries that makes."""
    row = AuditRefusalRow
    mine = (
        row.kind == command.kind,
        row.account_id.is_not_distinct_from(command.account),
        row.address.is_not_distinct_from(command.address),
        row.minute < command.before,
    )
    found: Sequence[AuditRefusalRow] = unit.session.scalars(
        select(row).where(*mine).order_by(row.minute, row.first_at, row.key).limit(MOST).with_for_update()
    ).all()
    for each in found:
        unit.emit(
            EVENTS[each.kind](
                account=each.account_id,
                what=each.what,
                code=each.code,
                number=each.number,
                since=moment(each.first_at),
                until=moment(each.last_at),
            )
        )
    if found:
        keys = [(each.key, each.minute) for each in found]
        unit.session.execute(delete(row).where(tuple_(row.key, row.minute).in_(keys)))
    return len(found)


def _counted(connection: Connection, key: bytes, minute: datetime, now: datetime) -> bool:
    row = AuditRefusalRow
    more = update(row).where(row.key == key, row.minute == minute).values(number=row.number + 1, last_at=now)
    return connection.execute(more).rowcount > 0


def _key(*parts: str | None) -> bytes:
    return hashlib.sha256(repr(parts).encode()).digest()
