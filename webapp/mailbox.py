"""The mailbox that mail is fetched from (IMAP): each message is filed once, then moved away or marked."""

from __future__ import annotations

import imaplib
import io
import logging
import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from imap_tools import BaseMailBox, MailBox, MailBoxStartTls, MailBoxUnencrypted
from imap_tools.errors import ImapToolsError
from sqlalchemy import select

from core.errors import DomainError, Unavailable
from core.identity import SYSTEM
from core.settings import Settings
from documents.intake import Received, receive
from documents.intake_arrivals import FAILED, Fetched, NoteUnread, TakeIn
from documents.mail.correlation import correlate
from documents.mail.letters import Unreadable
from documents.mail.models import MailFetchRow
from documents.mail.reading import LARGEST, Opened, opened
from webapp.bootstrap import Application
from webapp.outbox.incoming import note_arrival

logger = logging.getLogger(__name__)

KEYWORD = "ObiegFiled"  # the flag of what is filed, where messages are not moved
RFC822 = "message/rfc822"
MOST = 200  # messages of one look
_SIZE = re.compile(rb"RFC822\.SIZE (\d+)")
TROUBLE = (ImapToolsError, imaplib.IMAP4.error, OSError)


class MailboxAway(Unavailable):
    """The mailbox cannot be reached, or refuses."""

    code = "mailbox_away"


def fetch_mail(application: Application, *, context: ssl.SSLContext | None = None) -> int:
    """File what is new in the mailbox; returns how many messages were settled. Raises `MailboxAway`.

    A message is moved or marked after the commit that filed it; one that was filed when we died in between is known
    by its number and only moved.
    """
    settings = application.settings
    with _connected(settings, context) as box:
        validity = int(box.folder.status(settings.imap_folder, ["UIDVALIDITY"])["UIDVALIDITY"])
        mailbox = f"{settings.imap_user}@{settings.imap_host}/{settings.imap_folder}"
        wanted = "ALL" if settings.imap_done else f"UNKEYWORD {KEYWORD}"
        numbers = [int(each) for each in box.uids(wanted)]
        left = _left_there(application, mailbox, validity, numbers)
        chosen = [each for each in numbers if each not in left][:MOST]
        settled = 0
        for uid in chosen:
            if _take(application, box, Fetched(mailbox=mailbox, validity=validity, uid=uid)):
                _put_away(box, settings, uid)
                settled += 1
        return settled


@contextmanager
def _connected(settings: Settings, context: ssl.SSLContext | None) -> Iterator[BaseMailBox]:
    try:
        with _box(settings, context) as box:
            box.login(settings.imap_user, settings.imap_password, initial_folder=None)
            if settings.imap_done and not box.folder.exists(settings.imap_done):
                box.folder.create(settings.imap_done)
            box.folder.set(settings.imap_folder)
            yield box
    except ssl.SSLCertVerificationError as error:
        raise MailboxAway(
            f"The mailbox at {settings.imap_host} shows a certificate that is not believed: {error.verify_message}. "
            "No password was sent. Correct the server's certificate, or name a file with the root certificate that "
            "issued it in OBIEG_IMAP_ROOTS."
        ) from error
    except TROUBLE as error:
        told = " ".join(str(error).split())[:200]
        raise MailboxAway(f"The mailbox at {settings.imap_host} cannot be used: {told}. See OBIEG_IMAP_*.") from error


def _box(settings: Settings, context: ssl.SSLContext | None) -> BaseMailBox:
    host, port, timeout = settings.imap_host, settings.imap_port, settings.imap_timeout
    if settings.imap_security == "none":  # to this very machine only, see Settings
        return MailBoxUnencrypted(host, port, timeout=timeout)
    kind = MailBox if settings.imap_security == "tls" else MailBoxStartTls
    roots = None if settings.imap_roots is None else str(settings.imap_roots)
    try:
        believed = context or ssl.create_default_context(cafile=roots)
    except (OSError, ssl.SSLError) as error:
        raise MailboxAway(f"OBIEG_IMAP_ROOTS names {roots}, which holds no certificates (PEM).") from error
    return kind(host, port, timeout=timeout, ssl_context=believed)


def _left_there(application: Application, mailbox: str, validity: int, numbers: list[int]) -> set[int]:
    """Those that could not be read before and wait for a person."""
    query = select(MailFetchRow.uid).where(
        MailFetchRow.mailbox == mailbox,
        MailFetchRow.validity == validity,
        MailFetchRow.uid.in_(numbers),
        MailFetchRow.state == FAILED,
    )
    with application.units.reading(SYSTEM) as reading:
        return set(reading.session.scalars(query))


def _take(application: Application, box: BaseMailBox, at: Fetched) -> bool:
    """Whether the message is filed (now or before); one that cannot be read stays, with a finding."""
    try:
        content = _content(box, at.uid)
        if content is None:  # somebody took it meanwhile
            return False
        with opened(io.BytesIO(content), RFC822, size=len(content)) as letter:
            command = _order(application, letter, at, content)
    except Unreadable as reason:
        finding = f"A message stays in the mailbox because it cannot be read: {reason}."
        application.executor.execute(NoteUnread(fetched=at, finding=finding), actor=SYSTEM)
        return False
    try:
        filed = application.executor.execute(command, actor=SYSTEM)
        note_arrival(application, letter, None if filed is None else filed.id, command.links)
    except Unavailable:
        raise
    except DomainError as error:  # one message must not keep the others from being filed
        logger.warning("a message was refused", extra={"action": "fetch_mail", "code": error.code, "uid": at.uid})
        application.executor.execute(NoteUnread(fetched=at, finding=error.sentence), actor=SYSTEM)
        return False
    return True


def _content(box: BaseMailBox, uid: int) -> bytes | None:
    """The message as it is, without marking it as seen. Raises `Unreadable` for one that is too large."""
    told = box.client.uid("FETCH", str(uid), "(RFC822.SIZE)")[1]
    found = _SIZE.search(b" ".join(each for each in told if isinstance(each, bytes)))
    if found and int(found[1]) > LARGEST:
        raise Unreadable(f"it is larger than {LARGEST >> 20} MiB")
    parts = box.client.uid("FETCH", str(uid), "(BODY.PEEK[])")[1]
    return next((bytes(each[1]) for each in parts if isinstance(each, tuple)), None)


def _order(application: Application, letter: Opened, at: Fetched, content: bytes) -> TakeIn:
    with application.units.reading(SYSTEM) as reading:
        found = correlate(reading, letter)
    blob: Received = receive(
        io.BytesIO(content),
        announced=None,
        limit=LARGEST,
        store=application.blobs,
        announce=application.staging.announce,
    )
    subject = letter.subject[:150] or "Message without a subject"
    return TakeIn(
        blob=blob,
        file_name=f"{subject[:80]}.eml",
        title=subject,
        source="mail",
        origin=letter.sender or "an unknown sender",
        links=found.links,
        suggested=found.suggested,
        finding=None if found.is_known else "The sender is not known: neither a customer's nor a colleague's address.",
        fetched=Fetched(mailbox=at.mailbox, validity=at.validity, uid=at.uid, fingerprint=letter.fingerprint),
    )


def _put_away(box: BaseMailBox, settings: Settings, uid: int) -> None:
    if settings.imap_done:
        box.move(str(uid), settings.imap_done)
        return
    with suppress(ImapToolsError):  # a server that keeps no keywords: the number is known, so nothing is filed twice
        box.flag(str(uid), KEYWORD, value=True)
