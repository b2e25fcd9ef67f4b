"""The tables of intake: uploads under way, documents that wait to be sorted, and files that were taken from folders."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from documents.models import NAME
from storage.models import DIGEST
from storage.orm import ID, Base, IdKey, Json

WORD = String(16, collation="C")


class UploadRow(Base):
    """A file that arrives in pieces; `digest` once all of it is stored, `document_id` and `n` once it is filed."""

    __tablename__ = "upload"

    id: Mapped[IdKey]
    owner: Mapped[str] = mapped_column(NAME, index=True)
    file_name: Mapped[str]
    size: Mapped[int] = mapped_column(BigInteger)
    declared: Mapped[Json]
    digest: Mapped[str | None] = mapped_column(DIGEST)
    document_id: Mapped[str | None] = mapped_column(ID)
    n: Mapped[int | None]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)


class ArrivalRow(Base):
    """A document that came by itself; somebody has to say what it is and where it belongs, until `closed_at`."""

    __tablename__ = "arrival"
    __table_args__ = (Index("ix_arrival_open", "document_id", postgresql_where=text("closed_at IS NULL")),)

    document_id: Mapped[str] = mapped_column(ID, ForeignKey("document.id"), primary_key=True)
    source: Mapped[str] = mapped_column(WORD)
    origin: Mapped[str]
    type: Mapped[str | None]
    suggested: Mapped[list[Any]]
    finding: Mapped[str | None]
    arrived_at: Mapped[datetime]
    outcome: Mapped[str | None] = mapped_column(WORD)
    closed_at: Mapped[datetime | None]
    closed_by: Mapped[str | None] = mapped_column(NAME)


class TakenFileRow(Base):
    """A file of a folder that became a document, so that it is taken once whatever happens in between."""

    __tablename__ = "taken_file"

    source: Mapped[str] = mapped_column(NAME, primary_key=True)
    path: Mapped[str] = mapped_column(NAME, primary_key=True)
    mark: Mapped[str] = mapped_column(NAME, primary_key=True)
    digest: Mapped[str] = mapped_column(DIGEST)
    document_id: Mapped[str] = mapped_column(ID)
    at: Mapped[datetime]
