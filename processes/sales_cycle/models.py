"""The table of opportunities: one row for each case whose lead was qualified."""

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import ForeignKey, Index, Numeric, String, text
from sqlalchemy.orm import Mapped, mapped_column

from crm.columns import Code, Money, parent
from storage.orm import ID, Base, IdKey

WORD = String(32, collation="C")
IS_OPEN = text("state = 'open'")


class OpportunityRow(Base):
    """What may be sold to whom, how likely and by when; where it stands, its case says."""

    __tablename__ = "opportunity"
    __table_args__ = (
        Index("ix_opportunity_open", "owner", "number", postgresql_where=IS_OPEN),
        Index("ix_opportunity_closed_at", "closed_at"),
    )

    id: Mapped[IdKey]
    number: Mapped[str] = mapped_column(WORD, unique=True)
    case_id: Mapped[str] = mapped_column(ID, unique=True)
    customer_id: Mapped[str] = parent("customer.id")
    subject: Mapped[str | None]
    need: Mapped[str | None]
    source: Mapped[str | None]
    owner: Mapped[Code | None]
    value: Mapped[Money | None]  # in the company's currency
    probability: Mapped[Decimal] = mapped_column(Numeric(5, 2))  # per cent
    close_expected: Mapped[date | None]
    state: Mapped[str] = mapped_column(WORD)  # open, won, lost, cancelled
    loss_reason: Mapped[str | None] = mapped_column(WORD)
    competitor: Mapped[str | None]
    price_gap: Mapped[Decimal | None] = mapped_column(Numeric(7, 2))  # per cent that others were cheaper
    offer_id: Mapped[str | None] = mapped_column(ID, ForeignKey("offer.id"), index=True)
    offers: Mapped[int]  # versions that the customer got
    order_id: Mapped[str | None] = mapped_column(ID, ForeignKey("customer_order.id"), index=True)
    opened_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    row_version: Mapped[int]
