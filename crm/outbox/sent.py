"""What a customer was really sent: each document that left, by which channel, when, to whom, in which version."""

from datetime import datetime

from sqlalchemy import select

from core.records import dataclass
from crm.access import require_read
from crm.merging import family
from crm.outbox.models import MessageRow, PaperRow
from crm.paging import Part, keyset
from storage.unit_of_work import Reading


@dataclass(frozen=True, slots=True, kw_only=True)
class SentDocument:
    """A document that left; `digest` is the SHA-256 of the content that went out, whatever the document is now."""

    message_id: str
    subject: str
    channel: str
    state: str  # sent, or returned where it came back
    sent_at: datetime
    recipient: str
    recipient_name: str
    document_id: str
    version: int
    digest: str
    file_name: str


def documents_sent(view: Reading, customer_id: str, *, after: str | None = None, limit: int = 50) -> Part[SentDocument]:
    """Newest first, in pages of messages; what still waits, failed or was cancelled is not among them."""
    require_read(view)
    has_papers = select(PaperRow.message_id).where(PaperRow.message_id == MessageRow.id).exists()
    wanted = select(MessageRow).where(
        MessageRow.customer_id.in_(family(view, customer_id)), MessageRow.sent_at.is_not(None), has_papers
    )
    place = (MessageRow.created_at, MessageRow.id)
    rows, following, total = keyset(view, wanted, place, after=after, limit=limit)
    items = [
        SentDocument(
            message_id=row.id,
            subject=row.subject,
            channel=row.channel,
            state=row.state,
            sent_at=row.sent_at,
            recipient=row.recipient,
            recipient_name=row.recipient_name,
            document_id=paper.document_id,
            version=paper.version,
            digest=paper.digest,
            file_name=paper.file_name,
        )
        for row in rows
        for paper in row.papers
    ]
    return Part(items=items, next=following, total=total)
