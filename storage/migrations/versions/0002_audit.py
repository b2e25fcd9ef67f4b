"""The trail."""

import sqlalchemy as sa
from alembic import op

revision = "0002_audit"
down_revision = "0001_storage"
branch_labels = None
depends_on = None

NAME = sa.String(collation="C")

REFUSE = """
CREATE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the trail is append-only: % on % is refused', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END $$
"""
STALE = """
CREATE FUNCTION audit_stale() RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'somebody else has written to this chain' USING ERRCODE = 'serialization_failure';
END $$
"""
ENTRY_TRIGGER = """
CREATE TRIGGER audit_entry_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_entry
    FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()
"""
STREAM_TRIGGER = """
CREATE TRIGGER audit_stream_stays BEFORE DELETE OR TRUNCATE ON audit_stream
    FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()
"""
HEAD_TRIGGER = """
CREATE TRIGGER audit_stream_moves_on BEFORE UPDATE ON audit_stream
    FOR EACH ROW WHEN (NEW.stream <> OLD.stream OR NEW.seq <= OLD.seq)
    EXECUTE FUNCTION audit_refuse()
"""


def upgrade() -> None:
    op.create_table(
        "audit_stream",
        sa.Column("stream", NAME, nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("last_id", NAME, nullable=False),
        sa.PrimaryKeyConstraint("stream", name="pk_audit_stream"),
    )
    op.create_table(
        "audit_entry",
        sa.Column("id", sa.String(26, collation="C"), nullable=False),
        sa.Column("stream", NAME, nullable=False),
        sa.Column("stream_seq", sa.BigInteger(), nullable=False),
        sa.Column("type", NAME, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_id", NAME, nullable=False),
        sa.Column("case_id", NAME, nullable=True),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("previous_hash", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit_entry"),
        sa.UniqueConstraint("stream", "stream_seq", name=op.f("uq_audit_entry_stream_stream_seq")),
    )
    op.create_index(
        "ix_audit_entry_case_id_id", "audit_entry", ["case_id", "id"], postgresql_where=sa.text("case_id IS NOT NULL")
    )
    op.create_index("ix_audit_entry_at", "audit_entry", ["at"], postgresql_using="brin")
    op.create_table(
        "audit_personal",
        sa.Column("commitment", sa.LargeBinary(), nullable=False),
        sa.Column("subject", NAME, nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("commitment", name="pk_audit_personal"),
    )
    op.create_index("ix_audit_personal_subject", "audit_personal", ["subject"])
    for statement in (REFUSE, STALE, ENTRY_TRIGGER, STREAM_TRIGGER, HEAD_TRIGGER):
        op.execute(statement)


def downgrade() -> None:
    op.drop_table("audit_personal")
    op.drop_table("audit_entry")
    op.drop_table("audit_stream")
    op.execute("DROP FUNCTION audit_refuse()")
    op.execute("DROP FUNCTION audit_stale()")
