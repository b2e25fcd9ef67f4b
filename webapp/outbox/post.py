"""How the operation mail.send goes through the outbox: queued under the key of the step, then sent at once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, cast

from core.errors import DomainError, Unavailable
from core.executor import handles
from core.identity import SYSTEM
from core.messages import Command
from core.records import dataclass
from crm.outbox import words as known
from crm.outbox.errors import NoWayToReach
from crm.outbox.handling import RetryMessage, retry_message
from crm.outbox.mail import Mail, MailRefused, recipients_of
from crm.outbox.models import MessageRow
from crm.outbox.ports import Paper
from crm.outbox.queries import Message, message
from crm.outbox.queueing import Letterhead, QueueMessage, queue
from crm.outbox.sending import ClaimMessage
from documents.hosting import Host
from documents.mail.correlation import MailDirectory
from engine.handlers import Outside
from storage.unit_of_work import Reading, UnitOfWork
from webapp.operations.mailing import CaseFile, Posted
from webapp.outbox.delivery import send_claimed

if TYPE_CHECKING:
    from webapp.bootstrap import Application

GIVEN_TIME = 60  # seconds until a worker of the outbox takes over from the step


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueCaseMail(Command):
    """A mail that a step of a case sends; the same key twice is one message."""

    mail: Mail
    papers: tuple[Paper, ...]
    case_id: str
    customer_id: str | None


class OutboxPost:
    """Queues the mail, then sends it at once; a step that is repeated finds what was sent before."""

    def send(self, outside: Outside, mail: Mail, files: Sequence[CaseFile], *, case_id: str) -> Posted:
        """Raises `MailRefused`, `MailTooLarge`, `InvalidInput`, `Unavailable`."""
        application = cast("Application", outside.port(Host))
        recipients = recipients_of(mail)
        with outside.reading() as reading:
            customer_id = _customer_of(reading, recipients[0])
        papers = tuple(_paper(each) for each in files)
        order = QueueCaseMail(mail=mail, papers=papers, case_id=case_id, customer_id=customer_id)
        try:
            message_id = application.executor.execute(order, actor=SYSTEM)
        except NoWayToReach as error:
            raise MailRefused(error.sentence, (recipients[0],)) from error
        trouble = _send(application, message_id)
        found = _read(outside, message_id)
        if found.state in known.GONE:
            return Posted(message_id=f"<{found.message_id}>", refused=found.refused)
        if trouble is not None:
            raise trouble
        if found.state in {known.CANCELLED, known.FAILED}:
            raise MailRefused(f"The message was not sent: {found.reason}", tuple(found.refused))
        raise Unavailable("The message is being sent; look at the outbox.")


@handles(QueueCaseMail, needs=known.SEND)
def queue_case_mail(command: QueueCaseMail, unit: UnitOfWork) -> str:
    """The id of the message; one that failed before is queued anew."""
    mail = command.mail
    first, *further = mail.to
    order = QueueMessage(
        customer_id=command.customer_id,
        channel=known.EMAIL,
        recipient=first,
        subject=mail.subject,
        text=mail.text,
        case_id=command.case_id,
        letterhead=Letterhead(
            cc=tuple(mail.cc),
            bcc=tuple(mail.bcc),
            reply_to=mail.reply_to,
            sender_name=mail.sender_name,
            further=tuple(further),
            is_automatic=mail.is_automatic,
        ),
        not_before=unit.clock.now() + timedelta(seconds=GIVEN_TIME),
        key=mail.key,
    )
    message_id = queue(order, unit, papers=command.papers)
    row = unit.session.get_one(MessageRow, message_id)
    if row.state in {known.FAILED, known.CANCELLED}:  # somebody has the step tried again
        retry_message(RetryMessage(message_id=message_id), unit)
    return message_id


def _send(application: Application, message_id: str) -> DomainError | None:
    claimed = application.executor.execute(ClaimMessage(message_id=message_id), actor=SYSTEM)
    return None if claimed is None else send_claimed(application, claimed)


def _read(outside: Outside, message_id: str) -> Message:
    with outside.reading() as reading:
        return message(reading, message_id)


def _customer_of(reading: Reading, address: str) -> str | None:
    """The only customer that has an address."""
    owners = reading.port(MailDirectory).known(reading, [address.lower()]).get(address.lower(), frozenset())
    return next(iter(owners)).id if len(owners) == 1 else None


def _paper(file: CaseFile) -> Paper:
    return Paper(
        document_id=file.document_id,
        version=file.version,
        digest=file.digest,
        file_name=file.file_name,
        media_type=file.media_type,
        size=len(file.content),
    )
