"""Documents, versions and links."""

revision = "0004_documents"
down_revision = "0003_engine"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
