"""Unusual reads for auditors: what there is, what is usual for the person, and that somebody has looked at it."""

from datetime import datetime, timedelta
from typing import ClassVar

from sqlalchemy import func, select, update

from audit.reads.counting import USUAL
from audit.reads.models import ReadHourRow, UnusualReadRow
from audit.verify import require_auditor
from core.errors import Conflict, InvalidInput, NotFound
from core.executor import handles
from core.messages import Command, Event
from core.records import dataclass
from storage.unit_of_work import Reading, UnitOfWork

MOST = 100
SHORTEST_REMARK = 10  # characters
LONGEST_REMARK = 1000


class UnusualReadNotFound(NotFound):
    """Nothing unusual has this id."""

    code = "unusual_read_not_found"


@dataclass(frozen=True, slots=True, kw_only=True)
class LookAtUnusualRead(Command):
    """Say that one has looked at it, and what came of it."""

    unusual_id: str
    remark: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UnusualReadLookedAt(Event):
    """An auditor has looked at what was unusual."""

    type: ClassVar[str] = "audit.unusual_read_looked_at"
    personal: ClassVar[frozenset[str]] = frozenset({"remark"})

    unusual_id: str
    account: str
    remark: str

    @property
    def stream(self) -> str:
        """With what was found."""
        return f"access:{self.account}"

    @property
    def data_subject(self) -> str:
        """Whoever it is about."""
        return f"account:{self.account}"


@dataclass(frozen=True, slots=True, kw_only=True)
class UnusualRead:
    """An hour that was unusual; `days` are the busiest hours of four weeks, a day each, the last one ends with it."""

    id: str
    account: str
    kind: str
    reason: str  # many, firsts or hour
    hour: datetime
    number: int
    usual: int
    looked_at: datetime | None
    looked_by: str | None
    remark: str | None
    days: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class UnusualReads:
    """A page, newest first; `next` is given as `after` for older ones."""

    items: tuple[UnusualRead, ...]
    next: str | None


@handles(LookAtUnusualRead, needs="audit.read")
def look_at_unusual_read(command: LookAtUnusualRead, unit: UnitOfWork) -> None:
    """Write it down. Raises `UnusualReadNotFound`, `InvalidInput`, `Conflict` where somebody has looked before."""
    remark = " ".join(command.remark.split())
    if not SHORTEST_REMARK <= len(remark) <= LONGEST_REMARK:
        sentence = f"Say what came of it in {SHORTEST_REMARK} to {LONGEST_REMARK} characters."
        raise InvalidInput(sentence, fields={"/remark": sentence})
    row = unit.session.get(UnusualReadRow, command.unusual_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise UnusualReadNotFound(f"There is no unusual read {command.unusual_id}.", unusual_id=command.unusual_id)
    if row.account == unit.actor.id:
        raise Conflict("This is about your own reading; another auditor has to look at it.")
    if row.looked_at is not None:
        raise Conflict(f"{row.looked_by} has looked at it before you; the reason stands below it.")
    row.looked_at, row.looked_by, row.remark = unit.clock.now(), unit.actor.id, remark
    unit.emit(UnusualReadLookedAt(unusual_id=row.id, account=row.account, remark=remark))


def forget_remarks(unit: UnitOfWork, account: str) -> None:
    """Take away what auditors wrote about the reading of somebody who is erased; the numbers stay."""
    row = UnusualReadRow
    unit.session.execute(update(row).where(row.account == account).values(remark=None))


def unusual_reads(view: Reading, *, are_open: bool = True, after: str | None = None, limit: int = MOST) -> UnusualReads:
    """Those that nobody has looked at, or those that somebody has. Raises `Forbidden`."""
    require_auditor(view)
    row, size = UnusualReadRow, max(1, min(limit, MOST))
    wanted = select(row).where(row.looked_at.is_(None) if are_open else row.looked_at.is_not(None))
    if after is not None:
        wanted = wanted.where(row.id < after)
    rows = list(view.session.scalars(wanted.order_by(row.id.desc()).limit(size + 1)))
    shown = rows[:size]
    return UnusualReads(
        items=tuple(_view(view, each) for each in shown), next=shown[-1].id if len(rows) > size else None
    )


def _view(view: Reading, row: UnusualReadRow) -> UnusualRead:
    return UnusualRead(
        id=row.id,
        account=row.account,
        kind=row.kind,
        reason=row.reason,
        hour=row.hour,
        number=row.number,
        usual=row.usual,
        looked_at=row.looked_at,
        looked_by=row.looked_by,
        remark=row.remark,
        days=_days(view, row),
    )


def _days(view: Reading, row: UnusualReadRow) -> tuple[int, ...]:
    """The index over account, kind and hour gives at most 24 rows a day."""
    hour, back = ReadHourRow, (row.hour - ReadHourRow.hour)
    what = hour.firsts if row.reason == "firsts" else hour.number
    ago = func.floor(func.extract("epoch", back) / 86_400)
    wanted = (
        select(ago, func.max(what))
        .where(hour.account == row.account, hour.kind == row.kind)
        .where(hour.hour > row.hour - USUAL, hour.hour <= row.hour)
        .group_by(ago)
    )
    found = {int(each): int(most) for each, most in view.session.execute(wanted)}
    return tuple(found.get(each, 0) for each in range(USUAL // timedelta(days=1) - 1, -1, -1))
