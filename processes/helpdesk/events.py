"""What happened to tickets, for the trail."""

from typing import ClassVar

from core.messages import Event
from core.records import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketEvent(Event):
    """Anything that happened to one ticket."""

    ticket_id: str
    number: str
    case_id: str | None

    @property
    def stream(self) -> str:
        """The ticket's own."""
        return f"ticket:{self.ticket_id}"

    @property
    def case(self) -> str | None:
        """The case that handles it."""
        return self.case_id


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketOpened(TicketEvent):
    """Somebody wants something of us."""

    type: ClassVar[str] = "ticket.opened"
    personal: ClassVar[frozenset[str]] = frozenset({"subject", "name", "email", "phone"})

    kind: str
    channel: str
    customer_id: str | None
    subject: str
    name: str
    email: str | None
    phone: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketReplied(TicketEvent):
    """The customer said more, or we answered."""

    type: ClassVar[str] = "ticket.replied"
    personal: ClassVar[frozenset[str]] = frozenset({"author"})

    is_ours: bool
    channel: str
    author: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketMoved(TicketEvent):
    """A ticket is now in this state, or of this kind."""

    type: ClassVar[str] = "ticket.moved"

    state: str
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketNoted(TicketEvent):
    """Something was noted about a ticket: reminded, escalated, not_reached, need_raised."""

    type: ClassVar[str] = "ticket.noted"
    personal: ClassVar[frozenset[str]] = frozenset({"note"})

    what: str
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketLinkChanged(TicketEvent):
    """The customer's link works until a day, or no longer."""

    type: ClassVar[str] = "ticket.link_changed"

    until: str | None
