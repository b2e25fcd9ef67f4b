"""The inbox: filters that people keep, drafts of forms, and lists of what somebody delegated."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0026_inbox"
down_revision = "0025_mass_edit"
branch_labels = None
depends_on = None

ID = sa.String(length=26, collation="C")
WORD = sa.String(length=64, collation="C")
MOMENT = sa.DateTime(timezone=True)
TABLES = ("task_draft", "task_filter_group", "task_filter")


def upgrade() -> None:
    op.create_table(
        "task_filter",
        sa.Column("id", ID, nullable=False),
        sa.Column("owner", WORD, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("look", JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_task_filter"),
    )
    op.create_index("uq_task_filter_owner_name", "task_filter", ["owner", "name"], unique=True)
    op.create_table(
        "task_filter_group",
        sa.Column("role", WORD, nullable=False),
        sa.Column("filter_id", ID, nullable=False),
        sa.ForeignKeyConstraint(
            ["filter_id"], ["task_filter.id"], name="fk_task_filter_group_filter_id_task_filter", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("role", "filter_id", name="pk_task_filter_group"),
    )
    op.create_index("ix_task_filter_group_filter_id", "task_filter_group", ["filter_id"])
    op.create_table(
        "task_draft",
        sa.Column("task_id", ID, nullable=False),
        sa.Column("account", WORD, nullable=False),
        sa.Column("data", JSONB(), nullable=False),
        sa.Column("saved_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("task_id", "account", name="pk_task_draft"),
    )
    op.create_index(
        "ix_work_item_owner_due_at",
        "work_item",
        ["owner", sa.text("coalesce(due_at, 'infinity'::timestamptz)"), "id"],
        postgresql_where=sa.text("owner IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_work_item_owner_due_at", table_name="work_item")
    for table in TABLES:
        op.drop_table(table)
