"""The tables of bank statements, payments, and the accounts that customers were seen to pay from."""

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import ForeignKey, Index, Numeric, String, text
from sqlalchemy.orm import Mapped, mapped_column

from crm.models import Currency, Money, Percent, parent
from storage.orm import ID, Base, IdKey


class BankStatementRow(Base):
    """A statement as the bank gave it; `key` is its digest, so that the same one comes in once."""

    __tablename__ = "bank_statement"

    id: Mapped[IdKey]
    key: Mapped[str] = mapped_column(String(64, collation="C"), unique=True)
    format: Mapped[str] = mapped_column(String(16))
    account: Mapped[str] = mapped_column(String(40))
    number: Mapped[str] = mapped_column(String(64))
    currency: Mapped[Currency]
    opening: Mapped[Money | None]
    closing: Mapped[Money | None]
    closed_on: Mapped[date | None]
    entries: Mapped[int]
    imported_at: Mapped[datetime]
    imported_by: Mapped[str]


class PaymentRow(Base):
    """One movement on an account; outgoing ones are negative. `unallocated` is what settles no invoice yet."""

    __tablename__ = "payment"
    __table_args__ = (
        Index("ix_payment_booked_on_id", "booked_on", "id"),
        Index("ix_payment_state_booked_on_id", "state", "booked_on", "id"),
        Index("ix_payment_customer_id_booked_on_id", "customer_id", "booked_on", "id"),
        Index("ix_payment_customer_id", "customer_id", postgresql_where=text("unallocated <> 0")),
        Index("ix_payment_account_amount", "account", "amount"),
    )

    id: Mapped[IdKey]
    key: Mapped[str] = mapped_column(String(64, collation="C"), unique=True)
    statement_id: Mapped[str | None] = parent("bank_statement.id", nullable=True)
    customer_id: Mapped[str | None] = mapped_column(ID, ForeignKey("customer.id"))
    reverses_id: Mapped[str | None] = parent("payment.id", nullable=True)
    state: Mapped[str] = mapped_column(String(16))
    is_reversal: Mapped[bool]
    account: Mapped[str] = mapped_column(String(40))
    booked_on: Mapped[date]
    value_on: Mapped[date]
    currency: Mapped[Currency]
    exchange_rate: Mapped[Decimal] = mapped_column(Numeric(18, 8))
    amount: Mapped[Money]
    unallocated: Mapped[Money]
    payer_name: Mapped[str | None]
    payer_account: Mapped[str | None] = mapped_column(String(40), index=True)
    reference: Mapped[str]
    bank_reference: Mapped[str | None]
    note: Mapped[str | None]  # why it was put aside
    created_at: Mapped[datetime]
    created_by: Mapped[str]
    row_version: Mapped[int] = mapped_column()

    __mapper_args__ = {"version_id_col": row_version}  # noqa: RUF012 -- SQLAlchemy's own attribute


class PayerAccountRow(Base):
    """An account that a customer paid from: a payment that fitted to the cent showed it, or a person said so."""

    __tablename__ = "payer_account"

    account: Mapped[str] = mapped_column(String(40), primary_key=True)
    customer_id: Mapped[str] = parent("customer.id")
    learned_at: Mapped[datetime]
    learned_by: Mapped[str]


class InterestRateRow(Base):
    """The yearly rate of interest for late payment in a currency, from a day on."""

    __tablename__ = "interest_rate"

    currency: Mapped[Currency] = mapped_column(primary_key=True)
    valid_from: Mapped[date] = mapped_column(primary_key=True)
    percent: Mapped[Percent]
    source: Mapped[str]
