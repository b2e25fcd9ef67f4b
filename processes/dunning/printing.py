"""The print run: letters that wait go out, except what was paid, disputed or changed since they were put there.

An invoice is locked while its letter is made, and a payment locks it, too: whichever commits first wins, so no letter
goes out after a payment was posted.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from core.executor import handles
from core.messages import Command
from crm.company import company, today
from crm.models import CustomerRow
from crm.sales.models import InvoiceRow
from crm.sales.settling import lock_invoices
from documents.links import DocumentLink
from documents.papers import file_paper
from processes.dunning import letters
from processes.dunning.claims import Law, claim_of
from processes.dunning.events import LetterSent, LetterWithdrawn
from processes.dunning.letters import INTEREST
from processes.dunning.models import DunningItemRow, DunningLetterRow, DunningRow
from processes.dunning.news import tell
from processes.dunning.papers import TYPE, Letter, Line, letter_pdf, title_of
from processes.process_view import ProcessView
from storage.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintNextLetter(Command):
    """Make the letter that waits longest and that nobody else makes; `after` is the one before it."""

    after: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Printed:
    """What became of a letter; `document_id` is None when nothing of it was left."""

    letter_id: str
    document_id: str | None


@handles(PrintNextLetter, needs="payment.edit")
def print_next_letter(command: PrintNextLetter, unit: UnitOfWork) -> Printed | None:
    """One letter, or None when no more waits."""
    wanted = (
        select(DunningLetterRow)
        .where(DunningLetterRow.state == letters.WAITING, DunningLetterRow.id > command.after)
        .order_by(DunningLetterRow.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    letter = unit.session.scalars(wanted).first()
    if letter is None:
        return None
    items = letters.items_of(unit, letter)
    invoices = {row.id: row for row in lock_invoices(unit, *(each.invoice_id for each in items))}
    good = [each for each in items if not _withdrawn(unit, letter, each, invoices[each.invoice_id])]
    if not good:
        letter.state = letters.WITHDRAWN
        return Printed(letter_id=letter.id, document_id=None)
    return Printed(letter_id=letter.id, document_id=_send(unit, letter, good, invoices))


def why_not(unit: UnitOfWork, letter: DunningLetterRow, item: DunningItemRow, invoice: InvoiceRow) -> str | None:
    """Why an invoice must not stand in a letter any more; it is locked, so the answer holds until the commit."""
    if invoice.balance != item.balance:
        return "something was paid or credited since"
    if invoice.dispute is not None:
        return "the invoice is disputed"
    if letter.template == INTEREST:
        return None  # its case has ended with it
    row = unit.session.get(DunningRow, item.invoice_id)
    if row is None or not row.is_running or row.instance_id != item.instance_id:
        return "its dunning has ended"
    return None


def _withdrawn(unit: UnitOfWork, letter: DunningLetterRow, item: DunningItemRow, invoice: InvoiceRow) -> bool:
    reason = why_not(unit, letter, item, invoice)
    if reason is None:
        return False
    item.state, item.reason = letters.WITHDRAWN, reason
    unit.emit(LetterWithdrawn(invoice_id=item.invoice_id, instance_id=item.instance_id, reason=reason))
    return True


def _send(
    unit: UnitOfWork, letter: DunningLetterRow, items: Sequence[DunningItemRow], invoices: dict[str, InvoiceRow]
) -> str:
    view = ProcessView(unit)
    own, on, now = company(view), today(view), unit.clock.now()
    lines = []
    for item in items:
        law = Law(name=item.law, difference=item.difference, has_compensation=item.has_compensation)
        row = invoices[item.invoice_id]
        lines.append(Line(invoice=row, claim=claim_of(view, row, law, own, on), law=item.law))
    customer = unit.session.get_one(CustomerRow, letter.customer_id)
    paper = Letter(
        template=letter.template, channel=letter.channel, customer=customer, lines=lines, number=letter.id[-8:]
    )
    cases = [DocumentLink(kind="case", id=each.instance_id, role="produced") for each in items]
    filed = file_paper(
        unit,
        title=f"{title_of(paper)} – {customer.name}",
        type=TYPE,
        content=letter_pdf(paper, own, on=on, at=now),
        file_name=f"{letter.template.lower()}-{paper.number}.pdf",
        links=(*cases, DocumentLink(kind="crm.customer", id=customer.id)),
    )
    letter.state, letter.sent_at, letter.document_id, letter.digest = letters.SENT, now, filed.id, filed.digest
    for item in items:
        item.state = letters.SENT
        facts: dict[str, Any] = {
            "letter_id": letter.id,
            "template": letter.template,
            "channel": letter.channel,
            "document_id": filed.id,
        }
        unit.emit(
            LetterSent(
                invoice_id=item.invoice_id,
                instance_id=item.instance_id,
                digest=filed.digest,
                **facts,
            )
        )
        if letter.template == INTEREST:
            continue  # nobody waits for it
        tell(unit, "letter.sent", item.invoice_id, key=f"{letter.id}:{item.id}", letter=facts | {"on": on.isoformat()})
    return filed.id
