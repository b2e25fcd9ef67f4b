"""The record of an opportunity."""

import sqlalchemy as sa
from alembic import op

revision = "0054_opportunities"
down_revision = "0052b_tickets"
branch_labels = None
depends_on = None

WHEN = sa.DateTime(timezone=True)
ID = sa.String(length=26, collation="C")
CODE = sa.String(length=64, collation="C")
WORD = sa.String(length=32, collation="C")
OPEN = sa.text("state = 'open'")


def upgrade() -> None:
    op.create_table(
        "opportunity",
        sa.Column("id", ID, nullable=False),
        sa.Column("number", WORD, nullable=False),
        sa.Column("case_id", ID, nullable=False),
        sa.Column("customer_id", ID, nullable=False),
        *(sa.Column(name, sa.String(), nullable=True) for name in ("subject", "need", "source")),
        sa.Column("owner", CODE, nullable=True),
        sa.Column("value", sa.Numeric(18, 2), nullable=True),
        sa.Column("probability", sa.Numeric(5, 2), nullable=False),
        sa.Column("close_expected", sa.Date(), nullable=True),
        sa.Column("state", WORD, nullable=False),
        sa.Column("loss_reason", WORD, nullable=True),
        sa.Column("competitor", sa.String(), nullable=True),
        sa.Column("price_gap", sa.Numeric(7, 2), nullable=True),
        sa.Column("offer_id", ID, nullable=True),
        sa.Column("offers", sa.Integer(), nullable=False),
        sa.Column("order_id", ID, nullable=True),
        sa.Column("opened_at", WHEN, nullable=False),
        sa.Column("closed_at", WHEN, nullable=True),
        sa.Column("row_version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name="fk_opportunity_customer_id_customer"),
        sa.ForeignKeyConstraint(["offer_id"], ["offer.id"], name="fk_opportunity_offer_id_offer"),
        sa.ForeignKeyConstraint(["order_id"], ["customer_order.id"], name="fk_opportunity_order_id_customer_order"),
        sa.PrimaryKeyConstraint("id", name="pk_opportunity"),
        sa.UniqueConstraint("number", name="uq_opportunity_number"),
        sa.UniqueConstraint("case_id", name="uq_opportunity_case_id"),
    )
    for column in ("customer_id", "offer_id", "order_id", "closed_at"):
        op.create_index(f"ix_opportunity_{column}", "opportunity", [column])
    op.create_index("ix_opportunity_open", "opportunity", ["owner", "number"], postgresql_where=OPEN)


def downgrade() -> None:
    op.drop_table("opportunity")
