"""Blobs and the job queue."""

import sqlalchemy as sa
from alembic import op

from storage.jobs import schema as job_schema

revision = "0001_storage"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "blob",
        sa.Column("digest", sa.String(64, collation="C"), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_blob"),
    )
    op.create_table(
        "blob_upload",
        sa.Column("id", sa.String(26, collation="C"), nullable=False),
        sa.Column("digest", sa.String(64, collation="C"), nullable=False),
        sa.Column("announced_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_blob_upload"),
    )
    op.create_index("ix_blob_upload_digest", "blob_upload", ["digest"])
    op.create_index("ix_blob_upload_announced_at", "blob_upload", ["announced_at"])
    job_schema.install(op.get_bind())


def downgrade() -> None:
    job_schema.remove(op.get_bind())
    op.drop_table("blob_upload")
    op.drop_table("blob")
