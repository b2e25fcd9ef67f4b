"""Documents, versions and links."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004_documents"
down_revision = "0003_engine"
branch_labels = None
depends_on = None

ID = sa.String(26, collation="C")
NAME = sa.String(collation="C")
DIGEST = sa.String(64, collation="C")

REFUSE = """
CREATE FUNCTION document_version_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'versions of documents are immutable: % is refused', TG_OP
        USING ERRCODE = 'restrict_violation';
END $$
"""
TRIGGER = """
CREATE TRIGGER document_version_immutable BEFORE UPDATE OR DELETE OR TRUNCATE ON document_version
    FOR EACH STATEMENT EXECUTE FUNCTION document_version_refuse()
"""


def upgrade() -> None:
    op.create_table(
        "document",
        sa.Column("id", ID, nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("type", sa.String(), nullable=True),
        sa.Column("latest", sa.Integer(), nullable=False),
        sa.Column("number", NAME, nullable=True),
        sa.Column("state", NAME, server_default="draft", nullable=False),
        sa.Column("tags", postgresql.ARRAY(sa.String()), server_default="{}", nullable=False),
        sa.Column("fields", postgresql.JSONB(), server_default="{}", nullable=False),
        sa.Column("revision", sa.Integer(), server_default="1", nullable=False),
        sa.Column("checked_out_by", NAME, nullable=True),
        sa.Column("checked_out_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", NAME, nullable=False),
        sa.Column("destroyed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_document"),
    )
    op.create_index("ix_document_created_by_id", "document", ["created_by", "id"])
    op.create_index("ix_document_type_id", "document", ["type", "id"])
    op.create_index("ix_document_state_id", "document", ["state", "id"])
    op.create_index("ix_document_number", "document", ["number"])
    op.create_index("ix_document_tags", "document", ["tags"], postgresql_using="gin")
    op.create_table(
        "document_version",
        sa.Column("document_id", ID, nullable=False),
        sa.Column("n", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("digest", DIGEST, nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("media_type", sa.String(), nullable=False),
        sa.Column("file_name", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", NAME, nullable=False),
        sa.PrimaryKeyConstraint("document_id", "n", name="pk_document_version"),
        sa.ForeignKeyConstraint(["document_id"], ["document.id"], name="fk_document_version_document_id_document"),
        sa.ForeignKeyConstraint(["digest"], ["blob.digest"], name="fk_document_version_digest_blob"),
    )
    op.create_index("ix_document_version_digest", "document_version", ["digest"])
    op.create_table(
        "document_link",
        sa.Column("id", ID, nullable=False),
        sa.Column("document_id", ID, nullable=False),
        sa.Column("version", sa.Integer(), nullable=True),
        sa.Column("kind", NAME, nullable=False),
        sa.Column("target", NAME, nullable=False),
        sa.Column("role", NAME, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", NAME, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_document_link"),
        sa.ForeignKeyConstraint(["document_id"], ["document.id"], name="fk_document_link_document_id_document"),
        sa.UniqueConstraint(
            "document_id", "kind", "target", "role", name=op.f("uq_document_link_document_id_kind_target_role")
        ),
    )
    op.create_index("ix_document_link_kind_target", "document_link", ["kind", "target"])
    op.execute(REFUSE)
    op.execute(TRIGGER)


def downgrade() -> None:
    op.drop_table("document_link")
    op.drop_table("document_version")
    op.drop_table("document")
    op.execute("DROP FUNCTION document_version_refuse()")
