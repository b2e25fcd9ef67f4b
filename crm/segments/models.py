"""The tables of segments, of those who were picked into them, and of what a segment was at one time."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from crm.columns import parent
from storage.orm import ID, Base, IdKey


class SegmentRow(Base):
    """A group under a name: whoever fits its criteria, or whoever was picked; groups below belong to it, too."""

    __tablename__ = "segment"

    id: Mapped[IdKey]
    name: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str] = mapped_column(String(16))  # rule, picked
    subject: Mapped[str] = mapped_column(String(16))  # customer, contact
    description: Mapped[str | None]
    criteria: Mapped[dict[str, Any]]
    parent_id: Mapped[str | None] = parent("segment.id", nullable=True)
    is_retired: Mapped[bool]
    created_at: Mapped[datetime]
    created_by: Mapped[str]
    changed_at: Mapped[datetime]
    row_version: Mapped[int] = mapped_column()

    __mapper_args__ = {"version_id_col": row_version}  # noqa: RUF012 -- SQLAlchemy's own attribute


class SegmentMemberRow(Base):
    """A customer or a person who was picked into a group."""

    __tablename__ = "segment_member"
    __table_args__ = (
        CheckConstraint("(customer_id IS NULL) <> (contact_id IS NULL)", name="one"),
        Index(None, "segment_id", "customer_id"),
        Index(None, "segment_id", "contact_id"),
    )

    id: Mapped[IdKey]
    segment_id: Mapped[str] = parent("segment.id", index=False)
    customer_id: Mapped[str | None] = parent("customer.id", nullable=True)
    contact_id: Mapped[str | None] = parent("contact.id", nullable=True)
    added_at: Mapped[datetime]
    added_by: Mapped[str]


class SegmentSnapshotRow(Base):
    """Who was in a segment at one time, and by which criteria; its digest is in the trail."""

    __tablename__ = "segment_snapshot"
    __table_args__ = (Index(None, "segment_id", "id"),)

    id: Mapped[IdKey]
    segment_id: Mapped[str] = parent("segment.id", index=False)
    reason: Mapped[str]
    criteria: Mapped[dict[str, Any]]
    size: Mapped[int]
    digest: Mapped[str] = mapped_column(String(64, collation="C"))  # SHA-256 of the members' ids, one a line
    taken_at: Mapped[datetime]
    taken_by: Mapped[str]


class SegmentSnapshotMemberRow(Base):
    """The id of a customer or a person who was in a segment; it stays when the record goes."""

    __tablename__ = "segment_snapshot_member"

    snapshot_id: Mapped[str] = mapped_column(ID, ForeignKey("segment_snapshot.id"), primary_key=True)
    record_id: Mapped[str] = mapped_column(ID, primary_key=True)
