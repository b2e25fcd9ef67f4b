"""The tables of customers that may be the same, of those that were made one, and of kept searches."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, SmallInteger, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from crm.columns import Code, parent
from storage.orm import Base, IdKey


class DuplicatePairRow(Base):
    """Two customers that look the same; the first has the smaller id."""

    __tablename__ = "duplicate_pair"
    __table_args__ = (
        Index("uq_duplicate_pair_first_id_second_id", "first_id", "second_id", unique=True),
        Index("ix_duplicate_pair_open", "score", "id", postgresql_where=text("state = 'open'")),
    )

    id: Mapped[IdKey]
    first_id: Mapped[str] = parent("customer.id", index=False)
    second_id: Mapped[str] = parent("customer.id")
    score: Mapped[int] = mapped_column(SmallInteger)
    reasons: Mapped[list[Any]]
    state: Mapped[str] = mapped_column(String(16))  # open, different, merged
    found_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str | None]


class CustomerMergeRow(Base):
    """What was done when two customers became one, enough to undo it."""

    __tablename__ = "customer_merge"

    id: Mapped[IdKey]
    kept_id: Mapped[str] = parent("customer.id")
    absorbed_id: Mapped[str] = parent("customer.id")
    kept_before: Mapped[dict[str, Any]]
    absorbed_before: Mapped[dict[str, Any]]
    kept_version: Mapped[int]  # of the row, right after the merge
    moved: Mapped[dict[str, Any]]  # table and column to ids of rows
    reason: Mapped[str | None]
    merged_at: Mapped[datetime]
    merged_by: Mapped[str]
    undone_at: Mapped[datetime | None]
    undone_by: Mapped[str | None]


class CustomerFilterRow(Base):
    """A search for customers under a name."""

    __tablename__ = "customer_filter"
    __table_args__ = (UniqueConstraint("owner", "name"),)

    id: Mapped[IdKey]
    owner: Mapped[Code]
    name: Mapped[str]
    criteria: Mapped[dict[str, Any]]
    is_shared: Mapped[bool]
