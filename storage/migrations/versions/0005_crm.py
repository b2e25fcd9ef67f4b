"""Customers, products and offers."""

revision = "0005_crm"
down_revision = "0004_documents"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
