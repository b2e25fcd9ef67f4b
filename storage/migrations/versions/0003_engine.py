"""Definitions, instances, tasks, timers, history."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003_engine"
down_revision = "0002_audit"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "definition",
        sa.Column("id", sa.String(length=26, collation="C"), nullable=False),
        sa.Column("kind", sa.String(length=255, collation="C"), nullable=False),
        sa.Column("key", sa.String(length=255, collation="C"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(length=64, collation="C"), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("source", sa.LargeBinary(), nullable=False),
        sa.Column("info", postgresql.JSONB(), nullable=False),
        sa.Column("deployed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deployed_by", sa.String(length=255, collation="C"), nullable=False),
        sa.CheckConstraint("kind IN ('process', 'decision', 'form', 'template')", name=op.f("ck_definition_kind")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_definition")),
        sa.UniqueConstraint("kind", "key", "version", name=op.f("uq_definition_kind_key_version")),
    )
    op.create_table(
        "incident",
        sa.Column("instance_id", sa.String(length=26, collation="C"), nullable=False),
        sa.Column("id", sa.String(length=26, collation="C"), nullable=False),
        sa.Column("element_id", sa.String(length=255, collation="C"), nullable=False),
        sa.Column("token_id", sa.String(length=26, collation="C"), nullable=True),
        sa.Column("code", sa.String(length=255, collation="C"), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=255, collation="C"), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resolved_by", sa.String(length=255, collation="C"), nullable=True),
        sa.Column("resolution", sa.Text(), nullable=True),
        sa.CheckConstraint("state IN ('open', 'resolved')", name=op.f("ck_incident_state")),
        sa.PrimaryKeyConstraint("instance_id", "id", name=op.f("pk_incident")),
    )
    op.create_index("ix_incident_id", "incident", ["id"], unique=False)
    op.create_index(
        "ix_incident_open", "incident", ["created_at"], unique=False, postgresql_where=sa.text("state = 'open'")
    )
    op.create_table(
        "instance_entity",
        sa.Column("instance_id", sa.String(length=26, collation="C"), nullable=False),
        sa.Column("entity", sa.String(length=255, collation="C"), nullable=False),
        sa.Column("entity_id", sa.String(length=255, collation="C"), nullable=False),
        sa.Column("role", sa.String(length=255, collation="C"), nullable=False),
        sa.Column("linked_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("instance_id", "entity", "entity_id", "role", name=op.f("pk_instance_entity")),
    )
    op.create_index("ix_instance_entity_entity_entity_id", "instance_entity", ["entity", "entity_id"], unique=False)
    op.create_table(
        "task_comment",
        sa.Column("instance_id", sa.String(length=26, collation="C"), nullable=False),
        sa.Column("id", sa.String(length=26, collation="C"), nullable=False),
        sa.Column("task_id", sa.String(length=26, collation="C"), nullable=False),
        sa.Column("author", sa.String(length=255, collation="C"), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("instance_id", "id", name=op.f("pk_task_comment")),
    )
    op.create_index("ix_task_comment_instance_id_task_id", "task_comment", ["instance_id", "task_id"], unique=False)
    op.create_table(
        "task_history",
        sa.Column("instance_id", sa.String(length=26, collation="C"), nullable=False),
        sa.Column("id", sa.String(length=26, collation="C"), nullable=False),
        sa.Column("definition_id", sa.String(length=26, collation="C"), nullable=False),
        sa.Column("definition_key", sa.String(length=255, collation="C"), nullable=False),
        sa.Column("element_id", sa.String(length=255, collation="C"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("loop_id", sa.String(length=26, collation="C"), nullable=True),
        sa.Column("assignee", sa.String(length=255, collation="C"), nullable=True),
        sa.Column("candidates", postgresql.ARRAY(sa.String(length=255, collation="C")), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=255, collation="C"), nullable=False),
        sa.Column("actor", sa.String(length=255, collation="C"), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("form_id", sa.String(length=26, collation="C"), nullable=True),
        sa.Column("data", postgresql.JSONB(), nullable=False),
        sa.Column("documents", postgresql.JSONB(), nullable=False),
        sa.Column("idempotency_key", sa.Text(), nullable=True),
        sa.Column("answer", postgresql.JSONB(), nullable=True),
        sa.CheckConstraint("state = ANY ('{completed,cancelled}'::text[])", name=op.f("ck_task_history_state")),
        sa.PrimaryKeyConstraint("instance_id", "id", name=op.f("pk_task_history")),
    )
    op.create_index("ix_task_history_actor_id", "task_history", ["actor", "id"], unique=False)
    op.create_index("ix_task_history_id", "task_history", ["id"], unique=True)
    op.create_index(
        "ix_task_history_left_to_others", "task_history", ["assignee"], postgresql_where=sa.text("assignee <> actor")
    )
    op.create_table(
        "timer",
        sa.Column("instance_id", sa.String(length=26, collation="C"), nullable=False),
        sa.Column("id", sa.String(length=255, collation="C"), nullable=False),
        sa.Column("element_id", sa.String(length=255, collation="C"), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("is_held", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("is_called", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.PrimaryKeyConstraint("instance_id", "id", name=op.f("pk_timer")),
    )
    op.create_index(
        "ix_timer_due_at_id",
        "timer",
        ["due_at", "id"],
        unique=False,
        postgresql_where=sa.text("NOT is_held AND NOT is_called"),
    )
    where = sa.text("NOT is_held AND is_called")
    op.create_index("ix_timer_called_due_at_id", "timer", ["due_at", "id"], unique=False, postgresql_where=where)
    _create_message_tables()
    op.create_table(
        "service_call",
        sa.Column("instance_id", sa.String(length=26, collation="C"), nullable=False),
        sa.Column("id", sa.String(length=26, collation="C"), nullable=False),
        sa.Column("element_id", sa.String(length=255, collation="C"), nullable=False),
        sa.Column("definition_key", sa.String(length=255, collation="C"), nullable=False),
        sa.Column("business_key", sa.Text(), nullable=True),
        sa.Column("kind", sa.String(length=255, collation="C"), nullable=False),
        sa.Column("topic", sa.String(length=255, collation="C"), nullable=False),
        sa.Column("inputs", postgresql.JSONB(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("retries", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("worker", sa.String(length=255, collation="C"), nullable=True),
        sa.Column("locked_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("kind IN ('deferred', 'external')", name=op.f("ck_service_call_kind")),
        sa.PrimaryKeyConstraint("instance_id", "id", name=op.f("pk_service_call")),
    )
    op.create_index("ix_service_call_id", "service_call", ["id"], unique=False)
    op.create_index(
        "ix_service_call_topic",
        "service_call",
        ["topic", "due_at"],
        unique=False,
        postgresql_where=sa.text("kind = 'external'"),
    )
    op.create_table(
        "token_log",
        sa.Column("instance_id", sa.String(length=26, collation="C"), nullable=False),
        sa.Column("id", sa.String(length=26, collation="C"), nullable=False),
        sa.Column("element_id", sa.String(length=255, collation="C"), nullable=False),
        sa.Column("type", sa.String(length=255, collation="C"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("stage", sa.String(length=255, collation="C"), nullable=True),
        sa.Column("entered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("left_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("actor", sa.String(length=255, collation="C"), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("instance_id", "id", name=op.f("pk_token_log")),
    )
    op.create_table(
        "work_item",
        sa.Column("instance_id", sa.String(length=26, collation="C"), nullable=False),
        sa.Column("id", sa.String(length=26, collation="C"), nullable=False),
        sa.Column("definition_id", sa.String(length=26, collation="C"), nullable=False),
        sa.Column("definition_key", sa.String(length=255, collation="C"), nullable=False),
        sa.Column("element_id", sa.String(length=255, collation="C"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("loop_id", sa.String(length=26, collation="C"), nullable=True),
        sa.Column("business_key", sa.Text(), nullable=True),
        sa.Column("stage", sa.String(length=255, collation="C"), nullable=True),
        sa.Column("assignee", sa.String(length=255, collation="C"), nullable=True),
        sa.Column("candidates", postgresql.ARRAY(sa.String(length=255, collation="C")), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("follow_up_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("form_id", sa.String(length=26, collation="C"), nullable=True),
        sa.Column("owner", sa.String(length=255, collation="C"), nullable=True),
        sa.Column("is_delegated", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("search", postgresql.JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("instance_id", "id", name=op.f("pk_work_item")),
    )
    op.create_index(
        "ix_work_item_assignee_due_at",
        "work_item",
        ["assignee", sa.text("coalesce(due_at, 'infinity'::timestamptz)"), "id"],
        unique=False,
        postgresql_where=sa.text("assignee IS NOT NULL"),
    )
    op.create_index(
        "ix_work_item_definition_key_element_id", "work_item", ["definition_key", "element_id", "id"], unique=False
    )
    op.create_index("ix_work_item_due_at_id", "work_item", ["due_at", "id"], unique=False)
    op.create_index("ix_work_item_id", "work_item", ["id"], unique=True)
    op.create_index("ix_work_item_name_id", "work_item", ["name", "id"], unique=False)
    op.create_index("ix_work_item_priority_id", "work_item", ["priority", "id"], unique=False)
    op.create_index(
        "ix_work_item_candidates_search", "work_item", ["candidates", "search"],
        postgresql_using="gin", postgresql_ops={"search": "jsonb_path_ops"},
    )  # fmt: skip
    op.create_table(
        "task_offer",
        sa.Column("name", sa.String(length=255, collation="C"), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.String(length=26, collation="C"), nullable=False),
        sa.Column("instance_id", sa.String(length=26, collation="C"), nullable=False),
        sa.PrimaryKeyConstraint("name", "due_at", "id", "instance_id", name=op.f("pk_task_offer")),
    )
    op.create_table(
        "instance",
        sa.Column("id", sa.String(length=26, collation="C"), nullable=False),
        sa.Column("definition_id", sa.String(length=26, collation="C"), nullable=False),
        sa.Column("definition_key", sa.String(length=255, collation="C"), nullable=False),
        sa.Column("state", sa.String(length=255, collation="C"), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("stage", sa.String(length=255, collation="C"), nullable=True),
        sa.Column("business_key", sa.Text(), nullable=True),
        sa.Column("outcome", sa.String(length=255, collation="C"), nullable=True),
        sa.Column("snapshot", postgresql.JSONB(), nullable=False),
        sa.Column("started_by", sa.String(length=255, collation="C"), nullable=False),
        sa.Column("parent_id", sa.String(length=26, collation="C"), nullable=True),
        sa.Column("parent_token", sa.String(length=26, collation="C"), nullable=True),
        sa.Column("parent_element", sa.String(length=255, collation="C"), nullable=True),
        sa.Column("root_id", sa.String(length=26, collation="C"), nullable=True),
        sa.Column("depth", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("stopped_by", sa.String(length=26, collation="C"), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("has_documents", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.CheckConstraint(
            "state = ANY ('{running,failed,suspended,completed,cancelled}'::text[])", name=op.f("ck_instance_state")
        ),
        sa.ForeignKeyConstraint(
            ["definition_id"], ["definition.id"], name=op.f("fk_instance_definition_id_definition")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_instance")),
        postgresql_with={"fillfactor": "70"},
    )
    op.create_index(op.f("ix_instance_business_key"), "instance", ["business_key"], unique=False)
    op.create_index("ix_instance_definition_key_id", "instance", ["definition_key", "id"], unique=False)
    op.create_index(
        "ix_instance_open",
        "instance",
        ["definition_key", "stage"],
        unique=False,
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_index(
        "ix_instance_parent_id",
        "instance",
        ["parent_id", "parent_token"],
        unique=False,
        postgresql_where=sa.text("parent_id IS NOT NULL"),
    )
    op.create_table(
        "instance_part",
        sa.Column("instance_id", sa.String(length=26, collation="C"), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("content", postgresql.JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("instance_id", "number", name=op.f("pk_instance_part")),
    )
    op.create_index(
        "ix_instance_root_id", "instance", ["root_id"], unique=False, postgresql_where=sa.text("root_id IS NOT NULL")
    )
    op.create_index(op.f("ix_instance_started_by"), "instance", ["started_by"], unique=False)


def _create_message_tables() -> None:
    op.create_table(
        "message_subscription",
        sa.Column("instance_id", sa.String(length=26, collation="C"), nullable=False),
        sa.Column("id", sa.String(length=255, collation="C"), nullable=False),
        sa.Column("element_id", sa.String(length=255, collation="C"), nullable=False),
        sa.Column("kind", sa.String(length=255, collation="C"), nullable=False),
        sa.Column("name", sa.String(length=255, collation="C"), nullable=False),
        sa.Column("key", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("instance_id", "id", name=op.f("pk_message_subscription")),
    )
    op.create_index(
        "ix_message_subscription_name_key_id", "message_subscription", ["kind", "name", "key", "id"], unique=False
    )
    op.create_table(
        "start_event",
        sa.Column("definition_key", sa.String(length=255, collation="C"), nullable=False),
        sa.Column("element_id", sa.String(length=255, collation="C"), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("definition_id", sa.String(length=26, collation="C"), nullable=False),
        sa.Column("kind", sa.String(length=255, collation="C"), nullable=False),
        sa.Column("name", sa.String(length=255, collation="C"), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("left", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("definition_key", "element_id", "number", name=op.f("pk_start_event")),
    )
    op.create_index("ix_start_event_kind_name", "start_event", ["kind", "name"], unique=False)
    op.create_index(
        "ix_start_event_due_at", "start_event", ["due_at"], unique=False, postgresql_where=sa.text("due_at IS NOT NULL")
    )
    op.create_table(
        "message",
        sa.Column("id", sa.String(length=26, collation="C"), nullable=False),
        sa.Column("name", sa.String(length=255, collation="C"), nullable=False),
        sa.Column("keys", postgresql.JSONB(), nullable=False),
        sa.Column("payload", postgresql.JSONB(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=True),
        sa.Column("state", sa.String(length=255, collation="C"), nullable=False),
        sa.Column("needs_receiver", sa.Boolean(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published_by", sa.String(length=255, collation="C"), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("state IN ('waiting', 'expired')", name=op.f("ck_message_state")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message")),
    )
    op.create_index("ix_message_name_id", "message", ["name", "id"], unique=False)
    op.create_index(
        "ix_message_expires_at",
        "message",
        ["expires_at"],
        unique=False,
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_table(
        "message_event",
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answer", postgresql.JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_message_event")),
    )
    op.create_index("ix_message_event_received_at", "message_event", ["received_at"], unique=False)
    op.create_table(
        "message_start",
        sa.Column("definition_key", sa.String(length=255, collation="C"), nullable=False),
        sa.Column("name", sa.String(length=255, collation="C"), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("instance_id", sa.String(length=26, collation="C"), nullable=False),
        sa.PrimaryKeyConstraint("definition_key", "name", "key", name=op.f("pk_message_start")),
    )
    op.create_index(op.f("ix_message_start_instance_id"), "message_start", ["instance_id"], unique=False)
    _operations()


def _operations() -> None:
    """What administrators do to many cases at once."""
    key, identifier = sa.String(length=255, collation="C"), sa.String(length=26, collation="C")
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "migration",
        *(sa.Column(name, identifier, nullable=False) for name in ("id", "before_id", "after_id")),
        *(sa.Column(name, key, nullable=False) for name in ("definition_key", "state", "started_by")),
        sa.Column("mapping", postgresql.JSONB(), nullable=False),
        sa.Column("restart_timers", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("started_at", moment, nullable=False),
        sa.Column("ended_at", moment, nullable=True),
        sa.CheckConstraint("state IN ('running', 'stopped', 'finished')", name=op.f("ck_migration_state")),
        sa.ForeignKeyConstraint(["after_id"], ["definition.id"], name=op.f("fk_migration_after_id_definition")),
        sa.ForeignKeyConstraint(["before_id"], ["definition.id"], name=op.f("fk_migration_before_id_definition")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_migration")),
    )
    op.create_index("ix_migration_definition_key_id", "migration", ["definition_key", "id"], unique=False)
    op.create_table(
        "migration_item",
        *(sa.Column(name, identifier, nullable=False) for name in ("migration_id", "instance_id")),
        sa.Column("state", key, nullable=False),
        sa.Column("sentence", sa.Text(), nullable=True),
        sa.Column("ended_at", moment, nullable=True),
        sa.CheckConstraint("state IN ('waiting', 'done', 'refused')", name=op.f("ck_migration_item_state")),
        sa.PrimaryKeyConstraint("migration_id", "instance_id", name=op.f("pk_migration_item")),
    )
    columns = ["migration_id", "state", "instance_id"]
    op.create_index("ix_migration_item_migration_id_state", "migration_item", columns, unique=False)
    op.create_table(
        "removal",
        sa.Column("id", identifier, nullable=False),
        *(sa.Column(name, key, nullable=False) for name in ("state", "started_by", "mark")),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("started_at", moment, nullable=False),
        sa.Column("ended_at", moment, nullable=True),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in ("found", "removed", "kept")),
        sa.CheckConstraint("state IN ('running', 'stopped', 'finished')", name=op.f("ck_removal_state")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_removal")),
    )


def downgrade() -> None:
    tables = (
        "service_call", "message_start", "message_event", "message", "start_event", "message_subscription", "removal",
        "migration_item", "migration", "task_comment", "instance_entity", "incident", "timer", "token_log",
        "task_history", "task_offer", "work_item", "instance_part", "instance", "definition",
    )  # fmt: skip
    for table in tables:
        op.drop_table(table)
