"""Retention rules, what they mean for each document, legal holds, and disposal."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

revision = "0011_records"
down_revision = "0010_intake"
branch_labels = None
depends_on = None

ID = sa.String(26, collation="C")
NAME = sa.String(collation="C")
MOMENT = sa.DateTime(timezone=True)

# the one door through which versions leave: a row may go when its document is being destroyed, at this very moment,
# by a disposal that two people approved and that has it on its list, and when no hold covers it
GUARD = """
CREATE FUNCTION document_version_guard() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    IF current_setting('obieg.destroying', true) IS DISTINCT FROM OLD.document_id OR NOT EXISTS (
        SELECT FROM tombstone WHERE document_id = OLD.document_id
    ) THEN
        RAISE EXCEPTION 'versions of documents are immutable: DELETE is refused' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN OLD;
END $$
"""
DESTROY = """
CREATE FUNCTION document_destroy(wanted text, disposing text, moment timestamptz) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    gone text[];
    content text;
BEGIN
    IF NOT EXISTS (
        SELECT FROM disposal JOIN disposal_item AS item ON item.disposal_id = disposal.id
        WHERE disposal.id = disposing AND disposal.state = 'approved' AND item.document_id = wanted
            AND item.state = 'listed'
            AND (SELECT count(DISTINCT each ->> 'actor') FROM jsonb_array_elements(disposal.signatures) AS each) >= 2
    ) THEN
        RAISE EXCEPTION 'document % is on no approved list', wanted USING ERRCODE = 'restrict_violation';
    END IF;
    IF EXISTS (
        SELECT FROM legal_hold WHERE lifted_at IS NULL AND (
            (kind = 'document' AND target = wanted)
            OR (kind, target) IN (SELECT link.kind, link.target FROM document_link AS link WHERE document_id = wanted)
        )
    ) THEN
        RAISE EXCEPTION 'document % is under a legal hold', wanted USING ERRCODE = 'restrict_violation';
    END IF;
    PERFORM FROM document_version WHERE document_id = wanted FOR UPDATE;  -- nobody adds a rendition from here on
    SELECT array_agg(DISTINCT digest) INTO gone FROM (
        SELECT digest FROM document_version WHERE document_id = wanted
        UNION SELECT digest FROM rendition WHERE document_id = wanted
    ) AS content;
    DELETE FROM rendition WHERE document_id = wanted;
    DELETE FROM document_text WHERE document_id = wanted;
    DELETE FROM extraction WHERE document_id = wanted;
    INSERT INTO tombstone (document_id, disposal_id, title_commitment, versions, destroyed_at)
        SELECT wanted, disposing, item.commitment, item.versions, moment FROM disposal_item AS item
        WHERE item.disposal_id = disposing AND item.document_id = wanted AND item.state = 'listed';
    UPDATE disposal_item SET state = 'destroyed', settled_at = moment
        WHERE disposal_id = disposing AND document_id = wanted AND state = 'listed';
    UPDATE disposal_item SET title = NULL, salt = NULL WHERE document_id = wanted;
    PERFORM set_config('obieg.destroying', wanted, true);
    DELETE FROM document_version WHERE document_id = wanted;
    PERFORM set_config('obieg.destroying', '', true);
    UPDATE document SET title = 'Destroyed document', fields = '{}', tags = '{}', checked_out_by = NULL,
        checked_out_at = NULL, revision = revision + 1, destroyed_at = moment WHERE id = wanted;
    FOREACH content IN ARRAY gone LOOP
        BEGIN
            DELETE FROM blob WHERE digest = content;
        EXCEPTION WHEN foreign_key_violation THEN NULL;  -- the same bytes belong to something else as well
        END;
    END LOOP;
END $$
"""
KEEP = """
CREATE FUNCTION records_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is refused: what % says stays', TG_OP, TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$
"""
TRIGGERS = (
    "DROP TRIGGER document_version_immutable ON document_version",
    """CREATE TRIGGER document_version_immutable BEFORE UPDATE OR TRUNCATE ON document_version
    FOR EACH STATEMENT EXECUTE FUNCTION document_version_refuse()""",
    """CREATE TRIGGER document_version_kept BEFORE DELETE ON document_version
    FOR EACH ROW EXECUTE FUNCTION document_version_guard()""",
    """CREATE TRIGGER legal_hold_kept BEFORE DELETE OR TRUNCATE ON legal_hold
    FOR EACH STATEMENT EXECUTE FUNCTION records_refuse()""",
    """CREATE TRIGGER tombstone_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON tombstone
    FOR EACH STATEMENT EXECUTE FUNCTION records_refuse()""",
    """CREATE TRIGGER retention_rule_revision_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON retention_rule_revision
    FOR EACH STATEMENT EXECUTE FUNCTION records_refuse()""",
)


def upgrade() -> None:
    _rules()
    _schedule()
    _holds()
    _disposal()
    for statement in (GUARD, DESTROY, KEEP, *TRIGGERS):
        op.execute(statement)


def _rules() -> None:
    op.create_table(
        "retention_rule",
        sa.Column("key", NAME, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("document_types", ARRAY(sa.String()), nullable=False),
        sa.Column("is_default", sa.Boolean(), nullable=False),
        sa.Column("trigger", NAME, nullable=False),
        sa.Column("period", NAME, nullable=True),
        sa.Column("field", NAME, nullable=True),
        sa.Column("authority", sa.String(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_retention_rule"),
    )
    op.create_table(
        "retention_rule_revision",
        sa.Column("key", NAME, nullable=False),
        sa.Column("revision", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("content", JSONB(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("changed_at", MOMENT, nullable=False),
        sa.Column("changed_by", NAME, nullable=False),
        sa.PrimaryKeyConstraint("key", "revision", name="pk_retention_rule_revision"),
    )


def _schedule() -> None:
    op.create_table(
        "retention",
        sa.Column("document_id", ID, nullable=False),
        sa.Column("state", NAME, nullable=False),
        sa.Column("due_at", MOMENT, nullable=True),
        sa.Column("rule_key", NAME, nullable=True),
        sa.Column("rule_revision", sa.Integer(), nullable=True),
        sa.Column("basis", JSONB(), nullable=False),
        sa.Column("holds", sa.Integer(), nullable=False),
        sa.Column("computed_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("document_id", name="pk_retention"),
        sa.ForeignKeyConstraint(["document_id"], ["document.id"], name="fk_retention_document_id_document"),
    )
    op.create_index(
        "ix_retention_due_at_document_id",
        "retention",
        ["due_at", "document_id"],
        postgresql_where=sa.text("due_at IS NOT NULL AND holds = 0"),
    )
    op.create_index("ix_retention_state", "retention", ["state"])
    op.create_index("ix_retention_holds", "retention", ["holds"], postgresql_where=sa.text("holds > 0"))
    op.create_table(
        "retention_change",
        sa.Column("kind", NAME, nullable=False),
        sa.Column("target", NAME, nullable=False),
        sa.Column("since", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("kind", "target", name="pk_retention_change"),
    )
    op.create_table(
        "case_closure",
        sa.Column("case_id", ID, nullable=False),
        sa.Column("closed_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("case_id", name="pk_case_closure"),
    )
    op.create_table(
        "retention_run",
        sa.Column("id", ID, nullable=False),
        sa.Column("state", NAME, nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("document_types", ARRAY(sa.String()), nullable=True),
        sa.Column("found", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("mark", NAME, nullable=False),
        sa.Column("started_by", NAME, nullable=False),
        sa.Column("started_at", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_retention_run"),
    )


def _holds() -> None:
    op.create_table(
        "legal_hold",
        sa.Column("id", ID, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("kind", NAME, nullable=False),
        sa.Column("target", NAME, nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("placed_at", MOMENT, nullable=False),
        sa.Column("placed_by", NAME, nullable=False),
        sa.Column("lifted_at", MOMENT, nullable=True),
        sa.Column("lifted_by", NAME, nullable=True),
        sa.Column("lift_reason", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_legal_hold"),
    )
    op.create_index(
        "ix_legal_hold_kind_target_name",
        "legal_hold",
        ["kind", "target", "name"],
        unique=True,
        postgresql_where=sa.text("lifted_at IS NULL"),
    )


def _disposal() -> None:
    op.create_table(
        "disposal",
        sa.Column("id", ID, nullable=False),
        sa.Column("number", NAME, nullable=False),
        sa.Column("case_id", ID, nullable=False),
        sa.Column("until", MOMENT, nullable=False),
        sa.Column("state", NAME, nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("signatures", JSONB(), nullable=False),
        sa.Column("list_id", ID, nullable=True),
        sa.Column("certificate_id", ID, nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("created_by", NAME, nullable=False),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_disposal"),
        sa.UniqueConstraint("number", name=op.f("uq_disposal_number")),
        sa.UniqueConstraint("case_id", name=op.f("uq_disposal_case_id")),
    )
    op.create_table(
        "disposal_item",
        sa.Column("disposal_id", ID, nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("document_id", ID, nullable=False),
        sa.Column("type", sa.String(), nullable=True),
        sa.Column("title", sa.String(), nullable=True),
        sa.Column("salt", NAME, nullable=True),
        sa.Column("commitment", NAME, nullable=False),
        sa.Column("versions", JSONB(), nullable=False),
        sa.Column("rule_key", NAME, nullable=False),
        sa.Column("rule_revision", sa.Integer(), nullable=False),
        sa.Column("due_at", MOMENT, nullable=False),
        sa.Column("basis", JSONB(), nullable=False),
        sa.Column("state", NAME, nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("settled_by", NAME, nullable=True),
        sa.Column("settled_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("disposal_id", "position", name="pk_disposal_item"),
        sa.ForeignKeyConstraint(["disposal_id"], ["disposal.id"], name="fk_disposal_item_disposal_id_disposal"),
        sa.ForeignKeyConstraint(["document_id"], ["document.id"], name="fk_disposal_item_document_id_document"),
    )
    op.create_index(
        "ix_disposal_item_document_id",
        "disposal_item",
        ["document_id"],
        unique=True,
        postgresql_where=sa.text("state IN ('listed', 'destroyed')"),
    )
    op.create_index(
        "ix_disposal_item_disposal_id_state_position", "disposal_item", ["disposal_id", "state", "position"]
    )
    op.create_table(
        "tombstone",
        sa.Column("document_id", ID, nullable=False),
        sa.Column("disposal_id", ID, nullable=False),
        sa.Column("title_commitment", NAME, nullable=False),
        sa.Column("versions", JSONB(), nullable=False),
        sa.Column("destroyed_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("document_id", name="pk_tombstone"),
        sa.ForeignKeyConstraint(["document_id"], ["document.id"], name="fk_tombstone_document_id_document"),
        sa.ForeignKeyConstraint(["disposal_id"], ["disposal.id"], name="fk_tombstone_disposal_id_disposal"),
    )
    op.create_index("ix_tombstone_disposal_id", "tombstone", ["disposal_id"])


def downgrade() -> None:
    op.execute("DROP TRIGGER document_version_kept ON document_version")
    op.execute("DROP FUNCTION document_destroy(text, text, timestamptz)")
    op.execute("DROP FUNCTION document_version_guard()")
    for name in ("tombstone", "disposal_item", "disposal", "legal_hold", "retention_run", "case_closure"):
        op.drop_table(name)
    for name in ("retention_change", "retention", "retention_rule_revision", "retention_rule"):
        op.drop_table(name)
    op.execute("DROP FUNCTION records_refuse()")
