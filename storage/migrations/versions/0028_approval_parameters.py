"""Limits and deputies of approvals, as the firm sets them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0028_approval_parameters"
down_revision = "0027_orders_due"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "approval_parameters",
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("limits", JSONB(), nullable=False),
        sa.Column("deputies", JSONB(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_by", sa.String(length=64, collation="C"), nullable=False),
        sa.Column("changed_name", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("version", name="pk_approval_parameters"),
    )


def downgrade() -> None:
    op.drop_table("approval_parameters")
