"""The tables of batches of migrations, and of the instances in them."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from engine.models import KEY
from storage.orm import ID, Base, IdKey


class MigrationRow(Base):
    """A batch of instances that are taken from one version of their process to another."""

    __tablename__ = "migration"
    __table_args__ = (
        CheckConstraint("state IN ('running', 'stopped', 'finished')", name="state"),
        Index("ix_migration_definition_key_id", "definition_key", "id"),
    )

    id: Mapped[IdKey]
    definition_key: Mapped[str] = mapped_column(KEY)
    before_id: Mapped[str] = mapped_column(ID, ForeignKey("definition.id"))
    after_id: Mapped[str] = mapped_column(ID, ForeignKey("definition.id"))
    mapping: Mapped[dict[str, Any]]
    restart_timers: Mapped[bool]
    reason: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(KEY)
    started_by: Mapped[str] = mapped_column(KEY)
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class MigrationItemRow(Base):
    """One instance of a batch: waiting for its turn, migrated, or refused with the reason."""

    __tablename__ = "migration_item"
    __table_args__ = (
        CheckConstraint("state IN ('waiting', 'done', 'refused')", name="state"),
        Index("ix_migration_item_migration_id_state", "migration_id", "state", "instance_id"),
    )

    migration_id: Mapped[str] = mapped_column(ID, primary_key=True)
    instance_id: Mapped[str] = mapped_column(ID, primary_key=True)
    state: Mapped[str] = mapped_column(KEY)
    sentence: Mapped[str | None] = mapped_column(Text)
    ended_at: Mapped[datetime | None]
