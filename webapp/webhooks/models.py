"""The tables of webhooks, of what is delivered to them and of the tries."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.orm import ID, Base, IdKey

WORD = String(32, collation="C")
NAME = String(collation="C")
DUE = text("state IN ('waiting', 'sending')")


class WebhookRow(Base):
    """An address that hears of events; `position` is the place in the trail's log from which it has not heard yet.

    `held_until` keeps all deliveries back after a failure, so that a receiver that is away is not run down.
    """

    __tablename__ = "webhook"

    id: Mapped[IdKey]
    name: Mapped[str]
    url: Mapped[str]
    events: Mapped[list[Any]]  # patterns: task.completed, order.*, *
    secret: Mapped[str]  # sealed
    old_secret: Mapped[str | None]  # sealed; signs beside the new one until `old_until`
    old_until: Mapped[datetime | None]
    state: Mapped[str] = mapped_column(WORD)
    reason: Mapped[str | None]  # why it is paused
    position: Mapped[int] = mapped_column(BigInteger)
    failures: Mapped[int]  # one after the other
    failing_since: Mapped[datetime | None]
    held_until: Mapped[datetime | None]
    created_at: Mapped[datetime]
    created_by: Mapped[str]


class WebhookDeliveryRow(Base):
    """One event on its way to one webhook; `due_at` is its next try, and while it is sent, when its claim is over."""

    __tablename__ = "webhook_delivery"
    __table_args__ = (
        UniqueConstraint("webhook_id", "event_id"),
        Index("ix_webhook_delivery_due", "webhook_id", "due_at", "id", postgresql_where=DUE),
        Index("ix_webhook_delivery_webhook_id_created_at_id", "webhook_id", "created_at", "id"),
        Index("ix_webhook_delivery_state", "webhook_id", "state", "created_at", "id"),
        Index("ix_webhook_delivery_settled_at", "settled_at", postgresql_where=text("settled_at IS NOT NULL")),
    )

    id: Mapped[IdKey]
    webhook_id: Mapped[str] = mapped_column(ID, ForeignKey("webhook.id", ondelete="CASCADE"))
    event_id: Mapped[str] = mapped_column(ID)
    type: Mapped[str] = mapped_column(NAME)
    subject: Mapped[str] = mapped_column(NAME)
    content: Mapped[dict[str, Any]]
    state: Mapped[str] = mapped_column(WORD)
    due_at: Mapped[datetime]
    attempts: Mapped[int]
    claim: Mapped[str | None] = mapped_column(ID)
    reason: Mapped[str | None]
    created_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]


class WebhookAttemptRow(Base):
    """One try; without an end when its worker died."""

    __tablename__ = "webhook_attempt"

    delivery_id: Mapped[str] = mapped_column(
        ID, ForeignKey("webhook_delivery.id", ondelete="CASCADE"), primary_key=True
    )
    claim: Mapped[str] = mapped_column(ID, primary_key=True)
    begun_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    status: Mapped[int | None]  # of the HTTP answer
    answer: Mapped[str | None]
