"""What happened to people at customers, to notes, and to what customers think of us."""

from dataclasses import dataclass
from typing import ClassVar

from crm.events import CustomerEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactMoved(CustomerEvent):
    """A person went from one customer to another; told in the streams of both."""

    type: ClassVar[str] = "contact.moved"

    contact_id: str
    moved_from: str
    moved_to: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactPlaced(CustomerEvent):
    """A person of another customer is something at this one, too."""

    type: ClassVar[str] = "contact.placed"

    contact_id: str
    role: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactWithdrawn(CustomerEvent):
    """A person of another customer is nothing at this one any more."""

    type: ClassVar[str] = "contact.withdrawn"

    contact_id: str
    role: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteWritten(CustomerEvent):
    """Something was written down; what, stands in the note."""

    type: ClassVar[str] = "customer.note_written"

    note_id: str
    kind: str
    visibility: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteEdited(CustomerEvent):
    """A note got another text, its n-th."""

    type: ClassVar[str] = "customer.note_edited"

    note_id: str
    n: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SatisfactionRecorded(CustomerEvent):
    """A customer said how satisfied they are."""

    type: ClassVar[str] = "customer.satisfaction_recorded"

    level: int
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailBounced(CustomerEvent):
    """Mail to an address of a customer came back."""

    type: ClassVar[str] = "customer.email_bounced"
    personal: ClassVar[frozenset[str]] = frozenset({"address"})

    address: str
