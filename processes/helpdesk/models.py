"""The tables of tickets and of what was said in them."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from storage.orm import ID, Base, IdKey

WORD = String(32, collation="C")


class TicketRow(Base):
    """What a customer wants of us; `link_id` is what the customer's link consists of, a new one ends the old link.

    `case_id` is the case that handles it, as soon as there is one. A ticket of nobody whom we know has no customer.
    """

    __tablename__ = "ticket"
    __table_args__ = (
        Index("ix_ticket_opened_at_id", "opened_at", "id"),
        Index("ix_ticket_state_opened_at_id", "state", "opened_at", "id"),
    )

    id: Mapped[IdKey]
    number: Mapped[str] = mapped_column(String(16, collation="C"), unique=True)
    case_id: Mapped[str | None] = mapped_column(ID, unique=True)
    customer_id: Mapped[str | None] = mapped_column(ID, ForeignKey("customer.id"), index=True)
    kind: Mapped[str] = mapped_column(WORD)  # question, fault, suggestion, new_product
    channel: Mapped[str] = mapped_column(WORD)  # mail, web, phone
    state: Mapped[str] = mapped_column(WORD)  # open, waiting, answered, closed
    subject: Mapped[str]
    product_group: Mapped[str | None]
    name: Mapped[str]
    email: Mapped[str | None]
    phone: Mapped[str | None]
    link_id: Mapped[str] = mapped_column(ID, unique=True)
    link_until: Mapped[datetime]
    opened_at: Mapped[datetime]
    opened_by: Mapped[str]
    closed_at: Mapped[datetime | None]


class TicketMessageRow(Base):
    """One thing that was said; what the customer wrote, or what we answered."""

    __tablename__ = "ticket_message"
    __table_args__ = (Index("ix_ticket_message_ticket_id_id", "ticket_id", "id"),)

    id: Mapped[IdKey]
    ticket_id: Mapped[str] = mapped_column(ID, ForeignKey("ticket.id"))
    is_ours: Mapped[bool]
    channel: Mapped[str] = mapped_column(WORD)
    author: Mapped[str]
    text: Mapped[str]
    document_id: Mapped[str | None] = mapped_column(ID, unique=True)  # the message that it came as
    at: Mapped[datetime]
