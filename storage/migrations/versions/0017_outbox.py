"""Messages that leave the firm: mails, SMS and letters, each with its proof."""

revision = "0017_outbox"
down_revision = "0016_planning"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""


def downgrade() -> None:
    """Nothing yet."""
