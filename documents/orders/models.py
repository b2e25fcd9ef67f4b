"""What was ordered and what came of it."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from documents.models import NAME
from storage.orm import ID, Base, IdKey, Json


class DocumentOrderRow(Base):
    """A package, a page of approvals, a letter or a seal that a worker makes; forgotten some days after its end."""

    __tablename__ = "document_order"
    __table_args__ = (
        CheckConstraint("state IN ('waiting', 'done', 'refused')", name="state"),
        Index("ix_document_order_ended_at", "ended_at"),
    )

    id: Mapped[IdKey]
    kind: Mapped[str] = mapped_column(NAME)
    title: Mapped[str]  # of what is made, as people read it
    wish: Mapped[Json]
    state: Mapped[str] = mapped_column(NAME)
    document_id: Mapped[str | None] = mapped_column(ID)
    n: Mapped[int | None]
    code: Mapped[str | None]  # of the refusal
    sentence: Mapped[str | None]
    ordered_by: Mapped[str] = mapped_column(NAME)
    address: Mapped[str | None]  # of whoever ordered, for the trail; None once it is done
    ordered_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
