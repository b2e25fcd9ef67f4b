"""The tables of projects and of the files in them."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from engine.models import KEY, KEYS
from storage.orm import ID, Base, IdKey


class ProjectRow(Base):
    """Files that are drawn together and deployed together; `contributors` changed them since the last deployment."""

    __tablename__ = "studio_project"
    __table_args__ = (
        CheckConstraint("state IN ('draft', 'review', 'discarded')", name="state"),
        Index("ix_studio_project_changed_at_id", "changed_at", "id"),
    )

    id: Mapped[IdKey]
    name: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(KEY)
    contributors: Mapped[list[str]] = mapped_column(KEYS)
    review_note: Mapped[str | None] = mapped_column(Text)
    review_case: Mapped[str | None] = mapped_column(ID)
    created_at: Mapped[datetime]
    created_by: Mapped[str] = mapped_column(KEY)
    changed_at: Mapped[datetime]
    changed_by: Mapped[str] = mapped_column(KEY)
    published_at: Mapped[datetime | None]
    published_by: Mapped[str | None] = mapped_column(KEY)


class ProjectFileRow(Base):
    """One file of a project; every save counts its `revision` up."""

    __tablename__ = "studio_file"
    __table_args__ = (UniqueConstraint("project_id", "name"),)

    id: Mapped[IdKey]
    project_id: Mapped[str] = mapped_column(ID, ForeignKey("studio_project.id"))
    name: Mapped[str] = mapped_column(Text)
    content: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    revision: Mapped[int]
    changed_at: Mapped[datetime]
    changed_by: Mapped[str] = mapped_column(KEY)
