"""Counts what people read from the log's new entries, and finds the hours in which it was unusual for them.

Each entry is looked at once; an hour is compared with at most four weeks of hours of the same person.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import ClassVar, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert

from audit.models import AuditEntryRow, AuditLeafRow
from audit.reads.models import ReadFirstRow, ReadHourRow, ReadMarkRow, UnusualReadRow
from core.executor import handles
from core.identity import SYSTEM
from core.ids import new_id
from core.messages import Command, Event
from core.records import dataclass
from core.settings import Settings
from storage.unit_of_work import UnitOfWork

KINDS = {  # type of event: what is counted
    "document.read": "documents",
    "customer.opened": "customers",
    "audit.data_given_out": "files",
}
SUBJECTS = {"customer.opened": "customer_id"}  # what is told apart as read for the first time
FLOOR = {"documents": 50, "customers": 50, "files": 10}  # reads of an hour below which nothing is many
TIMES = 3  # the busiest hour before, beyond which it is many
NIGHT_FLOOR = 5  # reads in an hour of the day at which somebody never works
KNOWN_DAYS = 10  # days with reads, from which on the hours of a day are known
USUAL = timedelta(days=28)
KEPT = timedelta(days=180)
BATCH = 5000  # entries of the log


class Hour(NamedTuple):
    """Whose reads of what are counted together."""

    account: str
    kind: str
    hour: datetime


class Unusual(NamedTuple):
    """Why an hour is unusual: how many there were, and how many there are usually at most."""

    reason: str
    number: int
    usual: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CountReads(Command):
    """Count the next entries of the log, at most `limit`. Returns how many were looked at."""

    quiet: ClassVar[bool] = True
    limit: int = BATCH


@dataclass(frozen=True, slots=True, kw_only=True)
class UnusualReadFound(Event):
    """Somebody read otherwise than they usually do; nothing is kept from them because of it."""

    type: ClassVar[str] = "audit.unusual_read_found"

    unusual_id: str
    account: str
    kind: str
    reason: str
    hour: str
    number: int
    usual: int

    @property
    def stream(self) -> str:
        """With what the account took and was refused."""
        return f"access:{self.account}"


@handles(CountReads, needs="read.count")
def count_reads(command: CountReads, unit: UnitOfWork) -> int:
    """Go on from the mark; two never count the same entry."""
    session, leaf, entry = unit.session, AuditLeafRow, AuditEntryRow
    session.execute(insert(ReadMarkRow).values(id=1, position=-1).on_conflict_do_nothing())
    mark = session.get_one(ReadMarkRow, 1, with_for_update=True, populate_existing=True)
    newest = session.scalar(select(func.max(leaf.position)))
    to = min(mark.position + command.limit, -1 if newest is None else newest)
    if to <= mark.position:
        return 0
    wanted = (
        select(leaf.type, entry.actor_id, entry.at, entry.content)
        .join(entry, entry.id == leaf.entry_id)
        .where(leaf.position > mark.position, leaf.position <= to, leaf.type.in_(KINDS), leaf.actor_id != SYSTEM.id)
    )
    numbers: dict[Hour, int] = defaultdict(int)
    subjects: dict[Hour, set[str]] = defaultdict(set)
    for type_, account, at, content in session.execute(wanted):
        key = Hour(account, KINDS[type_], at.replace(minute=0, second=0, microsecond=0))
        numbers[key] += 1
        if type_ in SUBJECTS:
            subjects[key].add(json.loads(content)["data"][SUBJECTS[type_]])
    looked = to - mark.position
    mark.position = to
    for key in sorted(numbers):
        row = _add(unit, key, numbers[key], _first_ones(unit, key.account, subjects[key]))
        for found in _unusual(unit, key, row.number, row.firsts):
            _note(unit, key, found)
    session.execute(delete(ReadHourRow).where(ReadHourRow.hour < unit.clock.now() - KEPT))
    return looked


def _first_ones(unit: UnitOfWork, account: str, subjects: Iterable[str]) -> int:
    rows = [{"account": account, "subject": each} for each in sorted(subjects)]
    if not rows:
        return 0
    added = insert(ReadFirstRow).values(rows).on_conflict_do_nothing().returning(ReadFirstRow.subject)
    return len(unit.session.scalars(added).all())


def _add(unit: UnitOfWork, key: Hour, number: int, firsts: int) -> ReadHourRow:
    row = unit.session.get(ReadHourRow, tuple(key))
    if row is None:
        row = ReadHourRow(account=key.account, kind=key.kind, hour=key.hour, number=0, firsts=0)
        unit.session.add(row)
    row.number, row.firsts = row.number + number, row.firsts + firsts
    return row


def _unusual(unit: UnitOfWork, key: Hour, number: int, firsts: int) -> list[Unusual]:
    row = ReadHourRow
    before = select(row.hour, row.number, row.firsts).where(
        row.account == key.account, row.kind == key.kind, row.hour >= key.hour - USUAL, row.hour < key.hour
    )
    known = unit.session.execute(before).all()
    busiest = max((each.number for each in known), default=0)
    most_firsts = max((each.firsts for each in known), default=0)
    found = []
    if number >= FLOOR[key.kind] and number > TIMES * busiest:
        found.append(Unusual("many", number, busiest))
    if firsts >= FLOOR[key.kind] and firsts > TIMES * most_firsts:
        found.append(Unusual("firsts", firsts, most_firsts))
    if number >= NIGHT_FLOOR and _is_strange(unit, key.hour, [each.hour for each in known]):
        found.append(Unusual("hour", number, 0))
    return found


def _is_strange(unit: UnitOfWork, hour: datetime, known: Sequence[datetime]) -> bool:
    """Whether somebody whose days are known has read nothing at this hour of the day, nor just before or after."""
    zone = ZoneInfo(unit.port(Settings).time_zone)
    local = [each.astimezone(zone) for each in known]
    near = {(hour.astimezone(zone).hour + each) % 24 for each in (-1, 0, 1)}
    return len({each.date() for each in local}) >= KNOWN_DAYS and near.isdisjoint(each.hour for each in local)


def _note(unit: UnitOfWork, key: Hour, found: Unusual) -> None:
    row = UnusualReadRow
    same = (row.account == key.account, row.kind == key.kind, row.reason == found.reason, row.hour == key.hour)
    there = unit.session.scalar(select(row).where(*same))
    if there is not None:
        there.number = found.number
        return
    made = row(
        id=new_id(),
        account=key.account,
        kind=key.kind,
        reason=found.reason,
        hour=key.hour,
        number=found.number,
        usual=found.usual,
        found_at=unit.clock.now(),
    )
    unit.session.add(made)
    unit.emit(
        UnusualReadFound(
            unusual_id=made.id,
            account=key.account,
            kind=key.kind,
            reason=found.reason,
            hour=key.hour.isoformat(),
            number=found.number,
            usual=found.usual,
        )
    )
