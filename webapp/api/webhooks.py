"""Webhooks: which addresses hear of which events, and what was delivered."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from core.records import dataclass
from crm.paging import Part
from webapp.api.routing import Body, Routes
from webapp.web import run, view
from webapp.webhooks import queries
from webapp.webhooks.catalogue import event_types
from webapp.webhooks.delivering import ResendDelivery, ResendFailed, SendSample
from webapp.webhooks.queries import Delivery, DeliverySummary, Webhook
from webapp.webhooks.subscribing import (
    ChangeWebhook,
    CreateWebhook,
    NewWebhook,
    PauseWebhook,
    RemoveWebhook,
    ResumeWebhook,
    RotateSecret,
)

routes = Routes("webhooks")
REFUSALS = (403, 404, 409)
WEBHOOK, DELIVERY = "/webhooks/<id:webhook_id>", "/webhook-deliveries/<id:delivery_id>"


class WebhookBody(Body):
    """An address and the events that it hears of: `task.completed`, `order.*`, or `*` for all."""

    name: str = Field(min_length=1, max_length=100)
    url: str = Field(min_length=1, max_length=1000)
    events: list[str] = Field(min_length=1, max_length=50)


class ChangesBody(Body):
    """What is to be other than it is."""

    name: str | None = Field(default=None, min_length=1, max_length=100)
    url: str | None = Field(default=None, min_length=1, max_length=1000)
    events: list[str] | None = Field(default=None, min_length=1, max_length=50)


class PauseBody(Body):
    """Why."""

    reason: str = Field(min_length=1, max_length=400)


class ResumeBody(Body):
    """With `skip` what happened meanwhile is not delivered."""

    skip: bool = False


class DeliveryQuery(Body):
    """Which deliveries."""

    state: Literal["waiting", "sending", "delivered", "failed"] | None = None
    after: str | None = None
    limit: int = Field(default=50, ge=1, le=200)


@dataclass(frozen=True, slots=True, kw_only=True)
class EventType:
    """A kind of event that webhooks hear of."""

    type: str
    meaning: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Resent:
    """How many deliveries are made again."""

    deliveries: int


@routes.get("/event-types", "The kinds of events that webhooks hear of", answer=list[EventType])
def list_event_types() -> list[EventType]:
    """List kinds of events."""
    return [
        EventType(type=name, meaning=(kind.__doc__ or "").partition("\n")[0]) for name, kind in event_types().items()
    ]


@routes.get("/webhooks", "Webhooks by name", answer=list[Webhook], refusals=(403,))
def list_webhooks() -> Any:
    """List webhooks."""
    with view() as reading:
        return queries.webhooks(reading)


@routes.post(
    "/webhooks",
    "Have an address told of events; the answer alone shows the secret",
    body=WebhookBody,
    answer=NewWebhook,
    status=201,
    refusals=(403, 409),
)
def create_webhook(body: WebhookBody) -> Any:
    """Set up a webhook."""
    return run(CreateWebhook(name=body.name, url=body.url, events=tuple(body.events)))


@routes.get(WEBHOOK, "One webhook, without its secret", answer=Webhook, refusals=(403, 404))
def webhook(webhook_id: str) -> Webhook:
    """Read one webhook."""
    return _webhook(webhook_id)


@routes.patch(WEBHOOK, "Change name, address or events", body=ChangesBody, answer=Webhook, refusals=REFUSALS)
def change_webhook(webhook_id: str, body: ChangesBody) -> Webhook:
    """Change what is given."""
    events = None if body.events is None else tuple(body.events)
    run(ChangeWebhook(webhook_id=webhook_id, name=body.name, url=body.url, events=events))
    return _webhook(webhook_id)


@routes.delete(WEBHOOK, "Tell the address nothing any more", status=204, refusals=(403, 404))
def remove_webhook(webhook_id: str) -> None:
    """Remove a webhook with its deliveries."""
    run(RemoveWebhook(webhook_id=webhook_id))


@routes.post(
    f"{WEBHOOK}/pause", "Deliver nothing until it is resumed", body=PauseBody, answer=Webhook, refusals=REFUSALS
)
def pause_webhook(webhook_id: str, body: PauseBody) -> Webhook:
    """Pause."""
    run(PauseWebhook(webhook_id=webhook_id, reason=body.reason))
    return _webhook(webhook_id)


@routes.post(
    f"{WEBHOOK}/resume",
    "Deliver again, first what happened meanwhile",
    body=ResumeBody,
    answer=Webhook,
    refusals=REFUSALS,
)
def resume_webhook(webhook_id: str, body: ResumeBody) -> Webhook:
    """Resume."""
    run(ResumeWebhook(webhook_id=webhook_id, skip=body.skip))
    return _webhook(webhook_id)


@routes.post(
    f"{WEBHOOK}/secret",
    "Sign with a new secret; the old one signs, too, for a day",
    answer=NewWebhook,
    refusals=(403, 404),
)
def rotate_secret(webhook_id: str) -> Any:
    """Make a new secret."""
    return run(RotateSecret(webhook_id=webhook_id))


@routes.post(f"{WEBHOOK}/test", "Deliver a sample", answer=Delivery, status=201, refusals=REFUSALS)
def send_sample(webhook_id: str) -> Delivery:
    """Queue a sample."""
    return _delivery(run(SendSample(webhook_id=webhook_id)))


@routes.post(f"{WEBHOOK}/resend", "Deliver once more all that was given up", answer=Resent, refusals=REFUSALS)
def resend_failed(webhook_id: str) -> Resent:
    """Begin the tries of what failed anew."""
    return Resent(deliveries=run(ResendFailed(webhook_id=webhook_id)))


@routes.get(
    f"{WEBHOOK}/deliveries",
    "What was and will be delivered, newest first",
    query=DeliveryQuery,
    answer=Part[DeliverySummary],
    refusals=(403, 404),
)
def deliveries(webhook_id: str, query: DeliveryQuery) -> Any:
    """List deliveries."""
    states = (query.state,) if query.state else ()
    with view() as reading:
        return queries.deliveries(reading, webhook_id, states=states, after=query.after, limit=query.limit)


@routes.get(DELIVERY, "One delivery with what it says and its tries", answer=Delivery, refusals=(403, 404))
def delivery(delivery_id: str) -> Delivery:
    """Read one delivery."""
    return _delivery(delivery_id)


@routes.post(f"{DELIVERY}/resend", "Deliver it once more", answer=Delivery, refusals=REFUSALS)
def resend_delivery(delivery_id: str) -> Delivery:
    """Begin the tries anew."""
    run(ResendDelivery(delivery_id=delivery_id))
    return _delivery(delivery_id)


def _webhook(webhook_id: str) -> Webhook:
    with view() as reading:
        return queries.webhook(reading, webhook_id)


def _delivery(delivery_id: str) -> Delivery:
    with view() as reading:
        return queries.delivery(reading, delivery_id)
