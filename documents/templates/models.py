"""Templates in force, lists of recipients, and mail merges with the state of each letter."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from documents.models import NAME
from storage.models import DIGEST
from storage.orm import ID, Base, IdKey, Json


class DocumentTemplateRow(Base):
    """A document that is a template; `n` is its version in force, the newest that passed the check."""

    __tablename__ = "document_template"

    document_id: Mapped[str] = mapped_column(ID, ForeignKey("document.id", ondelete="CASCADE"), primary_key=True)
    n: Mapped[int]
    kind: Mapped[str] = mapped_column(NAME)  # of the record that it tells of: crm.customer, crm.offer, case
    fields: Mapped[list[Any]]  # those that it uses, as dotted names
    checked_at: Mapped[datetime]
    checked_by: Mapped[str] = mapped_column(NAME)
    retired_at: Mapped[datetime | None]
    language: Mapped[str | None] = mapped_column(NAME)  # of its words; None: for everybody without a variant of theirs
    variant_of: Mapped[str | None] = mapped_column(ID, ForeignKey("document_template.document_id"), index=True)


class RecipientListRow(Base):
    """A search for recipients that somebody gave a name."""

    __tablename__ = "recipient_list"

    id: Mapped[IdKey]
    name: Mapped[str] = mapped_column(unique=True)
    wanted: Mapped[Json]
    created_at: Mapped[datetime]
    created_by: Mapped[str] = mapped_column(NAME)


class MailMergeRow(Base):
    """One letter to many; locked while letters are filed."""

    __tablename__ = "mail_merge"
    __table_args__ = (CheckConstraint("state IN ('running', 'stopped', 'finished')", name="state"),)

    id: Mapped[IdKey]
    title: Mapped[str]
    template_id: Mapped[str] = mapped_column(ID)
    template_n: Mapped[int]
    variants: Mapped[Json] = mapped_column(server_default=text("'{}'::jsonb"))  # language: {"id": …, "n": …}, of then
    output: Mapped[str] = mapped_column(NAME)  # pdf or docx
    type: Mapped[str | None]  # of the documents
    purpose: Mapped[str] = mapped_column(NAME, server_default="business")  # or marketing: who objects gets none
    state: Mapped[str] = mapped_column(NAME)
    total: Mapped[int]
    done: Mapped[int]
    refused: Mapped[int]
    combined_id: Mapped[str | None] = mapped_column(ID, index=True)
    reason: Mapped[str | None]
    started_by: Mapped[str] = mapped_column(NAME)
    started_name: Mapped[str]
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class MailMergeLetterRow(Base):
    """One recipient's letter: waiting, filed, or refused with a sentence."""

    __tablename__ = "mail_merge_letter"
    __table_args__ = (
        CheckConstraint("state IN ('waiting', 'filed', 'refused')", name="state"),
        Index("ix_mail_merge_letter_waiting", "merge_id", "position", postgresql_where=text("state = 'waiting'")),
    )

    merge_id: Mapped[str] = mapped_column(ID, ForeignKey("mail_merge.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    kind: Mapped[str] = mapped_column(NAME)
    target: Mapped[str] = mapped_column(NAME)
    name: Mapped[str]
    state: Mapped[str] = mapped_column(NAME)
    document_id: Mapped[str | None] = mapped_column(ID, index=True)
    pdf_digest: Mapped[str | None] = mapped_column(
        DIGEST, ForeignKey("blob.digest"), index=True
    )  # until all are joined
    sentence: Mapped[str | None]
