"""The engine's tables: what is deployed, what runs, what waits for people and for the clock, and what has been.

Every hot table leads with `instance_id`, so that all rows of one instance can live on one shard. None has a foreign key
to `instance`: the engine alone writes them, holding the instance's lock, and a check would cost more than the row.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    String,
    Text,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from storage.orm import ID, Base, IdKey

DIGEST = String(64, collation="C")
KEY = String(255, collation="C")  # ids of elements, keys of definitions: written by designers, compared byte by byte
KEYS = ARRAY(KEY)
DUE_AT = text("coalesce(due_at, 'infinity'::timestamptz)")
# one constant: PostgreSQL reads a constraint's text anew for every statement that writes rows, and a list takes longer
INSTANCE_STATES = "state = ANY ('{running,failed,suspended,completed,cancelled}'::text[])"
TASK_STATES = "state = ANY ('{completed,cancelled}'::text[])"
BY_VALUE: Any = {"postgresql_using": "gin", "postgresql_ops": {"search": "jsonb_path_ops"}}


class DefinitionRow(Base):
    """A deployed process, decision or form in one version; never changed afterwards."""

    __tablename__ = "definition"
    __table_args__ = (
        UniqueConstraint("kind", "key", "version"),
        CheckConstraint("kind IN ('process', 'decision', 'form', 'template')", name="kind"),
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
    """A running or finished case; `snapshot` holds its live tokens and its variables, nothing of its definition.

    One that was called names its caller and the root of all calls; whoever locks it has locked the root before.
    """

    __tablename__ = "instance"
    __table_args__ = (
        CheckConstraint(INSTANCE_STATES, name="state"),
        Index("ix_instance_definition_key_id", "definition_key", "id"),
        Index("ix_instance_open", "definition_key", "stage", postgresql_where=text("ended_at IS NULL")),
        Index("ix_instance_parent_id", "parent_id", "parent_token", postgresql_where=text("parent_id IS NOT NULL")),
        Index("ix_instance_root_id", "root_id", postgresql_where=text("root_id IS NOT NULL")),
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
    parent_id: Mapped[str | None] = mapped_column(ID)
    parent_token: Mapped[str | None] = mapped_column(ID)
    parent_element: Mapped[str | None] = mapped_column(KEY)
    root_id: Mapped[str | None] = mapped_column(ID)
    depth: Mapped[int] = mapped_column(server_default=text("0"))
    stopped_by: Mapped[str | None] = mapped_column(ID)  # the case, this or a related one, whose error nothing catches
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    has_documents: Mapped[bool] = mapped_column(server_default=text("false"))  # set with the first one, and kept


class InstancePartRow(Base):
    """A part of a wide instance's state: a token, or a piece of one of its lists; read in the order of the numbers."""

    __tablename__ = "instance_part"

    instance_id: Mapped[str] = mapped_column(ID, primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    content: Mapped[list[Any]] = mapped_column(JSONB)


class WorkItemRow(Base):
    """An open user task with all that an inbox shows; finished ones are in `task_history`."""

    __tablename__ = "work_item"
    __table_args__ = (
        Index("ix_work_item_id", "id", unique=True),
        Index("ix_work_item_assignee_due_at", "assignee", DUE_AT, "id", postgresql_where=text("assignee IS NOT NULL")),
        Index("ix_work_item_owner_due_at", "owner", DUE_AT, "id", postgresql_where=text("owner IS NOT NULL")),
        Index("ix_work_item_due_at_id", "due_at", "id"),
        Index("ix_work_item_definition_key_element_id", "definition_key", "element_id", "id"),
        Index("ix_work_item_urgency", text("(- priority)"), DUE_AT, "id"),
        Index("ix_work_item_name_id", "name", "id"),
        Index("ix_work_item_candidates_search", "candidates", "search", **BY_VALUE),
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
    owner: Mapped[str | None] = mapped_column(KEY)  # who delegated it and gets it back
    is_delegated: Mapped[bool] = mapped_column(server_default=false())  # the assignee resolves it, the owner completes
    resolved_by: Mapped[list[str]] = mapped_column(KEYS, server_default=text("'{}'"))  # those it was delegated to
    search: Mapped[dict[str, Any]]


class TaskOfferRow(Base):
    """An open task in the list of somebody whom it is offered to, an empty name's where to nobody in particular.

    The lists are in the order of due dates, `infinity` where there is none; they say where to look, never who may see.
    """

    __tablename__ = "task_offer"
    __table_args__ = (PrimaryKeyConstraint("name", "due_at", "id", "instance_id"),)

    name: Mapped[str] = mapped_column(KEY)
    due_at: Mapped[datetime]
    id: Mapped[str] = mapped_column(ID)
    instance_id: Mapped[str] = mapped_column(ID)


class TaskHistoryRow(Base):
    """A finished user task: who did it, when, with what data and which documents."""

    __tablename__ = "task_history"
    __table_args__ = (
        CheckConstraint(TASK_STATES, name="state"),
        Index("ix_task_history_id", "id", unique=True),
        Index("ix_task_history_actor_id", "actor", "id"),
        Index("ix_task_history_left_to_others", "assignee", postgresql_where=text("assignee <> actor")),
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
    resolved_by: Mapped[list[str]] = mapped_column(KEYS, server_default=text("'{}'"))  # they did it for the actor
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
    """A moment that an element of an instance waits for; one that is held does not fire."""

    __tablename__ = "timer"
    __table_args__ = (
        Index("ix_timer_due_at_id", "due_at", "id", postgresql_where=text("NOT is_held AND NOT is_called")),
        Index("ix_timer_called_due_at_id", "due_at", "id", postgresql_where=text("NOT is_held AND is_called")),
    )

    instance_id: Mapped[str] = mapped_column(ID, primary_key=True)
    id: Mapped[str] = mapped_column(KEY, primary_key=True)
    element_id: Mapped[str] = mapped_column(KEY)
    due_at: Mapped[datetime]
    is_held: Mapped[bool] = mapped_column(server_default=false())  # its instance is suspended or stopped
    is_called: Mapped[bool] = mapped_column(server_default=false())  # its instance was called: others are locked, too


class SubscriptionRow(Base):
    """A token that waits for a message, a signal or a condition; ids grow, so the oldest comes first."""

    __tablename__ = "message_subscription"
    __table_args__ = (Index("ix_message_subscription_name_key_id", "kind", "name", "key", "id"),)

    instance_id: Mapped[str] = mapped_column(ID, primary_key=True)
    id: Mapped[str] = mapped_column(KEY, primary_key=True)
    element_id: Mapped[str] = mapped_column(KEY)
    kind: Mapped[str] = mapped_column(KEY)
    name: Mapped[str] = mapped_column(KEY)
    key: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime]


class StartEventRow(Base):
    """A trigger of a start event of a process's newest version that makes instances; `number` counts them."""

    __tablename__ = "start_event"
    __table_args__ = (
        Index("ix_start_event_kind_name", "kind", "name"),
        Index("ix_start_event_due_at", "due_at", postgresql_where=text("due_at IS NOT NULL")),
    )

    definition_key: Mapped[str] = mapped_column(KEY, primary_key=True)
    element_id: Mapped[str] = mapped_column(KEY, primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    definition_id: Mapped[str] = mapped_column(ID)
    kind: Mapped[str] = mapped_column(KEY)
    name: Mapped[str] = mapped_column(KEY)
    due_at: Mapped[datetime | None]
    left: Mapped[int | None]  # repetitions of a cycle that are left; None: no end


class MessageRow(Base):
    """A message that nobody has received yet; an expired one waits for a person to look at it."""

    __tablename__ = "message"
    __table_args__ = (
        CheckConstraint("state IN ('waiting', 'expired')", name="state"),
        Index("ix_message_name_id", "name", "id"),
        Index("ix_message_expires_at", "expires_at", postgresql_where=text("state = 'waiting'")),
    )

    id: Mapped[IdKey]
    name: Mapped[str] = mapped_column(KEY)
    keys: Mapped[dict[str, Any]]
    payload: Mapped[dict[str, Any]]
    event_id: Mapped[str | None] = mapped_column(Text)
    state: Mapped[str] = mapped_column(KEY)
    needs_receiver: Mapped[bool]  # an incident when nobody received it in time
    published_at: Mapped[datetime]
    published_by: Mapped[str] = mapped_column(KEY)
    expires_at: Mapped[datetime]


class MessageEventRow(Base):
    """What a message with this event id led to: the same event again has the same answer and no effect."""

    __tablename__ = "message_event"
    __table_args__ = (Index("ix_message_event_received_at", "received_at"),)

    event_id: Mapped[str] = mapped_column(Text, primary_key=True)
    received_at: Mapped[datetime]
    answer: Mapped[dict[str, Any]]


class MessageStartRow(Base):
    """The instance that a message with this key started: while it runs the same key starts no other."""

    __tablename__ = "message_start"

    definition_key: Mapped[str] = mapped_column(KEY, primary_key=True)
    name: Mapped[str] = mapped_column(KEY, primary_key=True)
    key: Mapped[str] = mapped_column(Text, primary_key=True)
    instance_id: Mapped[str] = mapped_column(ID, index=True)


class ServiceCallRow(Base):
    """A service task whose work happens outside the transaction: by a job, or by an external worker of a topic."""

    __tablename__ = "service_call"
    __table_args__ = (
        CheckConstraint("kind IN ('deferred', 'external')", name="kind"),
        Index("ix_service_call_id", "id"),
        Index("ix_service_call_topic", "topic", "due_at", postgresql_where=text("kind = 'external'")),
    )

    instance_id: Mapped[str] = mapped_column(ID, primary_key=True)
    id: Mapped[str] = mapped_column(ID, primary_key=True)
    element_id: Mapped[str] = mapped_column(KEY)
    definition_key: Mapped[str] = mapped_column(KEY)
    business_key: Mapped[str | None] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(KEY)
    topic: Mapped[str] = mapped_column(KEY)  # of an external one; the handler's name of a deferred one
    inputs: Mapped[dict[str, Any]]  # FEEL values, encoded
    priority: Mapped[int]
    retries: Mapped[int]  # tries that are left
    due_at: Mapped[datetime]  # not before
    worker: Mapped[str | None] = mapped_column(KEY)
    locked_until: Mapped[datetime | None]
    error: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime]


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


class RemovalRow(Base):
    """A removal of outlived history; `mark` is the last case that it looked at."""

    __tablename__ = "removal"
    __table_args__ = (CheckConstraint("state IN ('running', 'stopped', 'finished')", name="state"),)

    id: Mapped[IdKey]
    state: Mapped[str] = mapped_column(KEY)
    reason: Mapped[str] = mapped_column(Text)
    started_by: Mapped[str] = mapped_column(KEY)
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    found: Mapped[int]
    removed: Mapped[int]
    kept: Mapped[int]
    mark: Mapped[str] = mapped_column(KEY)
