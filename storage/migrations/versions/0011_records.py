"""Retention rules, legal holds and disposal."""

revision = "0011_records"
down_revision = "0010_intake"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """No tables yet."""


def downgrade() -> None:
    """No tables yet."""
