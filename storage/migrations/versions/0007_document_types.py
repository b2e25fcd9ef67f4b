"""Types of documents, their fields, states and saved searches."""

revision = "0007_document_types"
down_revision = "0006_accounts"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """No tables yet."""


def downgrade() -> None:
    """No tables yet."""
