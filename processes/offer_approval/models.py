"""The table of what the firm has set for approvals: every version stays, the newest one holds."""

from datetime import datetime
from typing import Any

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from storage.orm import Base


class ApprovalParametersRow(Base):
    """Limits and deputies as somebody set them; numbers are kept as text, so that none is rounded."""

    __tablename__ = "approval_parameters"

    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    limits: Mapped[dict[str, Any]]
    deputies: Mapped[dict[str, Any]]
    reason: Mapped[str]
    changed_at: Mapped[datetime]
    changed_by: Mapped[str] = mapped_column(String(64, collation="C"))
    changed_name: Mapped[str]
