"""The trail's tables: entries, heads, erasable personal values; the Merkle log, its checkpoints and keys."""

from datetime import datetime

from sqlalchemy import BigInteger, Index, Integer, LargeBinary, SmallInteger, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.orm import ID, Base, IdKey

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


class AuditLeafRow(Base):
    """The place of an entry in the Merkle log; every entry gets one, once, some moments after it was written.

    What the log is searched by stands here, so that its indexes cost the transactions nothing that write entries.
    """

    __tablename__ = "audit_leaf"
    __table_args__ = (
        Index("ix_audit_leaf_actor_id_entry_id", "actor_id", "entry_id"),
        Index("ix_audit_leaf_type_entry_id", "type", "entry_id"),
    )

    position: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    entry_id: Mapped[str] = mapped_column(ID, unique=True)
    actor_id: Mapped[str] = mapped_column(NAME)
    type: Mapped[str] = mapped_column(NAME)


class AuditTileRow(Base):
    """Up to 256 hashes of the log's tree that follow one another: of leaves in row 0, of full tiles above."""

    __tablename__ = "audit_tile"

    row: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    hashes: Mapped[bytes] = mapped_column(LargeBinary)


class AuditLogRow(Base):
    """How far the log has come; a single row.

    Every entry whose id is at or below `mark` is in the log. Units that had not begun to write at `barrier_at` have
    transaction numbers of at least `barrier`.
    """

    __tablename__ = "audit_log"

    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    size: Mapped[int] = mapped_column(BigInteger)
    mark: Mapped[str] = mapped_column(ID)
    barrier: Mapped[int] = mapped_column(BigInteger)
    barrier_at: Mapped[datetime]


class AuditCheckpointRow(Base):
    """A signed size and root of the log, in the form of a C2SP signed note."""

    __tablename__ = "audit_checkpoint"

    size: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    root: Mapped[bytes] = mapped_column(LargeBinary)
    at: Mapped[datetime]
    note: Mapped[str] = mapped_column(String)


class AuditKeyRow(Base):
    """A public key that signs, or has signed, checkpoints; `statement` is its predecessor's word for it."""

    __tablename__ = "audit_key"

    id: Mapped[str] = mapped_column(NAME, primary_key=True)
    verifier: Mapped[str] = mapped_column(String)
    since: Mapped[datetime]
    until: Mapped[datetime | None]
    statement: Mapped[str | None] = mapped_column(String)


class AuditTimestampRow(Base):
    """An RFC 3161 time-stamp response (DER) of an authority over the bytes of a checkpoint's note."""

    __tablename__ = "audit_timestamp"

    size: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    authority: Mapped[str] = mapped_column(String)
    response: Mapped[bytes] = mapped_column(LargeBinary)


class AuditPublisherRow(Base):
    """How far a place outside the database has come with the checkpoints, and what keeps it from going on."""

    __tablename__ = "audit_publisher"

    name: Mapped[str] = mapped_column(NAME, primary_key=True)
    place: Mapped[str] = mapped_column(String)
    size: Mapped[int] = mapped_column(BigInteger)
    published_at: Mapped[datetime | None]
    failures: Mapped[int] = mapped_column(Integer)
    failing_since: Mapped[datetime | None]
    problem: Mapped[str | None] = mapped_column(String)
    is_forked: Mapped[bool]
    next_at: Mapped[datetime]


class AuditRefusalRow(Base):
    """Refusals of one minute that are alike, counted until they are told in the trail as one entry."""

    __tablename__ = "audit_refusal"

    key: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    minute: Mapped[datetime] = mapped_column(primary_key=True, index=True)
    kind: Mapped[str] = mapped_column(NAME)
    account_id: Mapped[str | None] = mapped_column(NAME)
    address: Mapped[str | None] = mapped_column(String)
    what: Mapped[str] = mapped_column(String)
    code: Mapped[str] = mapped_column(String)
    number: Mapped[int] = mapped_column(BigInteger)
    first_at: Mapped[datetime]
    last_at: Mapped[datetime]
