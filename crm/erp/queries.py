"""Reading what goes to an ERP and what comes back: lists, one with its tries, how many wait."""

from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from core.errors import Forbidden
from core.records import dataclass
from crm.erp import words as known
from crm.erp.errors import ArrivalNotFound, HandoverNotFound
from crm.erp.models import ArrivalRow, CursorRow, HandoverAttemptRow, HandoverRow
from crm.paging import Part, keyset
from storage.unit_of_work import Reading

SUMMARY = (
    *("id", "key", "entity", "record_id", "label", "state", "erp_number", "reason", "attempts", "due_at", "batch"),
    *("created_at", "created_by", "settled_at"),
)
ARRIVAL = ("id", "key", "kind", "state", "reason", "entity", "record_id", "attempts", "received_at", "taken_at")


@dataclass(frozen=True, slots=True, kw_only=True)
class HandoverFilter:
    """Which hand-overs; `states` are any of these."""

    states: tuple[str, ...] = ()
    entity: str | None = None
    record_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HandoverSummary:
    """A record on its way to the ERP."""

    id: str
    key: str
    entity: str
    record_id: str
    label: str
    state: str
    erp_number: str | None
    reason: str | None
    attempts: int
    due_at: datetime
    batch: str | None
    created_at: datetime
    created_by: str
    settled_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One try; without an end when its worker died."""

    n: int
    begun_at: datetime
    ended_at: datetime | None
    outcome: str | None
    answer: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Handover(HandoverSummary):
    """A hand-over with what it says, what it waits for and its tries."""

    content: dict[str, Any]
    digest: str
    answer: str | None
    after: HandoverSummary | None
    tries: list[Attempt]


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrivalSummary:
    """Something that the ERP said."""

    id: str
    key: str
    kind: str
    state: str
    reason: str | None
    entity: str | None
    record_id: str | None
    attempts: int
    received_at: datetime
    taken_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival(ArrivalSummary):
    """Something that the ERP said, with all of it."""

    content: dict[str, Any]
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """When we last asked the ERP for news, and what was in the way."""

    looked_at: datetime
    trouble: str | None


def handovers(
    view: Reading, wanted: HandoverFilter, *, after: str | None = None, limit: int = 50
) -> Part[HandoverSummary]:
    """Newest first. Raises `Forbidden`."""
    require(view)
    query = select(HandoverRow)
    if wanted.states:
        query = query.where(HandoverRow.state.in_(wanted.states))
    if wanted.entity is not None:
        query = query.where(HandoverRow.entity == wanted.entity)
    if wanted.record_id is not None:
        query = query.where(HandoverRow.record_id == wanted.record_id)
    rows, following, total = keyset(view, query, (HandoverRow.created_at, HandoverRow.id), after=after, limit=limit)
    return Part(items=[_summary(row) for row in rows], next=following, total=total)


def handover(view: Reading, key: str) -> Handover:
    """One by id or key. Raises `HandoverNotFound`, `Forbidden`."""
    require(view)
    row = view.session.scalars(select(HandoverRow).where((HandoverRow.id == key) | (HandoverRow.key == key))).first()
    if row is None:
        raise HandoverNotFound(key)
    tried = select(HandoverAttemptRow).where(HandoverAttemptRow.handover_id == row.id)
    before = view.session.get(HandoverRow, row.after_id) if row.after_id else None
    return Handover(
        **{name: getattr(row, name) for name in SUMMARY},
        content=row.content,
        digest=row.digest,
        answer=row.answer,
        after=_summary(before) if before else None,
        tries=[
            Attempt(n=each.n, begun_at=each.begun_at, ended_at=each.ended_at, outcome=each.outcome, answer=each.answer)
            for each in view.session.scalars(tried.order_by(HandoverAttemptRow.begun_at, HandoverAttemptRow.claim))
        ],
    )


def of_record(view: Reading, entity: str, record_id: str) -> HandoverSummary | None:
    """The newest hand-over of a record that the actor may see; the caller has checked that."""
    mine = (HandoverRow.entity == entity) & (HandoverRow.record_id == record_id)
    row = view.session.scalars(select(HandoverRow).where(mine).order_by(HandoverRow.id.desc()).limit(1)).first()
    return _summary(row) if row else None


def arrivals(
    view: Reading, *, state: str | None = None, after: str | None = None, limit: int = 50
) -> Part[ArrivalSummary]:
    """Newest first. Raises `Forbidden`."""
    require(view)
    query = select(ArrivalRow)
    if state is not None:
        query = query.where(ArrivalRow.state == state)
    rows, following, total = keyset(view, query, (ArrivalRow.received_at, ArrivalRow.id), after=after, limit=limit)
    items = [ArrivalSummary(**{name: getattr(row, name) for name in ARRIVAL}) for row in rows]
    return Part(items=items, next=following, total=total)


def arrival(view: Reading, key: str) -> Arrival:
    """One by id or key. Raises `ArrivalNotFound`, `Forbidden`."""
    require(view)
    row = view.session.scalars(select(ArrivalRow).where((ArrivalRow.id == key) | (ArrivalRow.key == key))).first()
    if row is None:
        raise ArrivalNotFound(key)
    return Arrival(**{name: getattr(row, name) for name in ARRIVAL}, content=row.content, digest=row.digest)


def counts(view: Reading) -> dict[str, int]:
    """How many hand-overs are not settled well, by state; `arrivals` those that could not be taken over."""
    require(view)
    unsettled = (*known.OPEN, known.REFUSED, known.FAILED)
    query = select(HandoverRow.state, func.count()).where(HandoverRow.state.in_(unsettled)).group_by(HandoverRow.state)
    refused = select(func.count()).where(ArrivalRow.state == known.REFUSED)
    found: dict[str, int] = dict(view.session.execute(query).all())
    return found | {"arrivals": view.session.scalar(refused) or 0}


def looked(view: Reading) -> Looked | None:
    """How the last look for news went; None before the first."""
    require(view)
    row = view.session.scalars(select(CursorRow).limit(1)).first()
    return Looked(looked_at=row.looked_at, trouble=row.trouble) if row else None


def require(view: Reading) -> None:
    """Raise `Forbidden` unless the actor looks after the ERP."""
    if not view.actor.may(known.EXCHANGE):
        sentence = f"You do not have the right to look after the exchange with the ERP ({known.EXCHANGE})."
        raise Forbidden(sentence, permission=known.EXCHANGE)


def _summary(row: HandoverRow) -> HandoverSummary:
    return HandoverSummary(**{name: getattr(row, name) for name in SUMMARY})
