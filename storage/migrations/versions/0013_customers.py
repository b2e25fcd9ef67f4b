"""Customers with all their data, contacts, dictionaries and fields of a firm's own."""

revision = "0013_customers"
down_revision = "0012_signatures"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
