"""What mail that came in means for the outbox and for customers: bounces, and activities of what was written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from core.identity import SYSTEM
from crm.activities.content import Content, Link, Participant
from crm.activities.registering import RegisterActivity
from crm.models import CustomerRow
from crm.outbox.handling import NoteBounce
from crm.outbox.models import MessageRow
from documents.links import DocumentLink
from documents.mail.correlation import MailDirectory
from documents.mail.letters import addresses
from documents.mail.reading import Opened
from webapp.outbox.guessing import guess_type

if TYPE_CHECKING:
    from collections.abc import Sequence

    from webapp.bootstrap import Application

CUSTOMER = "crm.customer"
LONGEST_NOTE = 4000  # characters


def note_arrival(
    application: Application, letter: Opened, document_id: str | None, links: Sequence[DocumentLink]
) -> None:
    """A bounce puts its message back, even one that is here already; new mail of customers is an activity."""
    if letter.bounce is not None:
        note = NoteBounce(
            outside_ids=letter.bounce.message_ids,
            recipient=letter.bounce.recipient,
            status=letter.bounce.status if letter.bounce.action == "failed" else "4.0.0",
            reason=letter.bounce.reason,
            evidence_id=document_id,
        )
        application.executor.execute(note, actor=SYSTEM)
        return
    if document_id is None:  # it was here before
        return
    for customer_id in dict.fromkeys(link.id for link in links if link.kind == CUSTOMER):
        content = _activity(application, letter, document_id, links, customer_id)
        application.executor.execute(RegisterActivity(content=content), actor=SYSTEM)


def _activity(
    application: Application, letter: Opened, document_id: str, links: Sequence[DocumentLink], customer_id: str
) -> Content:
    """Incoming, unless a colleague wrote it; answers belong to whoever wrote first, else to the customer's owner."""
    senders = addresses([letter.sender])
    with application.units.reading(SYSTEM) as view:
        owners = view.port(MailDirectory).known(view, senders)
        asked = select(MessageRow.created_by).where(MessageRow.message_id.in_(letter.references)).limit(1)
        author = view.session.scalar(asked) if letter.references else None
        customer = view.session.get_one(CustomerRow, customer_id)
        kind = guess_type(view, letter.subject, letter.excerpt)
    is_ours = any(each in owners and not owners[each] for each in senders)
    about = [Link(entity=each.kind, record_id=each.id) for each in links if each.kind != CUSTOMER]
    return Content(
        employee=author or customer.owner or SYSTEM.id,
        method="email",
        direction="outgoing" if is_ours else "incoming",
        type=None if is_ours else kind,
        status="held",
        state="done" if is_ours else "not_done",
        subject=letter.subject[:200] or "Message without a subject",
        customer_id=customer_id,
        participants=(Participant(side="customer", name=(letter.sender or customer.name)[:200]),),
        held_from=letter.sent_at or application.clock.now(),
        note=letter.excerpt[:LONGEST_NOTE] or None,
        links=(*about, Link(entity="document", record_id=document_id)),
    )
