"""The tables of mailings and of the members who were left out of them."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from crm.columns import Code, parent
from storage.orm import ID, Base


class MailingRow(Base):
    """What a planned activity sends to the members of a segment, with the rights of whoever planned it."""

    __tablename__ = "mailing"
    __table_args__ = (Index("ix_mailing_open", "activity_id", postgresql_where=text("ended_at IS NULL")),)

    activity_id: Mapped[str] = mapped_column(ID, ForeignKey("activity.id"), primary_key=True)
    segment_id: Mapped[str] = parent("segment.id")
    snapshot_id: Mapped[str | None] = parent("segment_snapshot.id", nullable=True)  # once it has begun
    purpose: Mapped[Code]
    subject: Mapped[str]
    text: Mapped[str]
    template: Mapped[str | None]
    planned_by: Mapped[Code]
    planned_name: Mapped[str]
    rights: Mapped[list[Any]]
    behind: Mapped[str | None] = mapped_column(ID)  # the last member that was looked at
    members: Mapped[int]
    queued: Mapped[int]
    left_out: Mapped[int]
    ended_at: Mapped[datetime | None]


class LeftOutRow(Base):
    """A member of the segment who got no mail, and why."""

    __tablename__ = "mailing_left_out"

    activity_id: Mapped[str] = mapped_column(ID, ForeignKey("mailing.activity_id"), primary_key=True)
    record_id: Mapped[str] = mapped_column(ID, primary_key=True)
    name: Mapped[str]
    sentence: Mapped[str]
