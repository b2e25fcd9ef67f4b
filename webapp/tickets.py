"""Mail to the help desk becomes tickets, or what their customers say in them; and the links of tickets."""

from __future__ import annotations

import re
from collections.abc import Sequence
from email.utils import parseaddr
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from core.identity import SYSTEM
from core.messages import Event
from core.settings import Settings
from documents.mail.events import MailOpened
from documents.mail.models import MailRow
from processes.helpdesk.models import TicketRow
from processes.helpdesk.tickets import CLOSED, LONGEST_SUBJECT, LONGEST_TEXT, MAIL, OpenTicket, ReplyToTicket
from storage.jobs.queue import JobRequest
from storage.jobs.registry import job
from storage.unit_of_work import UnitOfWork
from webapp.outbox.tokens import SignedTokens

if TYPE_CHECKING:
    from webapp.bootstrap import Application

TAKE = "helpdesk.take_mail"
AUTOMATIC = frozenset({"auto-submitted", "x-auto-response-suppress", "list-id", "precedence"})
_NUMBER = re.compile(r"\[(T-\d{4}-\d{4,})\]")


class TicketTokens(SignedTokens):
    """Links of tickets; a token of an offer opens none."""

    salt = "ticket"
    path = "ticket"


def take_mails(unit: UnitOfWork, events: Sequence[Event]) -> None:
    """Recorder: a message to the help desk's address has a job make a ticket of it after the commit."""
    opened = [each for each in events if isinstance(each, MailOpened)]
    settings = unit.port(Settings)
    address = settings.ticket_address.lower() if opened and "helpdesk" not in settings.modules_off else ""
    for event in opened if address else ():
        row = unit.session.get(MailRow, event.document_id)
        if row is not None and address in row.recipients:
            unit.enqueue(JobRequest(name=TAKE, arguments={"document_id": event.document_id}))


@job(TAKE)
def take_mail(application: Application, arguments: dict[str, Any]) -> None:
    """Open a ticket, or let the customer of one that is named go on; what programs send by themselves opens none."""
    document_id = str(arguments["document_id"])
    with application.units.reading(SYSTEM) as reading:
        row = reading.session.get(MailRow, document_id)
        if row is None:
            return
        name, sender = parseaddr(row.sender)
        if not sender or _is_automatic(row):
            return
        subject, text = row.subject, row.excerpt.strip()[:LONGEST_TEXT] or row.subject or "–"
        found = _NUMBER.search(subject)
        wanted = select(TicketRow).where(TicketRow.number == (found[1] if found else ""))
        known = reading.session.scalars(wanted).first()
        goes_on = known is not None and known.state != CLOSED and known.email == sender.lower()
        ticket_id = known.id if known is not None and goes_on else None
    if ticket_id is not None:
        said = ReplyToTicket(ticket_id=ticket_id, text=text, channel=MAIL, author=name, document_id=document_id)
        application.executor.execute(said, actor=SYSTEM)
        return
    subject = subject.strip()[:LONGEST_SUBJECT] or "–"
    opened = OpenTicket(channel=MAIL, subject=subject, text=text, name=name, email=sender, document_id=document_id)
    application.executor.execute(opened, actor=SYSTEM)


def _is_automatic(row: MailRow) -> bool:
    """Answers of machines, lists: an answer to them would go round for ever."""
    told = {str(name).lower(): str(value).lower() for name, value in row.headers}
    return any(name in told and told[name] != "no" for name in AUTOMATIC)
