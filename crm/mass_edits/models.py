"""The tables of mass edits and of the customers that each one was chosen for."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from crm.columns import Code
from storage.orm import ID, Base, IdKey

EMPTY = text("'{}'::jsonb")
NULLABLE = JSONB(none_as_null=True)
STATES = "state IN ('running', 'stopped', 'finished', 'failed', 'undoing', 'undone')"


class MassEditRow(Base):
    """A change of many customers; `done` is how many of them are behind us."""

    __tablename__ = "mass_edit"
    __table_args__ = (CheckConstraint(STATES, name="state"), Index(None, "started_by", "id"))

    id: Mapped[IdKey]
    criteria: Mapped[dict[str, Any]]
    changes: Mapped[dict[str, Any]]  # field to value as JSON; `custom` maps the firm's own fields
    state: Mapped[Code]
    total: Mapped[int]
    done: Mapped[int]
    counts: Mapped[dict[str, Any]] = mapped_column(server_default=EMPTY)  # outcome to number
    undone: Mapped[int] = mapped_column(server_default=text("0"))
    kept: Mapped[int] = mapped_column(server_default=text("0"))  # that something else had touched meanwhile
    reason: Mapped[str | None]
    started_by: Mapped[Code]
    started_name: Mapped[str]
    rights: Mapped[list[Any]]  # of whoever started it: what the worker may do
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class MassEditedRow(Base):
    """A customer that was chosen, and what came of it; `before` is what its fields were."""

    __tablename__ = "mass_edited_customer"
    __table_args__ = (Index(None, "edit_id", "outcome", "position"), Index(None, "customer_id"))

    edit_id: Mapped[str] = mapped_column(ID, primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)  # from 1 on, by number of the customer
    customer_id: Mapped[str] = mapped_column(ID)
    outcome: Mapped[Code]
    version: Mapped[int | None]  # of the customer's row, right after
    before: Mapped[dict[str, Any] | None] = mapped_column(NULLABLE)
    sentence: Mapped[str | None]
