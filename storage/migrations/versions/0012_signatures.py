"""Templates, packages and signatures of documents."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0012_signatures"
down_revision = "0011_records"
branch_labels = None
depends_on = None

ID = sa.String(length=26, collation="C")
NAME = sa.String(collation="C")
DIGEST = sa.String(length=64, collation="C")
MOMENT = sa.DateTime(timezone=True)
TABLES = (
    "document_order",
    "mail_merge_letter",
    "mail_merge",
    "recipient_list",
    "document_template",
    "document_source",
    "signature_check",
)


def upgrade() -> None:
    op.create_table(
        "signature_check",
        sa.Column("document_id", ID, nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("state", NAME, nullable=False),
        sa.Column("requested_at", MOMENT, nullable=False),
        sa.Column("checked_at", MOMENT, nullable=True),
        sa.Column("sentence", sa.String(), nullable=True),
        sa.Column("signatures", postgresql.JSONB(), nullable=False),
        sa.CheckConstraint("state IN ('waiting', 'done', 'failed')", name=op.f("ck_signature_check_state")),
        _of_document("signature_check"),
        sa.PrimaryKeyConstraint("document_id", "n", name=op.f("pk_signature_check")),
    )
    op.create_table(
        "document_source",
        sa.Column("document_id", ID, nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("source_id", ID, nullable=False),
        sa.Column("source_n", sa.Integer(), nullable=False),
        sa.Column("digest", DIGEST, nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("purpose", NAME, nullable=False),
        sa.Column("first_page", sa.Integer(), nullable=True),
        sa.Column("pages", sa.Integer(), nullable=False),
        sa.Column("step", NAME, nullable=True),
        _of_document("document_source"),
        sa.PrimaryKeyConstraint("document_id", "n", "position", name=op.f("pk_document_source")),
    )
    op.create_index("ix_document_source_source_id", "document_source", ["source_id"], unique=False)
    _create_letters()
    _create_orders()


def _create_letters() -> None:
    op.create_table(
        "document_template",
        sa.Column("document_id", ID, nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("kind", NAME, nullable=False),
        sa.Column("fields", postgresql.JSONB(), nullable=False),
        sa.Column("checked_at", MOMENT, nullable=False),
        sa.Column("checked_by", NAME, nullable=False),
        sa.Column("retired_at", MOMENT, nullable=True),
        _of_document("document_template"),
        sa.PrimaryKeyConstraint("document_id", name=op.f("pk_document_template")),
    )
    op.create_table(
        "recipient_list",
        sa.Column("id", ID, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("wanted", postgresql.JSONB(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("created_by", NAME, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recipient_list")),
        sa.UniqueConstraint("name", name=op.f("uq_recipient_list_name")),
    )
    op.create_table(
        "mail_merge",
        sa.Column("id", ID, nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("template_id", ID, nullable=False),
        sa.Column("template_n", sa.Integer(), nullable=False),
        sa.Column("output", NAME, nullable=False),
        sa.Column("type", sa.String(), nullable=True),
        sa.Column("state", NAME, nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("refused", sa.Integer(), nullable=False),
        sa.Column("combined_id", ID, nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("started_by", NAME, nullable=False),
        sa.Column("started_name", sa.String(), nullable=False),
        sa.Column("started_at", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.CheckConstraint("state IN ('running', 'stopped', 'finished')", name=op.f("ck_mail_merge_state")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mail_merge")),
    )
    op.create_table(
        "mail_merge_letter",
        sa.Column("merge_id", ID, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("kind", NAME, nullable=False),
        sa.Column("target", NAME, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("state", NAME, nullable=False),
        sa.Column("document_id", ID, nullable=True),
        sa.Column("pdf_digest", DIGEST, nullable=True),
        sa.Column("sentence", sa.String(), nullable=True),
        sa.CheckConstraint("state IN ('waiting', 'filed', 'refused')", name=op.f("ck_mail_merge_letter_state")),
        sa.ForeignKeyConstraint(["merge_id"], ["mail_merge.id"], name=op.f("fk_mail_merge_letter_merge_id_mail_merge")),
        sa.PrimaryKeyConstraint("merge_id", "position", name=op.f("pk_mail_merge_letter")),
    )
    op.create_index(
        "ix_mail_merge_letter_waiting",
        "mail_merge_letter",
        ["merge_id", "position"],
        unique=False,
        postgresql_where=sa.text("state = 'waiting'"),
    )


def _create_orders() -> None:
    op.create_table(
        "document_order",
        sa.Column("id", ID, nullable=False),
        sa.Column("kind", NAME, nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("wish", postgresql.JSONB(), nullable=False),
        sa.Column("state", NAME, nullable=False),
        sa.Column("document_id", ID, nullable=True),
        sa.Column("n", sa.Integer(), nullable=True),
        sa.Column("code", sa.String(), nullable=True),
        sa.Column("sentence", sa.String(), nullable=True),
        sa.Column("ordered_by", NAME, nullable=False),
        sa.Column("address", sa.String(), nullable=True),
        sa.Column("ordered_at", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.CheckConstraint("state IN ('waiting', 'done', 'refused')", name=op.f("ck_document_order_state")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_document_order")),
    )
    op.create_index("ix_document_order_ended_at", "document_order", ["ended_at"])


def _of_document(table: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_document_id_document")
    return sa.ForeignKeyConstraint(["document_id"], ["document.id"], name=name, ondelete="CASCADE")


def downgrade() -> None:
    for table in TABLES:
        op.drop_table(table)
