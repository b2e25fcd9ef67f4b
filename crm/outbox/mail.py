"""A mail as it travels: checked, composed, and under an id that stays the same when it is sent again."""

import hashlib
import re
from collections.abc import Sequence
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, getaddresses
from typing import Protocol

from core.errors import InvalidInput
from core.records import dataclass
from crm.outbox.channels import File
from crm.outbox.errors import ChannelRefused
from crm.reach import is_email

MOST_RECIPIENTS = 100
LONGEST_LINE = 500  # characters
_TYPE = re.compile(r"[\w.+-]+/[\w.+-]+")


class MailTooLarge(InvalidInput):
    """The message is larger than this installation sends."""

    code = "mail_too_large"


class MailRefused(ChannelRefused):
    """The server refuses the message for good; `refused` lists the recipients that it names."""

    code = "mail_refused"


class MailServer(Protocol):
    """Where mail is given to."""

    largest: int

    @property
    def sender(self) -> str:
        """The address that mail comes from."""

    def deliver(self, message: EmailMessage, recipients: Sequence[str]) -> Sequence[str]:
        """The recipients that were refused while others were not. Raises `MailRefused`, `Unavailable`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A mail as somebody writes it; `key` names the step or order that sends it."""

    key: str
    to: Sequence[str]
    subject: str
    text: str
    cc: Sequence[str] = ()
    bcc: Sequence[str] = ()
    reply_to: str = ""
    sender_name: str = ""
    is_automatic: bool = True


def message_id(key: str, sender: str) -> str:
    """The same for the same key, and of no use to find out about the key."""
    digest = hashlib.sha256(f"obieg mail {key}".encode()).hexdigest()[:40]
    return f"<{digest}@{sender.rpartition('@')[2]}>"


def recipients_of(mail: Mail) -> list[str]:
    """The plain addresses of all recipients, each once. Raises `InvalidInput`."""
    found = [_addresses(name, given) for name, given in (("to", mail.to), ("cc", mail.cc), ("bcc", mail.bcc))]
    recipients = list(dict.fromkeys(each.addr_spec for part in found for each in part))
    if not found[0]:
        raise InvalidInput("The message has no recipient; the input to is empty.")
    if len(recipients) > MOST_RECIPIENTS:
        raise InvalidInput(f"The message has {len(recipients)} recipients; at most {MOST_RECIPIENTS} are allowed.")
    return recipients


def composed(mail: Mail, files: Sequence[File], *, sender: str, at: datetime) -> EmailMessage:
    """The message. Raises `InvalidInput` for what cannot stand in a header."""
    recipients_of(mail)
    message = EmailMessage()
    message["From"] = _address("sender_name", mail.sender_name, sender)
    message["To"] = _addresses("to", mail.to)
    if mail.cc:
        message["Cc"] = _addresses("cc", mail.cc)
    if mail.reply_to:
        message["Reply-To"] = _addresses("reply_to", [mail.reply_to])
    message["Subject"] = one_line("subject", mail.subject)
    message["Date"] = format_datetime(at)
    message["Message-ID"] = message_id(mail.key, sender)
    if mail.is_automatic:
        message["Auto-Submitted"] = "auto-generated"
    message.set_content(mail.text)
    for file in files:
        _attach(message, file)
    return message


def one_line(name: str, text: str) -> str:
    """A text that can stand in a header. Raises `InvalidInput`: a line's end would begin another header."""
    if any(ord(char) < 32 or ord(char) == 127 for char in text) or len(text) > LONGEST_LINE:
        raise InvalidInput(f"The input {name} must be one line of at most {LONGEST_LINE} characters.")
    return text


def _addresses(name: str, texts: Sequence[str]) -> list[Address]:
    return [_address(name, shown, bare) for shown, bare in getaddresses([one_line(name, text) for text in texts])]


def _address(name: str, shown: str, bare: str) -> Address:
    if not is_email(bare) or not bare.isascii():
        raise InvalidInput(f"{bare or 'An empty text'} in the input {name} is not an e-mail address.")
    return Address(display_name=one_line(name, shown), addr_spec=bare)


def _attach(message: EmailMessage, file: File) -> None:
    kind = file.media_type if _TYPE.fullmatch(file.media_type) else "application/octet-stream"
    main, _, sub = kind.partition("/")
    if main in {"text", "multipart", "message"}:  # their encoding would change the bytes
        main, sub = "application", "octet-stream"
    message.add_attachment(file.content, maintype=main, subtype=sub, filename=file.name)
