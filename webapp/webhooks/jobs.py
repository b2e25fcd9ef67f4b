"""Delivers what is due: claim in one unit, call without any, settle in another; and the looks into the log."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any

from sqlalchemy import or_, select

from audit.models import AuditLogRow
from core.errors import DomainError
from core.identity import SYSTEM
from storage.jobs.clock import Tick
from storage.jobs.registry import job
from webapp.operations.network import ServerAway
from webapp.webhooks.delivering import (
    BATCH,
    FORGOTTEN,
    OPEN,
    SEND_JOB,
    ClaimDelivery,
    Claimed,
    ForgetDeliveries,
    QueueEvents,
    SettleDelivery,
    wake,
)
from webapp.webhooks.models import WebhookDeliveryRow, WebhookRow
from webapp.webhooks.receivers import Receivers
from webapp.webhooks.signing import signature
from webapp.webhooks.subscribing import ACTIVE

if TYPE_CHECKING:
    from webapp.bootstrap import Application

logger = logging.getLogger(__name__)

AT_ONCE = 50  # deliveries of one job; other work has its turn then
LONGEST = 20.0  # seconds of one job
BATCHES = 4  # of the log that one tick looks at for one webhook
FORGET_EVERY = 3600  # seconds
AGENT = "Obieg-Webhooks/1"


@job(SEND_JOB, attempts=1)  # the next tick is the next try
def send_deliveries(application: Application, arguments: dict[str, Any]) -> None:
    """Deliver what is due to one webhook."""
    deliver_due(application, arguments["webhook_id"])


def deliver_due(application: Application, webhook_id: str) -> int:
    """How many tries were made."""
    until = time.monotonic() + LONGEST
    for tried in range(AT_ONCE):
        claimed = application.executor.execute(ClaimDelivery(webhook_id=webhook_id), actor=SYSTEM)
        if claimed is None:
            return tried
        _deliver(application, claimed)
        if time.monotonic() > until:
            return tried + 1
    return AT_ONCE


def look_on(application: Application) -> None:
    """Queue what the log has for each webhook, and have workers deliver what is due."""
    now, delivery = application.clock.now(), WebhookDeliveryRow
    with application.units.reading(SYSTEM) as reading:
        active = select(WebhookRow.id, WebhookRow.position).where(WebhookRow.state == ACTIVE)
        places = dict(reading.session.execute(active).all())
        if not places:
            return
        log = reading.session.get(AuditLogRow, 1)
        is_due = select(delivery.id).where(
            delivery.webhook_id == WebhookRow.id, delivery.state.in_(OPEN), delivery.due_at <= now
        )
        rested = or_(WebhookRow.held_until.is_(None), WebhookRow.held_until <= now)
        due = list(
            reading.session.scalars(select(WebhookRow.id).where(WebhookRow.state == ACTIVE, rested, is_due.exists()))
        )
    for webhook_id, position in places.items():
        for _ in range(BATCHES if log is not None and position < log.size else 0):
            if application.executor.execute(QueueEvents(webhook_id=webhook_id), actor=SYSTEM) < BATCH:
                break
    if due:
        with application.units.begin(SYSTEM) as unit:
            for webhook_id in due:
                wake(unit, webhook_id)
            unit.commit()


def forget_old(application: Application) -> None:
    """Forget deliveries that were settled long ago."""
    while application.executor.execute(ForgetDeliveries(), actor=SYSTEM) >= FORGOTTEN:
        pass


def webhook_ticks(application: Application) -> list[Tick]:
    """The looks into the log and for deliveries whose pause is over."""
    every = application.settings.clock_tick
    return [
        Tick(name="webhooks", every_seconds=every, action=lambda: look_on(application)),
        Tick(name="webhooks_old", every_seconds=FORGET_EVERY, action=lambda: forget_old(application)),
    ]


def _deliver(application: Application, claimed: Claimed) -> None:
    receivers: Receivers = application.units.ports[Receivers]
    timestamp = int(application.clock.now().timestamp())
    signed = signature(claimed.secrets, message_id=claimed.event_id, timestamp=timestamp, body=claimed.body)
    headers = {
        "Content-Type": "application/cloudevents+json; charset=utf-8",
        "User-Agent": AGENT,
        "webhook-id": claimed.event_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signed,
    }
    try:
        answer = receivers.post(claimed.url, headers, claimed.body)
    except DomainError as error:
        level = logging.INFO if isinstance(error, ServerAway) else logging.WARNING
        logger.log(level, "a webhook was not delivered", extra={"action": SEND_JOB, "code": error.code})
        status, told = None, error.sentence
    else:
        status = answer.status
        told = f"{answer.status} {answer.content.decode(errors='replace')[:2000]}".strip().replace("\0", "")
    settle = SettleDelivery(delivery_id=claimed.delivery_id, claim=claimed.claim, status=status, answer=told)
    application.executor.execute(settle, actor=SYSTEM)
