"""Messages as Outlook saves them (.msg), turned into letters; a message inside one becomes a message as it travels."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC
from email import message_from_string, policy
from email.message import EmailMessage
from email.utils import format_datetime
from struct import error as StructError  # noqa: N812 -- the standard library writes it small
from typing import Any

from oxmsg import Message
from oxmsg.domain import constants
from oxmsg.properties import Properties

from documents.mail import rich_text
from documents.mail.letters import (
    ATTACHMENT,
    BROKEN,
    INLINE,
    MOST_PARTS,
    File,
    Letter,
    Unreadable,
    header_text,
    letter_of,
    without_markup,
)

EMBEDDED = "__substg1.0_3701000D"  # where an attachment keeps a message instead of bytes (MS-OXMSG, section 2.2.2.2)
EMBEDDED_OFFSET = 24  # bytes of the header of its properties (section 2.4.1.2); python-oxmsg 0.0.2 knows the outer one
TROUBLE = (*BROKEN, OSError, StructError, KeyError, NotImplementedError)
INTERNET_MESSAGE_ID = 0x1035
IN_REPLY_TO = 0x1042
REFERENCES = 0x1039
COMPRESSED_RTF = 0x1009
MESSAGE_CODE_PAGE, INTERNET_CODE_PAGE, LOCALE = 0x3FFD, 0x3FDE, 0x3FF1
CENTRAL_EUROPE = (0x05, 0x0E, 0x15, 0x18, 0x1A, 0x1B, 0x1C, 0x24)  # Czech, Hungarian, Polish, Romanian and others
LOCALES = dict.fromkeys(CENTRAL_EUROPE, "cp1250") | dict.fromkeys((0x02, 0x19, 0x22, 0x23), "cp1251")  # by language
SENDER = (0x0C1A, 0x5D01, 0x0C1F, 0x5D02, 0x0065)  # its name, and where its address can stand
RECIPIENT = (0x3001, 0x39FE, 0x3003)
FILE_NAMES = (0x3707, 0x3704, 0x3001)
_ENCODINGS = {65001: "utf-8", 1200: "utf-16-le", 20127: "cp1252", 20866: "koi8-r", 21866: "koi8-u"} | {
    28590 + n: f"iso8859-{n}" for n in range(1, 16)
}
CONTENT_ID = 0x3712


def read_msg(content: bytes) -> Letter:
    """Raises `Unreadable`."""
    try:
        message = Message.load(content)
        findings: list[str] = []
        return letter_of(_headers(message), _body(message), tuple(_files(message, findings)), findings)
    except TROUBLE as error:
        raise Unreadable(f"it is no Outlook message, or a damaged one ({type(error).__name__})") from error


def _headers(message: Message) -> list[tuple[str, str]]:
    """Those that it came with; for one that never travelled those that its properties make up."""
    pages = _pages(message)
    transport = _string(message, constants.PID_TRANSPORT_MESSAGE_HEADERS, pages)
    headers = [
        (name, header_text(str(value)))
        for name, value in message_from_string(transport, policy=policy.compat32).items()
    ]
    known = {name.lower() for name, _ in headers}
    made = {
        "From": _named(message, SENDER, pages),
        "To": ", ".join(filter(None, (_named(each, RECIPIENT, pages) for each in message.recipients))),
        "Subject": _string(message, constants.PID_SUBJECT, pages),
        "Date": format_datetime(message.sent_date.astimezone(UTC)) if message.sent_date else "",
        "Message-ID": _string(message, INTERNET_MESSAGE_ID, pages),
        "In-Reply-To": _string(message, IN_REPLY_TO, pages),
        "References": _string(message, REFERENCES, pages),
    }
    return headers + [(name, value) for name, value in made.items() if value and name.lower() not in known]


def _named(holder: Any, pids: tuple[int, ...], pages: tuple[str, ...]) -> str:
    """A name with its address; one that leads to an Exchange server alone (X.500) is none."""
    name, *addresses = (_string(holder, pid, pages).strip() for pid in pids)
    address = next((each for each in addresses if "@" in each), "")
    quoted = '"' + name.replace('"', "'").replace("\\", "") + '"'
    return f"{quoted} <{address}>" if name and address else address or name


def _pages(message: Message, *, of_body: bool = False) -> tuple[str, ...]:
    """The code pages that strings of the message can be written in, likeliest first."""
    numbers = message.properties.int_prop_value
    order = (INTERNET_CODE_PAGE, MESSAGE_CODE_PAGE) if of_body else (MESSAGE_CODE_PAGE, INTERNET_CODE_PAGE)
    named = (_ENCODINGS.get(each, f"cp{each}") for each in map(numbers, order) if each)
    locale = numbers(LOCALE)
    return (*named, "cp1250" if locale is None else LOCALES.get(locale & 0x3FF, "cp1252"), "latin-1")


def _string(holder: Any, pid: int, pages: tuple[str, ...]) -> str:
    """A text property; python-oxmsg 0.0.2 gives up at a code page that it does not know, and people have none."""
    for kind, encodings in ((constants.PTYP_STRING, ("utf-16-le",)), (constants.PTYP_STRING8, pages)):
        with suppress(KeyError):
            raw = holder._storage.property_stream_bytes(pid, kind)  # noqa: SLF001 -- it has no door to it
            return _decoded(raw, encodings).rstrip("\0")
    return ""


def _decoded(raw: bytes, encodings: tuple[str, ...]) -> str:
    for encoding in encodings:
        with suppress(UnicodeDecodeError, LookupError):
            return raw.decode(encoding)
    return raw.decode(encodings[0], "replace")


def _body(message: Message) -> str:
    """Its plain text, else that of its HTML, else that of its RTF."""
    pages = _pages(message, of_body=True)
    text = _string(message, constants.PID_BODY, pages)
    if text.strip():
        return text
    html = message.properties.binary_prop_value(constants.PID_HTML)
    markup = _decoded(html, pages) if html else _string(message, constants.PID_BODY_HTML, pages)
    if markup.strip():
        return without_markup(markup).strip()
    rich = message.properties.binary_prop_value(COMPRESSED_RTF)
    return rich_text.text_of(rich_text.unpacked(rich)).strip() if rich else ""


def _files(message: Message, findings: list[str]) -> Iterator[File]:
    pages = _pages(message)
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
            name = next(filter(None, (_string(attachment, pid, pages) for pid in FILE_NAMES)), "")
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
    written.set_content(_body(message))
    for each in _files(message, []):
        kind = ("message", "rfc822") if each.name.endswith(".eml") else ("application", "octet-stream")
        if kind[0] == "message":
            written.add_attachment(each.content, maintype="application", subtype="octet-stream", filename=each.name)
        else:
            written.add_attachment(each.content, maintype=kind[0], subtype=kind[1], filename=each.name)
    return written
