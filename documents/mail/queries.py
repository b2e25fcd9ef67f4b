"""What is known of filed messages; nothing of messages and attachments that the actor may not see."""

from collections.abc import Collection
from datetime import UTC, datetime

from sqlalchemy import select

from core.records import dataclass
from documents.access import DOCUMENT, visible_documents
from documents.mail.models import MailRow
from documents.models import DocumentLinkRow, DocumentRow
from documents.queries import DocumentVersion, linked_documents
from storage.unit_of_work import Reading

NEVER = datetime.max.replace(tzinfo=UTC)
MOST = 200  # messages of a conversation


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadMessage:
    """A message of a conversation, in short."""

    document_id: str
    subject: str
    sender: str
    sent_at: datetime | None
    is_this: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """What a message says of itself, its conversation oldest first, and the documents that hang on it."""

    document_id: str
    message_id: str | None
    subject: str
    sender: str
    recipients: tuple[str, ...]
    sent_at: datetime | None
    headers: tuple[tuple[str, str], ...]
    excerpt: str
    findings: tuple[str, ...]
    thread: tuple[ThreadMessage, ...]
    attachments: tuple[DocumentVersion, ...]


def mail_of(view: Reading, document_id: str) -> Mail | None:
    """What the message says that a document is; None when it is none. The caller has checked the document."""
    row = view.session.get(MailRow, document_id)
    if row is None:
        return None
    return Mail(
        document_id=row.document_id,
        message_id=row.message_id,
        subject=row.subject,
        sender=row.sender,
        recipients=tuple(row.recipients),
        sent_at=row.sent_at,
        headers=tuple((name, value) for name, value in row.headers),
        excerpt=row.excerpt,
        findings=tuple(row.findings),
        thread=_thread(view, row),
        attachments=tuple(linked_documents(view, DOCUMENT, document_id)),
    )


def _thread(view: Reading, of: MailRow) -> tuple[ThreadMessage, ...]:
    rows = view.session.scalars(
        select(MailRow).where(MailRow.thread == of.thread).order_by(MailRow.document_id.desc()).limit(MOST)
    ).all()
    documents = view.session.scalars(select(DocumentRow).where(DocumentRow.id.in_([row.document_id for row in rows])))
    seen = {each.id for each in visible_documents(view, documents.all())}
    shown = [row for row in rows if row.document_id in seen]
    shown.sort(key=lambda row: (row.sent_at is None, row.sent_at or NEVER, row.document_id))
    return tuple(
        ThreadMessage(
            document_id=row.document_id,
            subject=row.subject,
            sender=row.sender,
            sent_at=row.sent_at,
            is_this=row.document_id == of.document_id,
        )
        for row in shown
    )


def message_of(view: Reading, document_id: str) -> str | None:
    """The message that a document hangs on, if any and if the actor may see it."""
    above = select(DocumentLinkRow.target).where(
        DocumentLinkRow.document_id == document_id, DocumentLinkRow.kind == DOCUMENT
    )
    rows = view.session.scalars(select(DocumentRow).where(DocumentRow.id.in_(above))).all()
    return next((row.id for row in visible_documents(view, rows)), None)


def filed_messages(view: Reading, message_ids: Collection[str]) -> dict[str, str]:
    """The documents of messages with these identifiers, without asking for rights: for those who correlate."""
    query = select(MailRow.message_id, MailRow.document_id).where(MailRow.message_id.in_(message_ids))
    return {message_id: document_id for message_id, document_id in view.session.execute(query) if message_id}
