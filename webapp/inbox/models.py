"""The tables of the inbox: filters that people keep, and forms that they have not finished."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from storage.orm import ID, Base, IdKey

ACCOUNT = String(64, collation="C")


class TaskFilterRow(Base):
    """How somebody looks at tasks, kept by name; those in `groups` have it, too."""

    __tablename__ = "task_filter"
    __table_args__ = (Index("uq_task_filter_owner_name", "owner", "name", unique=True),)

    id: Mapped[IdKey]
    owner: Mapped[str] = mapped_column(ACCOUNT)
    name: Mapped[str]
    look: Mapped[dict[str, Any]]


class TaskFilterGroupRow(Base):
    """A group that has somebody's filter, too."""

    __tablename__ = "task_filter_group"

    role: Mapped[str] = mapped_column(ACCOUNT, primary_key=True)
    filter_id: Mapped[str] = mapped_column(
        ID, ForeignKey("task_filter.id", ondelete="CASCADE"), primary_key=True, index=True
    )


class TaskDraftRow(Base):
    """What somebody entered into a task's form and did not send yet; it is gone when the task is."""

    __tablename__ = "task_draft"

    task_id: Mapped[str] = mapped_column(ID, primary_key=True)
    account: Mapped[str] = mapped_column(ACCOUNT, primary_key=True)
    data: Mapped[dict[str, Any]]
    saved_at: Mapped[datetime]
