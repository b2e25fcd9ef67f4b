"""The tables of what is handed over to an ERP and of what comes back."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from crm.columns import Code, Money, Quantity, parent
from storage.orm import ID, Base, IdKey

WORD = String(32, collation="C")
KEY = String(100, collation="C")
NUMBER = String(64)
DIGEST = String(64, collation="C")
DUE = text("state IN ('waiting', 'sending')")


class HandoverRow(Base):
    """A record on its way to the ERP; `due_at` is when it is tried next, and while it is sent, when its claim is over.

    `content` is what the record said when it was queued; what was sent under a key never changes.
    """

    __tablename__ = "erp_handover"
    __table_args__ = (
        Index("ix_erp_handover_due", "due_at", "id", postgresql_where=DUE),
        Index("ix_erp_handover_created_at_id", "created_at", "id"),
        Index("ix_erp_handover_state_created_at_id", "state", "created_at", "id"),
        Index("ix_erp_handover_entity_record_id_id", "entity", "record_id", "id"),
    )

    id: Mapped[IdKey]
    key: Mapped[str] = mapped_column(KEY, unique=True)  # under which the ERP knows repetitions
    entity: Mapped[str] = mapped_column(WORD)
    record_id: Mapped[str] = mapped_column(ID)
    label: Mapped[str]  # the record's number and name, for people
    state: Mapped[str] = mapped_column(WORD)
    content: Mapped[dict[str, Any]]
    digest: Mapped[str] = mapped_column(DIGEST)
    after_id: Mapped[str | None] = parent("erp_handover.id", nullable=True)  # what the ERP must know before
    batch: Mapped[str | None] = mapped_column(ID, index=True)  # of the file in which it went
    due_at: Mapped[datetime]
    attempts: Mapped[int]
    claim: Mapped[str | None] = mapped_column(ID)
    erp_number: Mapped[str | None] = mapped_column(NUMBER)
    answer: Mapped[str | None]
    reason: Mapped[str | None]  # why it was refused, failed or waits
    created_at: Mapped[datetime]
    created_by: Mapped[str]
    settled_at: Mapped[datetime | None]
    row_version: Mapped[int] = mapped_column()

    __mapper_args__ = {"version_id_col": row_version}  # noqa: RUF012 -- SQLAlchemy's own attribute


class HandoverAttemptRow(Base):
    """One try to hand a record over; without an end when its worker died."""

    __tablename__ = "erp_attempt"

    handover_id: Mapped[str] = mapped_column(ID, ForeignKey("erp_handover.id"), primary_key=True)
    claim: Mapped[str] = mapped_column(ID, primary_key=True)
    n: Mapped[int]
    begun_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    outcome: Mapped[str | None] = mapped_column(WORD)
    answer: Mapped[str | None]


class ArrivalRow(Base):
    """Something that the ERP says, kept whether it could be taken or not."""

    __tablename__ = "erp_arrival"
    __table_args__ = (
        Index("ix_erp_arrival_received_at_id", "received_at", "id"),
        Index("ix_erp_arrival_state_received_at_id", "state", "received_at", "id"),
    )

    id: Mapped[IdKey]
    key: Mapped[str] = mapped_column(KEY, unique=True)
    kind: Mapped[str] = mapped_column(WORD)
    state: Mapped[str] = mapped_column(WORD)  # taken, refused
    content: Mapped[dict[str, Any]]
    digest: Mapped[str] = mapped_column(DIGEST)
    reason: Mapped[str | None]
    entity: Mapped[str | None] = mapped_column(WORD)  # of the record that it became or changed
    record_id: Mapped[str | None] = mapped_column(ID)
    attempts: Mapped[int]
    received_at: Mapped[datetime]
    taken_at: Mapped[datetime | None]
    row_version: Mapped[int] = mapped_column()

    __mapper_args__ = {"version_id_col": row_version}  # noqa: RUF012 -- SQLAlchemy's own attribute


class CursorRow(Base):
    """How far we have read what the ERP offers."""

    __tablename__ = "erp_cursor"

    name: Mapped[str] = mapped_column(WORD, primary_key=True)
    value: Mapped[str | None]
    looked_at: Mapped[datetime]
    trouble: Mapped[str | None]


class MasterRow(Base):
    """That the ERP, not the CRM, is master of a field: people here cannot change it."""

    __tablename__ = "erp_master"

    entity: Mapped[str] = mapped_column(WORD, primary_key=True)
    field: Mapped[str] = mapped_column(KEY, primary_key=True)
    set_at: Mapped[datetime]
    set_by: Mapped[str]


class StockRow(Base):
    """How much of a product is there, as the ERP said last."""

    __tablename__ = "erp_stock"

    product_id: Mapped[str] = mapped_column(ID, ForeignKey("product.id"), primary_key=True)
    place: Mapped[str] = mapped_column(KEY, primary_key=True)
    quantity: Mapped[Quantity]
    told_at: Mapped[datetime]


class CostRateRow(Base):
    """What an hour of an employee costs from a day on, in the company's currency: all that we know of payroll."""

    __tablename__ = "erp_cost_rate"

    account: Mapped[Code] = mapped_column(primary_key=True)
    valid_from: Mapped[date] = mapped_column(primary_key=True)
    hourly: Mapped[Money]


class PartsOrderRow(Base):
    """Spare parts that were ordered for a case; `state` is ordered or received."""

    __tablename__ = "parts_order"

    id: Mapped[IdKey]
    number: Mapped[str] = mapped_column(String(16, collation="C"), unique=True)
    case_id: Mapped[str] = mapped_column(ID, index=True)
    supplier: Mapped[str | None]
    parts: Mapped[str]
    expected_on: Mapped[date]
    state: Mapped[str] = mapped_column(WORD)
    ordered_at: Mapped[datetime]
    received_on: Mapped[date | None]
