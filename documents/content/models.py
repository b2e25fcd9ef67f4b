"""What was read out of a version, what is still to be read, and the renditions that lie beside the original."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKeyConstraint, Index, String, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from storage.models import DIGEST
from storage.orm import ID, Base

NAME = String(collation="C")
UNDONE = "state IN ('waiting', 'taken')"


class ExtractionRow(Base):
    """One step of reading a version: `text`, `preview` or `ocr`; what waits here is the queue."""

    __tablename__ = "extraction"
    __table_args__ = (
        ForeignKeyConstraint(["document_id", "n"], ["document_version.document_id", "document_version.n"]),
        Index("ix_extraction_step_document_id_n", "step", "document_id", "n", postgresql_where=text(UNDONE)),
        Index(
            "ix_extraction_step_document_id_failed",
            "step",
            "document_id",
            postgresql_where=text("state = 'failed'"),
        ),
    )

    document_id: Mapped[str] = mapped_column(ID, primary_key=True)
    n: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    step: Mapped[str] = mapped_column(NAME, primary_key=True)
    state: Mapped[str] = mapped_column(NAME)  # waiting, taken, done, failed
    attempts: Mapped[int]
    taken_at: Mapped[datetime | None]
    finding: Mapped[str | None]
    pages: Mapped[int | None]
    characters: Mapped[int | None] = mapped_column(BigInteger)
    is_partial: Mapped[bool]
    reader: Mapped[str | None]  # the library that read it, with its version
    finished_at: Mapped[datetime | None]


class DocumentTextRow(Base):
    """The text of a version, and how to show it where text alone does not do: an e-mail, a table."""

    __tablename__ = "document_text"
    __table_args__ = (
        ForeignKeyConstraint(["document_id", "n"], ["document_version.document_id", "document_version.n"]),
    )

    document_id: Mapped[str] = mapped_column(ID, primary_key=True)
    n: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    text: Mapped[str]
    layout: Mapped[dict[str, Any] | None] = mapped_column(JSONB)


class RenditionRow(Base):
    """Something made of a version to show it: a `thumbnail`, a `page` as a picture, a `pdf`, an `ocr` copy."""

    __tablename__ = "rendition"
    __table_args__ = (
        ForeignKeyConstraint(["document_id", "n"], ["document_version.document_id", "document_version.n"]),
        ForeignKeyConstraint(["digest"], ["blob.digest"]),
        Index("ix_rendition_digest", "digest"),
        Index("ix_rendition_made_at_page", "made_at", postgresql_where=text("kind = 'page'")),
    )

    document_id: Mapped[str] = mapped_column(ID, primary_key=True)
    n: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    kind: Mapped[str] = mapped_column(NAME, primary_key=True)
    page: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)  # 0 where all of it is meant
    digest: Mapped[str] = mapped_column(DIGEST)
    size: Mapped[int] = mapped_column(BigInteger)
    media_type: Mapped[str]
    width: Mapped[int | None]
    height: Mapped[int | None]
    made_at: Mapped[datetime]


class PageReadingRow(Base):
    """That somebody looked at pages of a version stands in the trail since `told_at`; forgotten after an hour.

    `place` is the beginning of the SHA-256 of the network address.
    """

    __tablename__ = "page_reading"
    __table_args__ = (Index("ix_page_reading_told_at", "told_at"),)

    document_id: Mapped[str] = mapped_column(ID, primary_key=True)
    n: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    actor_id: Mapped[str] = mapped_column(NAME, primary_key=True)
    place: Mapped[str] = mapped_column(NAME, primary_key=True)
    told_at: Mapped[datetime]
