"""Price lists, orders, invoices and payments."""

revision = "0014_sales"
down_revision = "0013_customers"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
