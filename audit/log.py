"""Looking through the whole log by actor, kind, object, time and address; and how well it is proved."""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import Select, select

from audit.checkpoints import log_size, newest
from audit.models import AuditEntryRow, AuditLeafRow, AuditTimestampRow
from audit.places import Signed
from audit.publishing import Publication, publications
from audit.queries import Entry, read_rows
from audit.verify import require_auditor
from core.executor import handles
from core.messages import Command, Event
from core.records import dataclass
from storage.unit_of_work import Reading, UnitOfWork

MOST = 200  # entries of one page
AT_ONCE = 500  # entries that a search by address reads together
LOOKED = 5000  # entries that one request looks through for an address; those that follow are for the next


@dataclass(frozen=True, slots=True, kw_only=True)
class LogFilter:
    """What to look for; what is None does not matter. `until` is not included."""

    actor: str | None = None  # log-in name
    kind: str | None = None  # type of event, such as document.read
    stream: str | None = None  # what it happened to, such as document:01M8…
    case: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    address: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LogPage:
    """Entries, newest first; `next` is given as `after` for older ones, None at the beginning of the log.

    `looked_to` is when the oldest entry was written that was looked at, where a search by address stopped early.
    """

    items: tuple[Entry, ...]
    next: str | None
    looked_to: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How well the log is proved now."""

    size: int
    checkpoint: Signed | None
    unsigned: int  # entries that the newest checkpoint does not have yet
    places: tuple[Publication, ...]
    stamped_size: int | None
    stamped_at: datetime | None
    authority: str | None
    last_check: Entry | None  # the newest entry that tells of a check of everything


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordCheck(Command):
    """Tell the trail that all of it was checked, and what came of it."""

    entries: int
    findings: int
    with_content: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LogChecked(Event):
    """Chains, log, checkpoints and, with content, all documents were checked."""

    type: ClassVar[str] = "audit.checked"
    entries: int
    findings: int
    with_content: bool

    @property
    def stream(self) -> str:
        """The log's own stream."""
        return "audit:log"


@handles(RecordCheck, needs="audit.read")
def record_check(command: RecordCheck, unit: UnitOfWork) -> None:
    """Write it down."""
    unit.emit(LogChecked(entries=command.entries, findings=command.findings, with_content=command.with_content))


def look(view: Reading, wanted: LogFilter, *, after: str | None = None, limit: int = 50) -> LogPage:
    """Entries that fit, newest first; needs `audit.read`. Raises `Forbidden`.

    Actor and kind are looked up in an index that the sequencer keeps, so that entries of the last moment are not found
    by them. Addresses can be erased and have none: one request looks through a part of the log.
    """
    require_auditor(view)
    size = max(1, min(limit, MOST))
    if wanted.address is None:
        rows = view.session.scalars(_query(wanted, after).limit(size + 1)).all()
        shown = rows[:size]
        return LogPage(items=tuple(read_rows(view, shown)), next=shown[-1].id if len(rows) > size else None)
    found: list[Entry] = []
    for _ in range(LOOKED // AT_ONCE):
        rows = view.session.scalars(_query(wanted, after).limit(AT_ONCE)).all()
        for each in read_rows(view, rows):
            after = each.id
            if each.actor_address == wanted.address:
                found.append(each)
                if len(found) == size:
                    return LogPage(items=tuple(found), next=after)
        if len(rows) < AT_ONCE:
            return LogPage(items=tuple(found), next=None)
    return LogPage(items=tuple(found), next=after, looked_to=rows[-1].at)


def standing(view: Reading) -> Standing:
    """How well the log is proved; needs `audit.read`. Raises `Forbidden`."""
    require_auditor(view)
    connection = view.session.connection()
    signed, size = newest(connection), log_size(connection)
    stamp = view.session.scalars(select(AuditTimestampRow).order_by(AuditTimestampRow.size.desc()).limit(1)).first()
    return Standing(
        size=size,
        checkpoint=signed,
        unsigned=size - (signed.size if signed else 0),
        places=tuple(publications(view)),
        stamped_size=stamp.size if stamp else None,
        stamped_at=stamp.at if stamp else None,
        authority=stamp.authority if stamp else None,
        last_check=next(iter(look(view, LogFilter(kind=LogChecked.type), limit=1).items), None),
    )


def _query(wanted: LogFilter, after: str | None) -> Select[Any]:
    row, leaf = AuditEntryRow, AuditLeafRow
    query = select(row)
    key: Any = row.id
    if wanted.actor is not None or wanted.kind is not None:
        query, key = query.join(leaf, leaf.entry_id == row.id), leaf.entry_id
        conditions = {leaf.actor_id: wanted.actor, leaf.type: wanted.kind}
        query = query.where(*(column == value for column, value in conditions.items() if value is not None))
    if wanted.stream is not None:
        query = query.where(row.stream == wanted.stream)
    if wanted.case is not None:
        query = query.where(row.case_id == wanted.case)
    if wanted.since is not None:
        query = query.where(row.at >= wanted.since)
    if wanted.until is not None:
        query = query.where(row.at < wanted.until)
    if after is not None:
        query = query.where(key < after)
    return query.order_by(key.desc())
