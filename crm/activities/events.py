"""What happened to activities."""

from typing import Any, ClassVar

from core.messages import Event
from core.records import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivityEvent(Event):
    """Something happened to an activity."""

    activity_id: str
    customer_id: str | None

    @property
    def stream(self) -> str:
        """The customer's own, so that one trail tells all that was done with them; else the activity's."""
        return f"customer:{self.customer_id}" if self.customer_id else f"activity:{self.activity_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivityRegistered(ActivityEvent):
    """An activity was entered."""

    type: ClassVar[str] = "activity.registered"
    personal: ClassVar[frozenset[str]] = frozenset({"subject"})

    method: str
    direction: str
    status: str
    employee: str
    subject: str
    moment: str
    follows_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivityChanged(ActivityEvent):
    """Fields got new values; both map field to [old, new]."""

    type: ClassVar[str] = "activity.changed"
    personal: ClassVar[frozenset[str]] = frozenset({"personal_changes"})

    changes: dict[str, Any]
    personal_changes: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivityHeld(ActivityEvent):
    """A planned activity took place."""

    type: ClassVar[str] = "activity.held"
    personal: ClassVar[frozenset[str]] = frozenset({"note"})

    held_from: str
    duration_seconds: int | None
    state: str
    note: str | None  # as it stands now


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivityPostponed(ActivityEvent):
    """A planned activity was moved to another time."""

    type: ClassVar[str] = "activity.postponed"
    personal: ClassVar[frozenset[str]] = frozenset({"remark"})

    planned_from: str
    moved_to: str
    reason: str
    remark: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivityCancelled(ActivityEvent):
    """A planned activity will not take place."""

    type: ClassVar[str] = "activity.cancelled"
    personal: ClassVar[frozenset[str]] = frozenset({"reason"})

    reason: str
