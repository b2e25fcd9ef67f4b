"""Days of which somebody is reminded."""

from datetime import date, datetime

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from documents.models import NAME
from storage.orm import ID, Base


class DocumentReminderRow(Base):
    """One field of one document; another day makes it due again."""

    __tablename__ = "document_reminder"
    __table_args__ = (
        Index("ix_document_reminder_due", "remind_on", "document_id", postgresql_where=text("delivered_at IS NULL")),
    )

    document_id: Mapped[str] = mapped_column(ID, ForeignKey("document.id"), primary_key=True)
    field: Mapped[str] = mapped_column(NAME, primary_key=True)
    day: Mapped[date]
    remind_on: Mapped[date]
    delivered_at: Mapped[datetime | None]
