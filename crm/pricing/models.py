"""The tables of price lists."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from crm.columns import Currency, Percent, Price, Quantity, parent
from storage.orm import Base, IdKey


class PriceListRow(Base):
    """Prices in one currency for a time: for one customer, for a segment, or for all."""

    __tablename__ = "price_list"
    __table_args__ = (
        CheckConstraint("customer_id IS NULL OR segment_id IS NULL", name="one_audience"),
        Index(None, "currency", "valid_from"),
    )

    id: Mapped[IdKey]
    name: Mapped[str] = mapped_column(unique=True)
    currency: Mapped[Currency]
    customer_id: Mapped[str | None] = parent("customer.id", nullable=True)
    segment_id: Mapped[str | None] = parent("segment.id", nullable=True)
    valid_from: Mapped[date]
    valid_until: Mapped[date | None]  # the last day
    is_retired: Mapped[bool]
    created_at: Mapped[datetime]
    created_by: Mapped[str]
    row_version: Mapped[int] = mapped_column()

    __mapper_args__ = {"version_id_col": row_version}  # noqa: RUF012 -- SQLAlchemy's own attribute


class ListPriceRow(Base):
    """What a product costs from a quantity on, and how much discount may come off."""

    __tablename__ = "list_price"
    __table_args__ = (UniqueConstraint("price_list_id", "product_id", "from_quantity"),)

    id: Mapped[IdKey]
    price_list_id: Mapped[str] = parent("price_list.id", index=False)
    product_id: Mapped[str] = parent("product.id")
    from_quantity: Mapped[Quantity]
    price: Mapped[Price]
    most_discount: Mapped[Percent | None]
