"""The tables of invoices, credit notes and what settles them.

A credit note is an invoice with negative amounts, so that a customer's ledger is a plain sum. Content never changes
once it is issued: the database refuses it, whoever asks. What changes is the balance, and the state that follows.
"""

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import BigInteger, ForeignKey, Identity, Index, Numeric, SmallInteger, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from crm.models import Currency, Money, Percent, Price, Quantity, parent
from storage.orm import ID, Base, IdKey

OPEN_ITEM = text("balance <> 0")


class InvoiceRow(Base):
    """An invoice, or a credit note that corrects one; `balance` is what is still to be paid, in its own currency."""

    __tablename__ = "invoice"
    __table_args__ = (
        Index("ix_invoice_issued_on_id", "issued_on", "id"),
        Index("ix_invoice_state_issued_on_id", "state", "issued_on", "id"),
        Index("ix_invoice_customer_id_issued_on_id", "customer_id", "issued_on", "id"),
        Index("ix_invoice_due_on_id", "due_on", "id", postgresql_where=OPEN_ITEM),
        Index("ix_invoice_customer_id_due_on", "customer_id", "due_on", postgresql_where=OPEN_ITEM),
        Index("ix_invoice_currency_balance", "currency", "balance", postgresql_where=OPEN_ITEM),
    )

    id: Mapped[IdKey]
    kind: Mapped[str] = mapped_column(String(16))
    number: Mapped[str] = mapped_column(String(64, collation="C"), unique=True)
    reference: Mapped[str] = mapped_column(String(64, collation="C"), index=True)  # the number as banks garble it
    customer_id: Mapped[str] = mapped_column(ID, ForeignKey("customer.id"))
    order_id: Mapped[str | None] = parent("customer_order.id", nullable=True)
    corrects_id: Mapped[str | None] = parent("invoice.id", nullable=True)
    state: Mapped[str] = mapped_column(String(16))
    issued_on: Mapped[date]
    sold_on: Mapped[date]
    due_on: Mapped[date]
    currency: Mapped[Currency]
    exchange_rate: Mapped[Decimal] = mapped_column(Numeric(18, 8))
    net: Mapped[Money]
    vat: Mapped[Money]
    gross: Mapped[Money]
    balance: Mapped[Money]
    written_off: Mapped[Money]
    settled_on: Mapped[date | None]
    owner: Mapped[str | None]
    reason: Mapped[str | None]  # of a credit note
    dispute: Mapped[str | None]  # why the customer does not accept it, as long as that is open
    source: Mapped[str] = mapped_column(String(16))
    external_reference: Mapped[str | None] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime]
    created_by: Mapped[str]
    row_version: Mapped[int] = mapped_column()

    lines: Mapped[list["InvoiceLineRow"]] = relationship(
        cascade="all, delete-orphan", order_by="InvoiceLineRow.position", lazy="select"
    )

    shares: Mapped[list["InvoiceVatRow"]] = relationship(
        cascade="all, delete-orphan", order_by="InvoiceVatRow.rate", lazy="select"
    )

    __mapper_args__ = {"version_id_col": row_version}  # noqa: RUF012 -- SQLAlchemy's own attribute


class InvoiceLineRow(Base):
    """One line of an invoice; `origin` is the position that it invoices of its order, or credits of its invoice."""

    __tablename__ = "invoice_line"
    __table_args__ = (UniqueConstraint("invoice_id", "position"),)

    id: Mapped[IdKey]
    invoice_id: Mapped[str] = parent("invoice.id", index=False)
    position: Mapped[int]
    origin: Mapped[int | None]
    product_id: Mapped[str | None] = parent("product.id", nullable=True)
    sku: Mapped[str | None] = mapped_column(String(64))
    description: Mapped[str]
    quantity: Mapped[Quantity]
    unit: Mapped[str] = mapped_column(String(16))
    unit_price: Mapped[Price]
    discount: Mapped[Percent]
    vat_rate: Mapped[Percent]
    unit_cost: Mapped[Price | None]


class InvoiceVatRow(Base):
    """What of an invoice falls under one VAT rate, as it was stated when it was issued."""

    __tablename__ = "invoice_vat"

    invoice_id: Mapped[str] = mapped_column(ID, ForeignKey("invoice.id"), primary_key=True)
    rate: Mapped[Percent] = mapped_column(primary_key=True)
    net: Mapped[Money]
    vat: Mapped[Money]


class SettlementRow(Base):
    """An amount that settles part of an invoice; taking it back leaves it in the table, with who, when and why."""

    __tablename__ = "settlement"
    __table_args__ = (Index("ix_settlement_invoice_id_effective_on", "invoice_id", "effective_on"),)

    id: Mapped[IdKey]
    invoice_id: Mapped[str] = mapped_column(ID, ForeignKey("invoice.id"))
    kind: Mapped[str] = mapped_column(String(16))  # payment, credit, write_off
    credit_id: Mapped[str | None] = parent("invoice.id", nullable=True)
    payment_id: Mapped[str | None] = parent("payment.id", nullable=True)
    amount: Mapped[Money]
    effective_on: Mapped[date]
    rule: Mapped[str] = mapped_column(String(16))  # what found it: reference, iban, amount, manual, credit
    reason: Mapped[str | None]
    made_at: Mapped[datetime]
    made_by: Mapped[str]
    undone_at: Mapped[datetime | None]
    undone_by: Mapped[str | None]
    undone_reason: Mapped[str | None]


class TurnoverRow(Base):
    """What a customer's orders are worth in a currency, kept by the database as orders come and change.

    `kind` is `orders`, `deliveries` or `goods`; those of goods count the rows of `GoodsRow`.
    """

    __tablename__ = "customer_turnover"

    customer_id: Mapped[str] = mapped_column(ID, ForeignKey("customer.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16), primary_key=True)
    currency: Mapped[str] = mapped_column(String(3), primary_key=True)
    count: Mapped[int] = mapped_column(BigInteger)
    amount: Mapped[Decimal] = mapped_column(Numeric)  # net, not rounded


class GoodsRow(Base):
    """Goods that a customer ordered, in a currency, over all orders that were not cancelled; kept by the database."""

    __tablename__ = "customer_goods"
    __table_args__ = (Index("ix_customer_goods_customer_id_last_on", "customer_id", "last_on"),)

    customer_id: Mapped[str] = mapped_column(ID, ForeignKey("customer.id"), primary_key=True)
    currency: Mapped[str] = mapped_column(String(3), primary_key=True)
    digest: Mapped[str] = mapped_column(String(32, collation="C"), primary_key=True)  # of what makes them the same
    product_id: Mapped[str | None] = mapped_column(ID)
    sku: Mapped[str | None] = mapped_column(String(64))
    name: Mapped[str]
    unit: Mapped[str] = mapped_column(String(16))
    quantity: Mapped[Decimal] = mapped_column(Numeric)
    times: Mapped[int]  # orders
    last_on: Mapped[date]
    amount: Mapped[Decimal] = mapped_column(Numeric)  # net, not rounded


class OrderRecountRow(Base):
    """That an order came (`sign` 1) or is not what it was (-1), until its transaction ends; written by the database."""

    __tablename__ = "customer_order_recount"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    order_id: Mapped[str] = mapped_column(ID)
    sign: Mapped[int] = mapped_column(SmallInteger)
    customer_id: Mapped[str] = mapped_column(ID)
    currency: Mapped[str] = mapped_column(String(3))
    net: Mapped[Decimal] = mapped_column(Numeric)
    ordered_on: Mapped[date]
    delivered_on: Mapped[date | None]
