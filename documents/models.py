"""Documents, their types, their immutable versions, what they are linked to, and saved searches."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from storage.models import DIGEST
from storage.orm import ID, Base, IdKey, Json

NAME = String(collation="C")


class DocumentRow(Base):
    """What all versions of a document share; locked while a version is added."""

    __tablename__ = "document"
    __table_args__ = (
        Index("ix_document_created_by_id", "created_by", "id"),
        Index("ix_document_type_id", "type", "id"),
        Index("ix_document_state_id", "state", "id"),
        Index("ix_document_tags", "tags", postgresql_using="gin"),
    )

    id: Mapped[IdKey]
    title: Mapped[str]
    type: Mapped[str | None]
    latest: Mapped[int]
    number: Mapped[str | None] = mapped_column(NAME, index=True)
    state: Mapped[str] = mapped_column(NAME, default="draft", server_default="draft")
    tags: Mapped[list[str]] = mapped_column(ARRAY(String), default=list, server_default="{}")
    fields: Mapped[Json] = mapped_column(default=dict, server_default="{}")
    revision: Mapped[int] = mapped_column(default=1, server_default="1")
    checked_out_by: Mapped[str | None] = mapped_column(NAME)
    checked_out_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    created_by: Mapped[str] = mapped_column(NAME)
    destroyed_at: Mapped[datetime | None]  # what is left then is its tombstone


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


class DocumentTypeRow(Base):
    """What is asked of documents of one kind: fields, numbers, and the roles that may read and write them."""

    __tablename__ = "document_type"

    key: Mapped[str] = mapped_column(NAME, primary_key=True)
    name: Mapped[str]
    description: Mapped[str | None]
    form: Mapped[Json] = mapped_column(default=dict, server_default="{}")  # form-js; without components: no fields
    numbering: Mapped[str | None]
    retention: Mapped[str | None] = mapped_column(NAME)  # key of the rule that its documents get
    readers: Mapped[list[str]] = mapped_column(ARRAY(String), default=list, server_default="{}")  # none: no limit
    writers: Mapped[list[str]] = mapped_column(ARRAY(String), default=list, server_default="{}")  # none: no limit
    is_active: Mapped[bool] = mapped_column(default=True, server_default="true")
    revision: Mapped[int] = mapped_column(default=1, server_default="1")
    created_at: Mapped[datetime]
    created_by: Mapped[str] = mapped_column(NAME)


class DocumentNumberRow(Base):
    """The last number given out in one series; its row is locked until the document is filed, so none is lost."""

    __tablename__ = "document_number"

    series: Mapped[str] = mapped_column(NAME, primary_key=True)  # the pattern with all but the number filled in
    last: Mapped[int] = mapped_column(BigInteger)


class DocumentFolderRow(Base):
    """A search that somebody keeps under a name, for themselves or for everybody."""

    __tablename__ = "document_folder"
    __table_args__ = (Index("ix_document_folder_owner", "owner"),)

    id: Mapped[IdKey]
    name: Mapped[str]
    owner: Mapped[str] = mapped_column(NAME)
    is_shared: Mapped[bool]
    query: Mapped[str]
    filters: Mapped[Json]
    created_at: Mapped[datetime]
