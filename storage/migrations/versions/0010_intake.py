"""Uploads that go on, mail and folders that documents come from."""

revision = "0010_intake"
down_revision = "0009_search"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """No tables yet."""


def downgrade() -> None:
    """No tables yet."""
