"""What a filed message says becomes searchable, its files become documents, and it joins its conversation."""

from datetime import datetime

from sqlalchemy import func, select, update

from core.executor import handles
from core.messages import Command
from core.records import dataclass
from documents.access import DOCUMENT, Target, links_of
from documents.filing import FileDocument, file
from documents.intake_arrivals import INBOX
from documents.links import DocumentLink
from documents.mail.events import MailOpened
from documents.mail.letters import ATTACHMENT, INLINE
from documents.mail.models import MailReferenceRow, MailRow
from documents.models import DocumentRow
from documents.names import safe_file_name
from documents.words import printable
from storage.blobs.store import BlobRef
from storage.unit_of_work import Reading, UnitOfWork

LOCK = 7_203_110_014  # advisory lock of a transaction: messages join their conversations one after the other
DEEPEST = 5  # messages inside messages that are taken apart
REASON = "attached to a message"
TOO_DEEP = "Messages inside messages are taken apart to a depth of five; this one is kept as it came."


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFile:
    """A file of a message that is in the blob store."""

    name: str
    role: str
    blob: BlobRef


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordMail(Command):
    """What a filed message says, and its files; a second time changes nothing."""

    document_id: str
    message_id: str | None
    references: tuple[str, ...]
    subject: str
    sender: str
    recipients: tuple[str, ...]
    sent_at: datetime | None
    headers: tuple[tuple[str, str], ...]
    fingerprint: str
    excerpt: str
    findings: tuple[str, ...]
    files: tuple[StoredFile, ...]


@handles(RecordMail, needs="document.file")
def record_mail(command: RecordMail, unit: UnitOfWork) -> bool:
    """Whether it was recorded now."""
    document = unit.session.get_one(DocumentRow, command.document_id, with_for_update=True, populate_existing=True)
    if unit.session.get(MailRow, document.id) is not None:
        return False
    attached = _attach(command, document, unit)
    thread = _thread_of(command, unit)
    unit.session.add(_row(command, thread))
    unit.session.flush()  # what refers to the message comes after it
    unit.session.add_all(MailReferenceRow(message_id=each, document_id=document.id) for each in command.references)
    unit.emit(
        MailOpened(
            document_id=document.id,
            message_id=command.message_id,
            thread=thread,
            sender=command.sender,
            subject=command.subject,
            attachments=attached,
            findings=list(command.findings),
        )
    )
    return True


def depth_of(reading: Reading, document_id: str) -> int:
    """How many messages a document is inside of."""
    depth, at = 0, document_id
    while depth <= DEEPEST:
        above = next((each.target for each in links_of(reading, [at])[at] if each.kind == DOCUMENT), None)
        if above is None:
            return depth
        depth, at = depth + 1, above
    return depth


def _attach(command: RecordMail, document: DocumentRow, unit: UnitOfWork) -> list[str]:
    """File every file with the message and, unless it is a picture in its text, with what the message belongs to."""
    known = links_of(unit, [document.id])[document.id]
    shared = [Target(each.kind, each.target) for each in known if each.kind not in {DOCUMENT, INBOX}]
    filed = []
    for each in command.files:
        links = [DocumentLink(kind=DOCUMENT, id=document.id, role=each.role)]
        if each.role != INLINE:
            links += [DocumentLink(kind=target.kind, id=target.id, role=ATTACHMENT) for target in shared]
        name = safe_file_name(each.name)
        filing = FileDocument(title="", blob=each.blob, file_name=name, links=tuple(links), reason=REASON)
        filed.append(file(unit, filing).id)
    return filed


def _thread_of(command: RecordMail, unit: UnitOfWork) -> str:
    """The conversation that the message belongs to; messages that it brings together become one conversation."""
    unit.session.execute(select(func.pg_advisory_xact_lock(LOCK)))  # two at once would not see each other
    named = select(MailRow.thread).where(MailRow.message_id.in_(command.references))
    answering = (
        select(MailRow.thread)
        .join(MailReferenceRow, MailReferenceRow.document_id == MailRow.document_id)
        .where(MailReferenceRow.message_id == command.message_id)
    )
    same = select(MailRow.thread).where(MailRow.message_id == command.message_id)
    found = sorted(set(unit.session.scalars(named.union(answering, same))))
    if not found:
        return command.document_id
    if len(found) > 1:
        unit.session.execute(update(MailRow).where(MailRow.thread.in_(found[1:])).values(thread=found[0]))
    return found[0]


def _row(command: RecordMail, thread: str) -> MailRow:
    return MailRow(
        document_id=command.document_id,
        message_id=command.message_id,
        fingerprint=command.fingerprint,
        thread=thread,
        subject=printable(command.subject),
        sender=printable(command.sender),
        recipients=list(command.recipients),
        sent_at=command.sent_at,
        headers=[[printable(name), printable(value)] for name, value in command.headers],
        excerpt=printable(command.excerpt),
        findings=list(command.findings),
    )
