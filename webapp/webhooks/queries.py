"""Reading webhooks and what was delivered to them, for who administers them."""

from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from core.errors import Forbidden
from core.records import dataclass
from crm.paging import Part, keyset
from storage.unit_of_work import Reading
from webapp.webhooks.delivering import FAILED, OPEN
from webapp.webhooks.errors import DeliveryNotFound, WebhookNotFound
from webapp.webhooks.models import WebhookAttemptRow, WebhookDeliveryRow, WebhookRow
from webapp.webhooks.subscribing import ADMINISTER

WEBHOOK = (
    *("id", "name", "url", "events", "state", "reason", "failures", "failing_since", "held_until", "old_until"),
    *("created_at", "created_by"),
)
SUMMARY = (
    *("id", "webhook_id", "event_id", "type", "subject", "state", "attempts", "due_at", "reason"),
    *("created_at", "settled_at"),
)
COUNTED = 1000  # of more it is only said that there are more


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """An address that hears of events; `waiting` and `failed` stop counting at 1 000."""

    id: str
    name: str
    url: str
    events: list[str]
    state: str
    reason: str | None
    failures: int
    failing_since: datetime | None
    held_until: datetime | None
    old_until: datetime | None
    created_at: datetime
    created_by: str
    waiting: int
    failed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliverySummary:
    """One event on its way to one webhook."""

    id: str
    webhook_id: str
    event_id: str
    type: str
    subject: str
    state: str
    attempts: int
    due_at: datetime
    reason: str | None
    created_at: datetime
    settled_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryAttempt:
    """One try; without an end when its worker died."""

    begun_at: datetime
    ended_at: datetime | None
    status: int | None
    answer: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery(DeliverySummary):
    """A delivery with what it says and its tries."""

    content: dict[str, Any]
    tries: list[DeliveryAttempt]


def webhooks(view: Reading) -> list[Webhook]:
    """All, by name. Raises `Forbidden`."""
    require(view)
    return [_webhook(view, row) for row in view.session.scalars(select(WebhookRow).order_by(WebhookRow.name))]


def webhook(view: Reading, webhook_id: str) -> Webhook:
    """One. Raises `WebhookNotFound`, `Forbidden`."""
    require(view)
    row = view.session.get(WebhookRow, webhook_id)
    if row is None:
        raise WebhookNotFound(webhook_id)
    return _webhook(view, row)


def deliveries(
    view: Reading, webhook_id: str, *, states: tuple[str, ...] = (), after: str | None = None, limit: int = 50
) -> Part[DeliverySummary]:
    """Of one webhook, newest first. Raises `WebhookNotFound`, `Forbidden`."""
    require(view)
    if view.session.get(WebhookRow, webhook_id) is None:
        raise WebhookNotFound(webhook_id)
    delivery = WebhookDeliveryRow
    query = select(delivery).where(delivery.webhook_id == webhook_id)
    if states:
        query = query.where(delivery.state.in_(states))
    rows, following, total = keyset(view, query, (delivery.created_at, delivery.id), after=after, limit=limit)
    items = [DeliverySummary(**{name: getattr(row, name) for name in SUMMARY}) for row in rows]
    return Part(items=items, next=following, total=total)


def delivery(view: Reading, delivery_id: str) -> Delivery:
    """One with its tries, the newest last. Raises `DeliveryNotFound`, `Forbidden`."""
    require(view)
    row = view.session.get(WebhookDeliveryRow, delivery_id)
    if row is None:
        raise DeliveryNotFound(delivery_id)
    attempt = WebhookAttemptRow
    tried = select(attempt).where(attempt.delivery_id == row.id).order_by(attempt.begun_at, attempt.claim)
    return Delivery(
        **{name: getattr(row, name) for name in SUMMARY},
        content=row.content,
        tries=[
            DeliveryAttempt(begun_at=each.begun_at, ended_at=each.ended_at, status=each.status, answer=each.answer)
            for each in view.session.scalars(tried)
        ],
    )


def require(view: Reading) -> None:
    """Raise `Forbidden` unless the actor administers webhooks."""
    if not view.actor.may(ADMINISTER):
        raise Forbidden(f"You do not have the right to look after webhooks ({ADMINISTER}).", permission=ADMINISTER)


def _webhook(view: Reading, row: WebhookRow) -> Webhook:
    return Webhook(
        **{name: getattr(row, name) for name in WEBHOOK},
        waiting=_count(view, row.id, OPEN),
        failed=_count(view, row.id, (FAILED,)),
    )


def _count(view: Reading, webhook_id: str, states: tuple[str, ...]) -> int:
    row = WebhookDeliveryRow
    some = select(row.id).where(row.webhook_id == webhook_id, row.state.in_(states)).limit(COUNTED)
    return view.session.scalars(select(func.count()).select_from(some.subquery())).one()
