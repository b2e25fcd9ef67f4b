"""Open orders are listed by the day by which they are due."""

import sqlalchemy as sa
from alembic import op

revision = "0027_orders_due"
down_revision = "0026_inbox"
branch_labels = None
depends_on = None

NAME = "ix_customer_order_due_on_id"
OPEN = sa.text("state IN ('open', 'partly_delivered') AND due_on IS NOT NULL")


def upgrade() -> None:
    op.create_index(NAME, "customer_order", ["due_on", "id"], postgresql_where=OPEN)


def downgrade() -> None:
    op.drop_index(NAME, table_name="customer_order")
