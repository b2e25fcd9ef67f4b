"""Who resolved a delegated task, so that it counts as theirs, too, where two people have to act."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

revision = "0045_resolved_by"
down_revision = "0044_customer_blocks"
branch_labels = None
depends_on = None

NAMES = ARRAY(sa.String(length=255, collation="C"))
TABLES = ("work_item", "task_history")


def upgrade() -> None:
    for table in TABLES:
        op.add_column(table, sa.Column("resolved_by", NAMES, server_default=sa.text("'{}'"), nullable=False))


def downgrade() -> None:
    for table in TABLES:
        op.drop_column(table, "resolved_by")
