"""Customers, contacts, products, offers and orders."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005_crm"
down_revision = "0004_documents"
branch_labels = None
depends_on = None

TABLES = [
    "company",
    "currency_rate",
    "customer",
    "number_series",
    "product",
    "contact",
    "customer_address",
    "customer_balance",
    "customer_email",
    "customer_phone",
    "offer",
    "customer_order",
    "customer_order_line",
    "offer_decision",
    "offer_version",
    "offer_line",
]


def upgrade() -> None:
    op.create_table(
        "company",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("country", sa.String(length=2), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("time_zone", sa.String(), nullable=False),
        sa.Column("tax_id", sa.String(), nullable=True),
        sa.Column("address", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_company"),
    )
    op.create_table(
        "currency_rate",
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("rate", sa.Numeric(precision=18, scale=8), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("currency", "valid_from", name="pk_currency_rate"),
    )
    op.create_table(
        "customer",
        sa.Column("id", sa.String(length=26, collation="C"), nullable=False),
        sa.Column("number", sa.String(length=16, collation="C"), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("legal_name", sa.String(), nullable=True),
        sa.Column("country", sa.String(length=2), nullable=False),
        sa.Column("region", sa.String(), nullable=True),
        sa.Column("tax_id", sa.String(length=32), nullable=True),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("credit_limit", sa.Numeric(precision=18, scale=2), nullable=True),
        sa.Column("payment_days", sa.Integer(), nullable=True),
        sa.Column("reliability", sa.String(length=1), nullable=False),
        sa.Column("abc_class", sa.String(length=1), nullable=True),
        sa.Column("key_account", sa.Boolean(), nullable=False),
        sa.Column("owner", sa.String(), nullable=True),
        sa.Column("external_reference", sa.String(length=64), nullable=True),
        sa.Column("search_text", sa.String(), nullable=False),
        sa.Column(
            "search",
            postgresql.TSVECTOR(),
            sa.Computed("to_tsvector('simple'::regconfig, search_text)", persisted=True),
            nullable=False,
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("row_version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_customer"),
        sa.UniqueConstraint("external_reference", name="uq_customer_external_reference"),
        sa.UniqueConstraint("number", name="uq_customer_number"),
    )
    op.create_index("ix_customer_name", "customer", ["name"], unique=False)
    op.create_index("ix_customer_search", "customer", ["search"], unique=False, postgresql_using="gin")
    op.create_index(
        "uq_customer_country_tax_id",
        "customer",
        ["country", "tax_id"],
        unique=True,
        postgresql_where=sa.text("tax_id IS NOT NULL"),
    )
    op.create_table(
        "number_series",
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name", "year", name="pk_number_series"),
    )
    op.create_table(
        "product",
        sa.Column("id", sa.String(length=26, collation="C"), nullable=False),
        sa.Column("sku", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("category", sa.String(), nullable=True),
        sa.Column("unit", sa.String(length=16), nullable=False),
        sa.Column("price", sa.Numeric(precision=18, scale=4), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("vat_rate", sa.Numeric(precision=7, scale=4), nullable=False),
        sa.Column("cost", sa.Numeric(precision=18, scale=4), nullable=True),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("external_reference", sa.String(length=64), nullable=True),
        sa.Column("search_text", sa.String(), nullable=False),
        sa.Column(
            "search",
            postgresql.TSVECTOR(),
            sa.Computed("to_tsvector('simple'::regconfig, search_text)", persisted=True),
            nullable=False,
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("row_version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_product"),
        sa.UniqueConstraint("external_reference", name="uq_product_external_reference"),
        sa.UniqueConstraint("sku", name="uq_product_sku"),
    )
    op.create_index("ix_product_search", "product", ["search"], unique=False, postgresql_using="gin")
    op.create_table(
        "contact",
        sa.Column("id", sa.String(length=26, collation="C"), nullable=False),
        sa.Column("customer_id", sa.String(length=26, collation="C"), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("job_title", sa.String(), nullable=True),
        sa.Column("email", sa.String(), nullable=True),
        sa.Column("phone", sa.String(length=20), nullable=True),
        sa.Column("external_reference", sa.String(length=64), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("row_version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name="fk_contact_customer_id_customer"),
        sa.PrimaryKeyConstraint("id", name="pk_contact"),
        sa.UniqueConstraint("external_reference", name="uq_contact_external_reference"),
    )
    op.create_index("ix_contact_customer_id", "contact", ["customer_id"], unique=False)
    op.create_index("ix_contact_email", "contact", ["email"], unique=False)
    op.create_index("ix_contact_email_lower", "contact", [sa.text("lower(email)")], unique=False)
    op.create_index("ix_contact_phone", "contact", ["phone"], unique=False)
    op.create_table(
        "customer_address",
        sa.Column("id", sa.String(length=26, collation="C"), nullable=False),
        sa.Column("customer_id", sa.String(length=26, collation="C"), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("street", sa.String(), nullable=False),
        sa.Column("postal_code", sa.String(), nullable=False),
        sa.Column("city", sa.String(), nullable=False),
        sa.Column("region", sa.String(), nullable=True),
        sa.Column("country", sa.String(length=2), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name="fk_customer_address_customer_id_customer"),
        sa.PrimaryKeyConstraint("id", name="pk_customer_address"),
    )
    op.create_index("ix_customer_address_customer_id", "customer_address", ["customer_id"], unique=False)
    op.create_table(
        "customer_balance",
        sa.Column("customer_id", sa.String(length=26, collation="C"), nullable=False),
        sa.Column("receivable", sa.Numeric(precision=18, scale=2), nullable=False),
        sa.Column("oldest_due", sa.Date(), nullable=True),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name="fk_customer_balance_customer_id_customer"),
        sa.PrimaryKeyConstraint("customer_id", name="pk_customer_balance"),
    )
    op.create_table(
        "customer_email",
        sa.Column("id", sa.String(length=26, collation="C"), nullable=False),
        sa.Column("customer_id", sa.String(length=26, collation="C"), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name="fk_customer_email_customer_id_customer"),
        sa.PrimaryKeyConstraint("id", name="pk_customer_email"),
    )
    op.create_index("ix_customer_email_address", "customer_email", ["address"], unique=False)
    op.create_index("ix_customer_email_address_lower", "customer_email", [sa.text("lower(address)")], unique=False)
    op.create_index("ix_customer_email_customer_id", "customer_email", ["customer_id"], unique=False)
    op.create_table(
        "customer_phone",
        sa.Column("id", sa.String(length=26, collation="C"), nullable=False),
        sa.Column("customer_id", sa.String(length=26, collation="C"), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("number", sa.String(length=20), nullable=True),
        sa.Column("as_written", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name="fk_customer_phone_customer_id_customer"),
        sa.PrimaryKeyConstraint("id", name="pk_customer_phone"),
    )
    op.create_index("ix_customer_phone_customer_id", "customer_phone", ["customer_id"], unique=False)
    op.create_index("ix_customer_phone_number", "customer_phone", ["number"], unique=False)
    op.create_table(
        "offer",
        sa.Column("id", sa.String(length=26, collation="C"), nullable=False),
        sa.Column("number", sa.String(length=16, collation="C"), nullable=False),
        sa.Column("customer_id", sa.String(length=26, collation="C"), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("owner_name", sa.String(), nullable=False),
        sa.Column("external_reference", sa.String(length=64), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("row_version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name="fk_offer_customer_id_customer"),
        sa.PrimaryKeyConstraint("id", name="pk_offer"),
        sa.UniqueConstraint("external_reference", name="uq_offer_external_reference"),
        sa.UniqueConstraint("number", name="uq_offer_number"),
    )
    op.create_index("ix_offer_customer_id_number", "offer", ["customer_id", "number"], unique=False)
    op.create_index("ix_offer_customer_id_created_at_id", "offer", ["customer_id", "created_at", "id"], unique=False)
    op.create_index("ix_offer_state_number", "offer", ["state", "number"], unique=False)
    op.create_table(
        "customer_order",
        sa.Column("id", sa.String(length=26, collation="C"), nullable=False),
        sa.Column("number", sa.String(length=16, collation="C"), nullable=False),
        sa.Column("customer_id", sa.String(length=26, collation="C"), nullable=False),
        sa.Column("offer_id", sa.String(length=26, collation="C"), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("ordered_on", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("delivered_on", sa.Date(), nullable=True),
        sa.Column("owner", sa.String(), nullable=True),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("exchange_rate", sa.Numeric(precision=18, scale=8), nullable=False),
        sa.Column("freight", sa.Numeric(precision=18, scale=2), nullable=False),
        sa.Column("net", sa.Numeric(precision=18, scale=2), nullable=False),
        sa.Column("gross", sa.Numeric(precision=18, scale=2), nullable=False),
        sa.Column("invoiced", sa.Numeric(precision=18, scale=2), nullable=False),
        sa.Column("payment_days", sa.Integer(), nullable=True),
        sa.Column("erp_number", sa.String(length=64), nullable=True),
        sa.Column("delivery_address", sa.String(), nullable=True),
        sa.Column("external_reference", sa.String(length=64), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name="fk_customer_order_customer_id_customer"),
        sa.ForeignKeyConstraint(["offer_id"], ["offer.id"], name="fk_customer_order_offer_id_offer"),
        sa.PrimaryKeyConstraint("id", name="pk_customer_order"),
        sa.UniqueConstraint("external_reference", name="uq_customer_order_external_reference"),
        sa.UniqueConstraint("number", name="uq_customer_order_number"),
        sa.UniqueConstraint("offer_id", name="uq_customer_order_offer_id"),
    )
    op.create_index(
        "ix_customer_order_customer_id_ordered_on", "customer_order", ["customer_id", "ordered_on"], unique=False
    )
    op.create_table(
        "customer_order_line",
        sa.Column("id", sa.String(length=26, collation="C"), nullable=False),
        sa.Column("order_id", sa.String(length=26, collation="C"), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("product_id", sa.String(length=26, collation="C"), nullable=True),
        sa.Column("sku", sa.String(length=64), nullable=True),
        sa.Column("description", sa.String(), nullable=False),
        sa.Column("quantity", sa.Numeric(precision=14, scale=4), nullable=False),
        sa.Column("unit", sa.String(length=16), nullable=False),
        sa.Column("unit_price", sa.Numeric(precision=18, scale=4), nullable=False),
        sa.Column("discount", sa.Numeric(precision=7, scale=4), nullable=False),
        sa.Column("vat_rate", sa.Numeric(precision=7, scale=4), nullable=False),
        sa.Column("unit_cost", sa.Numeric(precision=18, scale=4), nullable=True),
        sa.ForeignKeyConstraint(
            ["order_id"], ["customer_order.id"], name="fk_customer_order_line_order_id_customer_order"
        ),
        sa.ForeignKeyConstraint(["product_id"], ["product.id"], name="fk_customer_order_line_product_id_product"),
        sa.PrimaryKeyConstraint("id", name="pk_customer_order_line"),
        sa.UniqueConstraint("order_id", "position", name="uq_customer_order_line_order_id_position"),
    )
    op.create_index("ix_customer_order_line_product_id", "customer_order_line", ["product_id"], unique=False)
    op.create_table(
        "offer_decision",
        sa.Column("id", sa.String(length=26, collation="C"), nullable=False),
        sa.Column("offer_id", sa.String(length=26, collation="C"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64, collation="C"), nullable=False),
        sa.Column("case_id", sa.String(length=26, collation="C"), nullable=False),
        sa.Column("key", sa.String(length=64, collation="C"), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("group", sa.String(length=64), nullable=False),
        sa.Column("decision", sa.String(length=16), nullable=False),
        sa.Column("comment", sa.String(), nullable=True),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("actor_name", sa.String(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["offer_id"], ["offer.id"], name="fk_offer_decision_offer_id_offer"),
        sa.PrimaryKeyConstraint("id", name="pk_offer_decision"),
        sa.UniqueConstraint("key", name="uq_offer_decision_key"),
    )
    op.create_index("ix_offer_decision_case_id", "offer_decision", ["case_id"], unique=False)
    op.create_index("ix_offer_decision_offer_id", "offer_decision", ["offer_id"], unique=False)
    op.create_table(
        "offer_version",
        sa.Column("id", sa.String(length=26, collation="C"), nullable=False),
        sa.Column("offer_id", sa.String(length=26, collation="C"), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("exchange_rate", sa.Numeric(precision=18, scale=8), nullable=False),
        sa.Column("payment_days", sa.Integer(), nullable=False),
        sa.Column("is_prepaid", sa.Boolean(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("delivery_terms", sa.String(), nullable=True),
        sa.Column("has_special_terms", sa.Boolean(), nullable=False),
        sa.Column("is_special_build", sa.Boolean(), nullable=False),
        sa.Column("note", sa.String(), nullable=True),
        sa.Column("net", sa.Numeric(precision=18, scale=2), nullable=False),
        sa.Column("vat", sa.Numeric(precision=18, scale=2), nullable=False),
        sa.Column("gross", sa.Numeric(precision=18, scale=2), nullable=False),
        sa.Column("digest", sa.String(length=64, collation="C"), nullable=True),
        sa.Column("author", sa.String(), nullable=False),
        sa.Column("author_name", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("frozen_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("frozen_by", sa.String(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["offer_id"], ["offer.id"], name="fk_offer_version_offer_id_offer"),
        sa.PrimaryKeyConstraint("id", name="pk_offer_version"),
        sa.UniqueConstraint("offer_id", "n", name="uq_offer_version_offer_id_n"),
    )
    op.create_table(
        "offer_line",
        sa.Column("id", sa.String(length=26, collation="C"), nullable=False),
        sa.Column("version_id", sa.String(length=26, collation="C"), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("product_id", sa.String(length=26, collation="C"), nullable=True),
        sa.Column("sku", sa.String(length=64), nullable=True),
        sa.Column("description", sa.String(), nullable=False),
        sa.Column("quantity", sa.Numeric(precision=14, scale=4), nullable=False),
        sa.Column("unit", sa.String(length=16), nullable=False),
        sa.Column("unit_price", sa.Numeric(precision=18, scale=4), nullable=False),
        sa.Column("discount", sa.Numeric(precision=7, scale=4), nullable=False),
        sa.Column("vat_rate", sa.Numeric(precision=7, scale=4), nullable=False),
        sa.Column("unit_cost", sa.Numeric(precision=18, scale=4), nullable=True),
        sa.Column("price_source", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["product_id"], ["product.id"], name="fk_offer_line_product_id_product"),
        sa.ForeignKeyConstraint(["version_id"], ["offer_version.id"], name="fk_offer_line_version_id_offer_version"),
        sa.PrimaryKeyConstraint("id", name="pk_offer_line"),
        sa.UniqueConstraint(
            "version_id", "position", deferrable=True, initially="DEFERRED", name="uq_offer_line_version_id_position"
        ),
    )
    op.create_index("ix_offer_line_product_id", "offer_line", ["product_id"], unique=False)


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)
