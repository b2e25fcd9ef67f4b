"""Copies of letters by mail and SMS: they follow once the letter has left, so that none tells of one held back."""

from typing import Any, ClassVar, Protocol

from sqlalchemy import select

from core.executor import Executor, handles
from core.identity import SYSTEM
from core.messages import Command
from core.records import dataclass
from crm.company import company, today
from crm.outbox import words as outbox
from crm.outbox.ports import PaperRef
from crm.outbox.queueing import queue as queue_message
from crm.sales.settling import lock_invoices
from processes.dunning import letters
from processes.dunning.composing import message_of, open_channels, paper_of
from processes.dunning.holds import why_not
from processes.dunning.models import DunningDispatchRow, DunningItemRow
from processes.dunning.papers import text_of
from processes.process_view import ProcessView
from storage.jobs.registry import job
from storage.unit_of_work import UnitOfWork


class Host(Protocol):
    """What the job needs of the application."""

    executor: Executor


@dataclass(frozen=True, slots=True, kw_only=True)
class SendCopies(Command):
    """Put the copies of a letter that has left into the outbox, once."""

    quiet: ClassVar[bool] = True
    letter_id: str


@job(letters.COPIES)
def send_copies(host: Host, arguments: dict[str, Any]) -> None:
    """Have a letter's mail or SMS follow it."""
    host.executor.execute(SendCopies(letter_id=str(arguments["letter_id"])), actor=SYSTEM)


@handles(SendCopies, needs="payment.edit")
def queue_copies(command: SendCopies, unit: UnitOfWork) -> int:
    """How many there are; none when something was paid or disputed since the letter left."""
    named = select(DunningItemRow.invoice_id).where(
        DunningItemRow.letter_id == command.letter_id, DunningItemRow.state == letters.SENT
    )
    invoices = {row.id: row for row in lock_invoices(unit, *unit.session.scalars(named))}
    (letter,) = letters.locked(unit, command.letter_id)
    items = letters.items_of(unit, letter, letters.SENT)
    if not items or any(each.reason or why_not(unit, letter, each, invoices[each.invoice_id]) for each in items):
        return 0
    channels, _ = open_channels(unit, letter)
    view = ProcessView(unit)
    paper, own, on = paper_of(unit, letter, items, invoices), company(view), today(view)
    for channel in channels[1:]:
        papers = () if channel == outbox.SMS else (PaperRef(document_id=str(letter.document_id), version=1),)
        text = text_of(paper, own, channel, on=on)
        sent = queue_message(message_of(letter, items, paper, channel, text, papers=papers), unit)
        if unit.session.get(DunningDispatchRow, sent) is None:
            unit.session.flush()  # the dispatch names the message without a relationship
            unit.session.add(DunningDispatchRow(message_id=sent, letter_id=letter.id, is_leading=False))
    return max(len(channels) - 1, 0)
