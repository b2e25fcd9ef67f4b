"""ERP: what is handed over to the other system, and what comes back from it."""

revision = "0021_erp"
down_revision = "0020_dunning"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The tables follow."""


def downgrade() -> None:
    """The tables follow."""
