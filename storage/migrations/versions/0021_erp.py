"""ERP: what is handed over to the other system, and what comes back from it."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0021_erp"
down_revision = "0020_dunning"
branch_labels = None
depends_on = None

ID = sa.String(length=26, collation="C")
WORD = sa.String(length=32, collation="C")
KEY = sa.String(length=100, collation="C")
DIGEST = sa.String(length=64, collation="C")
MOMENT = sa.DateTime(timezone=True)
DUE = sa.text("state IN ('waiting', 'sending')")
TABLES = ("erp_cursor", "erp_arrival", "erp_attempt", "erp_handover")


def upgrade() -> None:
    op.create_table(
        "erp_handover",
        sa.Column("id", ID, nullable=False),
        sa.Column("key", KEY, nullable=False),
        sa.Column("entity", WORD, nullable=False),
        sa.Column("record_id", ID, nullable=False),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("state", WORD, nullable=False),
        sa.Column("content", JSONB(), nullable=False),
        sa.Column("digest", DIGEST, nullable=False),
        sa.Column("after_id", ID, nullable=True),
        sa.Column("batch", ID, nullable=True),
        sa.Column("due_at", MOMENT, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("claim", ID, nullable=True),
        sa.Column("erp_number", sa.String(length=64), nullable=True),
        sa.Column("answer", sa.String(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("settled_at", MOMENT, nullable=True),
        sa.Column("row_version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["after_id"], ["erp_handover.id"], name=op.f("fk_erp_handover_after_id_erp_handover")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_erp_handover")),
        sa.UniqueConstraint("key", name=op.f("uq_erp_handover_key")),
    )
    op.create_index("ix_erp_handover_due", "erp_handover", ["due_at", "id"], postgresql_where=DUE)
    for columns in (
        ["after_id"],
        ["batch"],
        ["created_at", "id"],
        ["state", "created_at", "id"],
        ["entity", "record_id", "id"],
    ):
        op.create_index(op.f(f"ix_erp_handover_{'_'.join(columns)}"), "erp_handover", columns)
    op.create_table(
        "erp_attempt",
        sa.Column("handover_id", ID, nullable=False),
        sa.Column("claim", ID, nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("begun_at", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.Column("outcome", WORD, nullable=True),
        sa.Column("answer", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["handover_id"], ["erp_handover.id"], name=op.f("fk_erp_attempt_handover_id_erp_handover")
        ),
        sa.PrimaryKeyConstraint("handover_id", "claim", name=op.f("pk_erp_attempt")),
    )
    op.create_table(
        "erp_arrival",
        sa.Column("id", ID, nullable=False),
        sa.Column("key", KEY, nullable=False),
        sa.Column("kind", WORD, nullable=False),
        sa.Column("state", WORD, nullable=False),
        sa.Column("content", JSONB(), nullable=False),
        sa.Column("digest", DIGEST, nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("entity", WORD, nullable=True),
        sa.Column("record_id", ID, nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("received_at", MOMENT, nullable=False),
        sa.Column("taken_at", MOMENT, nullable=True),
        sa.Column("row_version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_erp_arrival")),
        sa.UniqueConstraint("key", name=op.f("uq_erp_arrival_key")),
    )
    for columns in (["received_at", "id"], ["state", "received_at", "id"]):
        op.create_index(op.f(f"ix_erp_arrival_{'_'.join(columns)}"), "erp_arrival", columns)
    op.create_table(
        "erp_cursor",
        sa.Column("name", WORD, nullable=False),
        sa.Column("value", sa.String(), nullable=True),
        sa.Column("looked_at", MOMENT, nullable=False),
        sa.Column("trouble", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_erp_cursor")),
    )


def downgrade() -> None:
    for table in TABLES:
        op.drop_table(table)
