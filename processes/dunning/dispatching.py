"""Letters that wait are made and put into the outbox, which prints, mails and texts them.

The invoices of a letter are locked while it is made, and a payment locks its invoice, too: whichever commits first
wins. The outbox asks again right before anything leaves (see `holds`).
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Protocol

from sqlalchemy import select

from core.errors import StaleState
from core.executor import Executor, handles
from core.identity import SYSTEM
from core.messages import Command
from core.records import dataclass
from crm.company import company, today
from crm.outbox.ports import Paper as OutboxPaper
from crm.outbox.queueing import queue as queue_message
from crm.sales.models import InvoiceRow
from crm.sales.settling import lock_invoices
from documents.filing import FiledDocument
from documents.links import DocumentLink
from documents.papers import file_paper
from processes.dunning import letters
from processes.dunning.composing import WAYS, message_of, open_channels, paper_of
from processes.dunning.events import LetterMade
from processes.dunning.holds import withdrawn
from processes.dunning.models import DunningDispatchRow, DunningItemRow, DunningLetterRow
from processes.dunning.papers import TYPE, Letter, letter_pdf, text_of, title_of
from processes.dunning.undelivered import not_sent
from processes.process_view import ProcessView
from storage.jobs.registry import job
from storage.unit_of_work import UnitOfWork

DISPATCH = "dunning.dispatch"
MERGING = timedelta(minutes=10)  # steps of one morning meet in one letter


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
    channels, why = open_channels(unit, letter)
    if why is not None:
        letter.state = letters.WITHDRAWN
        not_sent(unit, items, channel=WAYS[letter.channel][0], reason=why)
        return None
    paper = paper_of(unit, letter, items, invoices)
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
    leading = channels[0]
    message = message_of(letter, items, paper, leading, text_of(paper, own, leading, on=on))
    sent = queue_message(message, unit, papers=(_enclosed(paper, filed, len(content)),))
    unit.session.flush()  # the dispatch names the message without a relationship
    unit.session.add(DunningDispatchRow(message_id=sent, letter_id=letter.id, is_leading=True))
    return filed.id


def _enclosed(paper: Letter, filed: FiledDocument, size: int) -> OutboxPaper:
    return OutboxPaper(
        document_id=filed.id,
        version=filed.version,
        digest=filed.digest,
        file_name=f"{paper.template.lower()}-{paper.number}.pdf",
        media_type="application/pdf",
        size=size,
    )
