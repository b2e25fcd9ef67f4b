"""The trail's tables: the entries, the head of every chain, and the personal values that can be erased."""

from datetime import datetime

from sqlalchemy import BigInteger, Index, LargeBinary, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.orm import Base, IdKey

NAME = String(collation="C")  # byte order, so that the database and Python sort streams alike


class AuditStreamRow(Base):
    """The head of one chain: its last number and hash; locked while entries are appended."""

    __tablename__ = "audit_stream"

    stream: Mapped[str] = mapped_column(NAME, primary_key=True)
    seq: Mapped[int] = mapped_column(BigInteger)
    hash: Mapped[bytes] = mapped_column(LargeBinary)
    last_id: Mapped[str] = mapped_column(NAME)


class AuditEntryRow(Base):
    """One entry; a trigger refuses to change or remove it.

    `content` holds the canonical bytes that are hashed, and they alone are the record; the other columns repeat what
    is searched for. `hash` is SHA-256 over `previous_hash` followed by `content`.
    """

    __tablename__ = "audit_entry"
    __table_args__ = (
        UniqueConstraint("stream", "stream_seq"),
        Index("ix_audit_entry_case_id_id", "case_id", "id", postgresql_where=text("case_id IS NOT NULL")),
        Index("ix_audit_entry_at", "at", postgresql_using="brin"),
    )

    id: Mapped[IdKey]
    stream: Mapped[str] = mapped_column(NAME)
    stream_seq: Mapped[int] = mapped_column(BigInteger)
    type: Mapped[str] = mapped_column(NAME)
    at: Mapped[datetime]
    actor_id: Mapped[str] = mapped_column(NAME)
    case_id: Mapped[str | None] = mapped_column(NAME)
    content: Mapped[bytes] = mapped_column(LargeBinary)
    previous_hash: Mapped[bytes] = mapped_column(LargeBinary)
    hash: Mapped[bytes] = mapped_column(LargeBinary)


class AuditPersonalRow(Base):
    """A personal value behind a commitment in an entry; erasing deletes the row, and the chain still verifies.

    `commitment` is SHA-256 over `salt` (32 bytes) followed by `content`, the value in canonical JSON.
    """

    __tablename__ = "audit_personal"

    commitment: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    subject: Mapped[str] = mapped_column(NAME, index=True)
    salt: Mapped[bytes] = mapped_column(LargeBinary)
    content: Mapped[bytes] = mapped_column(LargeBinary)
