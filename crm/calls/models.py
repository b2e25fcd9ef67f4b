"""The tables of the call queue: calls that wait, and customers who are being called."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from crm.models import parent
from storage.orm import ID, Base, IdKey

WORD = String(32, collation="C")
KEY = String(255, collation="C")


class CallRow(Base):
    """A call that waits; one of a task goes when the task does."""

    __tablename__ = "call_item"
    __table_args__ = (Index("ix_call_item_urgency_call_at_id", "urgency", "call_at", "id"),)

    id: Mapped[IdKey]
    customer_id: Mapped[str] = parent("customer.id")
    kind: Mapped[str] = mapped_column(WORD)
    subject: Mapped[str]
    note: Mapped[str | None]
    task_id: Mapped[str | None] = mapped_column(ID, unique=True)
    instance_id: Mapped[str | None] = mapped_column(ID)
    candidates: Mapped[list[str]] = mapped_column(ARRAY(KEY))  # "group:call_agent", "user:anna"; empty: everybody
    assignee: Mapped[str | None] = mapped_column(KEY)
    urgency: Mapped[int]  # 0 a promised moment, 1 urgent, 2 any other
    call_at: Mapped[datetime]  # not before
    tries: Mapped[int]
    queued_at: Mapped[datetime]
    queued_by: Mapped[str] = mapped_column(KEY)


class CallLeaseRow(Base):
    """A customer whom somebody is calling: nobody else does until the lease is over."""

    __tablename__ = "call_lease"

    customer_id: Mapped[str] = mapped_column(ID, ForeignKey("customer.id"), primary_key=True)
    agent: Mapped[str] = mapped_column(KEY, unique=True)  # nobody calls two at once
    call_id: Mapped[str] = mapped_column(ID)
    taken_at: Mapped[datetime]
    until: Mapped[datetime]
