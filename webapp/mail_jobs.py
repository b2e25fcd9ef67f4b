"""The job that takes filed messages apart, and who asks for it: whatever way a message came."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from core.errors import NotFound
from core.identity import SYSTEM, Actor
from core.messages import Event
from documents import queries
from documents.access import links_of
from documents.events import DocumentFiled
from documents.intake import Received, receive
from documents.mail.correlation import SENT
from documents.mail.letters import Unreadable
from documents.mail.reading import KINDS, LARGEST, Opened, opened
from documents.mail.recording import DEEPEST, TOO_DEEP, RecordMail, StoredFile, depth_of
from documents.queries import DocumentVersion
from storage.jobs.queue import JobRequest
from storage.jobs.registry import job
from storage.unit_of_work import UnitOfWork
from webapp.bootstrap import Application

OPEN = "documents.open_mail"
UNREADABLE = "This message cannot be taken apart: {reason}. It is kept as it came; download it to open it."


def open_mails(unit: UnitOfWork, events: Sequence[Event]) -> None:
    """Recorder: a filed document that is a message has a job take it apart after the commit."""
    filed = {event.document_id for event in events if isinstance(event, DocumentFiled) and event.media_type in KINDS}
    for document_id in sorted(filed):
        unit.enqueue(JobRequest(name=OPEN, arguments={"document_id": document_id}))


@job(OPEN)
def open_mail(application: Application, arguments: dict[str, Any]) -> None:
    """Take one message apart; again is harmless."""
    document_id = str(arguments["document_id"])
    with application.units.reading(SYSTEM) as reading:
        try:
            version = queries.version(reading, document_id, 1)
        except NotFound:  # destroyed meanwhile
            return
        is_copy = any(link.role == SENT for link in links_of(reading, [document_id])[document_id])
        is_too_deep = depth_of(reading, document_id) > DEEPEST
    on_behalf = Actor(id=version.created_by, name=version.created_by, permissions=frozenset({"document.file"}))
    if is_too_deep:
        application.executor.execute(_unopened(version, TOO_DEEP), actor=on_behalf)
        return
    try:
        with (
            application.blobs.open(version.digest) as content,
            opened(content, version.media_type, size=version.size) as letter,
        ):
            command = _opened(application, version, letter, is_copy=is_copy)
    except Unreadable as reason:
        command = _unopened(version, UNREADABLE.format(reason=reason))
    application.executor.execute(command, actor=on_behalf)


def _opened(application: Application, version: DocumentVersion, letter: Opened, *, is_copy: bool) -> RecordMail:
    """What goes with a message of ours are documents already: they are not filed once more."""
    files = []
    for name, role, path in letter.files if not is_copy else ():
        with path.open("rb") as content:
            files.append(StoredFile(name=name, role=role, blob=_stored(application, content)))
    return RecordMail(
        document_id=version.document_id,
        message_id=letter.message_id,
        references=letter.references,
        subject=letter.subject,
        sender=letter.sender,
        recipients=letter.recipients,
        sent_at=letter.sent_at,
        headers=letter.headers,
        fingerprint=letter.fingerprint,
        excerpt=letter.excerpt,
        findings=letter.findings,
        files=tuple(files),
    )


def _stored(application: Application, content: Any) -> Received:
    announce = application.staging.announce
    return receive(content, announced=None, limit=LARGEST, store=application.blobs, announce=announce)


def _unopened(version: DocumentVersion, finding: str) -> RecordMail:
    return RecordMail(
        document_id=version.document_id,
        message_id=None,
        references=(),
        subject=version.title,
        sender="",
        recipients=(),
        sent_at=None,
        headers=(),
        fingerprint=version.digest,
        excerpt="",
        findings=(finding,),
        files=(),
    )
