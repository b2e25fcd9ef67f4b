"""What happens to webhooks, as the trail tells it; no webhook hears of these."""

from typing import ClassVar

from core.messages import Event
from core.records import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookEvent(Event):
    """Anything that happened to one webhook."""

    webhook_id: str

    @property
    def stream(self) -> str:
        """One chain per webhook."""
        return f"webhook:{self.webhook_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookSaved(WebhookEvent):
    """An address hears of these events from now on."""

    type: ClassVar[str] = "webhook.saved"
    name: str
    url: str
    events: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookPaused(WebhookEvent):
    """Nothing is delivered until it is resumed."""

    type: ClassVar[str] = "webhook.paused"
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookResumed(WebhookEvent):
    """It is delivered to again; `skipped` when without what happened meanwhile."""

    type: ClassVar[str] = "webhook.resumed"
    skipped: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookSecretRotated(WebhookEvent):
    """Deliveries are signed with a new secret."""

    type: ClassVar[str] = "webhook.secret_rotated"


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookRemoved(WebhookEvent):
    """The address hears nothing any more."""

    type: ClassVar[str] = "webhook.removed"


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookTested(WebhookEvent):
    """Somebody had a sample sent."""

    type: ClassVar[str] = "webhook.tested"
    delivery_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryFailed(WebhookEvent):
    """A delivery was given up."""

    type: ClassVar[str] = "webhook.delivery_failed"
    delivery_id: str
    attempts: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveriesResent(WebhookEvent):
    """Somebody had deliveries made again."""

    type: ClassVar[str] = "webhook.deliveries_resent"
    deliveries: int
    delivery_id: str | None  # when it was a single one
