"""Changes of many customers at once."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0025_mass_edit"
down_revision = "0024_calls"
branch_labels = None
depends_on = None

ID = sa.String(length=26, collation="C")
WORD = sa.String(length=64, collation="C")
MOMENT = sa.DateTime(timezone=True)
TABLES = ("mass_edited_customer", "mass_edit")


def upgrade() -> None:
    op.create_table(
        "mass_edit",
        sa.Column("id", ID, nullable=False),
        sa.Column("criteria", JSONB(), nullable=False),
        sa.Column("changes", JSONB(), nullable=False),
        sa.Column("state", WORD, nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("counts", JSONB(), server_default=sa.text("'{}'::jsonb"), nullable=False),
        sa.Column("undone", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("kept", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("started_by", WORD, nullable=False),
        sa.Column("started_name", sa.String(), nullable=False),
        sa.Column("rights", JSONB(), nullable=False),
        sa.Column("started_at", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.CheckConstraint(
            "state IN ('running', 'stopped', 'finished', 'failed', 'undoing', 'undone')", name="ck_mass_edit_state"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_mass_edit"),
    )
    op.create_index("ix_mass_edit_started_by_id", "mass_edit", ["started_by", "id"])
    op.create_table(
        "mass_edited_customer",
        sa.Column("edit_id", ID, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("customer_id", ID, nullable=False),
        sa.Column("outcome", WORD, nullable=False),
        sa.Column("version", sa.Integer(), nullable=True),
        sa.Column("before", JSONB(), nullable=True),
        sa.Column("sentence", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("edit_id", "position", name="pk_mass_edited_customer"),
    )
    op.create_index(
        "ix_mass_edited_customer_edit_id_outcome_position", "mass_edited_customer", ["edit_id", "outcome", "position"]
    )
    op.create_index("ix_mass_edited_customer_customer_id", "mass_edited_customer", ["customer_id"])


def downgrade() -> None:
    for table in TABLES:
        op.drop_table(table)
