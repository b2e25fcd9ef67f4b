"""Types of documents, the numbers that they give out, and saved searches."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007_document_types"
down_revision = "0006_accounts"
branch_labels = None
depends_on = None

ID = sa.String(26, collation="C")
NAME = sa.String(collation="C")


def upgrade() -> None:
    op.create_table(
        "document_type",
        sa.Column("key", NAME, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("description", sa.String(), nullable=True),
        sa.Column("form", postgresql.JSONB(), server_default="{}", nullable=False),
        sa.Column("numbering", sa.String(), nullable=True),
        sa.Column("retention", NAME, nullable=True),
        sa.Column("readers", postgresql.ARRAY(sa.String()), server_default="{}", nullable=False),
        sa.Column("writers", postgresql.ARRAY(sa.String()), server_default="{}", nullable=False),
        sa.Column("is_active", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("revision", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", NAME, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_document_type"),
    )
    op.create_table(
        "document_number",
        sa.Column("series", NAME, nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("series", name="pk_document_number"),
    )
    op.create_table(
        "document_folder",
        sa.Column("id", ID, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("owner", NAME, nullable=False),
        sa.Column("is_shared", sa.Boolean(), nullable=False),
        sa.Column("query", sa.String(), nullable=False),
        sa.Column("filters", postgresql.JSONB(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_document_folder"),
    )
    op.create_index("ix_document_folder_owner", "document_folder", ["owner"])


def downgrade() -> None:
    op.drop_table("document_folder")
    op.drop_table("document_number")
    op.drop_table("document_type")
