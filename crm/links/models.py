"""The tables of links between records, and of the types of links."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from crm.columns import Code
from storage.orm import ID, Base, IdKey


class LinkTypeRow(Base):
    """A type of links; `labels` say by language what the first end is to the second, `inverse_labels` the other way."""

    __tablename__ = "link_type"

    code: Mapped[Code] = mapped_column(primary_key=True)
    labels: Mapped[dict[str, Any]]
    inverse_labels: Mapped[dict[str, Any]]  # empty: both directions are the same
    is_retired: Mapped[bool]
    position: Mapped[int]
    row_version: Mapped[int] = mapped_column()

    __mapper_args__ = {"version_id_col": row_version}  # noqa: RUF012 -- SQLAlchemy's own attribute


class RecordLinkRow(Base):
    """One link, written once; the other end finds it by its index."""

    __tablename__ = "record_link"
    __table_args__ = (
        UniqueConstraint("type", "from_kind", "from_id", "to_kind", "to_id"),
        CheckConstraint("(from_kind, from_id) <> (to_kind, to_id)", name="two_ends"),
        Index(None, "from_kind", "from_id", "id"),
        Index(None, "to_kind", "to_id", "id"),
    )

    id: Mapped[IdKey]
    type: Mapped[Code] = mapped_column(ForeignKey("link_type.code"))
    from_kind: Mapped[Code]
    from_id: Mapped[str] = mapped_column(ID)
    to_kind: Mapped[Code]
    to_id: Mapped[str] = mapped_column(ID)
    note: Mapped[str | None]
    created_at: Mapped[datetime]
    created_by: Mapped[str]
