"""Records that come from files and other systems, and what is handed over to them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0019_imports"
down_revision = "0018_segments"
branch_labels = None
depends_on = None

TABLES = [
    "import_batch",
    "imported_row",
    "import_mapping",
    "import_key",
    "export_file",
]


def upgrade() -> None:
    op.create_table(
        "import_key",
        sa.Column("kind", sa.String(length=64, collation="C"), nullable=False),
        sa.Column("key", sa.String(length=200, collation="C"), nullable=False),
        sa.Column("record_id", sa.String(length=26, collation="C"), nullable=False),
        sa.PrimaryKeyConstraint("kind", "key", name="pk_import_key"),
    )
    op.create_index("ix_import_key_record_id", "import_key", ["record_id"], unique=False)
    op.create_table(
        "import_mapping",
        sa.Column("id", sa.String(length=26, collation="C"), nullable=False),
        sa.Column("kind", sa.String(length=64, collation="C"), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("arrangement", postgresql.JSONB(), nullable=False),
        sa.Column("changed_by", sa.String(length=64, collation="C"), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_import_mapping"),
        sa.UniqueConstraint("kind", "name", name="uq_import_mapping_kind_name"),
    )
    op.create_table(
        "imported_row",
        sa.Column("import_id", sa.String(length=26, collation="C"), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.String(length=64, collation="C"), nullable=False),
        sa.Column("record_id", sa.String(length=26, collation="C"), nullable=True),
        sa.Column("version", sa.Integer(), nullable=True),
        sa.Column("before", postgresql.JSONB(), nullable=True),
        sa.Column("sentence", sa.String(), nullable=True),
        sa.Column("cells", postgresql.JSONB(), nullable=True),
        sa.PrimaryKeyConstraint("import_id", "position", name="pk_imported_row"),
    )
    op.create_index("ix_imported_row_record_id", "imported_row", ["record_id"], unique=False)
    op.create_index(
        "ix_imported_row_trouble",
        "imported_row",
        ["import_id", "position"],
        unique=False,
        postgresql_where=sa.text("cells IS NOT NULL"),
    )
    op.create_table(
        "export_file",
        sa.Column("id", sa.String(length=26, collation="C"), nullable=False),
        sa.Column("kind", sa.String(length=64, collation="C"), nullable=False),
        sa.Column("format", sa.String(length=64, collation="C"), nullable=False),
        sa.Column("filter", postgresql.JSONB(), nullable=False),
        sa.Column("state", sa.String(length=64, collation="C"), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64, collation="C"), nullable=True),
        sa.Column("size", sa.Integer(), nullable=True),
        sa.Column("file_name", sa.String(), nullable=False),
        sa.Column("sentence", sa.String(), nullable=True),
        sa.Column("made_by", sa.String(length=64, collation="C"), nullable=False),
        sa.Column("made_name", sa.String(), nullable=False),
        sa.Column("rights", postgresql.JSONB(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("state IN ('waiting', 'done', 'refused', 'expired')", name="ck_export_file_state"),
        sa.ForeignKeyConstraint(["digest"], ["blob.digest"], name="fk_export_file_digest_blob"),
        sa.PrimaryKeyConstraint("id", name="pk_export_file"),
    )
    op.create_index(
        "ix_export_file_expires_at",
        "export_file",
        ["expires_at"],
        unique=False,
        postgresql_where=sa.text("state = 'done'"),
    )
    op.create_index("ix_export_file_made_by_id", "export_file", ["made_by", "id"], unique=False)
    op.create_table(
        "import_batch",
        sa.Column("id", sa.String(length=26, collation="C"), nullable=False),
        sa.Column("kind", sa.String(length=64, collation="C"), nullable=False),
        sa.Column("file_name", sa.String(), nullable=False),
        sa.Column("digest", sa.String(length=64, collation="C"), nullable=True),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("arrangement", postgresql.JSONB(), nullable=False),
        sa.Column("state", sa.String(length=64, collation="C"), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("counts", postgresql.JSONB(), server_default=sa.text("'{}'::jsonb"), nullable=False),
        sa.Column("undone", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("kept", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("started_by", sa.String(length=64, collation="C"), nullable=False),
        sa.Column("started_name", sa.String(), nullable=False),
        sa.Column("rights", postgresql.JSONB(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('draft', 'running', 'stopped', 'finished', 'failed', 'undoing', 'undone')",
            name="ck_import_batch_state",
        ),
        sa.ForeignKeyConstraint(["digest"], ["blob.digest"], name="fk_import_batch_digest_blob"),
        sa.PrimaryKeyConstraint("id", name="pk_import_batch"),
    )
    op.create_index("ix_import_batch_started_by_id", "import_batch", ["started_by", "id"], unique=False)


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)
