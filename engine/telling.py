"""A message for one case alone: what it waits for, and giving it that."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import delete, select

from engine import chains, store
from engine.attempts import Parking, with_incidents
from engine.errors import NotAwaited
from engine.events import MessageReceived
from engine.models import InstanceRow, SubscriptionRow
from engine.running import Running
from storage.unit_of_work import Reading, UnitOfWork


def awaited_messages(view: Reading, instance_id: str) -> frozenset[str]:
    """The names of the messages that a running case waits for; asks for no rights."""
    waiting = (
        select(SubscriptionRow.name)
        .join(InstanceRow, InstanceRow.id == SubscriptionRow.instance_id)
        .where(
            SubscriptionRow.instance_id == instance_id,
            SubscriptionRow.kind == "message",
            InstanceRow.state != "suspended",
            InstanceRow.stopped_by.is_(None),
        )
    )
    return frozenset(view.session.scalars(waiting))


def give(unit: UnitOfWork, instance_id: str, name: str, payload: Mapping[str, Any]) -> None:
    """Have the case receive the message at the element that waits longest for it, whatever its key, and run on.

    Everything that was done in the unit before may be undone and is not repeated: call it first. It asks for no rights.
    Raises `InstanceNotFound`, `NotAwaited`.
    """

    def attempt(parking: Parking) -> None:
        locked = store.lock_instance(unit, instance_id)
        mine = (SubscriptionRow.instance_id == instance_id) & (SubscriptionRow.kind == "message")
        oldest = select(SubscriptionRow).where(mine, SubscriptionRow.name == name).order_by(SubscriptionRow.id)
        row = None if name not in awaited_messages(unit, instance_id) else unit.session.scalars(oldest.limit(1)).first()
        if row is None:
            raise NotAwaited(instance_id, name)
        element, subscription, key = row.element_id, row.id, row.key
        running = Running(unit, locked, parking, asked_by_person=True)
        with chains.link(unit, f"somebody told {locked.definition_key} of {name}", chains.ARRIVALS):
            if not running.case.deliver_message(subscription, payload):
                unit.session.execute(delete(SubscriptionRow).where(mine, SubscriptionRow.id == subscription))
                raise NotAwaited(instance_id, name)
            keys = {} if key is None else {"key": key}
            unit.emit(MessageReceived(instance_id=instance_id, element_id=element, name=name, keys=keys, event_id=None))
            running.save()

    with_incidents(unit, attempt)
