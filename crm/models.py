"""The tables of the company itself, its products, offers and orders; those of customers are named here, too."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Computed, ForeignKey, Index, Numeric, String, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column, relationship

from crm.columns import SEARCH, Country, Currency, Money, Percent, Price, Quantity, parent
from crm.customer_models import (
    ContactPositionRow,
    ContactRow,
    ContactTraceRow,
    CustomerAddressRow,
    CustomerBalanceRow,
    CustomerBlockRow,
    CustomerEmailRow,
    CustomerNoteRow,
    CustomerNoteVersionRow,
    CustomerPhoneRow,
    CustomerRow,
    SatisfactionRow,
)
from storage.orm import ID, Base, IdKey

__all__ = [
    "SEARCH",
    "CompanyRow",
    "ContactPositionRow",
    "ContactRow",
    "ContactTraceRow",
    "Country",
    "Currency",
    "CurrencyRateRow",
    "CustomerAddressRow",
    "CustomerBalanceRow",
    "CustomerBlockRow",
    "CustomerEmailRow",
    "CustomerNoteRow",
    "CustomerNoteVersionRow",
    "CustomerPhoneRow",
    "CustomerRow",
    "Money",
    "NumberSeriesRow",
    "OfferDecisionRow",
    "OfferLineRow",
    "OfferRow",
    "OfferVersionRow",
    "OrderLineRow",
    "OrderRow",
    "Percent",
    "Price",
    "ProductRow",
    "Quantity",
    "SatisfactionRow",
    "parent",
]


class CompanyRow(Base):
    """The firm that uses this installation; one row."""

    __tablename__ = "company"

    id: Mapped[str] = mapped_column(String(16), primary_key=True, default="company")
    name: Mapped[str]
    country: Mapped[Country]
    currency: Mapped[Currency]
    time_zone: Mapped[str]
    tax_id: Mapped[str | None]
    address: Mapped[str | None]


class NumberSeriesRow(Base):
    """The number that was given last, per series and year; locked until the giver commits, so there are no gaps."""

    __tablename__ = "number_series"

    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    year: Mapped[int] = mapped_column(primary_key=True)
    last: Mapped[int]


class CurrencyRateRow(Base):
    """What one unit of a currency is worth in the company's currency from a day on."""

    __tablename__ = "currency_rate"

    currency: Mapped[Currency] = mapped_column(primary_key=True)
    valid_from: Mapped[date] = mapped_column(primary_key=True)
    rate: Mapped[Decimal] = mapped_column(Numeric(18, 8))
    source: Mapped[str]


class ProductRow(Base):
    """Something that we sell."""

    __tablename__ = "product"
    __table_args__ = (Index("ix_product_search", "search", postgresql_using="gin"),)

    id: Mapped[IdKey]
    sku: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str]
    category: Mapped[str | None]
    unit: Mapped[str] = mapped_column(String(16))
    price: Mapped[Price]
    currency: Mapped[Currency]
    vat_rate: Mapped[Percent]
    cost: Mapped[Price | None]
    is_active: Mapped[bool]
    external_reference: Mapped[str | None] = mapped_column(String(64), unique=True)
    search_text: Mapped[str]
    search: Mapped[Any] = mapped_column(TSVECTOR, Computed(SEARCH, persisted=True))
    created_at: Mapped[datetime]
    row_version: Mapped[int] = mapped_column()

    __mapper_args__ = {"version_id_col": row_version}  # noqa: RUF012 -- SQLAlchemy's own attribute


class OfferRow(Base):
    """A priced proposal; what it says stands in its versions, of which only the newest can change."""

    __tablename__ = "offer"
    __table_args__ = (
        Index("ix_offer_state_number", "state", "number"),
        Index("ix_offer_customer_id_number", "customer_id", "number"),
        Index("ix_offer_customer_id_created_at_id", "customer_id", "created_at", "id"),
        Index("ix_offer_sent_at", "sent_at", postgresql_where=text("sent_at IS NOT NULL")),
    )

    id: Mapped[IdKey]
    number: Mapped[str] = mapped_column(String(16, collation="C"), unique=True)
    customer_id: Mapped[str] = mapped_column(ID, ForeignKey("customer.id"))
    state: Mapped[str] = mapped_column(String(16))
    version: Mapped[int]  # of the content; row_version counts changes of the row
    owner: Mapped[str]
    owner_name: Mapped[str]
    external_reference: Mapped[str | None] = mapped_column(String(64), unique=True)
    enquired_at: Mapped[datetime | None]  # when the customer asked for it
    sent_at: Mapped[datetime | None]  # the first time; later versions do not change it
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    row_version: Mapped[int] = mapped_column()

    __mapper_args__ = {"version_id_col": row_version}  # noqa: RUF012 -- SQLAlchemy's own attribute


class OfferVersionRow(Base):
    """What an offer said at one time: terms, and totals as they were when it was frozen."""

    __tablename__ = "offer_version"
    __table_args__ = (UniqueConstraint("offer_id", "n"),)

    id: Mapped[IdKey]
    offer_id: Mapped[str] = parent("offer.id", index=False)
    n: Mapped[int]
    state: Mapped[str] = mapped_column(String(16))
    currency: Mapped[Currency]
    exchange_rate: Mapped[Decimal] = mapped_column(Numeric(18, 8))
    payment_days: Mapped[int]
    is_prepaid: Mapped[bool]
    valid_until: Mapped[date | None]
    delivery_terms: Mapped[str | None]
    has_special_terms: Mapped[bool]
    is_special_build: Mapped[bool]
    note: Mapped[str | None]
    net: Mapped[Money]
    vat: Mapped[Money]
    gross: Mapped[Money]
    digest: Mapped[str | None] = mapped_column(String(64, collation="C"))
    author: Mapped[str]
    author_name: Mapped[str]
    created_at: Mapped[datetime]
    frozen_at: Mapped[datetime | None]
    frozen_by: Mapped[str | None]
    decided_at: Mapped[datetime | None]

    lines: Mapped[list["OfferLineRow"]] = relationship(
        cascade="all, delete-orphan", order_by="OfferLineRow.position", lazy="selectin"
    )


class OfferLineRow(Base):
    """One product or service in an offer's version."""

    __tablename__ = "offer_line"
    __table_args__ = (UniqueConstraint("version_id", "position", deferrable=True, initially="DEFERRED"),)

    id: Mapped[IdKey]
    version_id: Mapped[str] = parent("offer_version.id", index=False)
    position: Mapped[int]
    product_id: Mapped[str | None] = parent("product.id", nullable=True)
    sku: Mapped[str | None] = mapped_column(String(64))
    description: Mapped[str]
    quantity: Mapped[Quantity]
    unit: Mapped[str] = mapped_column(String(16))
    unit_price: Mapped[Price]
    discount: Mapped[Percent]
    vat_rate: Mapped[Percent]
    unit_cost: Mapped[Price | None]
    price_source: Mapped[str | None]  # such as "personal: Dealers 2026"; "manual" where somebody wrote another price


class OfferDecisionRow(Base):
    """What somebody decided on a version of an offer, bound to the digest of what it said."""

    __tablename__ = "offer_decision"
    __table_args__ = (UniqueConstraint("key"),)

    id: Mapped[IdKey]
    offer_id: Mapped[str] = parent("offer.id")
    version: Mapped[int]
    digest: Mapped[str] = mapped_column(String(64, collation="C"))
    case_id: Mapped[str] = mapped_column(ID, index=True)
    key: Mapped[str] = mapped_column(String(64, collation="C"))  # of the step that decided: kept once
    level: Mapped[int]
    group: Mapped[str] = mapped_column(String(64))
    decision: Mapped[str] = mapped_column(String(16))
    comment: Mapped[str | None]
    actor: Mapped[str]
    actor_name: Mapped[str]
    decided_at: Mapped[datetime]


class OrderRow(Base):
    """What a customer ordered."""

    __tablename__ = "customer_order"  # "order" is a word of SQL
    __table_args__ = (
        Index("ix_customer_order_customer_id_ordered_on", "customer_id", "ordered_on"),
        Index(
            "ix_customer_order_due_on_id",
            "due_on",
            "id",
            postgresql_where=text("state IN ('open', 'partly_delivered') AND due_on IS NOT NULL"),
        ),
        Index(
            "ix_customer_order_customer_id_delivered_on",
            "customer_id",
            "delivered_on",
            postgresql_where=text("delivered_on IS NOT NULL AND state <> 'cancelled'"),
        ),
    )

    id: Mapped[IdKey]
    number: Mapped[str] = mapped_column(String(16, collation="C"), unique=True)
    customer_id: Mapped[str] = mapped_column(ID, ForeignKey("customer.id"))
    offer_id: Mapped[str | None] = mapped_column(ID, ForeignKey("offer.id"), unique=True)  # one order per offer
    state: Mapped[str] = mapped_column(String(16))
    ordered_on: Mapped[date]
    due_on: Mapped[date | None]
    delivered_on: Mapped[date | None]
    owner: Mapped[str | None]
    currency: Mapped[Currency]
    exchange_rate: Mapped[Decimal] = mapped_column(Numeric(18, 8))
    freight: Mapped[Money]
    net: Mapped[Money]
    gross: Mapped[Money]
    invoiced: Mapped[Money] = mapped_column(default=Decimal(0))  # gross, without freight
    payment_days: Mapped[int | None]
    erp_number: Mapped[str | None] = mapped_column(String(64))
    delivery_address: Mapped[str | None]
    external_reference: Mapped[str | None] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime]

    lines: Mapped[list["OrderLineRow"]] = relationship(
        cascade="all, delete-orphan", order_by="OrderLineRow.position", lazy="selectin"
    )


class OrderLineRow(Base):
    """One product in an order."""

    __tablename__ = "customer_order_line"
    __table_args__ = (UniqueConstraint("order_id", "position"),)

    id: Mapped[IdKey]
    order_id: Mapped[str] = parent("customer_order.id", index=False)
    position: Mapped[int]
    product_id: Mapped[str | None] = parent("product.id", nullable=True)
    sku: Mapped[str | None] = mapped_column(String(64))
    description: Mapped[str]
    quantity: Mapped[Quantity]
    unit: Mapped[str] = mapped_column(String(16))
    unit_price: Mapped[Price]
    discount: Mapped[Percent]
    vat_rate: Mapped[Percent]
    unit_cost: Mapped[Price | None]
