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

TILE_TRIGGER = """
CREATE TRIGGER audit_tile_only_grows BEFORE UPDATE ON audit_tile
    FOR EACH ROW WHEN (NEW.row <> OLD.row OR NEW.number <> OLD.number
        OR substring(NEW.hashes FOR length(OLD.hashes)) <> OLD.hashes)
    EXECUTE FUNCTION audit_refuse()
"""
TILE_STAYS = """
CREATE TRIGGER audit_tile_stays BEFORE DELETE OR TRUNCATE ON audit_tile
    FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()
"""
LEAF_TRIGGER = """
CREATE TRIGGER audit_leaf_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_leaf
    FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()
"""
CHECKPOINT_TRIGGER = """
CREATE TRIGGER audit_checkpoint_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_checkpoint
    FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()
"""
KEY_TRIGGER = """
CREATE TRIGGER audit_key_stays BEFORE DELETE OR TRUNCATE ON audit_key
    FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()
"""
KEY_RETIRES = """
CREATE TRIGGER audit_key_only_retires BEFORE UPDATE ON audit_key
    FOR EACH ROW WHEN (OLD.until IS NOT NULL OR (NEW.id, NEW.verifier, NEW.since) <> (OLD.id, OLD.verifier, OLD.since)
        OR NEW.statement IS DISTINCT FROM OLD.statement)
    EXECUTE FUNCTION audit_refuse()
"""
PERSONAL_TRIGGER = """
CREATE TRIGGER audit_personal_is_erased_only BEFORE UPDATE OR TRUNCATE ON audit_personal
    FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()
"""
LOG_TRIGGER = """
CREATE TRIGGER audit_log_only_grows BEFORE UPDATE ON audit_log
    FOR EACH ROW WHEN (NEW.size < OLD.size) EXECUTE FUNCTION audit_refuse()
"""
LOG_STAYS = """
CREATE TRIGGER audit_log_stays BEFORE DELETE OR TRUNCATE ON audit_log
    FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()
"""
TIMESTAMP_TRIGGER = """
CREATE TRIGGER audit_timestamp_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_timestamp
    FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()
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
    _create_log()
    _create_publishing()
    for statement in (REFUSE, STALE, ENTRY_TRIGGER, STREAM_TRIGGER, HEAD_TRIGGER):
        op.execute(statement)
    for statement in (LEAF_TRIGGER, TILE_TRIGGER, TILE_STAYS, CHECKPOINT_TRIGGER, KEY_TRIGGER, KEY_RETIRES):
        op.execute(statement)
    for statement in (PERSONAL_TRIGGER, LOG_TRIGGER, LOG_STAYS, TIMESTAMP_TRIGGER):
        op.execute(statement)


def _create_log() -> None:
    op.create_table(
        "audit_leaf",
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("entry_id", sa.String(26, collation="C"), nullable=False),
        sa.Column("actor_id", NAME, nullable=False),
        sa.Column("type", NAME, nullable=False),
        sa.PrimaryKeyConstraint("position", name="pk_audit_leaf"),
        sa.UniqueConstraint("entry_id", name=op.f("uq_audit_leaf_entry_id")),
    )
    op.create_index("ix_audit_leaf_actor_id_entry_id", "audit_leaf", ["actor_id", "entry_id"])
    op.create_index("ix_audit_leaf_type_entry_id", "audit_leaf", ["type", "entry_id"])
    op.create_table(
        "audit_tile",
        sa.Column("row", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("hashes", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("row", "number", name="pk_audit_tile"),
    )
    op.create_table(
        "audit_log",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("mark", sa.String(26, collation="C"), nullable=False),
        sa.Column("barrier", sa.BigInteger(), nullable=False),
        sa.Column("barrier_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit_log"),
    )
    op.create_table(
        "audit_checkpoint",
        sa.Column("size", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("root", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("size", name="pk_audit_checkpoint"),
    )
    op.create_table(
        "audit_key",
        sa.Column("id", NAME, nullable=False),
        sa.Column("verifier", sa.String(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("statement", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_audit_key"),
    )


def _create_publishing() -> None:
    op.create_table(
        "audit_timestamp",
        sa.Column("size", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("authority", sa.String(), nullable=False),
        sa.Column("response", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("size", name="pk_audit_timestamp"),
    )
    op.create_table(
        "audit_publisher",
        sa.Column("name", NAME, nullable=False),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("failing_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("problem", sa.String(), nullable=True),
        sa.Column("is_forked", sa.Boolean(), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_audit_publisher"),
    )
    op.create_table(
        "audit_refusal",
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("minute", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", NAME, nullable=False),
        sa.Column("account_id", NAME, nullable=True),
        sa.Column("address", sa.String(), nullable=True),
        sa.Column("what", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("first_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", "minute", name="pk_audit_refusal"),
    )
    op.create_index("ix_audit_refusal_minute", "audit_refusal", ["minute"])


def downgrade() -> None:
    for table in ("audit_refusal", "audit_publisher", "audit_timestamp"):
        op.drop_table(table)
    for table in ("audit_key", "audit_checkpoint", "audit_log", "audit_tile", "audit_leaf"):
        op.drop_table(table)
    op.drop_table("audit_personal")
    op.drop_table("audit_entry")
    op.drop_table("audit_stream")
    op.execute("DROP FUNCTION audit_refuse()")
    op.execute("DROP FUNCTION audit_stale()")
