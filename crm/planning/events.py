"""What happened to resources, feeds, filters, rules and to notifications."""

from typing import Any, ClassVar

from core.messages import Event
from core.records import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceEvent(Event):
    """Something happened to a room or a device."""

    resource_id: str

    @property
    def stream(self) -> str:
        """The resource's own."""
        return f"resource:{self.resource_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceWritten(ResourceEvent):
    """It was entered or changed."""

    type: ClassVar[str] = "resource.written"

    values: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourcesBooked(Event):
    """An activity has these resources now, and no others; an empty list gives all of them back."""

    type: ClassVar[str] = "activity.resources_booked"

    activity_id: str
    customer_id: str | None
    resources: list[str]
    starts_at: str | None
    ends_at: str | None

    @property
    def stream(self) -> str:
        """The customer's, else the activity's, as of all that happens to activities."""
        return f"customer:{self.customer_id}" if self.customer_id else f"activity:{self.activity_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonalEvent(Event):
    """Something that concerns what one person has set for themselves."""

    account: str

    @property
    def stream(self) -> str:
        """The account's."""
        return f"account:{self.account}"


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedMade(PersonalEvent):
    """Somebody made an address under which their calendar can be read."""

    type: ClassVar[str] = "calendar_feed.made"

    feed_id: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedRevoked(PersonalEvent):
    """An address of a calendar was taken back."""

    type: ClassVar[str] = "calendar_feed.revoked"

    feed_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReminderDelivered(PersonalEvent):
    """Somebody was reminded of an activity."""

    type: ClassVar[str] = "reminder.delivered"

    activity_id: str
    due_at: str
    is_late: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class NotificationSettled(PersonalEvent):
    """Notifications were read, or one was put off."""

    type: ClassVar[str] = "notification.settled"

    how: str
    notifications: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class WishChanged(PersonalEvent):
    """Somebody wants reminders by mail, too, or a summary of tasks, or not any more."""

    type: ClassVar[str] = "notification_wish.changed"

    by_mail: bool
    has_digest: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FilterKept(PersonalEvent):
    """A filter of activities got a name, other content or other groups."""

    type: ClassVar[str] = "activity_filter.kept"

    name: str
    groups: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class FilterDropped(PersonalEvent):
    """A filter of activities was dropped."""

    type: ClassVar[str] = "activity_filter.dropped"

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleEvent(Event):
    """Something happened to the table of rules."""

    rule_id: str

    @property
    def stream(self) -> str:
        """The table's."""
        return "activity_rules"


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleWritten(RuleEvent):
    """A line of the table was entered or changed."""

    type: ClassVar[str] = "activity_rule.written"

    values: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleApplied(RuleEvent):
    """A rule held for an activity, and what came of it."""

    type: ClassVar[str] = "activity_rule.applied"

    activity_id: str
    result: str
    case_id: str | None
