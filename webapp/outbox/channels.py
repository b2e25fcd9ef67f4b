"""The channels of an installation: mail by SMTP, SMS by a gateway, fax by a mail gateway, and a sink for tests."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from core.errors import DomainError, Unavailable
from core.settings import Settings
from crm.outbox import words as known
from crm.outbox.channels import Channel, Channels, Parcel, Receipt
from crm.outbox.errors import ChannelRefused
from crm.outbox.mail import Mail, MailServer, MailTooLarge, composed, recipients_of
from crm.outbox.segments import count
from webapp.checkpoints import host_of
from webapp.operations.network import Request, Web, WebClient

LINK = "{link}"
HIDDEN = "[the link for the recipient alone]"  # what the copy that is filed says instead
LARGEST_ANSWER = 64 << 10  # bytes
LONGEST_TOLD = 300  # characters


class ChannelNotSetUp(DomainError):
    """An administrator must set something first."""

    code = "channel_not_set_up"


class MailChannel:
    """Composes the mail and gives it to the SMTP server."""

    def __init__(self, server: Callable[[], MailServer]) -> None:
        self._server = server

    def send(self, parcel: Parcel) -> Receipt:
        """The copy that is filed names no link: only the recipient has it."""
        return deliver(self._server(), mail_of(parcel), parcel)


class FaxChannel:
    """A gateway takes the fax as a mail to number@domain, with the documents as files."""

    def __init__(self, server: Callable[[], MailServer], domain: str) -> None:
        self._server, self._domain = server, domain

    def send(self, parcel: Parcel) -> Receipt:
        """Raises `ChannelNotSetUp` without a gateway."""
        if not self._domain:
            raise ChannelNotSetUp("This installation sends no faxes; an administrator sets OBIEG_FAX_DOMAIN.")
        number = parcel.recipient.removeprefix("+")
        mail = Mail(key=parcel.key, to=[f"{number}@{self._domain}"], subject=parcel.subject, text=parcel.text)
        return deliver(self._server(), mail, parcel)


class SmsGateway:
    """Calls a gateway by HTTP: address, headers, names of fields and the place of the id in its answer are settings."""

    def __init__(self, settings: Settings, web: Web | None = None) -> None:
        self._settings = settings
        hosts = [host_of(settings.sms_url)] if settings.sms_url else []
        self._web = web or WebClient(hosts, largest=LARGEST_ANSWER, inside=True)

    def send(self, parcel: Parcel) -> Receipt:
        """Raises `ChannelNotSetUp`, `ChannelRefused` for 4xx, `Unavailable` for anything else that is not 2xx."""
        settings = self._settings
        if not settings.sms_url:
            raise ChannelNotSetUp("This installation sends no SMS; an administrator sets OBIEG_SMS_URL.")
        text = parcel.text.replace(LINK, parcel.secret or "")
        given = {"to": parcel.recipient, "text": text, "from": settings.sms_sender, "key": parcel.id}
        fields = {name: given.get(key, "") for key, name in settings.sms_fields if given.get(key)}
        if settings.sms_format == "json":
            kind, body = "application/json", json.dumps(fields, ensure_ascii=False).encode()
        else:
            kind, body = "application/x-www-form-urlencoded", urlencode(fields).encode()
        answer = self._web.send(
            Request(
                method="POST",
                url=settings.sms_url,
                headers={"Content-Type": kind, "Accept": "application/json", "Idempotency-Key": parcel.id},
                private=dict(settings.sms_headers),
                body=body,
            )
        )
        told = f"{answer.status} {_shown(answer.content)}".strip()
        if answer.status in {401, 403}:
            raise ChannelNotSetUp(f"The SMS gateway refuses us ({answer.status}); look at OBIEG_SMS_HEADERS.")
        if answer.status in {408, 425, 429} or answer.status >= 500 or answer.status < 200:
            raise SmsGatewayAway(f"The SMS gateway asks to come again later: {told}.")
        if answer.status >= 300:
            raise ChannelRefused(f"The SMS gateway refuses the message: {told}.", (parcel.recipient,))
        return Receipt(
            outside_id=_found(answer.content, settings.sms_answer_id),
            answer=told,
            digest=hashlib.sha256(body).hexdigest(),
            segments=count(text).segments,
        )


class SmsGatewayAway(Unavailable):
    """The SMS gateway is busy or broken."""

    code = "sms_gateway_away"


class Sink:
    """Takes everything and keeps it: for tests and trials."""

    def __init__(self) -> None:
        self.parcels: list[Parcel] = []
        self.trouble: DomainError | None = None

    def send(self, parcel: Parcel) -> Receipt:
        """Raises `trouble` while it is set."""
        if self.trouble is not None:
            raise self.trouble
        self.parcels.append(parcel)
        text = parcel.text.replace(LINK, parcel.secret or "")
        return Receipt(
            outside_id=f"sink-{parcel.id}",
            answer="taken",
            digest=hashlib.sha256(text.encode()).hexdigest(),
            segments=count(text).segments if parcel.channel == known.SMS else None,
        )


def channels(settings: Settings, server: Callable[[], MailServer]) -> Channels:
    """The channels that the settings name."""
    by_name: Mapping[str, Channel] = {
        known.EMAIL: MailChannel(server),
        known.SMS: SmsGateway(settings),
        known.FAX: FaxChannel(server, settings.fax_domain),
    }
    return Channels(by_name)


def mail_of(parcel: Parcel) -> Mail:
    """What the outbox keeps of a mail, as a mail."""
    envelope = parcel.envelope
    to = f"{_quoted(parcel.recipient_name)} <{parcel.recipient}>" if parcel.recipient_name else parcel.recipient
    return Mail(
        key=parcel.key,
        to=[to, *envelope.get("to", ())],
        cc=envelope.get("cc", ()),
        bcc=envelope.get("bcc", ()),
        reply_to=envelope.get("reply_to", ""),
        sender_name=envelope.get("sender_name", ""),
        subject=parcel.subject,
        text=parcel.text,
        is_automatic=bool(envelope.get("is_automatic")),
    )


def deliver(server: MailServer, mail: Mail, parcel: Parcel) -> Receipt:
    """Compose, look at the size, send. Raises `MailTooLarge`, `MailRefused`, `Unavailable`."""
    sender = server.sender
    message = composed(_with_link(mail, parcel.secret or ""), parcel.files, sender=sender, at=parcel.at)
    content = bytes(message)
    if len(content) > server.largest:
        raise MailTooLarge(f"The message is larger than {server.largest} bytes; send fewer documents.")
    refused = tuple(server.deliver(message, recipients_of(mail)))
    copy = content
    if LINK in mail.text:
        copy = bytes(composed(_with_link(mail, HIDDEN), parcel.files, sender=sender, at=parcel.at))
    return Receipt(
        outside_id=str(message["Message-ID"]).strip("<>"),
        answer="250 taken" if not refused else f"250 taken, but not for {', '.join(refused)}",
        digest=hashlib.sha256(content).hexdigest(),
        refused=refused,
        copy=copy,
    )


def _with_link(mail: Mail, link: str) -> Mail:
    return replace(mail, text=mail.text.replace(LINK, link))


def _quoted(name: str) -> str:
    clean = "".join(each for each in name if each.isprintable() and each not in '"\\<>')
    return f'"{clean}"'


def _shown(content: bytes) -> str:
    return " ".join(content.decode(errors="replace").split())[:LONGEST_TOLD]


def _found(content: bytes, path: str) -> str | None:
    """The id in a JSON answer, such as `list.0.id`."""
    try:
        value: Any = json.loads(content)
        for step in path.split("."):
            value = value[int(step)] if isinstance(value, list) else value[step]
    except (ValueError, LookupError, TypeError):
        return None
    return str(value)[:250] if isinstance(value, str | int) else None
