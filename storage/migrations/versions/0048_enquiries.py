"""When an offer was asked for, and when the customer got it first."""

import sqlalchemy as sa
from alembic import op

revision = "0048_enquiries"
down_revision = "0046_merge_variants"
branch_labels = None
depends_on = None

WHEN = sa.DateTime(timezone=True)
SENT = sa.text("sent_at IS NOT NULL")


def upgrade() -> None:
    op.add_column("offer", sa.Column("enquired_at", WHEN, nullable=True))
    op.add_column("offer", sa.Column("sent_at", WHEN, nullable=True))
    op.create_index("ix_offer_sent_at", "offer", ["sent_at"], postgresql_where=SENT)


def downgrade() -> None:
    op.drop_index("ix_offer_sent_at", table_name="offer")
    op.drop_column("offer", "sent_at")
    op.drop_column("offer", "enquired_at")
