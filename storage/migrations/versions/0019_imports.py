"""Records that come from files and other systems, and what is handed over to them."""

revision = "0019_imports"
down_revision = "0018_segments"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""


def downgrade() -> None:
    """Nothing yet."""
