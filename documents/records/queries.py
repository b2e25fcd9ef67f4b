"""What the records pages, the command line and programs show: what is due when, and why a document is kept."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import and_, func, or_, select

from core.errors import Forbidden, InvalidInput
from core.records import dataclass
from core.settings import Settings
from documents.access import require_visible, visible_documents
from documents.models import DocumentRow
from documents.records.computing import retentions_of
from documents.records.holds import Hold, holds_on
from documents.records.models import LegalHoldRow, RetentionChangeRow, RetentionRow, RetentionRuleRow
from documents.records.periods import read_period
from documents.records.rules import schedule_of
from documents.records.schedule import DATED
from storage.unit_of_work import Reading

READ_RIGHT = "records.read"
MONTHS = 24  # that the picture shows
MONTHS_OF_YEAR = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentRetention:
    """Until when a document is kept, because of what, and the holds that stand on it whatever the date.

    `state` is `dated` (`due_at` says until when), `waiting` (for the event of its rule), `forever` or `unscheduled`.
    """

    document_id: str
    state: str
    due_at: datetime | None
    rule_key: str | None
    rule_name: str | None
    schedule: str | None  # the rule in words
    authority: str | None
    because: str
    holds: tuple[Hold, ...]

    @property
    def is_held(self) -> bool:
        """Whether a hold freezes the schedule."""
        return bool(self.holds)


@dataclass(frozen=True, slots=True, kw_only=True)
class DueDocument:
    """A document whose time is over or will be; `title` is None for whoever may not see it."""

    document_id: str
    title: str | None
    type: str | None
    number: str | None
    due_at: datetime
    rule_key: str
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DuePage:
    """What is due, the longest first; `next` asks for what follows."""

    items: tuple[DueDocument, ...]
    next: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Month:
    """How many documents become due in a month; `is_past` for all that are due already."""

    first: datetime
    count: int
    is_past: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """The schedule in numbers; `waits` tells how many changes are not worked off yet."""

    due: int
    held: int
    counts: Mapping[str, int]  # by state
    holds: int
    waits: int
    later: int  # beyond the months
    months: tuple[Month, ...]


def require_reader(view: Reading) -> None:
    """Raises `Forbidden` for whoever may not see the records of others."""
    if not view.actor.may(READ_RIGHT):
        raise Forbidden(f"You do not have the right to do this ({READ_RIGHT}).", permission=READ_RIGHT)


def document_retention(view: Reading, document_id: str) -> DocumentRetention:
    """What counts for one document at this moment, computed as it is read. Raises `DocumentNotFound`."""
    row = require_visible(view, document_id)
    found = retentions_of(view, [row.id])[row.id]
    rule = view.session.get(RetentionRuleRow, found.rule_key) if found.rule_key else None
    return DocumentRetention(
        document_id=row.id,
        state=found.state,
        due_at=found.due_at,
        rule_key=found.rule_key,
        rule_name=rule.name if rule else None,
        schedule=schedule_of(rule.trigger, rule.period, rule.field) if rule else None,
        authority=rule.authority if rule else None,
        because=because(found.basis),
        holds=tuple(holds_on(view, [row.id])[row.id]),
    )


PLAIN = {
    "case_runs": "a case that it belongs to still runs",
    "no_case": "it belongs to no case that was closed",
    "certificate": "certificates of destruction are kept for ever: they are all that is left of what they name",
    "letter": "it holds copies of letters, and the first of them is due then",
    "forever": "its rule keeps it for ever",
}


def because(basis: Mapping[str, Any]) -> str:
    """Why a document is kept that long, as a sentence."""
    length = f"{read_period(basis['period'])} after {basis['since']}" if basis.get("period") else ""
    match basis.get("why"):
        case "filed":
            return f"{length}, when its newest version was filed"
        case "filed_year":
            return f"{length}, as it was filed in {basis['year']}"
        case "case_closed":
            return f"{length}, when its last case was closed"
        case "field" if length:
            return f"{length}, the day in its field “{basis['field']}”"
        case "field":
            return f"its field “{basis['field']}” holds no day yet"
        case why:
            return PLAIN.get(why or "", "no rule covers it, so nobody may dispose of it")


def due(view: Reading, *, until: datetime | None = None, after: str | None = None, limit: int = 50) -> DuePage:
    """Documents under no hold that are due by then, by now when nothing is said. Raises `Forbidden`."""
    require_reader(view)
    row = RetentionRow
    query = (
        select(row)
        .where(row.due_at.is_not(None), row.holds == 0, row.due_at <= (until or view.clock.now()))
        .order_by(row.due_at, row.document_id)
        .limit(limit + 1)
    )
    if after is not None:
        at, document_id = _mark(after)
        query = query.where(or_(row.due_at > at, and_(row.due_at == at, row.document_id > document_id)))
    rows = list(view.session.scalars(query))
    shown = rows[:limit]
    following = f"{shown[-1].due_at:%Y-%m-%dT%H:%M:%S.%f%z}_{shown[-1].document_id}" if len(rows) > limit else None
    return DuePage(items=_due_documents(view, shown), next=following)


def _mark(after: str) -> tuple[datetime, str]:
    at, _, document_id = after.rpartition("_")
    try:
        return datetime.fromisoformat(at.replace(" ", "+")), document_id
    except ValueError as error:
        raise InvalidInput("This page of the list does not exist; begin at its top.") from error


def _due_documents(view: Reading, rows: list[RetentionRow]) -> tuple[DueDocument, ...]:
    ids = [row.document_id for row in rows]
    documents = list(view.session.scalars(select(DocumentRow).where(DocumentRow.id.in_(ids))))
    by_id = {each.id: each for each in documents}
    seen = {each.id for each in visible_documents(view, documents)}
    return tuple(
        DueDocument(
            document_id=row.document_id,
            title=by_id[row.document_id].title if row.document_id in seen else None,
            type=by_id[row.document_id].type,
            number=by_id[row.document_id].number,
            due_at=row.due_at,
            rule_key=row.rule_key or "",
            because=because(row.basis),
        )
        for row in rows
        if row.due_at is not None
    )


def overview(view: Reading) -> Overview:
    """What is due when, month by month. Raises `Forbidden`."""
    require_reader(view)
    row, now = RetentionRow, view.clock.now()
    count = func.count()
    counts = dict(view.session.execute(select(row.state, count).group_by(row.state)).all())
    free = (row.due_at.is_not(None), row.holds == 0)
    due_now = view.session.scalar(select(count).where(*free, row.due_at <= now)) or 0
    held = view.session.scalar(select(count).where(row.holds > 0)) or 0
    zone = view.port(Settings).time_zone
    month = func.to_char(func.timezone(zone, row.due_at), "YYYY-MM")
    starts = _months(now.astimezone(ZoneInfo(zone)))
    query = select(month, count).where(*free, row.due_at > now, row.due_at < starts[-1]).group_by(month)
    by_month: dict[str, int] = dict(view.session.execute(query).all())
    later = view.session.scalar(select(count).where(*free, row.due_at >= starts[-1])) or 0
    months = [Month(first=each, count=by_month.get(f"{each:%Y-%m}", 0), is_past=False) for each in starts[:-1]]
    standing = select(count).select_from(LegalHoldRow).where(LegalHoldRow.lifted_at.is_(None))
    return Overview(
        due=due_now,
        held=held,
        counts={state: counts.get(state, 0) for state in (DATED, "waiting", "forever", "unscheduled")},
        holds=view.session.scalar(standing) or 0,
        waits=view.session.scalar(select(count).select_from(RetentionChangeRow)) or 0,
        later=later,
        months=(Month(first=starts[0] - timedelta(days=1), count=due_now, is_past=True), *months),
    )


def _months(now: datetime) -> list[datetime]:
    """The first moments of this month and those that follow, one more than are shown."""
    first = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    months = [first.year * MONTHS_OF_YEAR + first.month - 1 + number for number in range(MONTHS + 1)]
    return [first.replace(year=each // MONTHS_OF_YEAR, month=each % MONTHS_OF_YEAR + 1) for each in months]
