"""What a report about mail that could not be delivered says (RFC 3464), however broken it is."""

import re
from collections.abc import Iterator
from email.message import Message

from core.records import dataclass

MOST_BLOCKS = 100  # recipients that one report tells of
LONGEST = 400  # characters of a reason
_IDENTIFIER = re.compile(r"<([^<>\s]{1,250})>")
_STATUS = re.compile(r"[245]\.\d{1,3}\.\d{1,3}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounce:
    """A report: which of our messages, for whom, and why; `status` is that of RFC 3463."""

    message_ids: tuple[str, ...]
    recipient: str | None
    action: str
    status: str | None
    reason: str


def bounce_of(message: "Message[str, str]") -> Bounce | None:
    """The report that a message is; None when it is none, or tells of nothing that failed or is late."""
    if message.get_content_type() != "multipart/report" or not message.is_multipart():
        return None
    blocks = [block for part in _parts(message) for block in _blocks(part)]
    told = [block for block in blocks if _text(block, "action").lower() in {"failed", "delayed"}]
    if not told:
        return None
    first = next((block for block in told if _text(block, "action").lower() == "failed"), told[0])
    status = _STATUS.search(_text(first, "status"))
    reason = _text(first, "diagnostic-code") or _text(first, "status") or "it could not be delivered"
    return Bounce(
        message_ids=tuple(dict.fromkeys(_identifiers(message)))[:20],
        recipient=_address(first),
        action=_text(first, "action").lower(),
        status=status[0] if status else None,
        reason=reason.partition(";")[2].strip()[:LONGEST] or reason[:LONGEST],
    )


def _parts(message: "Message[str, str]") -> list["Message[str, str]"]:
    inside = message.get_payload()
    return [each for each in inside if isinstance(each, Message)] if isinstance(inside, list) else []


def _blocks(part: "Message[str, str]") -> list["Message[str, str]"]:
    """The groups of fields of a delivery status; the first tells of the message, each further one of a recipient."""
    if part.get_content_type() != "message/delivery-status":
        return []
    return _parts(part)[:MOST_BLOCKS]


def _identifiers(message: "Message[str, str]") -> Iterator[str]:
    """The ids of the message that is returned, whole or by its headers."""
    for part in _parts(message):
        kind = part.get_content_type()
        if kind == "message/rfc822":
            for inside in _parts(part):
                yield from _IDENTIFIER.findall(_text(inside, "message-id"))
        elif kind == "text/rfc822-headers":
            content = part.get_payload(decode=True)
            text = content.decode("latin-1") if isinstance(content, bytes) else ""
            for line in re.findall(r"(?im)^message-id:((?:[^\n]|\n[ \t])*)", text[:100_000]):
                yield from _IDENTIFIER.findall(line)
    yield from _IDENTIFIER.findall(_text(message, "in-reply-to"))
    yield from _IDENTIFIER.findall(_text(message, "references"))


def _address(block: "Message[str, str]") -> str | None:
    for name in ("original-recipient", "final-recipient"):
        found = _text(block, name).rpartition(";")[2].strip().strip("<>").lower()
        if "@" in found:
            return found[:320]
    return None


def _text(block: "Message[str, str]", name: str) -> str:
    value = str(block.get(name, ""))[:2000]
    return " ".join("".join(each if each.isprintable() else " " for each in value).split())
