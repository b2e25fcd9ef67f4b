"""What a version was made from."""

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from documents.models import NAME
from storage.models import DIGEST
from storage.orm import ID, Base


class DocumentSourceRow(Base):
    """One document that a version was made from, at the version and digest that it had then; never changed."""

    __tablename__ = "document_source"
    __table_args__ = (Index("ix_document_source_source_id", "source_id"),)

    document_id: Mapped[str] = mapped_column(ID, ForeignKey("document.id", ondelete="CASCADE"), primary_key=True)
    n: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    source_id: Mapped[str] = mapped_column(ID)
    source_n: Mapped[int]
    digest: Mapped[str] = mapped_column(DIGEST)
    title: Mapped[str]
    purpose: Mapped[str] = mapped_column(NAME)  # package, approval, seal, template
    first_page: Mapped[int | None]  # of the result, from 1; None for what is only attached
    pages: Mapped[int]
    step: Mapped[str | None] = mapped_column(NAME)  # the step of a process that made it; a repetition is known by it
