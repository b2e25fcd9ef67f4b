"""What a letter says, on which channels it goes, and the message of each."""

from collections.abc import Mapping, Sequence

from crm.company import company, today
from crm.models import CustomerRow
from crm.outbox import words as outbox
from crm.outbox.ports import PaperRef
from crm.outbox.queueing import About, Letterhead, QueueMessage
from crm.outbox.reaching import reached, ways
from crm.sales.models import InvoiceRow
from processes.dunning.claims import Law, claim_of
from processes.dunning.models import DunningItemRow, DunningLetterRow
from processes.dunning.papers import Letter, Line, subject_of
from processes.process_view import ProcessView
from storage.unit_of_work import UnitOfWork

WAYS = {  # the messages of each channel of decision D3, the leading one first
    "email": (outbox.EMAIL,),
    "email_sms": (outbox.EMAIL, outbox.SMS),
    "letter": (outbox.LETTER,),
    "letter_email": (outbox.LETTER, outbox.EMAIL),
    "registered": (outbox.LETTER,),
    "registered_receipt": (outbox.LETTER,),
}


def open_channels(unit: UnitOfWork, letter: DunningLetterRow) -> tuple[list[str], str | None]:
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


def paper_of(
    unit: UnitOfWork, letter: DunningLetterRow, items: Sequence[DunningItemRow], invoices: Mapping[str, InvoiceRow]
) -> Letter:
    """What a letter says of invoices, as they are now."""
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


def message_of(
    letter: DunningLetterRow,
    items: Sequence[DunningItemRow],
    paper: Letter,
    channel: str,
    text: str,
    *,
    papers: tuple[PaperRef, ...] = (),
) -> QueueMessage:
    """The message of a letter on one channel; the same letter twice on it is one message."""
    only = items[0] if len(items) == 1 else None
    return QueueMessage(
        customer_id=letter.customer_id,
        channel=channel,
        subject=subject_of(paper, channel),
        text=text,
        papers=papers,
        about=About(entity="crm.invoice", id=only.invoice_id) if only else None,
        case_id=only.instance_id if only else None,
        letterhead=Letterhead(is_automatic=True),
        key=f"dunning:{letter.id}:{channel}",
    )
