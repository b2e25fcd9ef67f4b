"""What an instance asks of the world when its command is durable: rows for outside work, and jobs."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select

from engine import chains
from engine.feel.values import encode
from engine.models import MessageRow
from engine.runtime import Changes, OutsideCall
from engine.store import Locked
from storage.jobs.queue import JobRequest
from storage.unit_of_work import UnitOfWork

DEFERRED = "engine.deferred"
PUBLISH = "engine.publish"
BROADCAST = "engine.broadcast"
ROUTE = "engine.route_messages"
SIGNAL = "engine.signal"


def row(call: OutsideCall, locked: Locked, now: datetime) -> Mapping[str, Any]:
    """The row of `service_call` for new outside work."""
    outside = call.node.outside
    assert outside is not None
    return {
        "instance_id": locked.instance_id,
        "id": call.id,
        "element_id": call.node.id,
        "definition_key": locked.definition_key,
        "business_key": locked.business_key,
        "kind": "deferred" if outside.topic is None else "external",
        "topic": outside.topic or call.node.handler,
        "inputs": json.dumps(encode(dict(call.inputs))),
        "priority": outside.priority,
        "retries": len(outside.pauses) + 1,
        "due_at": now,
        "created_at": now,
    }


def ask_for_work(unit: UnitOfWork, instance_id: str, changes: Changes) -> None:
    """Enqueue what follows the commit: deferred handlers, messages and signals to others, stored messages for us."""
    for call in changes.called.values():
        if call.node.outside is not None and call.node.outside.topic is None:
            unit.enqueue(deferred_job(instance_id, call.id))
    for message in changes.messages:
        arguments = {
            "id": message.id,
            "name": message.name,
            "key": message.key,
            "payload": encode(dict(message.payload)),
        }
        unit.enqueue(sending_job(PUBLISH, arguments, instance_id, message.node.id))
    for signal in changes.signals:
        arguments = {
            "id": signal.id,
            "name": signal.name,
            "payload": encode(dict(signal.payload)),
            "besides": instance_id,
        }
        unit.enqueue(sending_job(BROADCAST, arguments, instance_id, signal.node.id))
    names = {each.name for each in changes.subscribed.values() if each.kind == "message"}
    if names and _is_stored(unit, names):
        unit.enqueue(JobRequest(name=ROUTE))


def sending_job(name: str, arguments: dict[str, Any], instance_id: str, element: str) -> JobRequest:
    """The job that sends what a case has thrown at an element, and says what that follows from."""
    return JobRequest(name=name, arguments={**arguments, "chain": chains.told(instance_id, element)})


def deferred_job(instance_id: str, call_id: str, at: datetime | None = None) -> JobRequest:
    """The job that does the work of a deferred service task."""
    return JobRequest(name=DEFERRED, arguments={"instance_id": instance_id, "call_id": call_id}, at=at)


def _is_stored(unit: UnitOfWork, names: set[str]) -> bool:
    stored = select(MessageRow.id).where(MessageRow.name.in_(names), MessageRow.state == "waiting").limit(1)
    return unit.session.scalar(stored) is not None
