"""The index of the one search box."""

revision = "0009_search"
down_revision = "0008_content"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """No tables yet."""


def downgrade() -> None:
    """No tables yet."""
