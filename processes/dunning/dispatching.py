"""Letters that wait are made and put into the outbox, which prints, mails and texts them.

The invoices of a letter are locked while it is made, and a payment locks its invoice, too: whichever commits first
wins. The outbox asks again right before anything leaves (see `holds`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol

from sqlalchemy import select

from core.errors import StaleState
from core.executor import Executor, handles
from core.identity import SYSTEM
from core.messages import Command
from crm.company import company, today
from crm.models import CustomerRow
from crm.outbox import words as outbox
from crm.outbox.ports import Paper as OutboxPaper
from crm.outbox.queueing import About, Letterhead, QueueMessage
from crm.outbox.queueing import queue as queue_message
from crm.outbox.reaching import reached, ways
from crm.sales.models import InvoiceRow
from crm.sales.settling import lock_invoices
from documents.filing import FiledDocument
from documents.links import DocumentLink
from documents.papers import file_paper
from processes.dunning import letters
from processes.dunning.claims import Law, claim_of
from processes.dunning.events import LetterMade
from processes.dunning.holds import withdrawn
from processes.dunning.models import DunningDispatchRow, DunningItemRow, DunningLetterRow
from processes.dunning.papers import TYPE, Letter, Line, letter_pdf, subject_of, text_of, title_of
from processes.dunning.undelivered import not_sent
from processes.process_view import ProcessView
from storage.jobs.registry import job
from storage.unit_of_work import UnitOfWork

DISPATCH = "dunning.dispatch"
MERGING = timedelta(minutes=10)  # steps of one morning meet in one letter
WAYS = {  # the messages of each channel of decision D3, the leading one first
    "email": (outbox.EMAIL,),
    "email_sms": (outbox.EMAIL, outbox.SMS),
    "letter": (outbox.LETTER,),
    "letter_email": (outbox.LETTER, outbox.EMAIL),
    "registered": (outbox.LETTER,),
    "registered_receipt": (outbox.LETTER,),
}


class Host(Protocol):
    """What the job needs of the application."""

    executor: Executor


@dataclass(frozen=True, slots=True, kw_only=True)
class DispatchNextLetter(Command):
    """Make the next letter that waits and put it into the outbox; `after` is the one before it.

    `rested` leaves letters alone that were begun just now, since more invoices may join them.
    """

    after: str = ""
    rested: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispatched:
    """What became of a letter; `document_id` is None when nothing of it was left."""

    letter_id: str
    document_id: str | None = None


@job(DISPATCH)
def dispatch_letters(host: Host, arguments: dict[str, Any]) -> None:
    """Make the letters that have waited long enough."""
    del arguments
    last: str | None = ""
    while last is not None:
        done = host.executor.execute(DispatchNextLetter(after=last, rested=True), actor=SYSTEM)
        last = done.letter_id if done else None


@handles(DispatchNextLetter, needs="payment.edit")
def dispatch_next_letter(command: DispatchNextLetter, unit: UnitOfWork) -> Dispatched | None:
    """One letter, or None when no more waits. Raises `StaleState` when an invoice joined it meanwhile."""
    found = _next(unit, command)
    if found is None:
        return None
    named = select(DunningItemRow.invoice_id).where(
        DunningItemRow.letter_id == found, DunningItemRow.state == letters.WAITING
    )
    invoices = {row.id: row for row in lock_invoices(unit, *unit.session.scalars(named))}
    (letter,) = letters.locked(unit, found)
    if letter.state != letters.WAITING:
        return Dispatched(letter_id=found)
    items = letters.items_of(unit, letter, letters.WAITING)
    if any(each.invoice_id not in invoices for each in items):
        raise StaleState("Another invoice joined this letter at the same moment. Try again.")
    good = [each for each in items if not withdrawn(unit, letter, each, invoices[each.invoice_id])]
    if not good:
        letter.state = letters.WITHDRAWN
        return Dispatched(letter_id=letter.id)
    return Dispatched(letter_id=letter.id, document_id=_dispatch(unit, letter, good, invoices))


def _next(unit: UnitOfWork, command: DispatchNextLetter) -> str | None:
    wanted = select(DunningLetterRow.id).where(
        DunningLetterRow.state == letters.WAITING, DunningLetterRow.id > command.after
    )
    if command.rested:
        wanted = wanted.where(DunningLetterRow.queued_at <= unit.clock.now() - MERGING)
    return unit.session.scalars(wanted.order_by(DunningLetterRow.id).limit(1)).first()


def _dispatch(
    unit: UnitOfWork,
    letter: DunningLetterRow,
    items: Sequence[DunningItemRow],
    invoices: Mapping[str, InvoiceRow],
) -> str | None:
    channels, why = _open_channels(unit, letter)
    if why is not None:
        letter.state = letters.WITHDRAWN
        not_sent(unit, items, channel=WAYS[letter.channel][0], reason=why)
        return None
    paper = _paper(unit, letter, items, invoices)
    view = ProcessView(unit)
    own, on, now = company(view), today(view), unit.clock.now()
    content = letter_pdf(paper, own, on=on, at=now)
    cases = [DocumentLink(kind="case", id=each.instance_id, role="produced") for each in items]
    filed = file_paper(
        unit,
        title=f"{title_of(paper)} – {paper.customer.name}",
        type=TYPE,
        content=content,
        file_name=f"{letter.template.lower()}-{paper.number}.pdf",
        links=(*cases, DocumentLink(kind="crm.customer", id=paper.customer.id)),
    )
    letter.state, letter.document_id, letter.digest = letters.MADE, filed.id, filed.digest
    for item in items:
        item.state = letters.MADE
        unit.emit(
            LetterMade(
                invoice_id=item.invoice_id,
                instance_id=item.instance_id,
                letter_id=letter.id,
                template=letter.template,
                channel=letter.channel,
                document_id=filed.id,
                digest=filed.digest,
            )
        )
    for channel in channels:
        text = text_of(paper, own, channel, on=on)
        message = _message(letter, items, paper, channel, text)
        enclosed = () if channel == outbox.SMS else (_enclosed(paper, filed, len(content)),)
        sent = queue_message(message, unit, papers=enclosed)
        unit.session.flush()  # the dispatch names the message without a relationship
        is_leading = channel == channels[0]
        unit.session.add(DunningDispatchRow(message_id=sent, letter_id=letter.id, is_leading=is_leading))
    return filed.id


def _open_channels(unit: UnitOfWork, letter: DunningLetterRow) -> tuple[list[str], str | None]:
    """The channels that are open, or why the leading one is not."""
    whom = reached(unit, letter.customer_id, None)
    found = []
    for channel in WAYS[letter.channel]:
        known = ways(unit, whom, purpose=outbox.BUSINESS, channel=channel)
        if any(each.channel == channel for each in known.open):
            found.append(channel)
        elif not found:
            return [], known.closed[channel]
    return found, None


def _paper(
    unit: UnitOfWork, letter: DunningLetterRow, items: Sequence[DunningItemRow], invoices: Mapping[str, InvoiceRow]
) -> Letter:
    view = ProcessView(unit)
    own, on = company(view), today(view)
    lines = []
    for item in items:
        law = Law(name=item.law, difference=item.difference, has_compensation=item.has_compensation)
        row = invoices[item.invoice_id]
        lines.append(Line(invoice=row, claim=claim_of(view, row, law, own, on), law=item.law))
    customer = unit.session.get_one(CustomerRow, letter.customer_id)
    return Letter(
        template=letter.template, channel=letter.channel, customer=customer, lines=lines, number=letter.id[-8:]
    )


def _message(
    letter: DunningLetterRow, items: Sequence[DunningItemRow], paper: Letter, channel: str, text: str
) -> QueueMessage:
    only = items[0] if len(items) == 1 else None
    return QueueMessage(
        customer_id=letter.customer_id,
        channel=channel,
        subject=subject_of(paper, channel),
        text=text,
        about=About(entity="crm.invoice", id=only.invoice_id) if only else None,
        case_id=only.instance_id if only else None,
        letterhead=Letterhead(is_automatic=True),
        key=f"dunning:{letter.id}:{channel}",
    )


def _enclosed(paper: Letter, filed: FiledDocument, size: int) -> OutboxPaper:
    return OutboxPaper(
        document_id=filed.id,
        version=filed.version,
        digest=filed.digest,
        file_name=f"{paper.template.lower()}-{paper.number}.pdf",
        media_type="application/pdf",
        size=size,
    )
