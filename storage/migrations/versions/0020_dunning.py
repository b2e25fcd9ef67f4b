"""Dunning: how far each invoice has come, the letters that wait or went out, and the nights that were run."""

import sqlalchemy as sa
from alembic import op

revision = "0020_dunning"
down_revision = "0019_imports"
branch_labels = None
depends_on = None

ID = sa.String(length=26, collation="C")
WORD = sa.String(length=32, collation="C")
MOMENT = sa.DateTime(timezone=True)
MONEY = sa.Numeric(precision=18, scale=2)
WAITING = sa.text("state = 'waiting'")
TABLES = ("dunning_night", "dunning_dispatch", "dunning_item", "dunning_letter", "dunning")


def upgrade() -> None:
    op.create_table(
        "dunning",
        sa.Column("invoice_id", ID, nullable=False),
        sa.Column("customer_id", ID, nullable=False),
        sa.Column("instance_id", ID, nullable=False),
        sa.Column("is_running", sa.Boolean(), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("reminded_on", sa.Date(), nullable=True),
        sa.Column("broken_promises", sa.Integer(), nullable=False),
        sa.Column("kept_promises", sa.Integer(), nullable=False),
        sa.Column("disputes", sa.Integer(), nullable=False),
        sa.Column("promised_on", sa.Date(), nullable=True),
        sa.Column("promised", MONEY, nullable=True),
        sa.Column("owed_then", MONEY, nullable=True),
        sa.Column("is_insolvent", sa.Boolean(), nullable=False),
        sa.Column("stuck", WORD, nullable=True),
        sa.Column("mail_fails", sa.Boolean(), nullable=False),
        sa.Column("mobile_fails", sa.Boolean(), nullable=False),
        sa.Column("outcome", WORD, nullable=True),
        sa.Column("opened_at", MOMENT, nullable=False),
        _refers("dunning", "invoice_id", "invoice"),
        _refers("dunning", "customer_id", "customer"),
        sa.PrimaryKeyConstraint("invoice_id", name=op.f("pk_dunning")),
    )
    op.create_index(op.f("ix_dunning_customer_id"), "dunning", ["customer_id"])
    op.create_index(op.f("ix_dunning_instance_id"), "dunning", ["instance_id"])
    op.create_table(
        "dunning_letter",
        sa.Column("id", ID, nullable=False),
        sa.Column("customer_id", ID, nullable=False),
        sa.Column("template", WORD, nullable=False),
        sa.Column("channel", WORD, nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("state", WORD, nullable=False),
        sa.Column("queued_at", MOMENT, nullable=False),
        sa.Column("sent_at", MOMENT, nullable=True),
        sa.Column("document_id", ID, nullable=True),
        sa.Column("digest", sa.String(length=64, collation="C"), nullable=True),
        _refers("dunning_letter", "customer_id", "customer"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dunning_letter")),
    )
    op.create_index(
        "uq_dunning_letter_waiting",
        "dunning_letter",
        ["customer_id", "template", "channel", "currency"],
        unique=True,
        postgresql_where=WAITING,
    )
    op.create_table(
        "dunning_item",
        sa.Column("id", ID, nullable=False),
        sa.Column("letter_id", ID, nullable=False),
        sa.Column("invoice_id", ID, nullable=False),
        sa.Column("instance_id", ID, nullable=False),
        sa.Column("balance", MONEY, nullable=False),
        sa.Column("law", sa.String(length=64), nullable=False),
        sa.Column("difference", sa.Numeric(precision=7, scale=4), nullable=True),
        sa.Column("has_compensation", sa.Boolean(), nullable=False),
        sa.Column("reached", sa.Integer(), nullable=True),
        sa.Column("state", WORD, nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        _refers("dunning_item", "letter_id", "dunning_letter"),
        _refers("dunning_item", "invoice_id", "invoice"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dunning_item")),
    )
    op.create_index(op.f("ix_dunning_item_letter_id"), "dunning_item", ["letter_id"])
    op.create_index("uq_dunning_item_waiting", "dunning_item", ["invoice_id"], unique=True, postgresql_where=WAITING)
    op.create_index(op.f("ix_dunning_item_invoice_id"), "dunning_item", ["invoice_id"])
    op.create_table(
        "dunning_dispatch",
        sa.Column("message_id", ID, nullable=False),
        sa.Column("letter_id", ID, nullable=False),
        sa.Column("is_leading", sa.Boolean(), nullable=False),
        _refers("dunning_dispatch", "message_id", "outbox_message"),
        _refers("dunning_dispatch", "letter_id", "dunning_letter"),
        sa.PrimaryKeyConstraint("message_id", name=op.f("pk_dunning_dispatch")),
    )
    op.create_index(op.f("ix_dunning_dispatch_letter_id"), "dunning_dispatch", ["letter_id"])
    op.create_table(
        "dunning_night",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("begun_at", MOMENT, nullable=False),
        sa.Column("cases", sa.Integer(), nullable=True),
        sa.Column("refusal", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_dunning_night")),
    )


def _refers(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=op.f(f"fk_{table}_{column}_{other}"))


def downgrade() -> None:
    for table in TABLES:
        op.drop_table(table)
