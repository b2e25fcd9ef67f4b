"""The engine's tables: what is deployed, what runs, what waits for people and for the clock, and what has been.

Every hot table leads with `instance_id`, so that all rows of one instance can live on one shard. Hot tables have no
foreign key to `instance`: the engine alone writes them, always in the transaction that holds the instance's lock, and
a check per row would cost more than the row.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, LargeBinary, String, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from storage.orm import ID, Base, IdKey

DIGEST = String(64, collation="C")
KEY = String(255, collation="C")  # ids of elements, keys of definitions: written by designers, compared byte by byte
KEYS = ARRAY(KEY)


class DefinitionRow(Base):
    """A deployed process, decision or form in one version; never changed afterwards."""

    __tablename__ = "definition"
    __table_args__ = (
        UniqueConstraint("kind", "key", "version"),
        CheckConstraint("kind IN ('process', 'decision', 'form')", name="kind"),
    )

    id: Mapped[IdKey]
    kind: Mapped[str] = mapped_column(KEY)
    key: Mapped[str] = mapped_column(KEY)
    version: Mapped[int]
    name: Mapped[str] = mapped_column(Text)
    digest: Mapped[str] = mapped_column(DIGEST)
    file_name: Mapped[str] = mapped_column(Text)
    source: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    info: Mapped[dict[str, Any]]
    deployed_at: Mapped[datetime]
    deployed_by: Mapped[str] = mapped_column(KEY)


class InstanceRow(Base):
    """A running or finished case; `snapshot` holds its live tokens and its variables, nothing of its definition."""

    __tablename__ = "instance"
    __table_args__ = (
        CheckConstraint("state IN ('running', 'failed', 'completed', 'cancelled')", name="state"),
        Index("ix_instance_definition_key_id", "definition_key", "id"),
        Index("ix_instance_open", "definition_key", "stage", postgresql_where=text("ended_at IS NULL")),
        {"postgresql_with": {"fillfactor": "70"}},  # updated by every command: leave room for it on the same page
    )

    id: Mapped[IdKey]
    definition_id: Mapped[str] = mapped_column(ID, ForeignKey("definition.id"))
    definition_key: Mapped[str] = mapped_column(KEY)
    state: Mapped[str] = mapped_column(KEY)
    revision: Mapped[int]
    stage: Mapped[str | None] = mapped_column(KEY)
    business_key: Mapped[str | None] = mapped_column(Text, index=True)
    outcome: Mapped[str | None] = mapped_column(KEY)
    snapshot: Mapped[dict[str, Any]] = mapped_column(JSONB, deferred=True)
    started_by: Mapped[str] = mapped_column(KEY, index=True)
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class WorkItemRow(Base):
    """An open user task with all that an inbox shows; finished ones are in `task_history`."""

    __tablename__ = "work_item"
    __table_args__ = (
        Index("ix_work_item_id", "id"),
        Index("ix_work_item_assignee_id", "assignee", "id", postgresql_where=text("assignee IS NOT NULL")),
        Index("ix_work_item_candidates", "candidates", postgresql_using="gin"),
        Index("ix_work_item_due_at_id", "due_at", "id"),
        Index("ix_work_item_definition_key_id", "definition_key", "id"),
    )

    instance_id: Mapped[str] = mapped_column(ID, primary_key=True)
    id: Mapped[str] = mapped_column(ID, primary_key=True)
    definition_id: Mapped[str] = mapped_column(ID)
    definition_key: Mapped[str] = mapped_column(KEY)
    element_id: Mapped[str] = mapped_column(KEY)
    name: Mapped[str] = mapped_column(Text)
    loop_id: Mapped[str | None] = mapped_column(ID)  # the multi-instance activity that it belongs to
    business_key: Mapped[str | None] = mapped_column(Text)
    stage: Mapped[str | None] = mapped_column(KEY)
    assignee: Mapped[str | None] = mapped_column(KEY)
    candidates: Mapped[list[str]] = mapped_column(KEYS)  # "group:legal", "user:anna"
    priority: Mapped[int] = mapped_column(Integer, default=50)
    created_at: Mapped[datetime]
    claimed_at: Mapped[datetime | None]
    due_at: Mapped[datetime | None]
    follow_up_at: Mapped[datetime | None]
    form_id: Mapped[str | None] = mapped_column(ID)
    search: Mapped[dict[str, Any]]


class TaskHistoryRow(Base):
    """A finished user task: who did it, when, with what data and which documents."""

    __tablename__ = "task_history"
    __table_args__ = (
        CheckConstraint("state IN ('completed', 'cancelled')", name="state"),
        Index("ix_task_history_id", "id"),
        Index("ix_task_history_actor_id", "actor", "id"),
    )

    instance_id: Mapped[str] = mapped_column(ID, primary_key=True)
    id: Mapped[str] = mapped_column(ID, primary_key=True)
    definition_id: Mapped[str] = mapped_column(ID)
    definition_key: Mapped[str] = mapped_column(KEY)
    element_id: Mapped[str] = mapped_column(KEY)
    name: Mapped[str] = mapped_column(Text)
    loop_id: Mapped[str | None] = mapped_column(ID)
    assignee: Mapped[str | None] = mapped_column(KEY)
    candidates: Mapped[list[str]] = mapped_column(KEYS)
    created_at: Mapped[datetime]
    claimed_at: Mapped[datetime | None]
    due_at: Mapped[datetime | None]
    ended_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(KEY)
    actor: Mapped[str] = mapped_column(KEY)
    reason: Mapped[str | None] = mapped_column(Text)
    form_id: Mapped[str | None] = mapped_column(ID)
    data: Mapped[dict[str, Any]]
    documents: Mapped[list[Any]]
    idempotency_key: Mapped[str | None] = mapped_column(Text)
    answer: Mapped[dict[str, Any] | None] = mapped_column(JSONB)  # what the completion returned, for a repetition


class TokenLogRow(Base):
    """One visit of a token to an element; written as it happens, never read to run."""

    __tablename__ = "token_log"

    instance_id: Mapped[str] = mapped_column(ID, primary_key=True)
    id: Mapped[str] = mapped_column(ID, primary_key=True)
    element_id: Mapped[str] = mapped_column(KEY)
    type: Mapped[str] = mapped_column(KEY)
    name: Mapped[str] = mapped_column(Text)
    stage: Mapped[str | None] = mapped_column(KEY)
    entered_at: Mapped[datetime]
    left_at: Mapped[datetime | None]
    actor: Mapped[str | None] = mapped_column(KEY)
    reason: Mapped[str | None] = mapped_column(Text)


class TimerRow(Base):
    """A moment that an element of an instance waits for."""

    __tablename__ = "timer"
    __table_args__ = (Index("ix_timer_due_at_id", "due_at", "id"),)

    instance_id: Mapped[str] = mapped_column(ID, primary_key=True)
    id: Mapped[str] = mapped_column(ID, primary_key=True)
    element_id: Mapped[str] = mapped_column(KEY)
    due_at: Mapped[datetime]


class IncidentRow(Base):
    """A step that failed and waits for a person to look at it."""

    __tablename__ = "incident"
    __table_args__ = (
        CheckConstraint("state IN ('open', 'resolved')", name="state"),
        Index("ix_incident_id", "id"),
        Index("ix_incident_open", "created_at", postgresql_where=text("state = 'open'")),
    )

    instance_id: Mapped[str] = mapped_column(ID, primary_key=True)
    id: Mapped[str] = mapped_column(ID, primary_key=True)
    element_id: Mapped[str] = mapped_column(KEY)
    token_id: Mapped[str | None] = mapped_column(ID)
    code: Mapped[str] = mapped_column(KEY)
    message: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(KEY)
    tries: Mapped[int]
    created_at: Mapped[datetime]
    resolved_at: Mapped[datetime | None]
    resolved_by: Mapped[str | None] = mapped_column(KEY)
    resolution: Mapped[str | None] = mapped_column(Text)


class InstanceEntityRow(Base):
    """A business record that an instance is about: an opaque name and id, and the role that it plays."""

    __tablename__ = "instance_entity"
    __table_args__ = (Index("ix_instance_entity_entity_entity_id", "entity", "entity_id"),)

    instance_id: Mapped[str] = mapped_column(ID, primary_key=True)
    entity: Mapped[str] = mapped_column(KEY, primary_key=True)
    entity_id: Mapped[str] = mapped_column(KEY, primary_key=True)
    role: Mapped[str] = mapped_column(KEY, primary_key=True)
    linked_at: Mapped[datetime]


class TaskCommentRow(Base):
    """What somebody remarked on a task."""

    __tablename__ = "task_comment"
    __table_args__ = (Index("ix_task_comment_instance_id_task_id", "instance_id", "task_id"),)

    instance_id: Mapped[str] = mapped_column(ID, primary_key=True)
    id: Mapped[str] = mapped_column(ID, primary_key=True)
    task_id: Mapped[str] = mapped_column(ID)
    author: Mapped[str] = mapped_column(KEY)
    text: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime]
