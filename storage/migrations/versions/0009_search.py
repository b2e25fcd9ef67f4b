"""The index of the one search box."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009_search"
down_revision = "0008_content"
branch_labels = None
depends_on = None

ID = sa.String(26, collation="C")
NAME = sa.String(collation="C")
BUCKETS = "(ARRAY[(seq >> 10)::integer, ('-1'::integer - (seq >> 16))::integer])"


def upgrade() -> None:
    op.execute("CREATE SEQUENCE search_entry_seq")
    op.create_table(
        "search_entry",
        sa.Column("kind", NAME, nullable=False),
        sa.Column("subject", ID, nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("about", sa.String(), nullable=False),
        sa.Column("facts", postgresql.ARRAY(sa.String()), nullable=False),
        sa.Column("rights", postgresql.ARRAY(NAME), nullable=False),
        sa.Column("terms", postgresql.TSVECTOR(), nullable=False),
        sa.Column("dated", sa.Date(), nullable=False),
        sa.Column("indexed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("kind", "subject", name="pk_search_entry"),
        sa.UniqueConstraint("seq", name="uq_search_entry_seq"),
        postgresql_with={"toast_tuple_target": "512"},  # vectors lie apart, so that looking at many rows is cheap
    )
    op.create_index(
        "ix_search_entry_bucket_rights_terms",
        "search_entry",
        [sa.text(BUCKETS), "rights", "terms"],
        postgresql_using="gin",
        postgresql_with={"gin_pending_list_limit": "1024"},
    )
    op.create_table(
        "search_word",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("word", NAME, nullable=False),
        sa.Column("near", postgresql.ARRAY(sa.Integer()), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_search_word"),
    )
    op.create_index("ix_search_word_word", "search_word", ["word"])
    op.create_index("ix_search_word_near", "search_word", ["near"], postgresql_using="gin")
    op.create_table(
        "search_rebuild",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("reached", ID, nullable=False),
        sa.Column("done", sa.BigInteger(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_search_rebuild"),
    )


def downgrade() -> None:
    op.drop_table("search_rebuild")
    op.drop_table("search_word")
    op.drop_table("search_entry")
    op.execute("DROP SEQUENCE search_entry_seq")
