"""What is read out of documents: text, findings, renditions."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0008_content"
down_revision = "0007_document_types"
branch_labels = None
depends_on = None

ID = sa.String(26, collation="C")
NAME = sa.String(collation="C")
DIGEST = sa.String(64, collation="C")


def upgrade() -> None:
    op.create_table(
        "extraction",
        *_key("extraction", "step"),
        sa.Column("state", NAME, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finding", sa.String(), nullable=True),
        sa.Column("pages", sa.Integer(), nullable=True),
        sa.Column("characters", sa.BigInteger(), nullable=True),
        sa.Column("is_partial", sa.Boolean(), nullable=False),
        sa.Column("reader", sa.String(), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
    )
    undone, failed = sa.text("state IN ('waiting', 'taken')"), sa.text("state = 'failed'")
    columns = ["step", "document_id", "n"]
    op.create_index("ix_extraction_step_document_id_n", "extraction", columns, postgresql_where=undone)
    op.create_index("ix_extraction_step_document_id_failed", "extraction", columns[:2], postgresql_where=failed)
    op.create_table(
        "document_text",
        *_key("document_text"),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("layout", JSONB(), nullable=True),
    )
    op.create_table(
        "rendition",
        *_key("rendition", "kind", "page"),
        sa.Column("digest", DIGEST, nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("media_type", sa.String(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=True),
        sa.Column("height", sa.Integer(), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["digest"], ["blob.digest"], name="fk_rendition_digest_blob"),
    )
    op.create_index("ix_rendition_digest", "rendition", ["digest"])
    pages = sa.text("kind = 'page'")
    op.create_index("ix_rendition_made_at_page", "rendition", ["made_at"], postgresql_where=pages)
    op.create_table(
        "page_reading",
        sa.Column("document_id", ID, nullable=False),
        sa.Column("n", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("actor_id", NAME, nullable=False),
        sa.Column("place", NAME, nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("document_id", "n", "actor_id", "place", name="pk_page_reading"),
    )
    op.create_index("ix_page_reading_told_at", "page_reading", ["told_at"])


def _key(table: str, *more: str) -> list[sa.Column[object] | sa.Constraint]:
    """The columns that name a version of a document, and what else the key of a table has."""
    columns: list[sa.Column[object]] = [
        sa.Column("document_id", ID, nullable=False),
        sa.Column("n", sa.Integer(), autoincrement=False, nullable=False),
    ]
    for name in more:
        kind = sa.Integer() if name == "page" else NAME
        columns.append(sa.Column(name, kind, autoincrement=False, nullable=False))
    return [
        *columns,
        sa.PrimaryKeyConstraint("document_id", "n", *more, name=f"pk_{table}"),
        sa.ForeignKeyConstraint(
            ["document_id", "n"],
            ["document_version.document_id", "document_version.n"],
            name=op.f(f"fk_{table}_document_id_n_document_version"),
        ),
    ]


def downgrade() -> None:
    for table in ("page_reading", "rendition", "document_text", "extraction"):
        op.drop_table(table)
