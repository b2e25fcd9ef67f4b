"""Uploads that go on, mail and its threads, and what waits in the scan inbox."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0010_intake"
down_revision = "0009_search"
branch_labels = None
depends_on = None

ID = sa.String(26, collation="C")
NAME = sa.String(collation="C")
DIGEST = sa.String(64, collation="C")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    _uploads()
    _mail()
    _arrivals()


def _uploads() -> None:
    op.create_table(
        "upload",
        sa.Column("id", ID, nullable=False),
        sa.Column("owner", NAME, nullable=False),
        sa.Column("file_name", sa.String(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("declared", JSONB(), nullable=False),
        sa.Column("digest", DIGEST, nullable=True),
        sa.Column("document_id", ID, nullable=True),
        sa.Column("n", sa.Integer(), nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_upload"),
    )
    op.create_index("ix_upload_owner", "upload", ["owner"])
    op.create_index("ix_upload_expires_at", "upload", ["expires_at"])


def _mail() -> None:
    op.create_table(
        "mail",
        sa.Column("document_id", ID, nullable=False),
        sa.Column("message_id", NAME, nullable=True),
        sa.Column("fingerprint", DIGEST, nullable=False),
        sa.Column("thread", ID, nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("sender", sa.String(), nullable=False),
        sa.Column("recipients", JSONB(), nullable=False),
        sa.Column("sent_at", MOMENT, nullable=True),
        sa.Column("headers", JSONB(), nullable=False),
        sa.Column("excerpt", sa.String(), nullable=False),
        sa.Column("findings", JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("document_id", name="pk_mail"),
        sa.ForeignKeyConstraint(["document_id"], ["document.id"], name="fk_mail_document_id_document"),
    )
    op.create_index("ix_mail_message_id", "mail", ["message_id"])
    op.create_index("ix_mail_fingerprint", "mail", ["fingerprint"])
    op.create_index("ix_mail_thread_document_id", "mail", ["thread", "document_id"])
    op.create_table(
        "mail_reference",
        sa.Column("message_id", NAME, nullable=False),
        sa.Column("document_id", ID, nullable=False),
        sa.PrimaryKeyConstraint("message_id", "document_id", name="pk_mail_reference"),
        sa.ForeignKeyConstraint(["document_id"], ["mail.document_id"], name="fk_mail_reference_document_id_mail"),
    )
    op.create_index("ix_mail_reference_document_id", "mail_reference", ["document_id"])
    op.create_table(
        "mail_fetch",
        sa.Column("mailbox", NAME, nullable=False),
        sa.Column("validity", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("uid", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("state", sa.String(16, collation="C"), nullable=False),
        sa.Column("fingerprint", DIGEST, nullable=True),
        sa.Column("document_id", ID, nullable=True),
        sa.Column("finding", sa.String(), nullable=True),
        sa.Column("at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("mailbox", "validity", "uid", name="pk_mail_fetch"),
    )
    op.create_index("ix_mail_fetch_fingerprint", "mail_fetch", ["fingerprint"])
    op.create_index("ix_mail_fetch_failed", "mail_fetch", ["at"], postgresql_where=sa.text("state = 'failed'"))


def _arrivals() -> None:
    op.create_table(
        "arrival",
        sa.Column("document_id", ID, nullable=False),
        sa.Column("source", sa.String(16, collation="C"), nullable=False),
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("type", sa.String(), nullable=True),
        sa.Column("suggested", JSONB(), nullable=False),
        sa.Column("finding", sa.String(), nullable=True),
        sa.Column("arrived_at", MOMENT, nullable=False),
        sa.Column("outcome", sa.String(16, collation="C"), nullable=True),
        sa.Column("closed_at", MOMENT, nullable=True),
        sa.Column("closed_by", NAME, nullable=True),
        sa.PrimaryKeyConstraint("document_id", name="pk_arrival"),
        sa.ForeignKeyConstraint(["document_id"], ["document.id"], name="fk_arrival_document_id_document"),
    )
    op.create_index("ix_arrival_open", "arrival", ["document_id"], postgresql_where=sa.text("closed_at IS NULL"))
    op.create_table(
        "taken_file",
        sa.Column("source", NAME, nullable=False),
        sa.Column("path", NAME, nullable=False),
        sa.Column("mark", NAME, nullable=False),
        sa.Column("digest", DIGEST, nullable=False),
        sa.Column("document_id", ID, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("source", "path", "mark", name="pk_taken_file"),
    )


def downgrade() -> None:
    for table in ("taken_file", "arrival", "mail_fetch", "mail_reference", "mail", "upload"):
        op.drop_table(table)
