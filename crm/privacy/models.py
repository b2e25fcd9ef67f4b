"""The tables of data protection; what is written in them is never changed."""

from datetime import datetime

from sqlalchemy import ARRAY, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from crm.columns import Code, parent
from storage.orm import ID, Base, IdKey


class ConsentRow(Base):
    """What a person allowed or withdrew at one time; the newest of a purpose and channel holds."""

    __tablename__ = "consent"
    __table_args__ = (
        Index("ix_consent_contact_id_happened_at_id", "contact_id", "happened_at", "id"),
        Index("ix_consent_purpose_id", "purpose", "id"),
    )

    id: Mapped[IdKey]
    contact_id: Mapped[str] = parent("contact.id", index=False)
    purpose: Mapped[Code]
    channel: Mapped[str] = mapped_column(String(16))
    state: Mapped[str] = mapped_column(String(16))
    happened_at: Mapped[datetime]  # when the person said so
    source: Mapped[Code]
    wording: Mapped[str | None]  # what they were asked
    clause: Mapped[int | None]  # the version of our clause that this is
    evidence_id: Mapped[str | None] = mapped_column(ID)  # a document
    remark: Mapped[str | None]
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[str]


class ClauseRow(Base):
    """What people are asked when they consent to a purpose; each wording is a version of its own."""

    __tablename__ = "consent_clause"

    purpose: Mapped[Code] = mapped_column(primary_key=True)
    n: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    text: Mapped[str]
    written_at: Mapped[datetime]
    written_by: Mapped[str]


class BreachRow(Base):
    """A personal-data breach, as it is kept for the authority (GDPR, article 33(5))."""

    __tablename__ = "privacy_breach"

    id: Mapped[IdKey]
    number: Mapped[int] = mapped_column(unique=True)
    title: Mapped[str]
    discovered_at: Mapped[datetime]
    happened: Mapped[str]
    kinds: Mapped[list[str]] = mapped_column(ARRAY(String(16)))
    risk: Mapped[str] = mapped_column(String(16))
    people: Mapped[int | None]  # about how many
    data: Mapped[str]  # which data of whom
    consequences: Mapped[str | None]
    measures: Mapped[str | None]
    notified_at: Mapped[datetime | None]
    reference: Mapped[str | None]  # under which the authority keeps it
    why_late: Mapped[str | None]
    why_not_notified: Mapped[str | None]
    informed_at: Mapped[datetime | None]
    why_not_informed: Mapped[str | None]
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[str]
    closed_at: Mapped[datetime | None]
    closed_by: Mapped[str | None]
    version: Mapped[int]
