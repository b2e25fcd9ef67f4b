"""Reading segments: their list, who is in one now and who was, what two have in common, a rule before it is kept."""

from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select

from core.records import dataclass
from crm.access import require_read
from crm.customer_search import Criteria
from crm.models import ContactRow, CustomerRow
from crm.queries import MOST
from crm.segments.errors import SegmentNotFound, SnapshotNotFound
from crm.segments.models import SegmentRow, SegmentSnapshotMemberRow, SegmentSnapshotRow
from crm.segments.rules import CUSTOMER, checked, contacts_of, customers_of
from storage.unit_of_work import Reading

COUNTED = 100_000  # members that are counted; of more it is said that there are more
FIRST = 20  # of a preview


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A segment; `level` is how deep it is below others."""

    id: str
    name: str
    kind: str
    subject: str
    description: str | None
    criteria: dict[str, Any]
    parent_id: str | None
    level: int
    is_retired: bool
    created_at: datetime
    created_by: str
    changed_at: datetime
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A customer in a segment, or a person with the customer where they are."""

    id: str
    customer_id: str
    number: str
    name: str
    customer_name: str
    email: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Members:
    """Some members; `next` continues after them; `total` is None when there are more than are counted."""

    items: list[Member]
    next: str | None
    total: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlap:
    """How many are in one segment, in another, and in both."""

    first: int
    second: int
    both: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """Who was in a segment at one time; `digest` is the SHA-256 of the ids in their order, one a line."""

    id: str
    segment_id: str
    reason: str
    criteria: dict[str, Any]
    size: int
    digest: str
    taken_at: datetime
    taken_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotMembers(Snapshot):
    """The same with some of the ids; `next` continues after them."""

    ids: list[str]
    next: str | None


def segments(view: Reading, *, retired: bool = False) -> list[Segment]:
    """All segments, each below its parent, by name."""
    require_read(view)
    rows = list(view.session.scalars(select(SegmentRow).order_by(SegmentRow.name, SegmentRow.id)))
    shown = [row for row in rows if retired or not row.is_retired]
    ids = {row.id for row in shown}
    found: list[Segment] = []

    def add(parent_id: str | None, level: int) -> None:
        for row in shown:
            if (row.parent_id if row.parent_id in ids else None) == parent_id:
                found.append(_segment(row, level))
                add(row.id, level + 1)

    add(None, 0)
    return found


def segment(view: Reading, segment_id: str) -> Segment:
    """One segment. Raises `SegmentNotFound`."""
    return _segment(segment_row(view, segment_id), 0)


def segment_row(view: Reading, segment_id: str) -> SegmentRow:
    """Its row, for other queries of this context. Raises `SegmentNotFound`."""
    require_read(view)
    row = view.session.get(SegmentRow, segment_id)
    if row is None:
        raise SegmentNotFound(segment_id)
    return row


def members(view: Reading, segment_id: str, *, after: str | None = None, limit: int = 50) -> Members:
    """Who is in it now: customers by number, people by id."""
    row = segment_row(view, segment_id)
    if row.subject == CUSTOMER:
        return _page(view, _customers().where(customers_of(view, row)), CustomerRow.number, after, limit)
    return _page(view, _people().where(contacts_of(view, row)), ContactRow.id, after, limit)


def preview(view: Reading, subject: str, criteria: Criteria) -> Members:
    """Who would be in it, the first twenty and how many. Raises `WrongFields`."""
    require_read(view)
    fits = checked(view, subject, criteria)
    if subject == CUSTOMER:
        return _page(view, _customers().where(fits), CustomerRow.number, None, FIRST)
    return _page(view, _people().where(fits), ContactRow.id, None, FIRST)


def customers_in(view: Reading, segment_id: str) -> Any:
    """The condition that a customer is in a segment, for other queries."""
    return customers_of(view, segment_row(view, segment_id))


def overlap(view: Reading, first_id: str, second_id: str) -> Overlap:
    """Sizes of two segments and of what they share, counted in customers."""
    first, second = (customers_in(view, each) for each in (first_id, second_id))
    alive = select(CustomerRow.id).where(CustomerRow.merged_into.is_(None))

    def count(*clauses: Any) -> int:
        return view.session.scalars(select(func.count()).select_from(alive.where(*clauses).subquery())).one()

    return Overlap(first=count(first), second=count(second), both=count(first, second))


def snapshots(view: Reading, segment_id: str) -> list[Snapshot]:
    """What was written down of a segment, the newest first."""
    require_read(view)
    wanted = select(SegmentSnapshotRow).where(SegmentSnapshotRow.segment_id == segment_id)
    rows = view.session.scalars(wanted.order_by(SegmentSnapshotRow.id.desc()).limit(MOST))
    return [Snapshot(**_told(row)) for row in rows]


def snapshot(view: Reading, snapshot_id: str, *, after: str | None = None, limit: int = 200) -> SnapshotMembers:
    """One with its ids. Raises `SnapshotNotFound`."""
    require_read(view)
    row = view.session.get(SegmentSnapshotRow, snapshot_id)
    if row is None:
        raise SnapshotNotFound(snapshot_id)
    size = max(1, min(limit, MOST))
    wanted = select(SegmentSnapshotMemberRow.record_id).where(SegmentSnapshotMemberRow.snapshot_id == row.id)
    if after is not None:
        wanted = wanted.where(SegmentSnapshotMemberRow.record_id > after)
    ids = list(view.session.scalars(wanted.order_by(SegmentSnapshotMemberRow.record_id).limit(size + 1)))
    return SnapshotMembers(**_told(row), ids=ids[:size], next=ids[size - 1] if len(ids) > size else None)


def _customers() -> Select[Any]:
    return select(CustomerRow).where(CustomerRow.merged_into.is_(None))


def _people() -> Select[Any]:
    return select(ContactRow)


def _page(view: Reading, wanted: Select[Any], column: Any, after: str | None, limit: int) -> Members:
    counted = wanted.with_only_columns(column).order_by(None).limit(COUNTED + 1).subquery()
    total = view.session.scalars(select(func.count()).select_from(counted)).one()
    if after is not None:
        wanted = wanted.where(column > after)
    size = max(1, min(limit, MOST))
    rows = list(view.session.scalars(wanted.order_by(column).limit(size + 1)))
    following = getattr(rows[size - 1], column.key) if len(rows) > size else None
    return Members(items=_told_members(view, rows[:size]), next=following, total=total if total <= COUNTED else None)


def _told_members(view: Reading, rows: list[Any]) -> list[Member]:
    firms = {row.customer_id for row in rows if isinstance(row, ContactRow)}
    asked = select(CustomerRow.id, CustomerRow.number, CustomerRow.name).where(CustomerRow.id.in_(firms))
    known = {key: (number, name) for key, number, name in view.session.execute(asked)} if firms else {}
    return [
        Member(
            id=row.id,
            customer_id=row.id,
            number=row.number,
            name=row.name,
            customer_name=row.name,
            email=row.emails[0].address if row.emails else None,
        )
        if isinstance(row, CustomerRow)
        else Member(
            id=row.id,
            customer_id=row.customer_id,
            number=known[row.customer_id][0],
            name=row.name,
            customer_name=known[row.customer_id][1],
            email=row.email,
        )
        for row in rows
    ]


def _segment(row: SegmentRow, level: int) -> Segment:
    return Segment(
        id=row.id,
        name=row.name,
        kind=row.kind,
        subject=row.subject,
        description=row.description,
        criteria=row.criteria,
        parent_id=row.parent_id,
        level=level,
        is_retired=row.is_retired,
        created_at=row.created_at,
        created_by=row.created_by,
        changed_at=row.changed_at,
        version=row.row_version,
    )


def _told(row: SegmentSnapshotRow) -> dict[str, Any]:
    return {name: getattr(row, name) for name in Snapshot.__dataclass_fields__}
