"""What the trail's log tells is queued for each webhook, claimed, and settled by what came of the try.

The log is the outbox: whatever was committed has a place in it, and a webhook goes on from its own place, so nothing
is lost when a process dies and no unit of work waits for webhooks. A worker that dies between the receiver's answer and
our commit leaves a delivery that is made again under the same id, by which the receiver knows it.
"""

from __future__ import annotations

import json
import random
from dataclasses import field
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, func, select

from audit.models import AuditEntryRow, AuditLeafRow
from core.executor import handles
from core.ids import new_id
from core.messages import Command
from core.records import dataclass
from core.settings import Settings
from storage.jobs.queue import JobRequest
from storage.unit_of_work import UnitOfWork
from webapp.webhooks.catalogue import PING, Happened, envelope, is_wanted
from webapp.webhooks.errors import DeliveryNotFound, WrongWebhookState
from webapp.webhooks.events import DeliveriesResent, DeliveryFailed, WebhookTested
from webapp.webhooks.models import WebhookAttemptRow, WebhookDeliveryRow, WebhookRow
from webapp.webhooks.subscribing import ACTIVE, ADMINISTER, locked, opened_secrets, pause

SEND_JOB = "webhooks.send"
WAITING, SENDING, DELIVERED, FAILED = "waiting", "sending", "delivered", "failed"
OPEN = (WAITING, SENDING)
BATCH = 500  # entries of the log that one command looks at
MOST_WAITING = 2000  # deliveries of one webhook; the log keeps the rest until there is room
LEASE = timedelta(minutes=2)  # longer than a receiver may take to answer
PAUSES = (30, 120, 600, 1800, 3600, 7200, 14_400, 28_800, 43_200)  # seconds between tries; a day and a bit in all
FIRST_HOLD, LONGEST_HOLD = 5, 600  # seconds for which a webhook rests after failures
PATIENCE = timedelta(days=5)  # of nothing but failures, after which it is paused
KEPT = timedelta(days=30)  # for which settled deliveries are kept
FORGOTTEN = 5000  # in one command
GONE = 410
LONGEST_TOLD = 500  # characters of an answer or a reason


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueEvents(Command):
    """Look on in the log for one webhook."""

    quiet = True
    webhook_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimDelivery(Command):
    """Take the delivery of a webhook that is due longest."""

    quiet = True
    webhook_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """What to deliver, and the secrets that sign it."""

    delivery_id: str
    claim: str
    url: str = field(repr=False)
    event_id: str
    body: bytes = field(repr=False)
    secrets: list[str] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class SettleDelivery(Command):
    """Say what became of a try: the status of the answer, or why there was none."""

    delivery_id: str
    claim: str
    status: int | None
    answer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ResendDelivery(Command):
    """Deliver something once more, whatever became of it."""

    delivery_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ResendFailed(Command):
    """Deliver once more all that a webhook was not delivered."""

    webhook_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SendSample(Command):
    """Deliver a sample, so that the receiver can be tried."""

    webhook_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ForgetDeliveries(Command):
    """Forget what was settled long ago."""

    quiet = True


@handles(QueueEvents, needs=ADMINISTER)
def queue_events(command: QueueEvents, unit: UnitOfWork) -> int:
    """How many entries were looked at; none while as much waits as may wait, or somebody else is looking."""
    found = select(WebhookRow).where(WebhookRow.id == command.webhook_id, WebhookRow.state == ACTIVE)
    row = unit.session.scalars(found.with_for_update(skip_locked=True)).first()
    if row is None or _waiting(unit, row.id) > MOST_WAITING - BATCH:
        return 0
    leaf = AuditLeafRow
    following = select(leaf.position, leaf.entry_id, leaf.type).where(leaf.position >= row.position)
    leaves = unit.session.execute(following.order_by(leaf.position).limit(BATCH)).all()
    if not leaves:
        return 0
    places = {entry: place for place, entry, name in leaves if is_wanted(row.events, name)}
    entries = unit.session.scalars(select(AuditEntryRow).where(AuditEntryRow.id.in_(places))).all()
    for entry in sorted(entries, key=lambda each: places[each.id]):
        _queue(unit, row, _happened(entry))
    row.position = leaves[-1][0] + 1
    if entries:
        wake(unit, row.id)
    return len(leaves)


@handles(ClaimDelivery, needs=ADMINISTER)
def claim_delivery(command: ClaimDelivery, unit: UnitOfWork) -> Claimed | None:
    """The delivery, leased to the caller; None when nothing is due or the webhook rests."""
    now = unit.clock.now()
    webhook = unit.session.get(WebhookRow, command.webhook_id)
    if webhook is None or webhook.state != ACTIVE or (webhook.held_until is not None and webhook.held_until > now):
        return None
    delivery = WebhookDeliveryRow
    due = (
        select(delivery)
        .where(delivery.webhook_id == webhook.id, delivery.state.in_(OPEN), delivery.due_at <= now)
        .order_by(delivery.due_at, delivery.id)
        .limit(1)
    )
    row = unit.session.scalars(due.with_for_update(skip_locked=True)).first()
    if row is None:
        return None
    row.state, row.claim, row.due_at = SENDING, new_id(), now + LEASE
    row.attempts += 1
    unit.session.add(WebhookAttemptRow(delivery_id=row.id, claim=row.claim, begun_at=now))
    return Claimed(
        delivery_id=row.id,
        claim=row.claim,
        url=webhook.url,
        event_id=row.event_id,
        body=body_of(row.content),
        secrets=opened_secrets(unit, webhook),
    )


@handles(SettleDelivery, needs=ADMINISTER)
def settle_delivery(command: SettleDelivery, unit: UnitOfWork) -> str | None:
    """Keep the outcome and return the state; None when the webhook was removed meanwhile."""
    now = unit.clock.now()
    found = unit.session.get(WebhookDeliveryRow, command.delivery_id)
    if found is None:
        return None
    webhook = locked(unit, found.webhook_id)
    row = _locked(unit, command.delivery_id)
    attempt = unit.session.get(WebhookAttemptRow, (row.id, command.claim))
    if attempt is not None and attempt.ended_at is None:
        attempt.ended_at, attempt.status, attempt.answer = now, command.status, _short(command.answer)
    if command.status is not None and 200 <= command.status < 300:
        webhook.failures, webhook.failing_since, webhook.held_until = 0, None, None
        if row.state in OPEN:
            row.state, row.claim, row.reason, row.settled_at = DELIVERED, None, None, now
        return row.state
    if row.state != SENDING or row.claim != command.claim:
        return row.state
    reason = _short(command.answer)
    webhook.failures += 1
    webhook.failing_since = webhook.failing_since or now
    hold = min(FIRST_HOLD << min(webhook.failures - 1, 10), LONGEST_HOLD)
    webhook.held_until = now + timedelta(seconds=hold)
    if row.attempts > len(PAUSES) and command.status != GONE:
        row.state, row.claim, row.reason, row.settled_at = FAILED, None, reason, now
        unit.emit(DeliveryFailed(webhook_id=webhook.id, delivery_id=row.id, attempts=row.attempts, reason=reason))
    else:
        wait = PAUSES[min(row.attempts, len(PAUSES)) - 1] * random.uniform(0.8, 1.2)  # noqa: S311 -- jitter
        row.state, row.claim, row.reason, row.due_at = WAITING, None, reason, now + timedelta(seconds=wait)
    if webhook.state == ACTIVE and command.status == GONE:
        pause(unit, webhook, "The receiver answers that it wants nothing more (410).")
    elif webhook.state == ACTIVE and now - webhook.failing_since >= PATIENCE:
        pause(unit, webhook, f"Nothing arrived for {PATIENCE.days} days. The last time: {reason}")
    return row.state


@handles(ResendDelivery, needs=ADMINISTER)
def resend_delivery(command: ResendDelivery, unit: UnitOfWork) -> str:
    """Begin the tries anew; returns the id of its webhook. Raises `DeliveryNotFound`, `WrongWebhookState`."""
    found = unit.session.get(WebhookDeliveryRow, command.delivery_id)
    if found is None:
        raise DeliveryNotFound(command.delivery_id)
    webhook = _active(unit, found.webhook_id)
    row = _locked(unit, command.delivery_id)
    if row.state == SENDING:
        raise WrongWebhookState("It is on its way at this moment. Load the page again.")
    _again(unit, row)
    webhook.held_until = None
    unit.emit(DeliveriesResent(webhook_id=webhook.id, deliveries=1, delivery_id=row.id))
    wake(unit, webhook.id)
    return webhook.id


@handles(ResendFailed, needs=ADMINISTER)
def resend_failed(command: ResendFailed, unit: UnitOfWork) -> int:
    """How many begin anew. Raises `WebhookNotFound`, `WrongWebhookState`."""
    webhook = _active(unit, command.webhook_id)
    delivery = WebhookDeliveryRow
    failed = select(delivery).where(delivery.webhook_id == webhook.id, delivery.state == FAILED)
    rows = unit.session.scalars(failed.order_by(delivery.created_at).limit(MOST_WAITING).with_for_update()).all()
    if not rows:
        raise WrongWebhookState(f"Nothing that {webhook.name} should have got was given up.")
    for row in rows:
        _again(unit, row)
    webhook.held_until = None
    unit.emit(DeliveriesResent(webhook_id=webhook.id, deliveries=len(rows), delivery_id=None))
    wake(unit, webhook.id)
    return len(rows)


@handles(SendSample, needs=ADMINISTER)
def send_sample(command: SendSample, unit: UnitOfWork) -> str:
    """The id of the delivery. Raises `WebhookNotFound`, `WrongWebhookState`."""
    webhook = _active(unit, command.webhook_id)
    sample = Happened(
        id=new_id(),
        type=PING,
        subject=f"webhook:{webhook.id}",
        at=unit.clock.now(),
        actor=unit.actor.id,
        case_id=None,
        data={},
    )
    row = _queue(unit, webhook, sample)
    webhook.held_until = None
    unit.emit(WebhookTested(webhook_id=webhook.id, delivery_id=row.id))
    wake(unit, webhook.id)
    return row.id


@handles(ForgetDeliveries, needs=ADMINISTER)
def forget_deliveries(command: ForgetDeliveries, unit: UnitOfWork) -> int:
    """How many were forgotten."""
    del command
    delivery = WebhookDeliveryRow
    old = select(delivery.id).where(delivery.settled_at < unit.clock.now() - KEPT).limit(FORGOTTEN)
    ids = list(unit.session.scalars(old))
    if ids:
        unit.session.execute(delete(delivery).where(delivery.id.in_(ids)))
    return len(ids)


def body_of(content: dict[str, Any]) -> bytes:
    """The bytes that are signed and sent; the same in every try."""
    return json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def wake(unit: UnitOfWork, webhook_id: str) -> None:
    """Have a worker deliver what waits."""
    name = f"{SEND_JOB}:{webhook_id}"
    unit.enqueue(JobRequest(name=SEND_JOB, arguments={"webhook_id": webhook_id}, once=name, lock=name))


def _queue(unit: UnitOfWork, webhook: WebhookRow, happened: Happened) -> WebhookDeliveryRow:
    now = unit.clock.now()
    row = WebhookDeliveryRow(
        id=new_id(),
        webhook_id=webhook.id,
        event_id=happened.id,
        type=happened.type,
        subject=happened.subject,
        content=envelope(happened, source=unit.port(Settings).public_url),
        state=WAITING,
        due_at=now,
        attempts=0,
        created_at=now,
    )
    unit.session.add(row)
    return row


def _happened(entry: AuditEntryRow) -> Happened:
    """Personal values stand apart from the entry's content, so that none can be told."""
    data = json.loads(entry.content)["data"]
    return Happened(
        id=entry.id,
        type=entry.type,
        subject=entry.stream,
        at=entry.at,
        actor=entry.actor_id,
        case_id=entry.case_id,
        data=data,
    )


def _waiting(unit: UnitOfWork, webhook_id: str) -> int:
    delivery = WebhookDeliveryRow
    some = select(delivery.id).where(delivery.webhook_id == webhook_id, delivery.state.in_(OPEN)).limit(MOST_WAITING)
    return unit.session.scalars(select(func.count()).select_from(some.subquery())).one()


def _active(unit: UnitOfWork, webhook_id: str) -> WebhookRow:
    row = locked(unit, webhook_id)
    if row.state != ACTIVE:
        raise WrongWebhookState(f"{row.name} is paused. Resume it first.")
    return row


def _locked(unit: UnitOfWork, delivery_id: str) -> WebhookDeliveryRow:
    row = unit.session.get(WebhookDeliveryRow, delivery_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise DeliveryNotFound(delivery_id)
    return row


def _again(unit: UnitOfWork, row: WebhookDeliveryRow) -> None:
    row.state, row.due_at, row.attempts = WAITING, unit.clock.now(), 0
    row.claim, row.reason, row.settled_at = None, None, None


def _short(text: str) -> str:
    return " ".join(text.split())[:LONGEST_TOLD] or "The receiver gave no reason."
