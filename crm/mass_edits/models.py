"""The tables of mass edits and of the customers that each one was chosen for."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from crm.columns import Code
from crm.mass_edits.errors import MassEditNotFound, WrongMassEditState
from crm.runs import RunRow
from storage.orm import ID, Base

NULLABLE = JSONB(none_as_null=True)
STATES = "state IN ('running', 'stopped', 'finished', 'failed', 'undoing', 'undone')"


class MassEditRow(RunRow):
    """A change of many customers; `done` is how many of them are behind us."""

    __tablename__ = "mass_edit"
    __table_args__ = (CheckConstraint(STATES, name="state"), Index(None, "started_by", "id"))

    not_found = MassEditNotFound
    wrong_state = WrongMassEditState

    criteria: Mapped[dict[str, Any]]
    changes: Mapped[dict[str, Any]]  # field to value as JSON; `custom` maps the firm's own fields
    started_at: Mapped[datetime]


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
