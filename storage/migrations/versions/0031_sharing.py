"""Links by which people outside get a document."""

import sqlalchemy as sa
from alembic import op

revision = "0031_sharing"
down_revision = "0030_letters"
branch_labels = None
depends_on = None

ID = sa.String(length=26, collation="C")
NAME = sa.String(collation="C")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "document_share",
        sa.Column("id", ID, nullable=False),
        sa.Column("document_id", ID, nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("token_digest", sa.String(length=64, collation="C"), nullable=False),
        sa.Column("recipient", sa.String(), nullable=False),
        sa.Column("password_hash", sa.String(), nullable=True),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("created_by", NAME, nullable=False),
        sa.Column("revoked_at", MOMENT, nullable=True),
        sa.Column("opened", sa.Integer(), nullable=False),
        sa.Column("opened_at", MOMENT, nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["document_id"], ["document.id"], name="fk_document_share_document_id_document"),
        sa.PrimaryKeyConstraint("id", name="pk_document_share"),
        sa.UniqueConstraint("token_digest", name="uq_document_share_token_digest"),
    )
    op.create_index("ix_document_share_document_id", "document_share", ["document_id"])


def downgrade() -> None:
    op.drop_table("document_share")
