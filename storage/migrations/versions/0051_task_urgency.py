"""Open tasks in the order of their priority and, among equal ones, of their due dates; who leads a team."""

import sqlalchemy as sa
from alembic import op

revision = "0051_task_urgency"
down_revision = "0050_following_up"
branch_labels = None
depends_on = None

URGENCY = (sa.text("(- priority)"), sa.text("coalesce(due_at, 'infinity'::timestamptz)"), "id")


def upgrade() -> None:
    op.create_index("ix_work_item_urgency", "work_item", list(URGENCY))
    op.drop_index("ix_work_item_priority_id", table_name="work_item")
    op.add_column("team", sa.Column("head", sa.String(length=64, collation="C"), nullable=True))
    op.create_foreign_key("fk_team_head_account", "team", "account", ["head"], ["name"])
    op.create_index("ix_team_head", "team", ["head"])


def downgrade() -> None:
    op.drop_column("team", "head")
    op.create_index("ix_work_item_priority_id", "work_item", ["priority", "id"])
    op.drop_index("ix_work_item_urgency", table_name="work_item")
