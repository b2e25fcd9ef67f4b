"""What was found about the signatures inside a version."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from documents.models import NAME
from storage.orm import ID, Base


class SignatureCheckRow(Base):
    """The newest look at the signatures of one version; `signatures` holds one object for each."""

    __tablename__ = "signature_check"
    __table_args__ = (CheckConstraint("state IN ('waiting', 'done', 'failed')", name="state"),)

    document_id: Mapped[str] = mapped_column(ID, ForeignKey("document.id", ondelete="CASCADE"), primary_key=True)
    n: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    state: Mapped[str] = mapped_column(NAME)
    requested_at: Mapped[datetime]
    checked_at: Mapped[datetime | None]
    sentence: Mapped[str | None]
    signatures: Mapped[list[Any]]
