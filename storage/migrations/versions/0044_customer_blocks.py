"""Customers to whom nothing new is offered or sold."""

import sqlalchemy as sa
from alembic import op

revision = "0044_customer_blocks"
down_revision = "0043_scopes"
branch_labels = None
depends_on = None

ID = sa.String(length=26, collation="C")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "customer_block",
        sa.Column("id", ID, nullable=False),
        sa.Column("customer_id", ID, nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("blocked_at", MOMENT, nullable=False),
        sa.Column("blocked_by", sa.String(), nullable=False),
        sa.Column("lifted_at", MOMENT, nullable=True),
        sa.Column("lifted_by", sa.String(), nullable=True),
        sa.Column("lifted_because", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name="fk_customer_block_customer_id_customer"),
        sa.PrimaryKeyConstraint("id", name="pk_customer_block"),
    )
    op.create_index("ix_customer_block_customer_id_id", "customer_block", ["customer_id", "id"])


def downgrade() -> None:
    op.drop_table("customer_block")
