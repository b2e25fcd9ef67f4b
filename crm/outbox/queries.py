"""Reading the outbox: lists of all that leaves, one message with its tries, and what a customer was sent."""

from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from core.errors import Forbidden
from core.records import dataclass
from crm.access import may_read, require_read
from crm.models import CustomerRow
from crm.outbox import words as known
from crm.outbox.errors import MessageNotFound
from crm.outbox.models import AttemptRow, BarRow, MessageRow, WishRow
from crm.outbox.ports import Paper
from crm.paging import Part, keyset
from storage.unit_of_work import Reading


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageFilter:
    """Which messages; `about` is `entity:id`."""

    state: str | None = None
    channel: str | None = None
    customer_id: str | None = None
    about: str | None = None
    case_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageSummary:
    """A message in a list."""

    id: str
    channel: str
    state: str
    recipient: str
    recipient_name: str
    customer_id: str | None
    customer_name: str | None
    subject: str
    reason: str | None
    papers: int
    attempts: int
    due_at: datetime
    sent_at: datetime | None
    created_at: datetime
    created_by: str
    created_by_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One try; without an end when its worker died."""

    n: int
    begun_at: datetime
    ended_at: datetime | None
    outcome: str | None
    answer: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Message(MessageSummary):
    """A message with its text, its papers and its proof."""

    key: str
    purpose: str
    contact_id: str | None
    envelope: dict[str, Any]
    text: str
    template: str | None
    about_entity: str | None
    about_id: str | None
    case_id: str | None
    task_id: str | None
    fallback: list[str]
    not_after: datetime | None
    message_id: str | None
    answer: str | None
    refused: list[str]
    digest: str | None
    segments: int | None
    document_id: str | None
    activity_id: str | None
    tracking_number: str | None
    batch_id: str | None
    documents: list[Paper]
    tries: list[Attempt]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """How somebody wants to be written to."""

    channel: str | None
    is_without_marketing: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """An address that is not written to, and why."""

    channel: str
    address: str
    kind: str
    reason: str
    since: datetime


def messages(
    view: Reading, wanted: MessageFilter, *, after: str | None = None, limit: int = 50
) -> Part[MessageSummary]:
    """Newest first; who does not look after the outbox sees those of a customer, and their own. Raises `Forbidden`."""
    query = select(MessageRow)
    if not view.actor.may(known.ADMINISTER):
        if wanted.customer_id is None and wanted.about is None:
            query = query.where(MessageRow.created_by == view.actor.id)
        else:
            require_read(view)
    for column, value in (
        (MessageRow.state, wanted.state),
        (MessageRow.channel, wanted.channel),
        (MessageRow.customer_id, wanted.customer_id),
        (MessageRow.case_id, wanted.case_id),
    ):
        if value is not None:
            query = query.where(column == value)
    if wanted.about is not None:
        entity, _, identifier = wanted.about.partition(":")
        query = query.where(MessageRow.about_entity == entity, MessageRow.about_id == identifier)
    rows, following, total = keyset(view, query, (MessageRow.created_at, MessageRow.id), after=after, limit=limit)
    names = _names(view, rows)
    return Part(items=[MessageSummary(**_summary(row, names)) for row in rows], next=following, total=total)


def counts(view: Reading) -> dict[str, int]:
    """How many messages are not settled, by state, as far as they are worth counting."""
    _require_administer(view)
    unsettled = (known.QUEUED, known.SENDING, known.FAILED, known.RETURNED)
    query = select(MessageRow.state, func.count()).where(MessageRow.state.in_(unsettled)).group_by(MessageRow.state)
    return dict(view.session.execute(query).all())


def message(view: Reading, message_id: str) -> Message:
    """One message. Raises `MessageNotFound`, also for one that the actor may not see."""
    row = view.session.get(MessageRow, message_id)
    if row is None or not _may_see(view, row):
        raise MessageNotFound(message_id)
    tried = select(AttemptRow).where(AttemptRow.message_id == row.id).order_by(AttemptRow.begun_at, AttemptRow.claim)
    return Message(
        **_summary(row, _names(view, [row])),
        key=row.key,
        purpose=row.purpose,
        contact_id=row.contact_id,
        envelope=row.envelope,
        text=row.text,
        template=row.template,
        about_entity=row.about_entity,
        about_id=row.about_id,
        case_id=row.case_id,
        task_id=row.task_id,
        fallback=list(row.fallback),
        not_after=row.not_after,
        message_id=row.message_id,
        answer=row.answer,
        refused=list(row.refused),
        digest=row.digest,
        segments=row.segments,
        document_id=row.document_id,
        activity_id=row.activity_id,
        tracking_number=row.tracking_number,
        batch_id=row.batch_id,
        documents=[
            Paper(
                document_id=each.document_id,
                version=each.version,
                digest=each.digest,
                file_name=each.file_name,
                media_type=each.media_type,
                size=each.size,
            )
            for each in row.papers
        ],
        tries=[
            Attempt(n=each.n, begun_at=each.begun_at, ended_at=each.ended_at, outcome=each.outcome, answer=each.answer)
            for each in view.session.scalars(tried)
        ],
    )


def wish(view: Reading, owner_id: str) -> Wish:
    """How a customer or a person wants to be written to."""
    require_read(view)
    row = view.session.get(WishRow, owner_id)
    return (
        Wish(channel=None, is_without_marketing=False)
        if row is None
        else Wish(channel=row.channel, is_without_marketing=row.is_without_marketing)
    )


def bars(view: Reading, *, limit: int = 200) -> list[Bar]:
    """Addresses that are not written to, newest first."""
    _require_administer(view)
    query = select(BarRow).order_by(BarRow.since.desc()).limit(limit)
    return [
        Bar(channel=row.channel, address=row.address, kind=row.kind, reason=row.reason, since=row.since)
        for row in view.session.scalars(query)
    ]


def _may_see(view: Reading, row: MessageRow) -> bool:
    if view.actor.may(known.ADMINISTER) or row.created_by == view.actor.id:
        return True
    return row.customer_id is not None and may_read(view.actor)


def _require_administer(view: Reading) -> None:
    if not view.actor.may(known.ADMINISTER):
        sentence = f"You do not have the right to look after the outbox ({known.ADMINISTER})."
        raise Forbidden(sentence, permission=known.ADMINISTER)


def _names(view: Reading, rows: list[Any]) -> dict[str, str]:
    ids = {row.customer_id for row in rows if row.customer_id}
    if not ids:
        return {}
    query = select(CustomerRow.id, CustomerRow.name).where(CustomerRow.id.in_(ids))
    return dict(view.session.execute(query).all())


def _summary(row: MessageRow, names: dict[str, str]) -> dict[str, Any]:
    return {
        "id": row.id,
        "channel": row.channel,
        "state": row.state,
        "recipient": row.recipient,
        "recipient_name": row.recipient_name,
        "customer_id": row.customer_id,
        "customer_name": names.get(row.customer_id) if row.customer_id else None,
        "subject": row.subject or row.text[:80],
        "reason": row.reason,
        "papers": len(row.papers),
        "attempts": row.attempts,
        "due_at": row.due_at,
        "sent_at": row.sent_at,
        "created_at": row.created_at,
        "created_by": row.created_by,
        "created_by_name": row.created_by_name,
    }
