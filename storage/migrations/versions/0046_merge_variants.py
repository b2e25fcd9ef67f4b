"""The variants in other languages that were in force when letters to many were begun."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0046_merge_variants"
down_revision = "0045_resolved_by"
branch_labels = None
depends_on = None


def upgrade() -> None:
    empty = sa.text("'{}'::jsonb")
    op.add_column("mail_merge", sa.Column("variants", JSONB(), server_default=empty, nullable=False))


def downgrade() -> None:
    op.drop_column("mail_merge", "variants")
