"""Groups of customers, price lists, devices and service contracts."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0018_segments"
down_revision = "0017_outbox"
branch_labels = None
depends_on = None

ID = sa.String(length=26, collation="C")
MOMENT = sa.DateTime(timezone=True)
PRICE = sa.Numeric(precision=18, scale=4)
TABLES = (
    "contract_device",
    "service_contract",
    "device_part",
    "product_part",
    "device_owner",
    "device",
    "list_price",
    "price_list",
    "segment_snapshot_member",
    "segment_snapshot",
    "segment_member",
    "segment",
)


def upgrade() -> None:
    _segments()
    _price_lists()
    _devices()


def _segments() -> None:
    op.create_table(
        "segment",
        sa.Column("id", ID, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("subject", sa.String(length=16), nullable=False),
        sa.Column("description", sa.String(), nullable=True),
        sa.Column("criteria", postgresql.JSONB(), nullable=False),
        sa.Column("parent_id", ID, nullable=True),
        sa.Column("is_retired", sa.Boolean(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("changed_at", MOMENT, nullable=False),
        sa.Column("row_version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["parent_id"], ["segment.id"], name=op.f("fk_segment_parent_id_segment")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_segment")),
        sa.UniqueConstraint("name", name=op.f("uq_segment_name")),
    )
    op.create_index(op.f("ix_segment_parent_id"), "segment", ["parent_id"])
    op.create_table(
        "segment_member",
        sa.Column("id", ID, nullable=False),
        sa.Column("segment_id", ID, nullable=False),
        sa.Column("customer_id", ID, nullable=True),
        sa.Column("contact_id", ID, nullable=True),
        sa.Column("added_at", MOMENT, nullable=False),
        sa.Column("added_by", sa.String(), nullable=False),
        sa.CheckConstraint("(customer_id IS NULL) <> (contact_id IS NULL)", name=op.f("ck_segment_member_one")),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], name=op.f("fk_segment_member_contact_id_contact")),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_segment_member_customer_id_customer")),
        sa.ForeignKeyConstraint(["segment_id"], ["segment.id"], name=op.f("fk_segment_member_segment_id_segment")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_segment_member")),
    )
    op.create_index(op.f("ix_segment_member_contact_id"), "segment_member", ["contact_id"])
    op.create_index(op.f("ix_segment_member_customer_id"), "segment_member", ["customer_id"])
    op.create_index(op.f("ix_segment_member_segment_id_contact_id"), "segment_member", ["segment_id", "contact_id"])
    op.create_index(op.f("ix_segment_member_segment_id_customer_id"), "segment_member", ["segment_id", "customer_id"])
    op.create_table(
        "segment_snapshot",
        sa.Column("id", ID, nullable=False),
        sa.Column("segment_id", ID, nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("criteria", postgresql.JSONB(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64, collation="C"), nullable=False),
        sa.Column("taken_at", MOMENT, nullable=False),
        sa.Column("taken_by", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["segment_id"], ["segment.id"], name=op.f("fk_segment_snapshot_segment_id_segment")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_segment_snapshot")),
    )
    op.create_index(op.f("ix_segment_snapshot_segment_id_id"), "segment_snapshot", ["segment_id", "id"])
    op.create_table(
        "segment_snapshot_member",
        sa.Column("snapshot_id", ID, nullable=False),
        sa.Column("record_id", ID, nullable=False),
        sa.ForeignKeyConstraint(
            ["snapshot_id"],
            ["segment_snapshot.id"],
            name=op.f("fk_segment_snapshot_member_snapshot_id_segment_snapshot"),
        ),
        sa.PrimaryKeyConstraint("snapshot_id", "record_id", name=op.f("pk_segment_snapshot_member")),
    )


def _price_lists() -> None:
    op.create_table(
        "price_list",
        sa.Column("id", ID, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("customer_id", ID, nullable=True),
        sa.Column("segment_id", ID, nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("is_retired", sa.Boolean(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("row_version", sa.Integer(), nullable=False),
        sa.CheckConstraint("customer_id IS NULL OR segment_id IS NULL", name=op.f("ck_price_list_one_audience")),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_price_list_customer_id_customer")),
        sa.ForeignKeyConstraint(["segment_id"], ["segment.id"], name=op.f("fk_price_list_segment_id_segment")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_price_list")),
        sa.UniqueConstraint("name", name=op.f("uq_price_list_name")),
    )
    op.create_index(op.f("ix_price_list_currency_valid_from"), "price_list", ["currency", "valid_from"])
    op.create_index(op.f("ix_price_list_customer_id"), "price_list", ["customer_id"])
    op.create_index(op.f("ix_price_list_segment_id"), "price_list", ["segment_id"])
    op.create_table(
        "list_price",
        sa.Column("id", ID, nullable=False),
        sa.Column("price_list_id", ID, nullable=False),
        sa.Column("product_id", ID, nullable=False),
        sa.Column("from_quantity", sa.Numeric(precision=14, scale=4), nullable=False),
        sa.Column("price", PRICE, nullable=False),
        sa.Column("most_discount", sa.Numeric(precision=7, scale=4), nullable=True),
        sa.ForeignKeyConstraint(
            ["price_list_id"], ["price_list.id"], name=op.f("fk_list_price_price_list_id_price_list")
        ),
        sa.ForeignKeyConstraint(["product_id"], ["product.id"], name=op.f("fk_list_price_product_id_product")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_list_price")),
        sa.UniqueConstraint(
            "price_list_id",
            "product_id",
            "from_quantity",
            name=op.f("uq_list_price_price_list_id_product_id_from_quantity"),
        ),
    )
    op.create_index(op.f("ix_list_price_product_id"), "list_price", ["product_id"])


def _devices() -> None:
    op.create_table(
        "device",
        sa.Column("id", ID, nullable=False),
        sa.Column("product_id", ID, nullable=False),
        sa.Column("serial_number", sa.String(length=64), nullable=False),
        sa.Column("serial_key", sa.String(length=64, collation="C"), nullable=False),
        sa.Column("customer_id", ID, nullable=False),
        sa.Column("order_id", ID, nullable=True),
        sa.Column("invoice_id", ID, nullable=True),
        sa.Column("invoice_line", sa.Integer(), nullable=True),
        sa.Column("purchased_on", sa.Date(), nullable=False),
        sa.Column("delivered_on", sa.Date(), nullable=True),
        sa.Column("installed_on", sa.Date(), nullable=True),
        sa.Column("warranty_from", sa.String(length=16), nullable=False),
        sa.Column("warranty_months", sa.SmallInteger(), nullable=False),
        sa.Column("extended_months", sa.SmallInteger(), nullable=False),
        sa.Column("renewed_on", sa.Date(), nullable=True),
        sa.Column("extended_days", sa.SmallInteger(), nullable=False),
        sa.Column("warranty_until", sa.Date(), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("place", sa.String(), nullable=True),
        sa.Column("note", sa.String(), nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("row_version", sa.Integer(), nullable=False),
        sa.CheckConstraint("state IN ('in_use', 'in_repair', 'out_of_use')", name=op.f("ck_device_state")),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_device_customer_id_customer")),
        sa.ForeignKeyConstraint(["invoice_id"], ["invoice.id"], name=op.f("fk_device_invoice_id_invoice")),
        sa.ForeignKeyConstraint(["order_id"], ["customer_order.id"], name=op.f("fk_device_order_id_customer_order")),
        sa.ForeignKeyConstraint(["product_id"], ["product.id"], name=op.f("fk_device_product_id_product")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_device")),
        sa.UniqueConstraint("product_id", "serial_key", name=op.f("uq_device_product_id_serial_key")),
    )
    op.create_index(op.f("ix_device_customer_id_purchased_on_id"), "device", ["customer_id", "purchased_on", "id"])
    op.create_index(op.f("ix_device_invoice_id"), "device", ["invoice_id"])
    op.create_index(op.f("ix_device_order_id"), "device", ["order_id"])
    op.create_index(op.f("ix_device_serial_key"), "device", ["serial_key"])
    op.create_index(op.f("ix_device_warranty_until_id"), "device", ["warranty_until", "id"])
    op.create_table(
        "device_owner",
        sa.Column("id", ID, nullable=False),
        sa.Column("device_id", ID, nullable=False),
        sa.Column("customer_id", ID, nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("recorded_at", MOMENT, nullable=False),
        sa.Column("recorded_by", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_device_owner_customer_id_customer")),
        sa.ForeignKeyConstraint(["device_id"], ["device.id"], name=op.f("fk_device_owner_device_id_device")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_device_owner")),
    )
    op.create_index(op.f("ix_device_owner_customer_id"), "device_owner", ["customer_id"])
    op.create_index(op.f("ix_device_owner_device_id_since"), "device_owner", ["device_id", "since"])
    op.create_table(
        "product_part",
        sa.Column("product_id", ID, nullable=False),
        sa.Column("part_id", ID, nullable=False),
        sa.Column("quantity", sa.Numeric(precision=14, scale=4), nullable=False),
        sa.ForeignKeyConstraint(["part_id"], ["product.id"], name=op.f("fk_product_part_part_id_product")),
        sa.ForeignKeyConstraint(["product_id"], ["product.id"], name=op.f("fk_product_part_product_id_product")),
        sa.PrimaryKeyConstraint("product_id", "part_id", name=op.f("pk_product_part")),
    )
    op.create_index(op.f("ix_product_part_part_id"), "product_part", ["part_id"])
    op.create_table(
        "device_part",
        sa.Column("id", ID, nullable=False),
        sa.Column("device_id", ID, nullable=False),
        sa.Column("part_id", ID, nullable=False),
        sa.Column("serial_number", sa.String(length=64), nullable=True),
        sa.Column("quantity", sa.Numeric(precision=14, scale=4), nullable=False),
        sa.Column("unit_price", PRICE, nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("under_warranty", sa.Boolean(), nullable=False),
        sa.Column("fitted_on", sa.Date(), nullable=False),
        sa.Column("fitted_by", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["device_id"], ["device.id"], name=op.f("fk_device_part_device_id_device")),
        sa.ForeignKeyConstraint(["part_id"], ["product.id"], name=op.f("fk_device_part_part_id_product")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_device_part")),
    )
    op.create_index(op.f("ix_device_part_device_id_fitted_on"), "device_part", ["device_id", "fitted_on"])
    op.create_index(op.f("ix_device_part_part_id"), "device_part", ["part_id"])
    op.create_table(
        "service_contract",
        sa.Column("id", ID, nullable=False),
        sa.Column("number", sa.String(length=16, collation="C"), nullable=False),
        sa.Column("customer_id", ID, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("hours", sa.String(length=16), nullable=False),
        sa.Column("response_hours", sa.Numeric(precision=7, scale=2), nullable=False),
        sa.Column("repair_hours", sa.Numeric(precision=7, scale=2), nullable=True),
        sa.Column("covers_parts", sa.Boolean(), nullable=False),
        sa.Column("covers_labour", sa.Boolean(), nullable=False),
        sa.Column("fee", sa.Numeric(precision=18, scale=2), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("note", sa.String(), nullable=True),
        sa.Column("ended_reason", sa.String(), nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("row_version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer.id"], name=op.f("fk_service_contract_customer_id_customer")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_contract")),
        sa.UniqueConstraint("number", name=op.f("uq_service_contract_number")),
    )
    op.create_index(op.f("ix_service_contract_customer_id_ends_on"), "service_contract", ["customer_id", "ends_on"])
    op.create_index(op.f("ix_service_contract_ends_on_id"), "service_contract", ["ends_on", "id"])
    op.create_table(
        "contract_device",
        sa.Column("contract_id", ID, nullable=False),
        sa.Column("device_id", ID, nullable=False),
        sa.ForeignKeyConstraint(
            ["contract_id"], ["service_contract.id"], name=op.f("fk_contract_device_contract_id_service_contract")
        ),
        sa.ForeignKeyConstraint(["device_id"], ["device.id"], name=op.f("fk_contract_device_device_id_device")),
        sa.PrimaryKeyConstraint("contract_id", "device_id", name=op.f("pk_contract_device")),
    )
    op.create_index(op.f("ix_contract_device_device_id"), "contract_device", ["device_id"])


def downgrade() -> None:
    for table in TABLES:
        op.drop_table(table)
