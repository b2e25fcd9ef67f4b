"""Where the log's checkpoints go, as the settings say: a folder; a bucket, mail and a time-stamping authority."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from email.message import EmailMessage
from email.utils import format_datetime
from hashlib import sha256
from urllib.parse import urlsplit

from audit.places import CheckpointBucket, CheckpointFolder, Publisher, Publishers, Receipt, Signed, file_name
from audit.timestamps import Roots, accept, ask
from core.clock import Clock, SystemClock
from core.errors import Unavailable
from core.settings import Settings
from crm.outbox.mail import MailServer
from webapp.operations.network import Request, WebClient
from webapp.operations.smtp import SmtpServer

ASKED, ANSWERED = "application/timestamp-query", "application/timestamp-reply"  # RFC 3161, section 3.4
LARGEST = 64 << 10  # bytes of a time-stamp response
SECONDS = 20  # for a time-stamp, all of it


def publishers(settings: Settings, *, clock: Clock | None = None) -> Publishers:
    """The places that the settings name."""
    every, far = settings.checkpoint_every, list[Publisher]()
    if settings.checkpoint_s3_bucket:
        far.append(_bucket(settings, clock or SystemClock(), every))
    if settings.checkpoint_mail:
        far.append(CheckpointMail(SmtpServer(settings), settings.checkpoint_mail, every=settings.checkpoint_mail_every))
    if settings.tsa_url and settings.tsa_roots is not None:
        web = WebClient([host_of(settings.tsa_url)], largest=LARGEST, inside=True)
        far.append(TimestampAuthority(web, settings.tsa_url, Roots(settings.tsa_roots), every=settings.tsa_every))
    folder = settings.checkpoints or settings.data / "checkpoints"
    return Publishers(near=[CheckpointFolder(folder)], far=far)


def _bucket(settings: Settings, clock: Clock, every: int) -> CheckpointBucket:
    from storage.blobs.files import BucketFiles  # late: S3's library is loaded for S3 alone
    from storage.blobs.s3 import Bucket

    bucket = Bucket(
        endpoint=settings.checkpoint_s3_endpoint,
        name=settings.checkpoint_s3_bucket,
        access_key=settings.checkpoint_s3_access_key,
        secret_key=settings.checkpoint_s3_secret_key,
        region=settings.checkpoint_s3_region,
        secure=settings.checkpoint_s3_secure,
        setting="OBIEG_CHECKPOINT_S3_",
    )
    return CheckpointBucket(BucketFiles(bucket, clock, lock_days=settings.checkpoint_lock_days), every=every)


def host_of(url: str) -> str:
    """An address's scheme, host and port, as lists of allowed hosts write them."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.lower()}"


class _Unread:
    """A place that tells nothing back."""

    complete = False

    def latest(self) -> str | None:
        """What went out cannot be read again."""
        return None

    def all(self) -> Iterator[str]:
        """The same."""
        return iter(())


class CheckpointMail(_Unread):
    """Sends the newest checkpoint to people, as a mail with the note in its text and as a file."""

    name = "mail"

    def __init__(self, server: MailServer, recipients: Sequence[str], *, every: int) -> None:
        self._server, self._recipients = server, recipients
        self.every = every

    @property
    def place(self) -> str:
        """Whom it goes to."""
        return f"mail to {', '.join(self._recipients)}"

    def publish(self, signed: Signed, keys: str) -> None:
        """Raises `MailServerAway`, `MailNotSetUp`, `MailRefused`, and `Unavailable` when somebody does not get it."""
        sender = self._server.sender
        message = EmailMessage()
        message["From"], message["To"] = sender, ", ".join(self._recipients)
        message["Subject"] = f"Checkpoint of the log: {signed.size} entries"
        message["Date"] = format_datetime(signed.at)
        message["Message-ID"] = f"<{sha256(signed.note.encode()).hexdigest()[:40]}@{sender.rpartition('@')[2]}>"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(
            "Keep this mail. It proves later that the first entries of the log are still those of today:\n"
            f"give the attached files to an auditor.\n\n{signed.note}\nPublic keys:\n{keys}"
        )
        for name, text in ((file_name(signed), signed.note), ("keys.txt", keys)):
            message.add_attachment(text.encode(), maintype="application", subtype="octet-stream", filename=name)
        refused = self._server.deliver(message, self._recipients)
        if refused:
            raise Unavailable(f"The mail server refused the checkpoint for {', '.join(refused)}.")


class TimestampAuthority(_Unread):
    """Has the newest checkpoint time-stamped by an authority over HTTP (RFC 3161)."""

    name = "timestamp"

    def __init__(self, web: WebClient, url: str, roots: Roots, *, every: int) -> None:
        self._web, self._url, self._roots = web, url, roots
        self.every = every

    @property
    def place(self) -> str:
        """The authority's address, without what follows a question mark."""
        return f"the time-stamping authority {self._url.partition('?')[0]}"

    def publish(self, signed: Signed, keys: str) -> Receipt:
        """Raises `ServerAway`, `AnswerRefused`, `AddressRefused`, `TimestampRefused`."""
        del keys
        asked = ask(signed.note)
        headers = {"Content-Type": ASKED, "Accept": ANSWERED}
        answer = self._web.send(
            Request(method="POST", url=self._url, headers=headers, body=asked.content, seconds=SECONDS)
        )
        if answer.status != 200:
            raise Unavailable(f"{self.place} answered {answer.status}.")
        at = accept(asked, answer.content, signed.note, self._roots)
        return Receipt(at=at, authority=self._url.partition("?")[0], response=answer.content)
