"""What a message says, however broken it is: its headers, its text, and the files that hang on it."""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import field, replace
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.errors import HeaderParseError, MessageError
from email.header import decode_header
from email.message import Message
from email.utils import getaddresses, parsedate_to_datetime
from mimetypes import guess_extension

from core.records import dataclass
from documents.mail.bounces import Bounce, bounce_of

MOST_PARTS = 300  # files of one message
MOST_HEADERS = 200
MOST_REFERENCES = 100
LONGEST_HEADER = 2000  # characters
EXCERPT = 20_000  # characters of the text that the page of the message shows
ATTACHMENT, INLINE = "attachment", "inline"
RFC822 = "message/rfc822"
# what the standard library raises for real messages whose headers or parts are not what they claim
BROKEN = (ValueError, LookupError, AttributeError, TypeError, AssertionError, MessageError, RecursionError)
_IDENTIFIER = re.compile(r"<([^<>\s]{1,250})>")
_CODE_PAGES = ("utf-8", "cp1250", "latin-1")  # of headers that say nothing of theirs


class Unreadable(Exception):
    """The content is no message at all; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """Something that hangs on a message; `role` is `inline` for pictures inside its text."""

    name: str
    content: bytes = field(repr=False)
    role: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A message as it is recorded; `findings` are sentences about what is wrong with it."""

    message_id: str | None
    references: tuple[str, ...]  # identifiers of the messages that it answers, nearest last
    subject: str
    sender: str
    recipients: tuple[str, ...]  # addresses alone, small letters
    sent_at: datetime | None
    headers: tuple[tuple[str, str], ...]
    fingerprint: str  # SHA-256 of what stays the same on every way that the message can take
    excerpt: str
    files: tuple[File, ...] = field(repr=False)
    findings: tuple[str, ...]
    bounce: Bounce | None = None


def read_eml(content: bytes) -> Letter:
    """A message as it travels (RFC 5322). Raises `Unreadable`."""
    try:
        message = message_from_bytes(content, policy=policy.compat32)
    except BROKEN as error:
        raise Unreadable(f"its parts cannot be told apart ({type(error).__name__})") from error
    headers = _headers(message)
    if not headers:
        raise Unreadable("it has no headers")
    findings = [f"Part of the message is malformed: {type(each).__name__}." for each in message.defects]
    texts: list[str] = []
    files = tuple(_files(message, texts, findings))
    return replace(letter_of(headers, "\n\n".join(texts), files, findings), bounce=_bounce(message))


def _bounce(message: "Message[str, str]") -> Bounce | None:
    try:
        return bounce_of(message)
    except BROKEN:
        return None


def letter_of(headers: list[tuple[str, str]], text: str, files: tuple[File, ...], findings: list[str]) -> Letter:
    """The letter that has these headers."""
    first = {name.lower(): value for name, value in reversed(headers)}
    references = _IDENTIFIER.findall(first.get("references", "")) + _IDENTIFIER.findall(first.get("in-reply-to", ""))
    identifiers = _IDENTIFIER.findall(first.get("message-id", ""))
    lines = [first.get(name, "") for name in ("message-id", "from", "date", "subject")]
    body = hashlib.sha256("\n".join([*lines, text]).encode())
    for each in files:
        body.update(hashlib.sha256(each.content).digest())
    return Letter(
        message_id=identifiers[0] if identifiers else None,
        references=tuple(dict.fromkeys(references))[-MOST_REFERENCES:],
        subject=first.get("subject", "").strip(),
        sender=first.get("from", "").strip(),
        recipients=addresses([value for name, value in headers if name.lower() in RECEIVERS]),
        sent_at=_moment(first.get("date", "")),
        headers=tuple(headers),
        fingerprint=body.hexdigest(),
        excerpt=text[:EXCERPT].strip(),
        files=files,
        findings=tuple(dict.fromkeys(findings))[:20],
    )


RECEIVERS = frozenset({"to", "cc", "delivered-to", "x-original-to", "envelope-to", "x-envelope-to"})


def addresses(values: list[str]) -> tuple[str, ...]:
    """The plain addresses in some headers, small letters, each once."""
    try:
        found = getaddresses([value[:LONGEST_HEADER] for value in values])
    except BROKEN:
        found = []
    return tuple(dict.fromkeys(address.strip().lower() for _, address in found if "@" in address))


def _headers(message: "Message[str, str]") -> list[tuple[str, str]]:
    raw = list(message.raw_items())[:MOST_HEADERS]
    return [(name.strip()[:100], header_text(str(value))) for name, value in raw]


def header_text(raw: str) -> str:
    """A header as people read it: encoded words decoded, folding undone, bytes of an unnamed code page guessed."""
    unfolded = re.sub(r"[\r\n]+[ \t]*", " ", raw)[: 4 * LONGEST_HEADER]
    try:
        pieces = [_piece(content, charset) for content, charset in decode_header(unfolded)]
    except (HeaderParseError, *BROKEN):
        pieces = [_piece(unfolded.encode("utf-8", "surrogateescape"), None)]
    clean = "".join(character if character.isprintable() else " " for character in "".join(pieces))
    return " ".join(clean.split())[:LONGEST_HEADER]


def _piece(content: bytes | str, charset: str | None) -> str:
    if isinstance(content, str):
        content = content.encode("utf-8", "surrogateescape")
    for code_page in filter(None, (charset, *_CODE_PAGES)):
        try:
            return content.decode(code_page)
        except (UnicodeDecodeError, LookupError, ValueError):
            continue
    return content.decode("latin-1")


def _files(message: "Message[str, str]", texts: list[str], findings: list[str]) -> Iterator[File]:
    count = 0
    for part in _leaves(message, findings):
        try:
            name, kind = _file_name(part), part.get_content_type()
            disposition = part.get_content_disposition()
            if name is None and disposition != ATTACHMENT and kind in {"text/plain", "text/html"}:
                texts.append(_body(part, kind, has_text=bool(texts)))
                continue
            content = _nested(part) if kind == RFC822 else _decoded(part, findings)
        except BROKEN as error:
            findings.append(f"A part could not be read and stays in the message alone ({type(error).__name__}).")
            continue
        count += 1
        if count > MOST_PARTS:
            findings.append(f"The message has more than {MOST_PARTS} files; the others stay in the message alone.")
            return
        is_inline = disposition != ATTACHMENT and kind.startswith("image/") and "content-id" in part
        yield File(name=name or _usual_name(part, count), content=content, role=INLINE if is_inline else ATTACHMENT)


def _leaves(message: "Message[str, str]", findings: list[str]) -> Iterator["Message[str, str]"]:
    """Every part that holds no others; a message inside the message is one part."""
    waiting = [message]
    while waiting:
        part = waiting.pop()
        findings.extend(f"Part of the message is malformed: {type(each).__name__}." for each in part.defects)
        inside = part.get_payload()
        if part.get_content_maintype() == "multipart" and isinstance(inside, list):
            waiting.extend(each for each in reversed(inside) if isinstance(each, Message))
        else:
            yield part


def _file_name(part: "Message[str, str]") -> str | None:
    name = part.get_filename()
    return header_text(name) or None if name else None


def _usual_name(part: "Message[str, str]", number: int) -> str:
    if part.get_content_type() == RFC822:
        inside = part.get_payload()
        nested = inside[0] if isinstance(inside, list) and inside else None
        subject = nested.get("subject") if isinstance(nested, Message) else None
        return f"{header_text(str(subject))[:100] if subject else f'message-{number}'}.eml"
    return f"attachment-{number}{guess_extension(part.get_content_type()) or ''}"


def _nested(part: "Message[str, str]") -> bytes:
    inside = part.get_payload()
    if isinstance(inside, list) and inside and isinstance(inside[0], Message):
        return inside[0].as_bytes()
    return str(inside or "").encode("utf-8", "surrogateescape")


def _decoded(part: "Message[str, str]", findings: list[str]) -> bytes:
    content = part.get_payload(decode=True)
    if isinstance(content, bytes):
        return content
    findings.append("A part has no content that could be decoded.")
    return b""


def _body(part: "Message[str, str]", kind: str, *, has_text: bool) -> str:
    content = part.get_payload(decode=True)
    text = _piece(content, part.get_content_charset()) if isinstance(content, bytes) else ""
    if kind == "text/html":
        return "" if has_text else without_markup(text)
    return text


def without_markup(html: str) -> str:
    """A rough text of HTML, to be shown as text: never as HTML."""
    import html as markup

    visible = re.sub(r"(?is)<(script|style|head)\b.*?</\1\s*>", " ", html[: 20 * EXCERPT])
    lines = re.sub(r"(?i)<(?:br|/p|/div|/tr|/li|/h\d)\b[^>]{0,200}>", "\n", visible)
    text = markup.unescape(re.sub(r"<[^>]{0,2000}>", " ", lines))
    return re.sub(r"\n\s*\n+", "\n\n", re.sub(r"[ \t\r\f\v]+", " ", text))


def _moment(text: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(text)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (*BROKEN, OverflowError):
        return None
