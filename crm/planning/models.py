"""The tables of planning: resources and their bookings, notifications, feeds of calendars, filters and rules."""

from datetime import date, datetime, time
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Computed, ForeignKey, Identity, Index, String, false, text
from sqlalchemy.dialects.postgresql import NUMRANGE, ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column

from crm.columns import Money
from storage.orm import ID, Base, IdKey

NAME = String(64, collation="C")
DIGEST = String(64, collation="C")  # SHA-256 in hexadecimal
SLOT = (  # the resource in front, the seconds since 2000 behind: bookings of two resources never touch
    "numrange("
    "(resource_number * '1000000000000'::bigint)::numeric"
    " + EXTRACT(epoch FROM starts_at - '2000-01-01 00:00:00+00'::timestamp with time zone), "
    "(resource_number * '1000000000000'::bigint)::numeric"
    " + EXTRACT(epoch FROM ends_at - '2000-01-01 00:00:00+00'::timestamp with time zone))"
)
SPAN = (
    "starts_at < ends_at AND starts_at >= timestamptz '2000-01-01 00:00:00+00'"
    " AND ends_at < timestamptz '3000-01-01 00:00:00+00'"
)


class ResourceRow(Base):
    """A room or a device that people share; `groups` may book it, everybody where there are none."""

    __tablename__ = "resource"

    id: Mapped[IdKey]
    number: Mapped[int] = mapped_column(BigInteger, Identity(always=True), unique=True)
    name: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str] = mapped_column(NAME)
    place: Mapped[str | None]
    capacity: Mapped[int | None]
    groups: Mapped[list[Any]]
    opens: Mapped[time | None]
    closes: Mapped[time | None]
    hourly_cost: Mapped[Money | None]
    is_active: Mapped[bool]
    created_at: Mapped[datetime]
    row_version: Mapped[int] = mapped_column()

    __mapper_args__ = {"version_id_col": row_version}  # noqa: RUF012 -- SQLAlchemy's own attribute


class ResourceBookingRow(Base):
    """That an activity has a resource in `starts_at` ≤ time < `ends_at`; the database refuses a second one."""

    __tablename__ = "resource_booking"
    __table_args__ = (
        CheckConstraint(SPAN, name="span"),
        ExcludeConstraint(("slot", "&&"), using="gist", name="ex_resource_booking_slot"),
        Index("ix_resource_booking_resource_number_starts_at", "resource_number", "starts_at"),
    )

    activity_id: Mapped[str] = mapped_column(ID, ForeignKey("activity.id"), primary_key=True)
    resource_number: Mapped[int] = mapped_column(BigInteger, ForeignKey("resource.number"), primary_key=True)
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    slot: Mapped[Any] = mapped_column(NUMRANGE, Computed(SLOT, persisted=True), nullable=False)
    made_at: Mapped[datetime]
    made_by: Mapped[str]


class ActivityReminderRow(Base):
    """That people are reminded of a planned activity `minutes` before it; `due_at` moves with it."""

    __tablename__ = "activity_reminder"
    __table_args__ = (Index("ix_activity_reminder_due", "due_at", postgresql_where=text("delivered_at IS NULL")),)

    activity_id: Mapped[str] = mapped_column(ID, ForeignKey("activity.id"), primary_key=True)
    minutes: Mapped[int] = mapped_column(primary_key=True)
    due_at: Mapped[datetime]
    delivered_at: Mapped[datetime | None]


class NotificationRow(Base):
    """Something that one person is told in the application; `key` makes the same telling one row."""

    __tablename__ = "notification"
    __table_args__ = (
        Index("uq_notification_account_key", "account", "key", unique=True),
        Index("ix_notification_account_shown_at_id", "account", "shown_at", "id"),
        Index("ix_notification_unread", "account", "shown_at", postgresql_where=text("read_at IS NULL")),
    )

    id: Mapped[IdKey]
    account: Mapped[str]
    key: Mapped[str]
    kind: Mapped[str] = mapped_column(NAME)
    title: Mapped[str]
    address: Mapped[str]
    due_at: Mapped[datetime]
    shown_at: Mapped[datetime]
    is_late: Mapped[bool]
    read_at: Mapped[datetime | None]


class NotificationWishRow(Base):
    """How somebody wants to be told of things beside the application."""

    __tablename__ = "notification_wish"
    __table_args__ = (Index("ix_notification_wish_digest", "digested_on", postgresql_where=text("has_digest")),)

    account: Mapped[str] = mapped_column(primary_key=True)
    by_mail: Mapped[bool]
    has_digest: Mapped[bool] = mapped_column(server_default=false())  # of tasks, every working day
    digested_on: Mapped[date | None]


class CalendarFeedRow(Base):
    """An address under which a calendar program reads somebody's calendar; only its digest is kept."""

    __tablename__ = "calendar_feed"

    id: Mapped[IdKey]
    account: Mapped[str] = mapped_column(index=True)
    label: Mapped[str]
    digest: Mapped[str] = mapped_column(DIGEST, unique=True)
    made_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class ActivityFilterRow(Base):
    """A filter of activities that somebody keeps by name; those in `groups` have it, too."""

    __tablename__ = "activity_filter"
    __table_args__ = (Index("uq_activity_filter_owner_name", "owner", "name", unique=True),)

    id: Mapped[IdKey]
    owner: Mapped[str]
    name: Mapped[str]
    wanted: Mapped[dict[str, Any]]
    groups: Mapped[list[Any]]


class ActivityRuleRow(Base):
    """What follows from an activity: a line of the table of rules; empty conditions hold for every activity."""

    __tablename__ = "activity_rule"

    id: Mapped[IdKey]
    position: Mapped[int]
    name: Mapped[str]
    type: Mapped[str | None] = mapped_column(NAME)
    direction: Mapped[str | None] = mapped_column(NAME)
    method: Mapped[str | None] = mapped_column(NAME)
    status: Mapped[str | None] = mapped_column(NAME)
    linked: Mapped[str | None] = mapped_column(NAME)
    effect: Mapped[str] = mapped_column(NAME)
    target: Mapped[str]
    joins: Mapped[str | None]
    is_active: Mapped[bool]
    row_version: Mapped[int] = mapped_column()

    __mapper_args__ = {"version_id_col": row_version}  # noqa: RUF012 -- SQLAlchemy's own attribute


class ActivityRuleRunRow(Base):
    """What became of a rule for one activity: once each."""

    __tablename__ = "activity_rule_run"

    activity_id: Mapped[str] = mapped_column(ID, ForeignKey("activity.id"), primary_key=True)
    rule_id: Mapped[str] = mapped_column(ID, ForeignKey("activity_rule.id"), primary_key=True, index=True)
    result: Mapped[str] = mapped_column(NAME)
    case_id: Mapped[str | None] = mapped_column(NAME)
    sentence: Mapped[str | None]
    made_at: Mapped[datetime]
