"""What happened to segments; who is in them is told by ids."""

from typing import Any, ClassVar

from core.messages import Event
from core.records import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentEvent(Event):
    """Something happened to a segment."""

    segment_id: str

    @property
    def stream(self) -> str:
        """The segment's own."""
        return f"segment:{self.segment_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentCreated(SegmentEvent):
    """A segment was defined."""

    type: ClassVar[str] = "segment.created"

    name: str
    kind: str
    subject: str
    criteria: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentChanged(SegmentEvent):
    """A segment has another name, rule or place."""

    type: ClassVar[str] = "segment.changed"

    changes: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class MembersPicked(SegmentEvent):
    """Somebody was picked into a group."""

    type: ClassVar[str] = "segment.members_picked"

    ids: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class MembersRemoved(SegmentEvent):
    """Somebody was taken out of a group."""

    type: ClassVar[str] = "segment.members_removed"

    ids: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotTaken(SegmentEvent):
    """Who was in a segment was written down; the digest proves the list."""

    type: ClassVar[str] = "segment.snapshot_taken"

    snapshot_id: str
    size: int
    digest: str
    reason: str
