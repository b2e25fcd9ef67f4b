"""Rights of a role reach all customers, or those of a department, a team or oneself; people belong to teams."""

import sqlalchemy as sa
from alembic import op

revision = "0043_scopes"
down_revision = "0042_breaches"
branch_labels = None
depends_on = None

NAME = sa.String(64, collation="C")
SURVIVOR = """
CREATE FUNCTION customer_survivor(absorbed text) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS $$
    WITH RECURSIVE way AS (
        SELECT id, merged_into FROM customer WHERE id = absorbed
        UNION ALL
        SELECT kept.id, kept.merged_into FROM way JOIN customer AS kept ON kept.id = way.merged_into
    )
    SELECT id FROM way WHERE merged_into IS NULL LIMIT 1
$$
"""
REACH = "people text[], teams text[], customers text[]"
GIVEN = "people, teams, customers"
IS_REACHED = f"""
CREATE FUNCTION customer_is_reached(wanted text, {REACH}) RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT EXISTS (
        SELECT FROM customer AS c WHERE c.id = customer_survivor(wanted)
        AND (c.owner = ANY (people) OR c.owner_team = ANY (teams) OR c.id = ANY (customers))
    )
$$
"""  # noqa: S608 -- constants
# the customer that a record belongs to, NULL for none; entities have the names that links give them
OF_RECORD = """
CREATE FUNCTION record_customer(entity text, wanted text) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT CASE entity
        WHEN 'crm.customer' THEN (SELECT id FROM customer WHERE id = wanted)
        WHEN 'crm.contact' THEN (SELECT customer_id FROM contact WHERE id = wanted)
        WHEN 'crm.offer' THEN (SELECT customer_id FROM offer WHERE id = wanted)
        WHEN 'crm.order' THEN (SELECT customer_id FROM customer_order WHERE id = wanted)
        WHEN 'crm.invoice' THEN (SELECT customer_id FROM invoice WHERE id = wanted)
        WHEN 'crm.payment' THEN (SELECT customer_id FROM payment WHERE id = wanted)
        WHEN 'crm.activity' THEN (SELECT customer_id FROM activity WHERE id = wanted)
        WHEN 'crm.device' THEN (SELECT customer_id FROM device WHERE id = wanted)
        WHEN 'crm.service_contract' THEN (SELECT customer_id FROM service_contract WHERE id = wanted)
    END
$$
"""
# of what a case is about, with its callers and what it called: one family
CASE_CUSTOMERS = """
CREATE FUNCTION case_customers(wanted text) RETURNS SETOF text LANGUAGE sql STABLE PARALLEL SAFE ROWS 2 AS $$
    WITH root AS (SELECT coalesce(root_id, id) AS id FROM instance WHERE id = wanted),
    family AS (SELECT id FROM root UNION SELECT i.id FROM root JOIN instance AS i ON i.root_id = root.id)
    SELECT DISTINCT record_customer(e.entity, e.entity_id)
    FROM family JOIN instance_entity AS e ON e.instance_id = family.id
    WHERE record_customer(e.entity, e.entity_id) IS NOT NULL
$$
"""
CASE_IS_REACHED = f"""
CREATE FUNCTION case_is_reached(wanted text, {REACH}) RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT NOT EXISTS (
        SELECT FROM case_customers(wanted) AS found (id) WHERE NOT customer_is_reached(found.id, {GIVEN})
    )
$$
"""  # noqa: S608 -- constants
# a document is reached with anything that it is linked to, be it through documents that it belongs to
DOCUMENT_IS_REACHED = f"""
CREATE FUNCTION document_is_reached(wanted text, {REACH}) RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE AS $$
    WITH RECURSIVE way AS (
        SELECT kind, target FROM document_link WHERE document_id = wanted
        UNION
        SELECT link.kind, link.target
        FROM way JOIN document_link AS link ON way.kind = 'document' AND link.document_id = way.target
    )
    SELECT EXISTS (
        SELECT FROM way WHERE kind <> 'document' AND CASE kind
            WHEN 'case' THEN case_is_reached(target, {GIVEN})
            WHEN 'task' THEN case_is_reached(
                coalesce(
                    (SELECT instance_id FROM work_item WHERE id = target),
                    (SELECT instance_id FROM task_history WHERE id = target)
                ),
                {GIVEN}
            )
            ELSE record_customer(kind, target) IS NULL OR customer_is_reached(record_customer(kind, target), {GIVEN})
        END
    )
$$
"""  # noqa: S608 -- constants
FUNCTIONS = {
    "customer_survivor(text)": SURVIVOR,
    "customer_is_reached(text, text[], text[], text[])": IS_REACHED,
    "record_customer(text, text)": OF_RECORD,
    "case_customers(text)": CASE_CUSTOMERS,
    "case_is_reached(text, text[], text[], text[])": CASE_IS_REACHED,
    "document_is_reached(text, text[], text[], text[])": DOCUMENT_IS_REACHED,
}


def upgrade() -> None:
    op.create_table(
        "team",
        sa.Column("name", NAME, nullable=False),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("department", NAME, nullable=True),
        sa.ForeignKeyConstraint(["department"], ["team.name"], name="fk_team_department_team"),
        sa.PrimaryKeyConstraint("name", name="pk_team"),
    )
    op.create_index("ix_team_department", "team", ["department"])
    op.create_table(
        "role_scope",
        sa.Column("role", NAME, nullable=False),
        sa.Column("permission", NAME, nullable=False),
        sa.Column("scope", sa.String(16), nullable=False),
        sa.PrimaryKeyConstraint("role", "permission", name="pk_role_scope"),
    )
    op.add_column("account", sa.Column("team", NAME, nullable=True))
    op.create_foreign_key("fk_account_team_team", "account", "team", ["team"], ["name"])
    op.create_index("ix_account_team", "account", ["team"])
    op.create_index("ix_customer_owner", "customer", ["owner"])
    op.create_index("ix_customer_owner_team", "customer", ["owner_team"])
    for function in FUNCTIONS.values():
        op.execute(function)


def downgrade() -> None:
    for function in reversed(FUNCTIONS):
        op.execute(f"DROP FUNCTION {function}")
    op.drop_index("ix_customer_owner_team", "customer")
    op.drop_index("ix_customer_owner", "customer")
    op.drop_index("ix_account_team", "account")
    op.drop_constraint("fk_account_team_team", "account", type_="foreignkey")
    op.drop_column("account", "team")
    op.drop_table("role_scope")
    op.drop_table("team")
