"""What happened to mailings, for the trail; each mail has entries of its own."""

from typing import ClassVar

from core.messages import Event
from core.records import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class MailingEvent(Event):
    """Something happened to a mailing."""

    activity_id: str
    segment_id: str

    @property
    def stream(self) -> str:
        """The activity's own."""
        return f"activity:{self.activity_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class MailingPlanned(MailingEvent):
    """Members of a segment will get a mail at this time."""

    type: ClassVar[str] = "mailing.planned"

    at: str
    purpose: str
    template: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MailingBegun(MailingEvent):
    """It is being sent to those who are written down in the snapshot."""

    type: ClassVar[str] = "mailing.begun"

    snapshot_id: str
    members: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MailingQueued(MailingEvent):
    """A mail to every member who may have one is in the outbox; the others are kept with the reason."""

    type: ClassVar[str] = "mailing.queued"

    members: int
    queued: int
    left_out: int
