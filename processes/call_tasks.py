"""Tasks that are phone calls wait in the call queue, too: they come and go there with the task itself."""

from collections.abc import Sequence

from sqlalchemy import select

from core.messages import Event
from crm.calls.queueing import TaskCall, assign_task, queue_task, remove_tasks
from engine.events import (
    TaskAssigned,
    TaskCancelled,
    TaskClaimed,
    TaskCompleted,
    TaskCreated,
    TaskDelegated,
    TaskEvent,
    TaskUnclaimed,
)
from engine.models import InstanceEntityRow, InstanceRow
from storage.unit_of_work import UnitOfWork

KINDS = {"call_debtor": "dunning", "follow_up_call": "follow_up"}  # of the elements that are calls
TAKEN = (TaskClaimed, TaskAssigned, TaskDelegated)
GONE = (TaskCompleted, TaskCancelled)


def note_calls(unit: UnitOfWork, events: Sequence[Event]) -> None:
    """Hear of tasks inside the transaction; those that are no calls cost nothing."""
    told = [event for event in events if isinstance(event, TaskEvent) and event.element_id in KINDS]
    gone = [event.task_id for event in told if isinstance(event, GONE)]
    for event in told:
        if event.task_id in gone:
            continue
        if isinstance(event, TaskCreated):
            _queue(unit, event)
        elif isinstance(event, TAKEN):
            assign_task(unit, event.task_id, event.assignee)
        elif isinstance(event, TaskUnclaimed):
            assign_task(unit, event.task_id, None)
    if gone:
        remove_tasks(unit, gone)


def _queue(unit: UnitOfWork, event: TaskCreated) -> None:
    """Queue it, if its case is about a customer."""
    wanted = select(InstanceEntityRow.entity_id).where(
        InstanceEntityRow.instance_id == event.instance_id, InstanceEntityRow.entity == "crm.customer"
    )
    customer = unit.session.scalars(wanted.order_by(InstanceEntityRow.linked_at).limit(1)).first()
    if customer is None:
        return
    number = unit.session.scalars(select(InstanceRow.business_key).where(InstanceRow.id == event.instance_id)).first()
    queue_task(
        unit,
        TaskCall(
            task_id=event.task_id,
            instance_id=event.instance_id,
            customer_id=customer,
            kind=KINDS[event.element_id],
            subject=f"{event.name}: {number}" if number else event.name,
            candidates=event.candidates,
            assignee=event.assignee,
        ),
    )
