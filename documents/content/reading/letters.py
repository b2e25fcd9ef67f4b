"""E-mail: .eml as it travels, .msg as Outlook keeps it."""

import email
import email.policy
import io
from email.message import EmailMessage, Message
from importlib.metadata import version
from typing import Any

from documents.content.reading.found import File, Found, Unreadable, one_line, tidy
from documents.content.reading.markup import lines
from documents.content.reading.plain import decoded

MOST = 64 << 20  # bytes
SHOWN = ("From", "To", "Cc", "Date", "Subject")
ADDRESS = 1000  # characters of one header
PARTS, DEPTH = 500, 10
BODY = 200_000  # characters that are shown


def read(file: File) -> Found:
    """Headers and body; attachments by name, for they are documents of their own."""
    try:
        message = email.message_from_bytes(file.bytes(MOST), policy=email.policy.default)
        headers = {name: value for name in SHOWN if (value := header(message, name))}
        body, attachments = _body(message)
    except (ValueError, LookupError, AttributeError, TypeError, IndexError, RecursionError) as error:
        # the standard library raises all of these for real messages that are broken
        raise Unreadable("the message is damaged") from error
    return _letter(file, headers, body, attachments, "email")


def read_outlook(file: File) -> Found:
    """The same of a message that Outlook saved."""
    from oxmsg import Message as OutlookMessage

    try:
        message = OutlookMessage.load(io.BytesIO(file.bytes(MOST)))
        sent = message.sent_date
        headers = {
            "From": one_line(message.sender or ""),
            "To": one_line(", ".join(f"{each.name} <{each.email_address}>" for each in message.recipients)),
            "Date": sent.isoformat(" ", "minutes") if sent else "",
            "Subject": one_line(message.subject or ""),
        }
        body = message.body or "\n".join(lines(message.html_body or ""))
        attachments = [{"name": one_line(each.file_name or "attachment")} for each in message.attachments]
    except (ValueError, LookupError, AttributeError, TypeError, OSError, AssertionError) as error:
        raise Unreadable("it is not a whole Outlook message") from error
    headers = {name: value for name, value in headers.items() if value}
    return _letter(file, headers, body, attachments, f"python-oxmsg {version('python-oxmsg')}")


def header(message: Message, name: str) -> str:
    """A header as text; as it stands in the message where the library cannot take it apart."""
    try:
        value = message.get(name)
    except (ValueError, LookupError, AttributeError, TypeError, IndexError):
        value = next((raw for key, raw in message.raw_items() if key.lower() == name.lower()), None)
    return one_line(str(value))[:ADDRESS] if value else ""


def _letter(file: File, headers: dict[str, str], body: str, attachments: list[dict[str, Any]], library: str) -> Found:
    body = tidy(body)
    told = [*(f"{name}: {value}" for name, value in headers.items()), "", body]
    told += ["", *(each["name"] for each in attachments)]
    text = tidy("\n".join(told))
    most = file.limits.characters
    layout = {
        "kind": "mail",
        "headers": list(headers.items()),
        "body": body[:BODY],
        "is_partial": len(body) > BODY,
        "attachments": attachments,
    }
    return Found(text=text[:most], layout=layout, is_partial=len(text) > most or file.size > MOST, library=library)


def _body(message: EmailMessage | Message) -> tuple[str, list[dict[str, Any]]]:
    plain: list[str] = []
    marked_up: list[str] = []
    attachments: list[dict[str, Any]] = []
    for part in _parts(message, DEPTH):
        kind = part.get_content_type()
        name = part.get_filename()
        if name or part.get_content_disposition() == "attachment" or kind not in {"text/plain", "text/html"}:
            attachments.append({"name": one_line(name or kind)[:200], "type": kind})
            continue
        text = _decoded(part)
        if kind == "text/plain":
            plain.append(text)
        else:
            marked_up.append(text)
    if any(text.strip() for text in plain):
        return "\n\n".join(plain), attachments
    return "\n".join(line for text in marked_up for line in lines(text)), attachments


def _parts(message: Any, depth: int) -> list[Any]:
    if not message.is_multipart():
        return [message]
    if depth == 0:
        return []
    if message.get_content_type() == "message/rfc822" and depth < DEPTH:
        return [message] if message.get_filename() else [_named(message)]
    found: list[Any] = []
    for each in message.iter_parts() if hasattr(message, "iter_parts") else message.get_payload():
        found += _parts(each, depth - 1)
        if len(found) > PARTS:
            return found[:PARTS]
    return found


def _named(message: Any) -> Any:
    inner = message.get_payload(0)
    outer = EmailMessage()
    outer.add_header("Content-Disposition", "attachment", filename=(header(inner, "Subject") or "message") + ".eml")
    return outer


def _decoded(part: Any) -> str:
    content = part.get_payload(decode=True) or b""
    charset = part.get_content_charset()
    if charset:
        try:
            return str(content.decode(charset, "replace"))
        except (LookupError, UnicodeError):
            pass  # a charset that nobody knows
    return decoded(content)
