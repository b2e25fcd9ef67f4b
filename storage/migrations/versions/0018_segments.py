"""Groups of customers, price lists, devices and service contracts."""

revision = "0018_segments"
down_revision = "0017_outbox"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""


def downgrade() -> None:
    """Nothing yet."""
