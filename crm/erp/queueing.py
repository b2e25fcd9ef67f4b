"""Putting a record into the queue to the ERP, in the same unit of work as whatever made it ready.

An order is handed over once. Its customer goes before it, again only when what it says has changed; until the ERP has
acknowledged the customer the order is held.
"""

from collections.abc import Sequence

from sqlalchemy import select

from core.executor import handles
from core.ids import new_id
from core.messages import Command, Event
from core.records import dataclass
from core.settings import Settings
from crm.checks import one_at_a_time
from crm.erp import words as known
from crm.erp.contents import digest_of, read
from crm.erp.errors import WrongHandoverState
from crm.erp.events import HandoverQueued
from crm.erp.models import HandoverRow
from crm.erp.systems import Erp
from crm.events import OrderEntered
from crm.models import OrderRow
from storage.jobs.queue import JobRequest
from storage.unit_of_work import UnitOfWork

SEND_JOB = "erp.send"


@dataclass(frozen=True, slots=True, kw_only=True)
class HandOver(Command):
    """Have a record handed over to the ERP; saying it twice is harmless."""

    entity: str
    record_id: str


@handles(HandOver, needs=known.EXCHANGE)
def hand_over(command: HandOver, unit: UnitOfWork) -> str:
    """The id of the hand-over, made now or before. Raises `NotFound`, `InvalidInput`, `WrongHandoverState`."""
    return queue(unit, command.entity, command.record_id).id


def note_orders(unit: UnitOfWork, events: Sequence[Event]) -> None:
    """Recorder: an order that is entered here is handed over by itself, where the settings say so."""
    entered = [each for each in events if isinstance(each, OrderEntered) and each.external_reference is None]
    if entered and unit.port(Settings).erp_orders:
        for each in entered:
            if unit.session.get_one(OrderRow, each.order_id).state != known.CANCELLED:
                queue(unit, known.ORDER, each.order_id)


def queue(unit: UnitOfWork, entity: str, record_id: str) -> HandoverRow:
    """Queue without asking for rights; what was queued with the same content is returned, locked."""
    one_at_a_time(unit, f"erp:{entity}:{record_id}")
    unit.session.flush()  # a record of this unit is read back
    label, content = read(unit, entity, record_id)
    digest = digest_of(content)
    key = f"order:{record_id}" if entity == known.ORDER else f"{entity[4:]}:{record_id}:{digest[:16]}"
    twin = unit.session.scalars(
        select(HandoverRow)
        .where(HandoverRow.key == key)
        .with_for_update()
        .execution_options(populate_existing=True)  # an acknowledgement may be under way
    ).first()
    if twin is not None:
        return twin
    before = None
    if entity == known.ORDER:
        order = unit.session.get_one(OrderRow, record_id)
        if order.state == known.CANCELLED:
            raise WrongHandoverState(state="of a cancelled order", wanted="made")
        before = queue(unit, known.CUSTOMER, order.customer_id)
    is_held = before is not None and before.state != known.ACKNOWLEDGED
    now = unit.clock.now()
    row = HandoverRow(
        id=new_id(),
        key=key,
        entity=entity,
        record_id=record_id,
        label=label,
        state=known.HELD if is_held else known.WAITING,
        content=content,
        digest=digest,
        after_id=before.id if before else None,
        due_at=now,
        attempts=0,
        created_at=now,
        created_by=unit.actor.id,
    )
    unit.session.add(row)
    unit.emit(HandoverQueued(**values_of(row), label=label, digest=digest))
    wake(unit)
    return row


def wake(unit: UnitOfWork) -> None:
    """Have a worker hand over what waits, where the ERP is reached by itself."""
    if unit.port(Erp).is_there:
        unit.enqueue(JobRequest(name=SEND_JOB, once=SEND_JOB))


def values_of(row: HandoverRow) -> dict[str, str]:
    """What events of a hand-over have in common."""
    return {"handover_id": row.id, "key": row.key, "entity": row.entity, "record_id": row.record_id}
