"""Activities with customers: who took part, what they are about, how they were postponed."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0015_activities"
down_revision = "0014_sales"
branch_labels = None
depends_on = None

ID = sa.String(length=26, collation="C")
NAME = sa.String(length=64, collation="C")
MOMENT = sa.DateTime(timezone=True)
SEARCH = sa.Computed("to_tsvector('simple'::regconfig, search_text)", persisted=True)
PLANNED = sa.text("status = 'planned'")
UNANSWERED = sa.text("respond_by IS NOT NULL AND responded_at IS NULL")
TABLES = ("activity_postponement", "activity_link", "activity_participant", "activity")


def upgrade() -> None:
    op.create_table(
        "activity",
        sa.Column("id", ID, nullable=False),
        sa.Column("customer_id", ID, nullable=True),
        sa.Column("contact_id", ID, nullable=True),
        sa.Column("employee", sa.String(), nullable=False),
        sa.Column("method", NAME, nullable=False),
        sa.Column("direction", NAME, nullable=False),
        sa.Column("type", NAME, nullable=True),
        sa.Column("priority", NAME, nullable=False),
        sa.Column("status", NAME, nullable=False),
        sa.Column("state", NAME, nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=True),
        sa.Column("planned_from", MOMENT, nullable=True),
        sa.Column("planned_to", MOMENT, nullable=True),
        sa.Column("held_from", MOMENT, nullable=True),
        sa.Column("duration_seconds", sa.Integer(), nullable=True),
        sa.Column("moment", MOMENT, nullable=False),
        sa.Column("follows_id", ID, nullable=True),
        sa.Column("cancelled_reason", sa.String(), nullable=True),
        sa.Column("is_private", sa.Boolean(), nullable=False),
        sa.Column("respond_by", MOMENT, nullable=True),
        sa.Column("responded_at", MOMENT, nullable=True),
        sa.Column("search_text", sa.String(), nullable=False),
        sa.Column("search", postgresql.TSVECTOR(), SEARCH, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("changed_at", MOMENT, nullable=False),
        sa.Column("row_version", sa.Integer(), nullable=False),
        _refers("activity", "customer_id", "customer"),
        _refers("activity", "contact_id", "contact"),
        _refers("activity", "follows_id", "activity"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_activity")),
    )
    op.create_index("ix_activity_moment_id", "activity", ["moment", "id"])
    op.create_index("ix_activity_customer_id_moment_id", "activity", ["customer_id", "moment", "id"])
    op.create_index("ix_activity_employee_moment_id", "activity", ["employee", "moment", "id"])
    op.create_index("ix_activity_planned", "activity", ["employee", "planned_from"], postgresql_where=PLANNED)
    op.create_index("ix_activity_respond_by", "activity", ["respond_by"], postgresql_where=UNANSWERED)
    op.create_index("ix_activity_search", "activity", ["search"], postgresql_using="gin")
    op.create_index(op.f("ix_activity_contact_id"), "activity", ["contact_id"])
    op.create_index(op.f("ix_activity_follows_id"), "activity", ["follows_id"])
    op.create_table(
        "activity_participant",
        sa.Column("activity_id", ID, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("side", NAME, nullable=False),
        sa.Column("account", sa.String(), nullable=True),
        sa.Column("contact_id", ID, nullable=True),
        sa.Column("name", sa.String(), nullable=True),
        sa.Column("moment", MOMENT, nullable=False),
        _refers("activity_participant", "activity_id", "activity"),
        _refers("activity_participant", "contact_id", "contact"),
        sa.PrimaryKeyConstraint("activity_id", "position", name=op.f("pk_activity_participant")),
    )
    op.create_index(
        "ix_activity_participant_account_moment_activity_id",
        "activity_participant",
        ["account", "moment", "activity_id"],
        postgresql_where=sa.text("account IS NOT NULL"),
    )
    op.create_index(op.f("ix_activity_participant_contact_id"), "activity_participant", ["contact_id"])
    op.create_table(
        "activity_link",
        sa.Column("activity_id", ID, nullable=False),
        sa.Column("entity", NAME, nullable=False),
        sa.Column("record_id", ID, nullable=False),
        _refers("activity_link", "activity_id", "activity"),
        sa.PrimaryKeyConstraint("activity_id", "entity", "record_id", name=op.f("pk_activity_link")),
    )
    op.create_index("ix_activity_link_entity_record_id", "activity_link", ["entity", "record_id"])
    op.create_table(
        "activity_postponement",
        sa.Column("id", ID, nullable=False),
        sa.Column("activity_id", ID, nullable=False),
        sa.Column("planned_from", MOMENT, nullable=False),
        sa.Column("moved_to", MOMENT, nullable=False),
        sa.Column("reason", NAME, nullable=False),
        sa.Column("remark", sa.String(), nullable=True),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("made_by", sa.String(), nullable=False),
        _refers("activity_postponement", "activity_id", "activity"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_activity_postponement")),
    )
    op.create_index(op.f("ix_activity_postponement_activity_id"), "activity_postponement", ["activity_id"])
    op.create_index("ix_activity_postponement_made_at", "activity_postponement", ["made_at"])


def _refers(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=op.f(f"fk_{table}_{column}_{other}"))


def downgrade() -> None:
    for table in TABLES:
        op.drop_table(table)
