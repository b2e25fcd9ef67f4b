"""The tables of dunning: how far each invoice has come, and the letters that wait or went out.

What an invoice has reached outlives its case: when a payment is taken back, the next case goes on from there.
"""

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from crm.models import Currency, Money, parent
from storage.orm import ID, Base, IdKey

IS_WAITING = text("state = 'waiting'")
WORD = String(32, collation="C")


class DunningRow(Base):
    """How far the dunning of one invoice has come; at most one case runs for it."""

    __tablename__ = "dunning"

    invoice_id: Mapped[str] = mapped_column(ID, ForeignKey("invoice.id"), primary_key=True)
    customer_id: Mapped[str] = parent("customer.id")
    instance_id: Mapped[str] = mapped_column(ID, index=True)
    is_running: Mapped[bool]
    level: Mapped[int]
    reminded_on: Mapped[date | None]  # the day of the last written step
    broken_promises: Mapped[int]
    kept_promises: Mapped[int]
    disputes: Mapped[int]
    promised_on: Mapped[date | None]  # a promise that still runs: for which day, how much, what was owed then
    promised: Mapped[Money | None]
    owed_then: Mapped[Money | None]
    is_insolvent: Mapped[bool]
    stuck: Mapped[str | None] = mapped_column(WORD)  # why a person is asked: unreachable, cancelled
    mail_fails: Mapped[bool]
    mobile_fails: Mapped[bool]
    outcome: Mapped[str | None] = mapped_column(WORD)
    opened_at: Mapped[datetime]


class DunningLetterRow(Base):
    """A letter to a customer: of those of one kind and day only one, with all invoices that are due for it."""

    __tablename__ = "dunning_letter"
    __table_args__ = (
        Index(
            "uq_dunning_letter_waiting",
            "customer_id",
            "template",
            "channel",
            "currency",
            unique=True,
            postgresql_where=IS_WAITING,
        ),
    )

    id: Mapped[IdKey]
    customer_id: Mapped[str] = mapped_column(ID, ForeignKey("customer.id"))
    template: Mapped[str] = mapped_column(WORD)
    channel: Mapped[str] = mapped_column(WORD)
    currency: Mapped[Currency]
    state: Mapped[str] = mapped_column(WORD)  # waiting, made (it is in the outbox), sent, withdrawn
    queued_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    document_id: Mapped[str | None] = mapped_column(ID)
    digest: Mapped[str | None] = mapped_column(String(64, collation="C"))

    items: Mapped[list["DunningItemRow"]] = relationship(cascade="all, delete-orphan", lazy="select")


class DunningItemRow(Base):
    """An invoice in a letter, with what was owed when it was put there: whatever changed since holds it back."""

    __tablename__ = "dunning_item"
    __table_args__ = (Index("uq_dunning_item_waiting", "invoice_id", unique=True, postgresql_where=IS_WAITING),)

    id: Mapped[IdKey]
    letter_id: Mapped[str] = parent("dunning_letter.id")
    invoice_id: Mapped[str] = mapped_column(ID, ForeignKey("invoice.id"), index=True)
    instance_id: Mapped[str] = mapped_column(ID)
    balance: Mapped[Money]
    law: Mapped[str] = mapped_column(String(64))
    difference: Mapped[Decimal | None]  # points from the rate of interest between businesses; None: no interest
    has_compensation: Mapped[bool]
    reached: Mapped[int | None]  # the level that this letter is
    state: Mapped[str] = mapped_column(WORD)  # waiting, made, sent, withdrawn
    reason: Mapped[str | None]  # why it was withdrawn, or must be before its letter leaves


class DunningDispatchRow(Base):
    """A message of the outbox that carries a letter; when the leading one has left, the letter is sent."""

    __tablename__ = "dunning_dispatch"

    message_id: Mapped[str] = mapped_column(ID, ForeignKey("outbox_message.id"), primary_key=True)
    letter_id: Mapped[str] = parent("dunning_letter.id")
    is_leading: Mapped[bool]


class DunningNightRow(Base):
    """A business day on which the clock began the nightly run, and what came of it."""

    __tablename__ = "dunning_night"

    day: Mapped[date] = mapped_column(primary_key=True)
    begun_at: Mapped[datetime]
    cases: Mapped[int | None]
    refusal: Mapped[str | None]
