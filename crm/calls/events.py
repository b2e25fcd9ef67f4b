"""What happened to calls, for the trail; what came of a call of a task is told by the task."""

from typing import ClassVar

from core.records import dataclass
from crm.events import CustomerEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class CallQueued(CustomerEvent):
    """A customer is to be called."""

    type: ClassVar[str] = "call.queued"
    personal: ClassVar[frozenset[str]] = frozenset({"subject"})

    call_id: str
    subject: str
    call_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallTaken(CustomerEvent):
    """Somebody calls the customer."""

    type: ClassVar[str] = "call.taken"

    call_id: str
    task_id: str | None
    until: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallGivenBack(CustomerEvent):
    """Nobody was reached, or the customer wants to be called at another time."""

    type: ClassVar[str] = "call.given_back"
    personal: ClassVar[frozenset[str]] = frozenset({"reason"})

    call_id: str
    task_id: str | None
    call_at: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallFinished(CustomerEvent):
    """The customer was called, or need not be; the activity says what was said."""

    type: ClassVar[str] = "call.finished"

    call_id: str
    outcome: str
    activity_id: str | None
