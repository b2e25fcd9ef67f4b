"""Definitions, instances, tasks, timers, history."""

revision = "0003_engine"
down_revision = "0002_audit"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
