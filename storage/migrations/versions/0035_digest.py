"""Who has a summary of their tasks sent every working day, and when the last one went."""

import sqlalchemy as sa
from alembic import op

revision = "0035_digest"
down_revision = "0034_reads"
branch_labels = None
depends_on = None

TABLE = "notification_wish"


def upgrade() -> None:
    op.add_column(TABLE, sa.Column("has_digest", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column(TABLE, sa.Column("digested_on", sa.Date()))
    op.create_index("ix_notification_wish_digest", TABLE, ["digested_on"], postgresql_where=sa.text("has_digest"))


def downgrade() -> None:
    op.drop_index("ix_notification_wish_digest", TABLE)
    op.drop_column(TABLE, "digested_on")
    op.drop_column(TABLE, "has_digest")
