"""Messages and signals from other programs."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from pydantic import Field

from engine.conditions import ReportData, Reported
from engine.messages import TIME_TO_LIVE, Published, PublishMessage
from engine.signals import Broadcast, BroadcastSignal
from webapp.api.routing import Body, Routes
from webapp.web import run

routes = Routes("messages")
LONGEST = 366 * 86_400  # seconds that a message may wait


class MessageBody(Body):
    """A message: to whom (name and keys), what (payload), and what to do when nobody is there."""

    name: str = Field(min_length=1, max_length=255, examples=["invoice.paid"])
    keys: dict[str, Any] = Field(default_factory=dict, max_length=20)
    payload: dict[str, Any] = Field(default_factory=dict)
    event_id: str | None = Field(default=None, min_length=1, max_length=200)
    ttl_seconds: int = Field(default=int(TIME_TO_LIVE.total_seconds()), ge=0, le=LONGEST)
    needs_receiver: bool = False


class SignalBody(Body):
    """A signal: its name and what it brings."""

    name: str = Field(min_length=1, max_length=255, examples=["price_list.changed"])
    payload: dict[str, Any] = Field(default_factory=dict)
    event_id: str | None = Field(default=None, min_length=1, max_length=200)


@routes.post(
    "/messages", "Send a message to the one who waits for it", body=MessageBody, answer=Published, refusals=(403, 422)
)
def publish(body: MessageBody) -> Published:
    """Publish a message."""
    published: Published = run(
        PublishMessage(
            name=body.name,
            keys=body.keys,
            payload=body.payload,
            event_id=body.event_id,
            ttl=timedelta(seconds=body.ttl_seconds),
            needs_receiver=body.needs_receiver,
        )
    )
    return published


class DataBody(Body):
    """Data that processes may begin with."""

    variables: dict[str, Any] = Field(max_length=100)
    event_id: str | None = Field(default=None, min_length=1, max_length=200)


@routes.post(
    "/conditions",
    "Report data: processes whose start condition is true on them begin",
    body=DataBody,
    answer=Reported,
    refusals=(403, 422),
)
def report(body: DataBody) -> Reported:
    """Report data."""
    reported: Reported = run(ReportData(variables=body.variables, event_id=body.event_id))
    return reported


@routes.post("/signals", "Tell everybody who waits for it", body=SignalBody, answer=Broadcast, refusals=(403, 422))
def broadcast(body: SignalBody) -> Broadcast:
    """Broadcast a signal."""
    told: Broadcast = run(BroadcastSignal(name=body.name, payload=body.payload, event_id=body.event_id))
    return told
