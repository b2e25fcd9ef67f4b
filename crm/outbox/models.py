"""The tables of what leaves the firm: messages with their papers and tries, print batches, texts, and who is barred."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from crm.columns import parent
from storage.orm import ID, Base, IdKey

NAME = String(64, collation="C")
DIGEST = String(64, collation="C")
EMPTY_LIST = text("'[]'::jsonb")
DUE = text("state IN ('queued', 'sending') AND channel <> 'letter'")
TO_PRINT = text("state = 'queued' AND channel = 'letter'")


class MessageRow(Base):
    """A message; `due_at` is when it is tried next, and while it is being sent, when its claim is over."""

    __tablename__ = "outbox_message"
    __table_args__ = (
        Index("ix_outbox_message_due", "due_at", "id", postgresql_where=DUE),
        Index("ix_outbox_message_to_print", "due_at", "id", postgresql_where=TO_PRINT),
        Index("ix_outbox_message_created_at_id", "created_at", "id"),
        Index("ix_outbox_message_state_created_at_id", "state", "created_at", "id"),
        Index("ix_outbox_message_customer_id_created_at_id", "customer_id", "created_at", "id"),
        Index("ix_outbox_message_about", "about_entity", "about_id"),
    )

    id: Mapped[IdKey]
    key: Mapped[str] = mapped_column(String(200, collation="C"), unique=True)
    channel: Mapped[str] = mapped_column(NAME)
    purpose: Mapped[str] = mapped_column(NAME)
    state: Mapped[str] = mapped_column(NAME)
    customer_id: Mapped[str | None] = mapped_column(ID, ForeignKey("customer.id"))
    contact_id: Mapped[str | None] = parent("contact.id", nullable=True)
    recipient: Mapped[str]  # an address of mail or a number; of a letter the name on the envelope
    recipient_name: Mapped[str]
    envelope: Mapped[dict[str, Any]]  # to, cc, bcc, reply_to, sender_name of mail; the postal address of a letter
    subject: Mapped[str]
    text: Mapped[str]
    template: Mapped[str | None] = mapped_column(NAME)
    link_id: Mapped[str | None] = mapped_column(ID)  # of the answer that {link} in the text leads to
    about_entity: Mapped[str | None] = mapped_column(NAME)
    about_id: Mapped[str | None] = mapped_column(ID)
    case_id: Mapped[str | None] = mapped_column(ID, index=True)
    task_id: Mapped[str | None] = mapped_column(ID)
    fallback: Mapped[list[Any]] = mapped_column(server_default=EMPTY_LIST)  # channels to try when this one fails
    not_after: Mapped[datetime | None]
    due_at: Mapped[datetime]
    attempts: Mapped[int]
    claim: Mapped[str | None] = mapped_column(ID)
    message_id: Mapped[str | None] = mapped_column(String(250, collation="C"), index=True)
    answer: Mapped[str | None]  # of the server
    reason: Mapped[str | None]  # why it failed, waits, came back or was cancelled
    refused: Mapped[list[Any]] = mapped_column(server_default=EMPTY_LIST)  # recipients, while others were not
    digest: Mapped[str | None] = mapped_column(DIGEST)  # SHA-256 of what was sent
    segments: Mapped[int | None]  # of an SMS
    document_id: Mapped[str | None] = mapped_column(ID)  # the copy that is filed
    activity_id: Mapped[str | None] = mapped_column(ID)
    tracking_number: Mapped[str | None]
    batch_id: Mapped[str | None] = parent("outbox_batch.id", nullable=True)
    position: Mapped[int | None]  # in the batch, from 1
    sent_at: Mapped[datetime | None]
    settled_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    created_by: Mapped[str]
    created_by_name: Mapped[str]
    row_version: Mapped[int] = mapped_column()

    papers: Mapped[list["PaperRow"]] = relationship(
        cascade="all, delete-orphan", order_by="PaperRow.position", lazy="selectin"
    )

    __mapper_args__ = {"version_id_col": row_version}  # noqa: RUF012 -- SQLAlchemy's own attribute


class PaperRow(Base):
    """A document that goes with a message, at the version and with the content that it had when it was queued."""

    __tablename__ = "outbox_paper"

    message_id: Mapped[str] = mapped_column(ID, ForeignKey("outbox_message.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    document_id: Mapped[str] = mapped_column(ID, index=True)
    version: Mapped[int]
    digest: Mapped[str] = mapped_column(DIGEST)
    file_name: Mapped[str]
    media_type: Mapped[str]
    size: Mapped[int]


class AttemptRow(Base):
    """One try to send a message; without an end when its worker died."""

    __tablename__ = "outbox_attempt"

    message_id: Mapped[str] = mapped_column(ID, ForeignKey("outbox_message.id"), primary_key=True)
    claim: Mapped[str] = mapped_column(ID, primary_key=True)
    n: Mapped[int]
    begun_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    outcome: Mapped[str | None] = mapped_column(NAME)
    answer: Mapped[str | None]


class BatchRow(Base):
    """Letters that are printed together, in postal order."""

    __tablename__ = "outbox_batch"
    __table_args__ = (Index("ix_outbox_batch_made_at_id", "made_at", "id"),)

    id: Mapped[IdKey]
    number: Mapped[str] = mapped_column(String(16, collation="C"), unique=True)
    state: Mapped[str] = mapped_column(NAME)  # making, printed, posted, failed
    letters: Mapped[int]
    prints: Mapped[int]
    document_id: Mapped[str | None] = mapped_column(ID)
    book_id: Mapped[str | None] = mapped_column(ID)
    labels_id: Mapped[str | None] = mapped_column(ID)
    finding: Mapped[str | None]
    made_at: Mapped[datetime]
    made_by: Mapped[str]
    posted_at: Mapped[datetime | None]
    row_version: Mapped[int] = mapped_column()

    __mapper_args__ = {"version_id_col": row_version}  # noqa: RUF012 -- SQLAlchemy's own attribute


class TextRow(Base):
    """A text that messages are written from; `language` is empty for customers without a variant of theirs."""

    __tablename__ = "outbox_text"

    key: Mapped[str] = mapped_column(NAME, primary_key=True)
    language: Mapped[str] = mapped_column(NAME, primary_key=True, server_default="")
    title: Mapped[str]
    subject: Mapped[str]
    text: Mapped[str]
    is_active: Mapped[bool]
    changed_at: Mapped[datetime]
    changed_by: Mapped[str]
    row_version: Mapped[int] = mapped_column()

    __mapper_args__ = {"version_id_col": row_version}  # noqa: RUF012 -- SQLAlchemy's own attribute


class TextVersionRow(Base):
    """What a text said from a time on; never changed."""

    __tablename__ = "outbox_text_version"

    key: Mapped[str] = mapped_column(NAME, primary_key=True)
    language: Mapped[str] = mapped_column(NAME, primary_key=True)
    n: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    subject: Mapped[str]
    text: Mapped[str]
    written_at: Mapped[datetime]
    written_by: Mapped[str]


class BarRow(Base):
    """An address or number that nothing, or nothing but business, is sent to any more."""

    __tablename__ = "outbox_bar"

    channel: Mapped[str] = mapped_column(NAME, primary_key=True)
    address: Mapped[str] = mapped_column(String(320, collation="C"), primary_key=True)  # small letters
    kind: Mapped[str] = mapped_column(NAME)  # bounced, opted_out
    reason: Mapped[str]
    since: Mapped[datetime]
    by: Mapped[str]


class WishRow(Base):
    """How a customer or a person there wants to be written to."""

    __tablename__ = "outbox_wish"

    owner_id: Mapped[str] = mapped_column(ID, primary_key=True)
    entity: Mapped[str] = mapped_column(NAME)
    channel: Mapped[str | None] = mapped_column(NAME)
    is_without_marketing: Mapped[bool]
    changed_at: Mapped[datetime]
    changed_by: Mapped[str]


class AnswerLinkRow(Base):
    """Where a customer answers an offer: of the token only its digest is kept."""

    __tablename__ = "offer_answer_link"

    id: Mapped[IdKey]
    offer_id: Mapped[str] = parent("offer.id")
    version: Mapped[int]
    token_digest: Mapped[str] = mapped_column(DIGEST, unique=True)
    recipient: Mapped[str]
    document_id: Mapped[str | None] = mapped_column(ID)  # the offer's PDF
    document_version: Mapped[int | None]
    document_digest: Mapped[str | None] = mapped_column(DIGEST)
    file_name: Mapped[str | None]
    expires_at: Mapped[datetime]
    created_at: Mapped[datetime]
    created_by: Mapped[str]
    revoked_at: Mapped[datetime | None]
    answered_at: Mapped[datetime | None]
    answer: Mapped[str | None] = mapped_column(NAME)
    remark: Mapped[str | None]
    questions: Mapped[int]
