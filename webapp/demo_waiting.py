"""What waits in the demonstration: letters to be printed, calls to be made, tasks that are overdue."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select

from core.identity import SYSTEM
from core.messages import Command
from crm.calls.queueing import QueueCallback
from crm.models import CustomerRow
from crm.outbox.models import MessageRow
from crm.outbox.queueing import About, QueueMessage
from crm.outbox.words import LETTER
from crm.sales.models import InvoiceRow
from engine.delegation import ScheduleTask
from engine.queries import TaskFilter, tasks
from storage.unit_of_work import Reading

if TYPE_CHECKING:
    from webapp.demo import Demo

KEY = "demo:statement:"
LETTERS, LATE_TASKS = 3, 3
CALLS = (  # subject, note, whether a moment was promised, urgent
    ("Oddzwonić: pytanie o rabat", "Prosił o telefon po naradzie.", True, False),
    ("Potwierdzić termin dostawy", None, False, True),
    ("Zapytać o zadowolenie z serwisu", None, False, False),
)
TEXT = """Szanowni Państwo,

do zapłaty pozostaje faktura {number} na kwotę {amount}. Prosimy o przelew albo o wiadomość, jeżeli coś się nie zgadza.

Z poważaniem"""


def waiting(demo: Demo) -> None:
    """Have all of it wait, once."""
    if demo.reading(
        lambda view: view.session.scalars(select(MessageRow.id).where(MessageRow.key == f"{KEY}0")).first()
    ):
        return
    demo.tell("Putting letters, calls and overdue tasks in their places …")
    for command in demo.reading(lambda view: [*_letters(view), *_calls(view)]):
        demo.do(command, SYSTEM)
    now = demo.application.clock.now()
    for command in demo.reading(lambda view: list(_late(view, now))):
        demo.do(command, SYSTEM)


def _letters(view: Reading) -> Iterator[Command]:
    """Statements to customers who owe something and are written to by post."""
    wanted = (
        select(InvoiceRow)
        .join(CustomerRow, CustomerRow.id == InvoiceRow.customer_id)
        .where(InvoiceRow.balance != 0, InvoiceRow.balance > 0, CustomerRow.addresses.any())
        .order_by(InvoiceRow.due_on.desc(), InvoiceRow.id)
        .limit(LETTERS)
    )
    for place, invoice in enumerate(view.session.scalars(wanted)):
        amount = f"{invoice.balance:,.2f} {invoice.currency}".replace(",", "\u00a0")
        yield QueueMessage(
            customer_id=invoice.customer_id,
            channel=LETTER,
            subject=f"Saldo faktury {invoice.number}",
            text=TEXT.format(number=invoice.number, amount=amount),
            about=About(entity="crm.invoice", id=invoice.id),
            key=f"{KEY}{place}",
        )


def _calls(view: Reading) -> Iterator[Command]:
    """Callbacks to the first customers."""
    found = view.session.scalars(select(CustomerRow.id).order_by(CustomerRow.id).limit(len(CALLS))).all()
    tomorrow = (view.clock.now() + timedelta(days=1)).replace(hour=9, minute=0, second=0, microsecond=0)
    for customer_id, (subject, note, is_promised, is_urgent) in zip(found, CALLS, strict=False):
        moment = tomorrow if is_promised else None
        yield QueueCallback(customer_id=customer_id, subject=subject, note=note, call_at=moment, is_urgent=is_urgent)


def _late(view: Reading, now: datetime) -> Iterator[Command]:
    """The oldest tasks should have been done days ago."""
    found = tasks(view, TaskFilter(sort="created"), limit=LATE_TASKS).items
    for place, task in enumerate(found, 1):
        yield ScheduleTask(task_id=task.id, due_at=now - timedelta(days=place, hours=3))
