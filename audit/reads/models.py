"""Tables: how far the log was counted, what was read by hour, who opened what before, and what was unusual."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, Index, Integer, SmallInteger, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from audit.models import NAME
from storage.orm import ID, Base, IdKey


class ReadMarkRow(Base):
    """The place of the log up to which reads were counted; a single row."""

    __tablename__ = "read_mark"

    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    position: Mapped[int] = mapped_column(BigInteger)


class ReadHourRow(Base):
    """What one account read within an hour; `firsts` of them it had never read before."""

    __tablename__ = "read_hour"
    __table_args__ = (Index(None, "hour"),)

    account: Mapped[str] = mapped_column(NAME, primary_key=True)
    kind: Mapped[str] = mapped_column(NAME, primary_key=True)
    hour: Mapped[datetime] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(Integer)
    firsts: Mapped[int] = mapped_column(Integer)


class ReadFirstRow(Base):
    """That an account has read a thing at least once."""

    __tablename__ = "read_first"

    account: Mapped[str] = mapped_column(NAME, primary_key=True)
    subject: Mapped[str] = mapped_column(ID, primary_key=True)


class UnusualReadRow(Base):
    """An hour in which somebody read otherwise than they usually do, until an auditor has looked at it."""

    __tablename__ = "unusual_read"
    __table_args__ = (
        UniqueConstraint("account", "kind", "reason", "hour"),
        CheckConstraint("reason IN ('many', 'firsts', 'hour')", name="reason"),
        Index("ix_unusual_read_open", "id", postgresql_where=text("looked_at IS NULL")),
    )

    id: Mapped[IdKey]
    account: Mapped[str] = mapped_column(NAME)
    kind: Mapped[str] = mapped_column(NAME)
    reason: Mapped[str] = mapped_column(NAME)
    hour: Mapped[datetime]
    number: Mapped[int] = mapped_column(Integer)
    usual: Mapped[int] = mapped_column(Integer)
    found_at: Mapped[datetime]
    looked_at: Mapped[datetime | None]
    looked_by: Mapped[str | None] = mapped_column(NAME)
    remark: Mapped[str | None] = mapped_column(String)


class MassExportRow(Base):
    """How many rows anybody may take out as one file; a single row, once it was changed."""

    __tablename__ = "mass_export"

    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    rows: Mapped[int] = mapped_column(Integer)
