"""Price lists, orders, invoices and payments."""

import sqlalchemy as sa
from alembic import op

revision = "0014_sales"
down_revision = "0013_customers"
branch_labels = None
depends_on = None

TABLES = [
    "bank_statement",
    "interest_rate",
    "payer_account",
    "payment",
    "invoice",
    "invoice_line",
    "invoice_vat",
    "settlement",
]

FUNCTION = """
CREATE FUNCTION sales_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'what is issued stays as it is: % of %', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END $$
"""
CONTENT = (  # of an invoice: what never changes once it is issued
    "kind, number, reference, customer_id, order_id, corrects_id, issued_on, sold_on, due_on, currency,"
    " exchange_rate, net, vat, gross, reason, source, created_at, created_by"
)
RUN = "FOR EACH ROW EXECUTE FUNCTION sales_refuse()"
TRIGGERS = (
    f"CREATE TRIGGER invoice_stays BEFORE UPDATE OF {CONTENT} ON invoice {RUN}",
    f"CREATE TRIGGER invoice_remains BEFORE DELETE ON invoice {RUN}",
    f"CREATE TRIGGER invoice_line_stays BEFORE UPDATE OR DELETE ON invoice_line {RUN}",
    f"CREATE TRIGGER invoice_vat_stays BEFORE UPDATE OR DELETE ON invoice_vat {RUN}",
)


def upgrade() -> None:
    op.create_table(
        "bank_statement",
        sa.Column("id", sa.String(length=26, collation="C"), nullable=False),
        sa.Column("key", sa.String(length=64, collation="C"), nullable=False),
        sa.Column("format", sa.String(length=16), nullable=False),
        sa.Column("account", sa.String(length=40), nullable=False),
        sa.Column("number", sa.String(length=64), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("opening", sa.Numeric(precision=18, scale=2), nullable=True),
        sa.Column("closing", sa.Numeric(precision=18, scale=2), nullable=True),
        sa.Column("closed_on", sa.Date(), nullable=True),
        sa.Column("entries", sa.Integer(), nullable=False),
        sa.Column("imported_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("imported_by", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_bank_statement"),
        sa.UniqueConstraint("key", name="uq_bank_statement_key"),
    )
    op.create_table(
        "interest_rate",
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("percent", sa.Numeric(precision=7, scale=4), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("currency", "valid_from", name="pk_interest_rate"),
    )
    op.create_table(
        "payer_account",
        sa.Column("account", sa.String(length=40), nullable=False),
        sa.Column("customer_id", sa.String(length=26, collation="C"), nullable=False),
        sa.Column("learned_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("learned_by", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name="fk_payer_account_customer_id_customer"),
        sa.PrimaryKeyConstraint("account", name="pk_payer_account"),
    )
    op.create_index("ix_payer_account_customer_id", "payer_account", ["customer_id"], unique=False)
    op.create_table(
        "payment",
        sa.Column("id", sa.String(length=26, collation="C"), nullable=False),
        sa.Column("key", sa.String(length=64, collation="C"), nullable=False),
        sa.Column("statement_id", sa.String(length=26, collation="C"), nullable=True),
        sa.Column("customer_id", sa.String(length=26, collation="C"), nullable=True),
        sa.Column("reverses_id", sa.String(length=26, collation="C"), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("is_reversal", sa.Boolean(), nullable=False),
        sa.Column("account", sa.String(length=40), nullable=False),
        sa.Column("booked_on", sa.Date(), nullable=False),
        sa.Column("value_on", sa.Date(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("exchange_rate", sa.Numeric(precision=18, scale=8), nullable=False),
        sa.Column("amount", sa.Numeric(precision=18, scale=2), nullable=False),
        sa.Column("unallocated", sa.Numeric(precision=18, scale=2), nullable=False),
        sa.Column("payer_name", sa.String(), nullable=True),
        sa.Column("payer_account", sa.String(length=40), nullable=True),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("bank_reference", sa.String(), nullable=True),
        sa.Column("note", sa.String(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("row_version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name="fk_payment_customer_id_customer"),
        sa.ForeignKeyConstraint(["reverses_id"], ["payment.id"], name="fk_payment_reverses_id_payment"),
        sa.ForeignKeyConstraint(["statement_id"], ["bank_statement.id"], name="fk_payment_statement_id_bank_statement"),
        sa.PrimaryKeyConstraint("id", name="pk_payment"),
        sa.UniqueConstraint("key", name="uq_payment_key"),
    )
    op.create_index("ix_payment_account_amount", "payment", ["account", "amount"], unique=False)
    op.create_index("ix_payment_booked_on_id", "payment", ["booked_on", "id"], unique=False)
    op.create_index(
        "ix_payment_customer_id", "payment", ["customer_id"], unique=False, postgresql_where=sa.text("unallocated <> 0")
    )
    op.create_index("ix_payment_customer_id_booked_on_id", "payment", ["customer_id", "booked_on", "id"], unique=False)
    op.create_index("ix_payment_payer_account", "payment", ["payer_account"], unique=False)
    op.create_index("ix_payment_reverses_id", "payment", ["reverses_id"], unique=False)
    op.create_index("ix_payment_state_booked_on_id", "payment", ["state", "booked_on", "id"], unique=False)
    op.create_index("ix_payment_statement_id", "payment", ["statement_id"], unique=False)
    op.create_table(
        "invoice",
        sa.Column("id", sa.String(length=26, collation="C"), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("number", sa.String(length=64, collation="C"), nullable=False),
        sa.Column("reference", sa.String(length=64, collation="C"), nullable=False),
        sa.Column("customer_id", sa.String(length=26, collation="C"), nullable=False),
        sa.Column("order_id", sa.String(length=26, collation="C"), nullable=True),
        sa.Column("corrects_id", sa.String(length=26, collation="C"), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("sold_on", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("exchange_rate", sa.Numeric(precision=18, scale=8), nullable=False),
        sa.Column("net", sa.Numeric(precision=18, scale=2), nullable=False),
        sa.Column("vat", sa.Numeric(precision=18, scale=2), nullable=False),
        sa.Column("gross", sa.Numeric(precision=18, scale=2), nullable=False),
        sa.Column("balance", sa.Numeric(precision=18, scale=2), nullable=False),
        sa.Column("written_off", sa.Numeric(precision=18, scale=2), nullable=False),
        sa.Column("settled_on", sa.Date(), nullable=True),
        sa.Column("owner", sa.String(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("dispute", sa.String(), nullable=True),
        sa.Column("source", sa.String(length=16), nullable=False),
        sa.Column("external_reference", sa.String(length=64), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("row_version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["corrects_id"], ["invoice.id"], name="fk_invoice_corrects_id_invoice"),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name="fk_invoice_customer_id_customer"),
        sa.ForeignKeyConstraint(["order_id"], ["customer_order.id"], name="fk_invoice_order_id_customer_order"),
        sa.PrimaryKeyConstraint("id", name="pk_invoice"),
        sa.UniqueConstraint("external_reference", name="uq_invoice_external_reference"),
        sa.UniqueConstraint("number", name="uq_invoice_number"),
    )
    op.create_index("ix_invoice_corrects_id", "invoice", ["corrects_id"], unique=False)
    op.create_index(
        "ix_invoice_currency_balance",
        "invoice",
        ["currency", "balance"],
        unique=False,
        postgresql_where=sa.text("balance <> 0"),
    )
    op.create_index(
        "ix_invoice_customer_id_due_on",
        "invoice",
        ["customer_id", "due_on"],
        unique=False,
        postgresql_where=sa.text("balance <> 0"),
    )
    op.create_index("ix_invoice_customer_id_issued_on_id", "invoice", ["customer_id", "issued_on", "id"], unique=False)
    op.create_index(
        "ix_invoice_due_on_id", "invoice", ["due_on", "id"], unique=False, postgresql_where=sa.text("balance <> 0")
    )
    op.create_index("ix_invoice_issued_on_id", "invoice", ["issued_on", "id"], unique=False)
    op.create_index("ix_invoice_order_id", "invoice", ["order_id"], unique=False)
    op.create_index("ix_invoice_reference", "invoice", ["reference"], unique=False)
    op.create_index("ix_invoice_state_issued_on_id", "invoice", ["state", "issued_on", "id"], unique=False)
    op.create_table(
        "invoice_line",
        sa.Column("id", sa.String(length=26, collation="C"), nullable=False),
        sa.Column("invoice_id", sa.String(length=26, collation="C"), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("origin", sa.Integer(), nullable=True),
        sa.Column("product_id", sa.String(length=26, collation="C"), nullable=True),
        sa.Column("sku", sa.String(length=64), nullable=True),
        sa.Column("description", sa.String(), nullable=False),
        sa.Column("quantity", sa.Numeric(precision=14, scale=4), nullable=False),
        sa.Column("unit", sa.String(length=16), nullable=False),
        sa.Column("unit_price", sa.Numeric(precision=18, scale=4), nullable=False),
        sa.Column("discount", sa.Numeric(precision=7, scale=4), nullable=False),
        sa.Column("vat_rate", sa.Numeric(precision=7, scale=4), nullable=False),
        sa.Column("unit_cost", sa.Numeric(precision=18, scale=4), nullable=True),
        sa.ForeignKeyConstraint(["invoice_id"], ["invoice.id"], name="fk_invoice_line_invoice_id_invoice"),
        sa.ForeignKeyConstraint(["product_id"], ["product.id"], name="fk_invoice_line_product_id_product"),
        sa.PrimaryKeyConstraint("id", name="pk_invoice_line"),
        sa.UniqueConstraint("invoice_id", "position", name="uq_invoice_line_invoice_id_position"),
    )
    op.create_index("ix_invoice_line_product_id", "invoice_line", ["product_id"], unique=False)
    op.create_table(
        "invoice_vat",
        sa.Column("invoice_id", sa.String(length=26, collation="C"), nullable=False),
        sa.Column("rate", sa.Numeric(precision=7, scale=4), nullable=False),
        sa.Column("net", sa.Numeric(precision=18, scale=2), nullable=False),
        sa.Column("vat", sa.Numeric(precision=18, scale=2), nullable=False),
        sa.ForeignKeyConstraint(["invoice_id"], ["invoice.id"], name="fk_invoice_vat_invoice_id_invoice"),
        sa.PrimaryKeyConstraint("invoice_id", "rate", name="pk_invoice_vat"),
    )
    op.create_table(
        "settlement",
        sa.Column("id", sa.String(length=26, collation="C"), nullable=False),
        sa.Column("invoice_id", sa.String(length=26, collation="C"), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("credit_id", sa.String(length=26, collation="C"), nullable=True),
        sa.Column("payment_id", sa.String(length=26, collation="C"), nullable=True),
        sa.Column("amount", sa.Numeric(precision=18, scale=2), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("rule", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by", sa.String(), nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("undone_by", sa.String(), nullable=True),
        sa.Column("undone_reason", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["credit_id"], ["invoice.id"], name="fk_settlement_credit_id_invoice"),
        sa.ForeignKeyConstraint(["invoice_id"], ["invoice.id"], name="fk_settlement_invoice_id_invoice"),
        sa.ForeignKeyConstraint(["payment_id"], ["payment.id"], name="fk_settlement_payment_id_payment"),
        sa.PrimaryKeyConstraint("id", name="pk_settlement"),
    )
    op.create_index("ix_settlement_credit_id", "settlement", ["credit_id"], unique=False)
    op.create_index("ix_settlement_invoice_id_effective_on", "settlement", ["invoice_id", "effective_on"], unique=False)
    op.create_index("ix_settlement_payment_id", "settlement", ["payment_id"], unique=False)
    op.execute(FUNCTION)
    for trigger in TRIGGERS:
        op.execute(trigger)


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)
    op.execute("DROP FUNCTION sales_refuse()")
