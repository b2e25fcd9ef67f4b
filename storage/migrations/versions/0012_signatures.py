"""Templates, packages and signatures of documents."""

revision = "0012_signatures"
down_revision = "0011_records"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """No tables yet."""


def downgrade() -> None:
    """No tables yet."""
