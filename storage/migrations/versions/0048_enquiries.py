"""Enquiries and their offers, mails to each member of a segment, and what the ERP is master of and says of supply."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0048_enquiries"
down_revision = "0047_satisfaction_causes"
branch_labels = None
depends_on = None

WHEN = sa.DateTime(timezone=True)
ID = sa.String(length=26, collation="C")
CODE = sa.String(length=64, collation="C")
WORD = sa.String(length=32, collation="C")
KEY = sa.String(length=100, collation="C")
SENT = sa.text("sent_at IS NOT NULL")


def upgrade() -> None:
    op.add_column("offer", sa.Column("enquired_at", WHEN, nullable=True))
    op.add_column("offer", sa.Column("sent_at", WHEN, nullable=True))
    op.create_index("ix_offer_sent_at", "offer", ["sent_at"], postgresql_where=SENT)
    op.create_table(
        "mailing",
        sa.Column("activity_id", ID, nullable=False),
        sa.Column("segment_id", ID, nullable=False),
        sa.Column("snapshot_id", ID, nullable=True),
        *(sa.Column(name, CODE, nullable=False) for name in ("purpose", "planned_by")),
        *(sa.Column(name, sa.String(), nullable=False) for name in ("subject", "text", "planned_name")),
        sa.Column("template", sa.String(), nullable=True),
        sa.Column("rights", JSONB(), nullable=False),
        sa.Column("behind", ID, nullable=True),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in ("members", "queued", "left_out")),
        sa.Column("ended_at", WHEN, nullable=True),
        *(
            sa.ForeignKeyConstraint([column], [target], name=f"fk_mailing_{column}_{target.split('.')[0]}")
            for column, target in (
                ("activity_id", "activity.id"),
                ("segment_id", "segment.id"),
                ("snapshot_id", "segment_snapshot.id"),
            )
        ),
        sa.PrimaryKeyConstraint("activity_id", name="pk_mailing"),
    )
    op.create_index("ix_mailing_open", "mailing", ["activity_id"], postgresql_where=sa.text("ended_at IS NULL"))
    op.create_index("ix_mailing_segment_id", "mailing", ["segment_id"])
    op.create_index("ix_mailing_snapshot_id", "mailing", ["snapshot_id"])
    op.create_table(
        "mailing_left_out",
        sa.Column("activity_id", ID, nullable=False),
        sa.Column("record_id", ID, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("sentence", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["activity_id"], ["mailing.activity_id"], name="fk_mailing_left_out_activity_id_mailing"
        ),
        sa.PrimaryKeyConstraint("activity_id", "record_id", name="pk_mailing_left_out"),
    )
    _supply()


def _supply() -> None:
    op.create_table(
        "erp_master",
        sa.Column("entity", WORD, nullable=False),
        sa.Column("field", KEY, nullable=False),
        sa.Column("set_at", WHEN, nullable=False),
        sa.Column("set_by", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("entity", "field", name="pk_erp_master"),
    )
    op.create_table(
        "erp_stock",
        sa.Column("product_id", ID, nullable=False),
        sa.Column("place", KEY, nullable=False),
        sa.Column("quantity", sa.Numeric(14, 4), nullable=False),
        sa.Column("told_at", WHEN, nullable=False),
        sa.ForeignKeyConstraint(["product_id"], ["product.id"], name="fk_erp_stock_product_id_product"),
        sa.PrimaryKeyConstraint("product_id", "place", name="pk_erp_stock"),
    )
    op.create_table(
        "erp_cost_rate",
        sa.Column("account", CODE, nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("hourly", sa.Numeric(18, 2), nullable=False),
        sa.PrimaryKeyConstraint("account", "valid_from", name="pk_erp_cost_rate"),
    )
    op.create_table(
        "parts_order",
        sa.Column("id", ID, nullable=False),
        sa.Column("number", sa.String(length=16, collation="C"), nullable=False),
        sa.Column("case_id", ID, nullable=False),
        sa.Column("supplier", sa.String(), nullable=True),
        sa.Column("parts", sa.String(), nullable=False),
        sa.Column("expected_on", sa.Date(), nullable=False),
        sa.Column("state", WORD, nullable=False),
        sa.Column("ordered_at", WHEN, nullable=False),
        sa.Column("received_on", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_parts_order"),
        sa.UniqueConstraint("number", name="uq_parts_order_number"),
    )
    op.create_index("ix_parts_order_case_id", "parts_order", ["case_id"])


def downgrade() -> None:
    for table in ("parts_order", "erp_cost_rate", "erp_stock", "erp_master"):
        op.drop_table(table)
    op.drop_table("mailing_left_out")
    op.drop_table("mailing")
    op.drop_index("ix_offer_sent_at", table_name="offer")
    op.drop_column("offer", "sent_at")
    op.drop_column("offer", "enquired_at")
