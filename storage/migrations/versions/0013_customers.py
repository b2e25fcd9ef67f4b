"""Customers with all their data, contacts, dictionaries and fields of a firm's own."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from storage.migrations import link_tables
from storage.migrations.shipped_dictionaries import dictionaries, values

revision = "0013_customers"
down_revision = "0012_signatures"
branch_labels = None
depends_on = None

TABLES = (
    "customer_filter",
    "dictionary",
    "custom_field",
    "customer_merge",
    "customer_satisfaction",
    "dictionary_value",
    "duplicate_pair",
    "contact_position",
    "contact_trace",
    "customer_note",
    "customer_note_version",
)
FOREIGN_KEYS = {"fk_customer_parent_id_customer": "parent_id", "fk_customer_merged_into_customer": "merged_into"}


def _contact() -> list[sa.Column[Any]]:
    return [
        sa.Column("mobile", sa.String(length=20), nullable=True),
        sa.Column("role", sa.String(length=64, collation="C"), nullable=True),
        sa.Column("is_active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("birth_year", sa.Integer(), nullable=True),
        sa.Column("birth_day", sa.String(length=5), nullable=True),
        sa.Column("preferences", sa.String(), nullable=True),
        sa.Column("family", sa.String(), nullable=True),
        sa.Column("interests", postgresql.JSONB(), server_default=sa.text("'[]'::jsonb"), nullable=False),
        sa.Column("custom", postgresql.JSONB(), server_default=sa.text("'{}'::jsonb"), nullable=False),
    ]


def _customer() -> list[sa.Column[Any]]:
    return [
        sa.Column("parent_id", sa.String(length=26, collation="C"), nullable=True),
        sa.Column("business_profile", sa.String(length=64, collation="C"), nullable=True),
        sa.Column("industry", sa.String(length=64, collation="C"), nullable=True),
        sa.Column("company_category", sa.String(length=64, collation="C"), nullable=True),
        sa.Column("customer_kind", sa.String(length=64, collation="C"), nullable=True),
        sa.Column("value_class", sa.String(length=64, collation="C"), nullable=True),
        sa.Column("ad_source", sa.String(length=64, collation="C"), nullable=True),
        sa.Column("website", sa.String(), nullable=True),
        sa.Column("founded_on", sa.Date(), nullable=True),
        sa.Column("owner_team", sa.String(length=64, collation="C"), nullable=True),
        sa.Column("needs", sa.String(), nullable=True),
        sa.Column("incoterm", sa.String(length=3), nullable=True),
        sa.Column("carrier", sa.String(), nullable=True),
        sa.Column("least_order", sa.Numeric(precision=18, scale=2), nullable=True),
        sa.Column("largest_order", sa.Numeric(precision=18, scale=2), nullable=True),
        sa.Column("largest_weight", sa.Numeric(precision=14, scale=4), nullable=True),
        sa.Column("delivery_weekdays", postgresql.JSONB(), server_default=sa.text("'[]'::jsonb"), nullable=False),
        sa.Column("lead_days", sa.Integer(), nullable=True),
        sa.Column("grace_days", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("no_sms", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("identifiers", postgresql.JSONB(), server_default=sa.text("'[]'::jsonb"), nullable=False),
        sa.Column("bank_accounts", postgresql.JSONB(), server_default=sa.text("'[]'::jsonb"), nullable=False),
        sa.Column("custom", postgresql.JSONB(), server_default=sa.text("'{}'::jsonb"), nullable=False),
        sa.Column("merged_into", sa.String(length=26, collation="C"), nullable=True),
        sa.Column("name_key", sa.String(collation="C"), server_default="", nullable=False),
        sa.Column("match_keys", sa.ARRAY(sa.String(collation="C")), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("completeness", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("findings", postgresql.JSONB(), server_default=sa.text("'[]'::jsonb"), nullable=False),
        sa.Column("changed_by", sa.String(), server_default="", nullable=False),
    ]


def _customer_address() -> list[sa.Column[Any]]:
    return [
        sa.Column("city_key", sa.String(collation="C"), server_default="", nullable=False),
    ]


def _customer_email() -> list[sa.Column[Any]]:
    return [
        sa.Column("bounced_at", sa.DateTime(timezone=True), nullable=True),
    ]


INDEXES = (
    ("ix_contact_birth_day", "contact", {"columns": ["birth_day"]}),
    ("ix_contact_customer_id_name_id", "contact", {"columns": ["customer_id", "name", "id"]}),
    ("ix_contact_mobile", "contact", {"columns": ["mobile"]}),
    (
        "ix_customer_bank_accounts",
        "customer",
        {
            "columns": ["bank_accounts"],
            "postgresql_using": "gin",
            "postgresql_ops": {"bank_accounts": "jsonb_path_ops"},
        },
    ),
    ("ix_customer_completeness_number", "customer", {"columns": ["completeness", "number"]}),
    (
        "ix_customer_custom",
        "customer",
        {"columns": ["custom"], "postgresql_using": "gin", "postgresql_ops": {"custom": "jsonb_path_ops"}},
    ),
    ("ix_customer_customer_kind", "customer", {"columns": ["customer_kind"]}),
    ("ix_customer_industry", "customer", {"columns": ["industry"]}),
    (
        "ix_customer_match_keys",
        "customer",
        {"columns": ["match_keys"], "postgresql_using": "gin", "postgresql_with": {"fastupdate": "off"}},
    ),
    ("ix_customer_merged_into", "customer", {"columns": ["merged_into"]}),
    ("ix_customer_name_key", "customer", {"columns": ["name_key"]}),
    ("ix_customer_parent_id", "customer", {"columns": ["parent_id"]}),
    ("ix_customer_address_city_key", "customer_address", {"columns": ["city_key"]}),
    ("ix_customer_merge_absorbed_id", "customer_merge", {"columns": ["absorbed_id"]}),
    ("ix_customer_merge_kept_id", "customer_merge", {"columns": ["kept_id"]}),
    (
        "ix_customer_satisfaction_customer_id_recorded_at",
        "customer_satisfaction",
        {"columns": ["customer_id", "recorded_at"]},
    ),
    ("ix_customer_satisfaction_recorded_at", "customer_satisfaction", {"columns": ["recorded_at"]}),
    ("ix_dictionary_value_dictionary_position", "dictionary_value", {"columns": ["dictionary", "position"]}),
    (
        "ix_duplicate_pair_open",
        "duplicate_pair",
        {"columns": ["score", "id"], "postgresql_where": sa.text("state = 'open'")},
    ),
    ("ix_duplicate_pair_second_id", "duplicate_pair", {"columns": ["second_id"]}),
    ("uq_duplicate_pair_first_id_second_id", "duplicate_pair", {"columns": ["first_id", "second_id"], "unique": True}),
    ("ix_contact_position_customer_id", "contact_position", {"columns": ["customer_id"]}),
    ("ix_customer_note_contact_id", "customer_note", {"columns": ["contact_id"]}),
    ("ix_customer_note_customer_id_id", "customer_note", {"columns": ["customer_id", "id"]}),
)


def upgrade() -> None:
    for column in _contact():
        op.add_column("contact", column)
    for column in _customer():
        op.add_column("customer", column)
    for column in _customer_address():
        op.add_column("customer_address", column)
    for column in _customer_email():
        op.add_column("customer_email", column)
    for name, reference in FOREIGN_KEYS.items():
        op.create_foreign_key(name, "customer", "customer", [reference], ["id"])
    _tables()
    for name, table, options in INDEXES:
        op.create_index(name, table, **options)
    op.bulk_insert(_dictionary(), dictionaries())
    op.bulk_insert(_value(), values())
    link_tables.create()


def _tables() -> None:
    op.create_table(
        "customer_filter",
        sa.Column("id", sa.String(length=26, collation="C"), nullable=False),
        sa.Column("owner", sa.String(length=64, collation="C"), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("criteria", postgresql.JSONB(), nullable=False),
        sa.Column("is_shared", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_customer_filter"),
        sa.UniqueConstraint("owner", "name", name="uq_customer_filter_owner_name"),
    )
    op.create_table(
        "dictionary",
        sa.Column("key", sa.String(length=64, collation="C"), nullable=False),
        sa.Column("labels", postgresql.JSONB(), nullable=False),
        sa.Column("is_fixed", sa.Boolean(), nullable=False),
        sa.Column("row_version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_dictionary"),
    )
    op.create_table(
        "custom_field",
        sa.Column("id", sa.String(length=26, collation="C"), nullable=False),
        sa.Column("entity", sa.String(length=64, collation="C"), nullable=False),
        sa.Column("key", sa.String(length=64, collation="C"), nullable=False),
        sa.Column("labels", postgresql.JSONB(), nullable=False),
        sa.Column("type", sa.String(length=16), nullable=False),
        sa.Column("dictionary", sa.String(length=64, collation="C"), nullable=True),
        sa.Column("help", sa.String(), nullable=True),
        sa.Column("minimum", sa.Numeric(precision=24, scale=6), nullable=True),
        sa.Column("maximum", sa.Numeric(precision=24, scale=6), nullable=True),
        sa.Column("is_required", sa.Boolean(), nullable=False),
        sa.Column("is_searchable", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("is_retired", sa.Boolean(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("row_version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["dictionary"], ["dictionary.key"], name="fk_custom_field_dictionary_dictionary"),
        sa.PrimaryKeyConstraint("id", name="pk_custom_field"),
        sa.UniqueConstraint("entity", "key", name="uq_custom_field_entity_key"),
    )
    op.create_table(
        "customer_merge",
        sa.Column("id", sa.String(length=26, collation="C"), nullable=False),
        sa.Column("kept_id", sa.String(length=26, collation="C"), nullable=False),
        sa.Column("absorbed_id", sa.String(length=26, collation="C"), nullable=False),
        sa.Column("kept_before", postgresql.JSONB(), nullable=False),
        sa.Column("absorbed_before", postgresql.JSONB(), nullable=False),
        sa.Column("kept_version", sa.Integer(), nullable=False),
        sa.Column("moved", postgresql.JSONB(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("merged_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("merged_by", sa.String(), nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("undone_by", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["absorbed_id"], ["customer.id"], name="fk_customer_merge_absorbed_id_customer"),
        sa.ForeignKeyConstraint(["kept_id"], ["customer.id"], name="fk_customer_merge_kept_id_customer"),
        sa.PrimaryKeyConstraint("id", name="pk_customer_merge"),
    )
    op.create_table(
        "customer_satisfaction",
        sa.Column("id", sa.String(length=26, collation="C"), nullable=False),
        sa.Column("customer_id", sa.String(length=26, collation="C"), nullable=False),
        sa.Column("level", sa.SmallInteger(), nullable=False),
        sa.Column("source", sa.String(length=64, collation="C"), nullable=False),
        sa.Column("remark", sa.String(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name="fk_customer_satisfaction_customer_id_customer"),
        sa.PrimaryKeyConstraint("id", name="pk_customer_satisfaction"),
    )
    op.create_table(
        "dictionary_value",
        sa.Column("dictionary", sa.String(length=64, collation="C"), nullable=False),
        sa.Column("code", sa.String(length=64, collation="C"), nullable=False),
        sa.Column("labels", postgresql.JSONB(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("is_retired", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["dictionary"], ["dictionary.key"], name="fk_dictionary_value_dictionary_dictionary"),
        sa.PrimaryKeyConstraint("dictionary", "code", name="pk_dictionary_value"),
    )
    op.create_table(
        "duplicate_pair",
        sa.Column("id", sa.String(length=26, collation="C"), nullable=False),
        sa.Column("first_id", sa.String(length=26, collation="C"), nullable=False),
        sa.Column("second_id", sa.String(length=26, collation="C"), nullable=False),
        sa.Column("score", sa.SmallInteger(), nullable=False),
        sa.Column("reasons", postgresql.JSONB(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["first_id"], ["customer.id"], name="fk_duplicate_pair_first_id_customer"),
        sa.ForeignKeyConstraint(["second_id"], ["customer.id"], name="fk_duplicate_pair_second_id_customer"),
        sa.PrimaryKeyConstraint("id", name="pk_duplicate_pair"),
    )
    op.create_table(
        "contact_position",
        sa.Column("id", sa.String(length=26, collation="C"), nullable=False),
        sa.Column("contact_id", sa.String(length=26, collation="C"), nullable=False),
        sa.Column("customer_id", sa.String(length=26, collation="C"), nullable=False),
        sa.Column("role", sa.String(length=64, collation="C"), nullable=False),
        sa.Column("job_title", sa.String(), nullable=True),
        sa.Column("since", sa.Date(), nullable=True),
        sa.Column("until", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], name="fk_contact_position_contact_id_contact"),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name="fk_contact_position_customer_id_customer"),
        sa.PrimaryKeyConstraint("id", name="pk_contact_position"),
        sa.UniqueConstraint(
            "contact_id", "customer_id", "role", name="uq_contact_position_contact_id_customer_id_role"
        ),
    )
    op.create_table(
        "contact_trace",
        sa.Column("contact_id", sa.String(length=26, collation="C"), nullable=False),
        sa.Column("document_id", sa.String(length=26, collation="C"), nullable=False),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], name="fk_contact_trace_contact_id_contact"),
        sa.PrimaryKeyConstraint("contact_id", "document_id", name="pk_contact_trace"),
    )
    op.create_table(
        "customer_note",
        sa.Column("id", sa.String(length=26, collation="C"), nullable=False),
        sa.Column("customer_id", sa.String(length=26, collation="C"), nullable=False),
        sa.Column("contact_id", sa.String(length=26, collation="C"), nullable=True),
        sa.Column("kind", sa.String(length=64, collation="C"), nullable=False),
        sa.Column("visibility", sa.String(length=16), nullable=False),
        sa.Column("author", sa.String(), nullable=False),
        sa.Column("author_name", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("row_version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], name="fk_customer_note_contact_id_contact"),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name="fk_customer_note_customer_id_customer"),
        sa.PrimaryKeyConstraint("id", name="pk_customer_note"),
    )
    op.create_table(
        "customer_note_version",
        sa.Column("note_id", sa.String(length=26, collation="C"), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("written_by", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["note_id"], ["customer_note.id"], name="fk_customer_note_version_note_id_customer_note"
        ),
        sa.PrimaryKeyConstraint("note_id", "n", name="pk_customer_note_version"),
    )


def _dictionary() -> sa.TableClause:
    return sa.table(
        "dictionary",
        sa.column("key"),
        sa.column("labels", postgresql.JSONB()),
        sa.column("is_fixed"),
        sa.column("row_version"),
    )


def _value() -> sa.TableClause:
    return sa.table(
        "dictionary_value",
        sa.column("dictionary"),
        sa.column("code"),
        sa.column("labels", postgresql.JSONB()),
        sa.column("position"),
        sa.column("is_retired"),
    )


def downgrade() -> None:
    link_tables.drop()
    for name, table, _ in reversed(INDEXES):
        op.drop_index(name, table)
    for table in reversed(TABLES):
        op.drop_table(table)
    for name in FOREIGN_KEYS:
        op.drop_constraint(name, "customer", type_="foreignkey")
    for column in reversed(_customer_email()):
        op.drop_column("customer_email", column.name)
    for column in reversed(_customer_address()):
        op.drop_column("customer_address", column.name)
    for column in reversed(_customer()):
        op.drop_column("customer", column.name)
    for column in reversed(_contact()):
        op.drop_column("contact", column.name)
