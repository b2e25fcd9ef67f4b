"""Messages as Outlook saves them (.msg), turned into letters; a message inside one becomes a message as it travels."""

from collections.abc import Iterator
from datetime import UTC
from email import message_from_string, policy
from email.message import EmailMessage
from email.utils import format_datetime
from struct import error as StructError  # noqa: N812 -- the standard library writes it small
from typing import Any

from oxmsg import Message
from oxmsg.domain import constants
from oxmsg.properties import Properties

from documents.mail.letters import ATTACHMENT, BROKEN, INLINE, MOST_PARTS, File, Letter, Unreadable, letter_of

EMBEDDED = "__substg1.0_3701000D"  # where an attachment keeps a message instead of bytes (MS-OXMSG, section 2.2.2.2)
EMBEDDED_OFFSET = 24  # bytes of the header of its properties (section 2.4.1.2); python-oxmsg 0.0.2 knows the outer one
TROUBLE = (*BROKEN, OSError, StructError, KeyError, NotImplementedError)
INTERNET_MESSAGE_ID = 0x1035
IN_REPLY_TO = 0x1042
REFERENCES = 0x1039
HIDDEN = 0x7FFE  # PidTagAttachmentHidden
CONTENT_ID = 0x3712


def read_msg(content: bytes) -> Letter:
    """Raises `Unreadable`."""
    try:
        message = Message.load(content)
        findings: list[str] = []
        return letter_of(_headers(message), message.body or "", tuple(_files(message, findings)), findings)
    except TROUBLE as error:
        raise Unreadable(f"it is no Outlook message, or a damaged one ({type(error).__name__})") from error


def _headers(message: Message) -> list[tuple[str, str]]:
    """Those that it came with; for one that never travelled those that its properties make up."""
    transport = message.properties.str_prop_value(constants.PID_TRANSPORT_MESSAGE_HEADERS) or ""
    headers = [
        (name, " ".join(str(value).split())[:2000])
        for name, value in message_from_string(transport, policy=policy.compat32).items()
    ]
    known = {name.lower() for name, _ in headers}
    made = {
        "From": message.sender or "",
        "To": ", ".join(f'"{each.name}" <{each.email_address}>' for each in message.recipients if each.email_address),
        "Subject": message.subject,
        "Date": format_datetime(message.sent_date.astimezone(UTC)) if message.sent_date else "",
        "Message-ID": _text(message, INTERNET_MESSAGE_ID),
        "In-Reply-To": _text(message, IN_REPLY_TO),
        "References": _text(message, REFERENCES),
    }
    return headers + [(name, value) for name, value in made.items() if value and name.lower() not in known]


def _text(message: Message, pid: int) -> str:
    return message.properties.str_prop_value(pid) or ""


def _files(message: Message, findings: list[str]) -> Iterator[File]:
    for number, attachment in enumerate(message.attachments, 1):
        if number > MOST_PARTS:
            findings.append(f"The message has more than {MOST_PARTS} files; the others stay in the message alone.")
            return
        try:
            nested = _nested(attachment)
            if nested is not None:
                yield File(
                    name=f"{nested['Subject'] or f'message-{number}'}.eml", content=bytes(nested), role=ATTACHMENT
                )
                continue
            content = attachment.file_bytes
            if content is None:
                findings.append("An attachment is only named in the message, not contained in it.")
                continue
            name = attachment.file_name or attachment.properties.str_prop_value(constants.PID_ATTACH_FILENAME)
            is_inline = bool(attachment.properties.str_prop_value(CONTENT_ID)) and str(attachment.mime_type).startswith(
                "image/"
            )
            yield File(name=name or f"attachment-{number}", content=content, role=INLINE if is_inline else ATTACHMENT)
        except TROUBLE as error:
            findings.append(f"An attachment could not be read and stays in the message alone ({type(error).__name__}).")


class _Embedded(Message):
    """A message inside another one; its properties begin elsewhere."""

    @property
    def _properties(self) -> Properties:
        return Properties(self._storage, properties_header_offset=EMBEDDED_OFFSET)


def _nested(attachment: Any) -> EmailMessage | None:
    """The message that an attachment is, written as a message travels; None when it is a file."""
    storages = attachment._storage.storages  # noqa: SLF001 -- python-oxmsg 0.0.2 has no door to it
    inside = next((each for each in storages if each.name == EMBEDDED), None)
    if inside is None:
        return None
    message = _Embedded(inside)
    written = EmailMessage(policy=policy.SMTP)
    wanted = {"from", "to", "cc", "subject", "date", "message-id", "in-reply-to", "references"}
    for name, value in _headers(message):
        if name.lower() in wanted and name not in written:
            written[name] = value
    written.set_content(message.body or "")
    for each in _files(message, []):
        kind = ("message", "rfc822") if each.name.endswith(".eml") else ("application", "octet-stream")
        if kind[0] == "message":
            written.add_attachment(each.content, maintype="application", subtype="octet-stream", filename=each.name)
        else:
            written.add_attachment(each.content, maintype=kind[0], subtype=kind[1], filename=each.name)
    return written
