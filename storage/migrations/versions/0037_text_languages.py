"""Texts of messages have variants by language, and keep what they said before."""

import sqlalchemy as sa
from alembic import op

revision = "0037_text_languages"
down_revision = "0036_template_languages"
branch_labels = None
depends_on = None

NAME = sa.String(collation="C")
KEEP = """
INSERT INTO outbox_text_version (key, language, n, subject, text, written_at, written_by)
SELECT key, '', row_version, subject, text, changed_at, changed_by FROM outbox_text
"""


def upgrade() -> None:
    op.create_table(
        "outbox_text_version",
        sa.Column("key", NAME, nullable=False),
        sa.Column("language", NAME, nullable=False),
        sa.Column("n", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("written_by", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("key", "language", "n", name="pk_outbox_text_version"),
    )
    op.execute(KEEP)
    op.add_column("outbox_text", sa.Column("language", NAME, server_default="", nullable=False))
    op.drop_constraint("pk_outbox_text", "outbox_text", type_="primary")
    op.create_primary_key("pk_outbox_text", "outbox_text", ["key", "language"])


def downgrade() -> None:
    op.execute("DELETE FROM outbox_text WHERE language <> ''")
    op.drop_constraint("pk_outbox_text", "outbox_text", type_="primary")
    op.create_primary_key("pk_outbox_text", "outbox_text", ["key"])
    op.drop_column("outbox_text", "language")
    op.drop_table("outbox_text_version")
