"""Calls that are to be made: those of tasks come and go with them, callbacks are asked for by people."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, update
from sqlalchemy.dialects.postgresql import insert

from core.executor import handles
from core.ids import new_id
from core.messages import Command
from core.records import dataclass
from crm.calls.events import CallQueued
from crm.calls.models import CallRow
from crm.checks import Findings
from crm.errors import CustomerNotFound
from crm.models import CustomerRow
from storage.unit_of_work import UnitOfWork

WORK = "call.work"
PROMISED, URGENT, ANY = 0, 1, 2
CALLBACK = "callback"


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueCallback(Command):
    """Have a customer called, at a promised moment or as soon as somebody has time; `by`: one account alone."""

    customer_id: str
    subject: str
    note: str | None = None
    call_at: datetime | None = None
    by: str | None = None
    is_urgent: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskCall:
    """The call that a task asks for."""

    task_id: str
    instance_id: str
    customer_id: str
    kind: str
    subject: str
    candidates: Sequence[str]
    assignee: str | None = None


@handles(QueueCallback, needs=WORK)
def queue_callback(command: QueueCallback, unit: UnitOfWork) -> str:
    """The call's id. Raises `CustomerNotFound`, `WrongFields`."""
    findings = Findings()
    subject = findings.text("/subject", command.subject, "What it is about")
    note = findings.optional("/note", command.note, "The note", longest=4000)
    if command.call_at is not None and command.call_at.tzinfo is None:
        findings.add("/call_at", "The moment needs a time zone.")
    findings.refuse()
    if unit.session.get(CustomerRow, command.customer_id) is None:
        raise CustomerNotFound(command.customer_id)
    now = unit.clock.now()
    row = CallRow(
        id=new_id(),
        customer_id=command.customer_id,
        kind=CALLBACK,
        subject=subject,
        note=note,
        candidates=[f"user:{command.by}"] if command.by else [],
        urgency=PROMISED if command.call_at else URGENT if command.is_urgent else ANY,
        call_at=command.call_at or now,
        tries=0,
        queued_at=now,
        queued_by=unit.actor.id,
    )
    unit.session.add(row)
    unit.emit(CallQueued(customer_id=row.customer_id, call_id=row.id, subject=subject, call_at=row.call_at.isoformat()))
    return row.id


def queue_task(unit: UnitOfWork, call: TaskCall) -> None:
    """Queue the call of a task, once."""
    now = unit.clock.now()
    made = insert(CallRow).values(
        id=new_id(),
        customer_id=call.customer_id,
        kind=call.kind,
        subject=call.subject,
        task_id=call.task_id,
        instance_id=call.instance_id,
        candidates=list(call.candidates),
        assignee=call.assignee,
        urgency=ANY,
        call_at=now,
        tries=0,
        queued_at=now,
        queued_by=unit.actor.id,
    )
    unit.session.execute(made.on_conflict_do_nothing(index_elements=["task_id"]))


def assign_task(unit: UnitOfWork, task_id: str, assignee: str | None) -> None:
    """Somebody took the task, or gave it back."""
    unit.session.execute(update(CallRow).where(CallRow.task_id == task_id).values(assignee=assignee))


def remove_tasks(unit: UnitOfWork, task_ids: Sequence[str]) -> None:
    """Nobody is to be called for these tasks any more; a lease that is held just ends."""
    unit.session.execute(delete(CallRow).where(CallRow.task_id.in_(task_ids)))
