"""What is read out of documents: text, findings, renditions."""

revision = "0008_content"
down_revision = "0007_document_types"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """No tables yet."""


def downgrade() -> None:
    """No tables yet."""
