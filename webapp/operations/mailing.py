"""Sending mail: one message, with documents of the case, under an id that stays the same when it is sent again."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, getaddresses
from typing import Any, Protocol

from core.errors import DomainError, InvalidInput
from crm.reach import is_email
from engine.errors import BpmnError
from engine.handlers import Outside, ServiceCall, outside_operation
from engine.ready import Fault, Operation, Parameter

MOST_RECIPIENTS = 100
LONGEST_SUBJECT = 500  # characters
_TYPE = re.compile(r"[\w.+-]+/[\w.+-]+")
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
    content: bytes


class MailTooLarge(InvalidInput):
    """The message is larger than this installation sends."""

    code = "mail_too_large"


class MailRefused(DomainError):
    """The server refuses the message for good; `refused` lists the recipients that it names."""

    code = "mail_refused"

    def __init__(self, sentence: str, refused: Sequence[str] = ()) -> None:
        super().__init__(sentence, refused=list(refused))
        self.refused = list(refused)


class MailServer(Protocol):
    """Where mail is given to."""

    largest: int

    @property
    def sender(self) -> str:
        """The address that mail comes from."""

    def deliver(self, message: EmailMessage, recipients: Sequence[str]) -> Sequence[str]:
        """The recipients that were refused while others were not. Raises `MailRefused`, `Unavailable`."""


class CaseFiles(Protocol):
    """The documents of cases."""

    def of_types(self, outside: Outside, case_id: str, types: Sequence[str], *, largest: int) -> Sequence[CaseFile]:
        """The newest version of each document of these types. Raises `MailTooLarge`."""


@outside_operation(SEND)
def send_mail(outside: Outside, call: ServiceCall) -> dict[str, Any]:
    """Compose and send; once more with the same id where nobody knows whether it was sent."""
    server = outside.port(MailServer)
    files = _attachments(outside, call, server.largest)
    message, recipients = _composed(outside, call, server.sender)
    for file in files:
        _attach(message, file)
    if len(bytes(message)) > server.largest:
        raise MailTooLarge(f"The message is larger than {server.largest} bytes; send fewer documents.")
    try:
        refused = server.deliver(message, recipients)
    except MailRefused as error:
        raise BpmnError("MAIL_REFUSED", error.sentence, refused=error.refused) from error
    return {
        "message_id": str(message["Message-ID"]),
        "sent_at": outside.clock.now(),
        "refused": list(refused),
        "attached": Decimal(len(files)),
    }


def message_id(key: str, sender: str) -> str:
    """The same for the same step, and of no use to find out about the step."""
    digest = hashlib.sha256(f"obieg mail {key}".encode()).hexdigest()[:40]
    return f"<{digest}@{sender.rpartition('@')[2]}>"


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


def _composed(outside: Outside, call: ServiceCall, sender: str) -> tuple[EmailMessage, list[str]]:
    given = call.inputs
    to, cc, bcc = (_addresses(name, given.get(name, [])) for name in ("to", "cc", "bcc"))
    recipients = list(dict.fromkeys(each.addr_spec for each in (*to, *cc, *bcc)))
    if not to:
        raise InvalidInput("The message has no recipient; the input to is empty.")
    if len(recipients) > MOST_RECIPIENTS:
        raise InvalidInput(f"The message has {len(recipients)} recipients; at most {MOST_RECIPIENTS} are allowed.")
    message = EmailMessage()
    message["From"] = _address("sender_name", given.get("sender_name", ""), sender)
    message["To"] = to
    if cc:
        message["Cc"] = cc
    if given.get("reply_to"):
        message["Reply-To"] = _addresses("reply_to", [given["reply_to"]])
    message["Subject"] = _line("subject", given["subject"])
    message["Date"] = format_datetime(outside.clock.now())
    message["Message-ID"] = message_id(call.key, sender)
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(given["text"])
    return message, recipients


def _addresses(name: str, texts: Sequence[str]) -> list[Address]:
    return [_address(name, shown, bare) for shown, bare in getaddresses([_line(name, text) for text in texts])]


def _address(name: str, shown: str, bare: str) -> Address:
    if not is_email(bare) or not bare.isascii():
        raise InvalidInput(f"{bare or 'An empty text'} in the input {name} is not an e-mail address.")
    return Address(display_name=_line(name, shown), addr_spec=bare)


def _line(name: str, text: str) -> str:
    """A text that can stand in a header. Raises `InvalidInput`: a line's end would begin another header."""
    if any(ord(char) < 32 or ord(char) == 127 for char in text) or len(text) > LONGEST_SUBJECT:
        raise InvalidInput(f"The input {name} must be one line of at most {LONGEST_SUBJECT} characters.")
    return text


def _attach(message: EmailMessage, file: CaseFile) -> None:
    kind = file.media_type if _TYPE.fullmatch(file.media_type) else "application/octet-stream"
    main, _, sub = kind.partition("/")
    if main in {"text", "multipart", "message"}:  # their encoding would change the bytes
        main, sub = "application", "octet-stream"
    message.add_attachment(file.content, maintype=main, subtype=sub, filename=file.file_name)
