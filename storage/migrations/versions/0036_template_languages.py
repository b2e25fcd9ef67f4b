"""Templates have a language, and variants of the same letter in other languages."""

import sqlalchemy as sa
from alembic import op

revision = "0036_template_languages"
down_revision = "0035_digest"
branch_labels = None
depends_on = None

TABLE = "document_template"
KEY = "fk_document_template_variant_of_document_template"


def upgrade() -> None:
    op.add_column(TABLE, sa.Column("language", sa.String(collation="C"), nullable=True))
    op.add_column(TABLE, sa.Column("variant_of", sa.String(length=26, collation="C"), nullable=True))
    op.create_foreign_key(KEY, TABLE, TABLE, ["variant_of"], ["document_id"])
    op.create_index("ix_document_template_variant_of", TABLE, ["variant_of"])


def downgrade() -> None:
    op.drop_index("ix_document_template_variant_of", TABLE)
    op.drop_constraint(KEY, TABLE, type_="foreignkey")
    op.drop_column(TABLE, "variant_of")
    op.drop_column(TABLE, "language")
