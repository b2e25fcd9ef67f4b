"""How much people read by hour, what of it was unusual, and from how many rows on an export is a mass export."""

import sqlalchemy as sa
from alembic import op

revision = "0034_reads"
down_revision = "0033_substitution"
branch_labels = None
depends_on = None

ID = sa.String(length=26, collation="C")
NAME = sa.String(collation="C")
MOMENT = sa.DateTime(timezone=True)
# what is older than four weeks is compared with nothing; the index by time is small however long the log is
BEGIN = """
INSERT INTO read_mark (id, position) SELECT 1, coalesce(
    (SELECT min(leaf.position) - 1 FROM audit_leaf AS leaf JOIN audit_entry AS entry ON entry.id = leaf.entry_id
     WHERE entry.at > now() - interval '28 days'),
    (SELECT max(position) FROM audit_leaf), -1)
"""


def upgrade() -> None:
    op.create_table(
        "read_mark",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_read_mark"),
    )
    op.create_table(
        "read_hour",
        sa.Column("account", NAME, nullable=False),
        sa.Column("kind", NAME, nullable=False),
        sa.Column("hour", MOMENT, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("firsts", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("account", "kind", "hour", name="pk_read_hour"),
    )
    op.create_index("ix_read_hour_hour", "read_hour", ["hour"])
    op.create_table(
        "read_first",
        sa.Column("account", NAME, nullable=False),
        sa.Column("subject", ID, nullable=False),
        sa.PrimaryKeyConstraint("account", "subject", name="pk_read_first"),
    )
    op.create_table(
        "unusual_read",
        sa.Column("id", ID, nullable=False),
        sa.Column("account", NAME, nullable=False),
        sa.Column("kind", NAME, nullable=False),
        sa.Column("reason", NAME, nullable=False),
        sa.Column("hour", MOMENT, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("usual", sa.Integer(), nullable=False),
        sa.Column("found_at", MOMENT, nullable=False),
        sa.Column("looked_at", MOMENT, nullable=True),
        sa.Column("looked_by", NAME, nullable=True),
        sa.Column("remark", sa.String(), nullable=True),
        sa.CheckConstraint("reason IN ('many', 'firsts', 'hour')", name=op.f("ck_unusual_read_reason")),
        sa.PrimaryKeyConstraint("id", name="pk_unusual_read"),
        sa.UniqueConstraint("account", "kind", "reason", "hour", name=op.f("uq_unusual_read_account_kind_reason_hour")),
    )
    op.create_index("ix_unusual_read_open", "unusual_read", ["id"], postgresql_where=sa.text("looked_at IS NULL"))
    op.create_table(
        "mass_export",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_mass_export"),
    )
    op.execute(BEGIN)


def downgrade() -> None:
    for table in ("mass_export", "unusual_read", "read_first", "read_hour", "read_mark"):
        op.drop_table(table)
