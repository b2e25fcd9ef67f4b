"""Sending mail: one message, with documents of the case, under an id that stays the same when it is sent again."""

from collections.abc import Sequence
from dataclasses import field
from decimal import Decimal
from typing import Any, Protocol

from core.records import dataclass
from crm.outbox.channels import File
from crm.outbox.mail import Mail, MailRefused, MailServer, MailTooLarge, composed, message_id, recipients_of
from engine.errors import BpmnError
from engine.handlers import Outside, ServiceCall, outside_operation
from engine.ready import Fault, Operation, Parameter

__all__ = [
    "CaseFile",
    "CaseFiles",
    "MailRefused",
    "MailServer",
    "MailTooLarge",
    "Outgoing",
    "Posted",
    "Straight",
    "message_id",
    "send_mail",
]

_LIST = "list<string>"
SEND = Operation(
    name="mail.send",
    title="Send mail",
    description="Sends one message over the installation's SMTP server (OBIEG_MAIL_HOST). Its Message-ID is made from "
    "the key of this step, so that a message that had to be sent again is recognised as the same.",
    place="outside",
    inputs=(
        Parameter(
            name="to",
            type=_LIST,
            title="To",
            description="One address or several.",
            required=True,
            example="= customer.email",
        ),
        Parameter(
            name="subject",
            type="string",
            title="Subject",
            description="One line.",
            required=True,
            example='= "Your offer " + offer_number',
        ),
        Parameter(
            name="text",
            type="string",
            title="Text",
            description="The message as plain text.",
            required=True,
            lines=6,
            example='= "Dear " + contact_name + ",\\n\\nplease find our offer attached."',
        ),
        Parameter(
            name="cc", type=_LIST, title="Copy to", description="Addresses that everybody sees.", example="= [boss]"
        ),
        Parameter(
            name="bcc",
            type=_LIST,
            title="Blind copy to",
            description="Addresses that nobody sees.",
            example="archive@example.com",
        ),
        Parameter(
            name="reply_to", type="string", title="Reply to", description="Where answers go.", example="= author_email"
        ),
        Parameter(
            name="sender_name",
            type="string",
            title="Sender's name",
            description="The name beside the installation's address.",
            example="= author_name",
        ),
        Parameter(
            name="attachments",
            type=_LIST,
            title="Attachments",
            description="Types of documents: the newest version of each document of the case that has one of them.",
            example="offer_pdf",
        ),
    ),
    outputs=(
        Parameter(name="message_id", type="string", title="Message-ID", description="The id of the message."),
        Parameter(name="sent_at", type="date and time", title="Sent at", description="When the server took it."),
        Parameter(
            name="refused",
            type=_LIST,
            title="Refused recipients",
            description="Recipients that the server refused while it took the others.",
        ),
        Parameter(name="attached", type="number", title="Attached", description="How many documents were attached."),
    ),
    faults=(
        Fault(
            code="MAIL_REFUSED",
            description="The server refuses the message or all of its recipients for good; `refused` lists them.",
        ),
        Fault(
            code="DOCUMENT_MISSING",
            description="The case has no document of a type that is to be attached; `missing` lists the types.",
        ),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFile:
    """A document of a case with its content."""

    type: str
    file_name: str
    media_type: str
    content: bytes = field(repr=False)
    document_id: str = ""
    version: int = 1
    digest: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """What the server said."""

    message_id: str
    refused: Sequence[str]


class CaseFiles(Protocol):
    """The documents of cases."""

    def of_types(self, outside: Outside, case_id: str, types: Sequence[str], *, largest: int) -> Sequence[CaseFile]:
        """The newest version of each document of these types. Raises `MailTooLarge`."""


class Outgoing(Protocol):
    """How mail leaves."""

    def send(self, outside: Outside, mail: Mail, files: Sequence[CaseFile], *, case_id: str) -> Posted:
        """Send it, once for each key. Raises `MailRefused`, `MailTooLarge`, `InvalidInput`, `Unavailable`."""


class Straight:
    """Gives mail to the server without a trace: for rehearsals and trials."""

    def send(self, outside: Outside, mail: Mail, files: Sequence[CaseFile], *, case_id: str) -> Posted:
        """Compose and send."""
        del case_id
        server = outside.port(MailServer)
        enclosed = [File(name=each.file_name, media_type=each.media_type, content=each.content) for each in files]
        message = composed(mail, enclosed, sender=server.sender, at=outside.clock.now())
        if len(bytes(message)) > server.largest:
            raise MailTooLarge(f"The message is larger than {server.largest} bytes; send fewer documents.")
        return Posted(message_id=str(message["Message-ID"]), refused=server.deliver(message, recipients_of(mail)))


@outside_operation(SEND)
def send_mail(outside: Outside, call: ServiceCall) -> dict[str, Any]:
    """Compose and send; once more with the same id where nobody knows whether it was sent."""
    given = call.inputs
    mail = Mail(
        key=call.key,
        to=given.get("to", []),
        cc=given.get("cc", []),
        bcc=given.get("bcc", []),
        reply_to=given.get("reply_to") or "",
        sender_name=given.get("sender_name", ""),
        subject=given["subject"],
        text=given["text"],
    )
    files = _attachments(outside, call, outside.port(MailServer).largest)
    try:
        posted = outside.port(Outgoing).send(outside, mail, files, case_id=call.instance_id)
    except MailRefused as error:
        raise BpmnError("MAIL_REFUSED", error.sentence, refused=error.refused) from error
    return {
        "message_id": posted.message_id,
        "sent_at": outside.clock.now(),
        "refused": list(posted.refused),
        "attached": Decimal(len(files)),
    }


def _attachments(outside: Outside, call: ServiceCall, largest: int) -> Sequence[CaseFile]:
    types: list[str] = call.inputs.get("attachments", [])
    if not types:
        return []
    files = outside.port(CaseFiles).of_types(outside, call.instance_id, types, largest=largest)
    missing = sorted(set(types) - {file.type for file in files})
    if missing:
        sentence = f"The case has no document of the type {', '.join(missing)}."
        raise BpmnError("DOCUMENT_MISSING", sentence, missing=missing)
    return files
