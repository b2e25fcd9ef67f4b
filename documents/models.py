"""Documents, their immutable versions, and what they are linked to."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from storage.models import DIGEST
from storage.orm import ID, Base, IdKey

NAME = String(collation="C")


class DocumentRow(Base):
    """What all versions of a document share; locked while a version is added."""

    __tablename__ = "document"
    __table_args__ = (Index("ix_document_created_by_id", "created_by", "id"),)

    id: Mapped[IdKey]
    title: Mapped[str]
    type: Mapped[str | None]
    latest: Mapped[int]
    created_at: Mapped[datetime]
    created_by: Mapped[str] = mapped_column(NAME)


class DocumentVersionRow(Base):
    """One version; a trigger refuses to change or remove it."""

    __tablename__ = "document_version"

    document_id: Mapped[str] = mapped_column(ID, ForeignKey("document.id"), primary_key=True)
    n: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    digest: Mapped[str] = mapped_column(DIGEST, ForeignKey("blob.digest"), index=True)
    size: Mapped[int] = mapped_column(BigInteger)
    media_type: Mapped[str]
    file_name: Mapped[str]
    reason: Mapped[str | None]
    created_at: Mapped[datetime]
    created_by: Mapped[str] = mapped_column(NAME)


class DocumentLinkRow(Base):
    """A document belongs to a task, a case or an entity, in one version or always in the newest (`version` is null)."""

    __tablename__ = "document_link"
    __table_args__ = (
        UniqueConstraint("document_id", "kind", "target", "role"),
        Index("ix_document_link_kind_target", "kind", "target"),
    )

    id: Mapped[IdKey]
    document_id: Mapped[str] = mapped_column(ID, ForeignKey("document.id"))
    version: Mapped[int | None]
    kind: Mapped[str] = mapped_column(NAME)
    target: Mapped[str] = mapped_column(NAME)
    role: Mapped[str] = mapped_column(NAME)
    created_at: Mapped[datetime]
    created_by: Mapped[str] = mapped_column(NAME)
