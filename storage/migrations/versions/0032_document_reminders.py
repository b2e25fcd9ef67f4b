"""Days in the fields of documents of which people are reminded."""

import sqlalchemy as sa
from alembic import op

revision = "0032_document_reminders"
down_revision = "0031_sharing"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "document_reminder",
        sa.Column("document_id", sa.String(length=26, collation="C"), nullable=False),
        sa.Column("field", sa.String(collation="C"), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("remind_on", sa.Date(), nullable=False),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["document_id"], ["document.id"], name="fk_document_reminder_document_id_document"),
        sa.PrimaryKeyConstraint("document_id", "field", name="pk_document_reminder"),
    )
    op.create_index(
        "ix_document_reminder_due",
        "document_reminder",
        ["remind_on", "document_id"],
        postgresql_where=sa.text("delivered_at IS NULL"),
    )


def downgrade() -> None:
    op.drop_table("document_reminder")
