"""The tables of mail: what a filed message says of itself, what it answers, and what was fetched from mailboxes."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from documents.models import NAME
from storage.models import DIGEST
from storage.orm import ID, Base


class MailRow(Base):
    """A filed message; all messages of a conversation share `thread`, the id of the one that was filed first."""

    __tablename__ = "mail"
    __table_args__ = (Index(None, "thread", "document_id"),)

    document_id: Mapped[str] = mapped_column(ID, ForeignKey("document.id"), primary_key=True)
    message_id: Mapped[str | None] = mapped_column(NAME, index=True)
    fingerprint: Mapped[str] = mapped_column(DIGEST, index=True)
    thread: Mapped[str] = mapped_column(ID)
    subject: Mapped[str]
    sender: Mapped[str]
    recipients: Mapped[list[Any]]
    sent_at: Mapped[datetime | None]
    headers: Mapped[list[Any]]
    excerpt: Mapped[str]
    findings: Mapped[list[Any]]


class MailReferenceRow(Base):
    """A message names another one: In-Reply-To or References; the other may come later or never."""

    __tablename__ = "mail_reference"

    message_id: Mapped[str] = mapped_column(NAME, primary_key=True)
    document_id: Mapped[str] = mapped_column(ID, ForeignKey("mail.document_id"), primary_key=True, index=True)


class MailFetchRow(Base):
    """What became of a message in a mailbox: filed, seen before, or left there with a finding."""

    __tablename__ = "mail_fetch"
    __table_args__ = (Index("ix_mail_fetch_failed", "at", postgresql_where=text("state = 'failed'")),)

    mailbox: Mapped[str] = mapped_column(NAME, primary_key=True)
    validity: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    uid: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    state: Mapped[str] = mapped_column(String(16, collation="C"))
    fingerprint: Mapped[str | None] = mapped_column(DIGEST, index=True)
    document_id: Mapped[str | None] = mapped_column(ID)
    finding: Mapped[str | None]
    at: Mapped[datetime]
