"""Tickets of the help desk, and what was said in them."""

import sqlalchemy as sa
from alembic import op

revision = "0052b_tickets"
down_revision = "0052_webhooks"
branch_labels = None
depends_on = None

WHEN = sa.DateTime(timezone=True)
ID = sa.String(length=26, collation="C")
WORD = sa.String(length=32, collation="C")


def upgrade() -> None:
    op.create_table(
        "ticket",
        sa.Column("id", ID, nullable=False),
        sa.Column("number", sa.String(length=16, collation="C"), nullable=False),
        sa.Column("case_id", ID, nullable=True),
        sa.Column("customer_id", ID, nullable=True),
        *(sa.Column(name, WORD, nullable=False) for name in ("kind", "channel", "state")),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("product_group", sa.String(), nullable=True),
        sa.Column("name", sa.String(), nullable=False),
        *(sa.Column(name, sa.String(), nullable=True) for name in ("email", "phone")),
        sa.Column("link_id", ID, nullable=False),
        sa.Column("link_until", WHEN, nullable=False),
        sa.Column("opened_at", WHEN, nullable=False),
        sa.Column("opened_by", sa.String(), nullable=False),
        sa.Column("closed_at", WHEN, nullable=True),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name="fk_ticket_customer_id_customer"),
        sa.PrimaryKeyConstraint("id", name="pk_ticket"),
        sa.UniqueConstraint("number", name="uq_ticket_number"),
        sa.UniqueConstraint("case_id", name="uq_ticket_case_id"),
        sa.UniqueConstraint("link_id", name="uq_ticket_link_id"),
    )
    op.create_index("ix_ticket_customer_id", "ticket", ["customer_id"])
    op.create_index("ix_ticket_opened_at_id", "ticket", ["opened_at", "id"])
    op.create_index("ix_ticket_state_opened_at_id", "ticket", ["state", "opened_at", "id"])
    op.create_table(
        "ticket_message",
        sa.Column("id", ID, nullable=False),
        sa.Column("ticket_id", ID, nullable=False),
        sa.Column("is_ours", sa.Boolean(), nullable=False),
        sa.Column("channel", WORD, nullable=False),
        *(sa.Column(name, sa.String(), nullable=False) for name in ("author", "text")),
        sa.Column("document_id", ID, nullable=True),
        sa.Column("at", WHEN, nullable=False),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name="fk_ticket_message_ticket_id_ticket"),
        sa.PrimaryKeyConstraint("id", name="pk_ticket_message"),
        sa.UniqueConstraint("document_id", name="uq_ticket_message_document_id"),
    )
    op.create_index("ix_ticket_message_ticket_id_id", "ticket_message", ["ticket_id", "id"])


def downgrade() -> None:
    op.drop_table("ticket_message")
    op.drop_table("ticket")
