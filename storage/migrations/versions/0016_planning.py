"""Resources that are booked, reminders and calendar feeds."""

revision = "0016_planning"
down_revision = "0015_activities"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""


def downgrade() -> None:
    """Nothing yet."""
