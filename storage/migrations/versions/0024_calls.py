"""The call queue: calls that wait, and customers who are being called."""

import sqlalchemy as sa
from alembic import op

revision = "0024_calls"
down_revision = "0021_erp"
branch_labels = None
depends_on = None

ID = sa.String(length=26, collation="C")
WORD = sa.String(length=32, collation="C")
KEY = sa.String(length=255, collation="C")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "call_item",
        sa.Column("id", ID, nullable=False),
        sa.Column("customer_id", ID, nullable=False),
        sa.Column("kind", WORD, nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=True),
        sa.Column("task_id", ID, nullable=True),
        sa.Column("instance_id", ID, nullable=True),
        sa.Column("candidates", sa.ARRAY(KEY), nullable=False),
        sa.Column("assignee", KEY, nullable=True),
        sa.Column("urgency", sa.Integer(), nullable=False),
        sa.Column("call_at", MOMENT, nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("queued_at", MOMENT, nullable=False),
        sa.Column("queued_by", KEY, nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_call_item_customer_id_customer")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_call_item")),
        sa.UniqueConstraint("task_id", name=op.f("uq_call_item_task_id")),
    )
    op.create_index(op.f("ix_call_item_customer_id"), "call_item", ["customer_id"])
    op.create_index(op.f("ix_call_item_urgency_call_at_id"), "call_item", ["urgency", "call_at", "id"])
    op.create_table(
        "call_lease",
        sa.Column("customer_id", ID, nullable=False),
        sa.Column("agent", KEY, nullable=False),
        sa.Column("call_id", ID, nullable=False),
        sa.Column("taken_at", MOMENT, nullable=False),
        sa.Column("until", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_call_lease_customer_id_customer")),
        sa.PrimaryKeyConstraint("customer_id", name=op.f("pk_call_lease")),
        sa.UniqueConstraint("agent", name=op.f("uq_call_lease_agent")),
    )


def downgrade() -> None:
    op.drop_table("call_lease")
    op.drop_table("call_item")
