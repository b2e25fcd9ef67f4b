"""The tables of activities, who took part in them, what they are about and how they were postponed."""

from datetime import datetime
from typing import Any

from sqlalchemy import Computed, ForeignKey, Index, String, text
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column, relationship

from crm.models import SEARCH, parent
from crm.planning.models import ActivityReminderRow, ResourceBookingRow
from storage.orm import ID, Base, IdKey

PLANNED = text("status = 'planned'")
UNANSWERED = text("respond_by IS NOT NULL AND responded_at IS NULL")
NAME = String(64, collation="C")


class ActivityRow(Base):
    """Something that was done with a customer or is planned; `moment` is when it was held, else when it is planned."""

    __tablename__ = "activity"
    __table_args__ = (
        Index("ix_activity_moment_id", "moment", "id"),
        Index("ix_activity_customer_id_moment_id", "customer_id", "moment", "id"),
        Index("ix_activity_employee_moment_id", "employee", "moment", "id"),
        Index("ix_activity_planned", "employee", "planned_from", postgresql_where=PLANNED),
        Index("ix_activity_respond_by", "respond_by", postgresql_where=UNANSWERED),
        Index("ix_activity_search", "search", postgresql_using="gin"),
    )

    id: Mapped[IdKey]
    customer_id: Mapped[str | None] = mapped_column(ID, ForeignKey("customer.id"))
    contact_id: Mapped[str | None] = parent("contact.id", nullable=True)
    employee: Mapped[str]
    method: Mapped[str] = mapped_column(NAME)
    direction: Mapped[str] = mapped_column(NAME)
    type: Mapped[str | None] = mapped_column(NAME)
    priority: Mapped[str] = mapped_column(NAME)
    status: Mapped[str] = mapped_column(NAME)
    state: Mapped[str] = mapped_column(NAME)
    subject: Mapped[str]
    note: Mapped[str | None]
    planned_from: Mapped[datetime | None]
    planned_to: Mapped[datetime | None]
    held_from: Mapped[datetime | None]
    duration_seconds: Mapped[int | None]
    moment: Mapped[datetime]
    follows_id: Mapped[str | None] = parent("activity.id", nullable=True)
    cancelled_reason: Mapped[str | None]
    is_private: Mapped[bool]
    respond_by: Mapped[datetime | None]
    responded_at: Mapped[datetime | None]
    search_text: Mapped[str]
    search: Mapped[Any] = mapped_column(TSVECTOR, Computed(SEARCH, persisted=True))
    created_at: Mapped[datetime]
    created_by: Mapped[str]
    changed_at: Mapped[datetime]
    row_version: Mapped[int] = mapped_column()

    participants: Mapped[list["ActivityParticipantRow"]] = relationship(
        cascade="all, delete-orphan", order_by="ActivityParticipantRow.position", lazy="selectin"
    )
    links: Mapped[list["ActivityLinkRow"]] = relationship(
        cascade="all, delete-orphan", order_by="ActivityLinkRow.entity, ActivityLinkRow.record_id", lazy="selectin"
    )
    bookings: Mapped[list[ResourceBookingRow]] = relationship(
        viewonly=True, order_by=ResourceBookingRow.resource_number, lazy="select"
    )
    reminders: Mapped[list[ActivityReminderRow]] = relationship(
        cascade="all, delete-orphan", order_by=ActivityReminderRow.minutes, lazy="select"
    )
    postponements: Mapped[list["ActivityPostponementRow"]] = relationship(
        cascade="all, delete-orphan", order_by="ActivityPostponementRow.id", lazy="select"
    )

    __mapper_args__ = {"version_id_col": row_version}  # noqa: RUF012 -- SQLAlchemy's own attribute


class ActivityParticipantRow(Base):
    """Somebody who takes part: one of ours by account, one of the customer's by contact, or anybody by name."""

    __tablename__ = "activity_participant"
    __table_args__ = (
        Index(
            "ix_activity_participant_account_moment_activity_id",
            "account",
            "moment",
            "activity_id",
            postgresql_where=text("account IS NOT NULL"),
        ),
    )

    activity_id: Mapped[str] = mapped_column(ID, ForeignKey("activity.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    side: Mapped[str] = mapped_column(NAME)
    account: Mapped[str | None]
    contact_id: Mapped[str | None] = parent("contact.id", nullable=True)
    name: Mapped[str | None]
    moment: Mapped[datetime]  # the activity's, so that somebody's calendar is one range of an index


class ActivityLinkRow(Base):
    """Another record that an activity is about, such as an offer; that record finds it from its side, too."""

    __tablename__ = "activity_link"
    __table_args__ = (Index("ix_activity_link_entity_record_id", "entity", "record_id"),)

    activity_id: Mapped[str] = mapped_column(ID, ForeignKey("activity.id"), primary_key=True)
    entity: Mapped[str] = mapped_column(NAME, primary_key=True)
    record_id: Mapped[str] = mapped_column(ID, primary_key=True)


class ActivityPostponementRow(Base):
    """That a planned activity was moved to another time, from when, by whom and why."""

    __tablename__ = "activity_postponement"
    __table_args__ = (Index("ix_activity_postponement_made_at", "made_at"),)

    id: Mapped[IdKey]
    activity_id: Mapped[str] = parent("activity.id")
    planned_from: Mapped[datetime]
    moved_to: Mapped[datetime]
    reason: Mapped[str] = mapped_column(NAME)
    remark: Mapped[str | None]
    process: Mapped[str | None]  # the case that it belonged to by then, and where that was
    stage: Mapped[str | None]
    made_at: Mapped[datetime]
    made_by: Mapped[str]
