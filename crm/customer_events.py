"""What happened to people at customers, to notes, and to what customers think of us."""

from typing import ClassVar

from core.messages import Event
from core.records import dataclass
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
    cause: str | None = None
    activity_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerWasBlocked(CustomerEvent):
    """Nothing new is offered or sold to a customer from now on."""

    type: ClassVar[str] = "customer.blocked"
    personal: ClassVar[frozenset[str]] = frozenset({"reason"})

    block_id: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerWasUnblocked(CustomerEvent):
    """The blocks of a customer were lifted."""

    type: ClassVar[str] = "customer.unblocked"
    personal: ClassVar[frozenset[str]] = frozenset({"reason"})

    blocks: list[str]
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailBounced(CustomerEvent):
    """Mail to an address of a customer came back."""

    type: ClassVar[str] = "customer.email_bounced"
    personal: ClassVar[frozenset[str]] = frozenset({"address"})

    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomersCompared(Event):
    """Customers, from the first id to the last, were compared with their like."""

    type: ClassVar[str] = "customers.compared"

    first: str
    last: str
    customers: int
    pairs: int

    @property
    def stream(self) -> str:
        """That of all comparisons."""
        return "customers:comparison"


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomersToldApart(CustomerEvent):
    """Somebody said that two customers that look the same are two."""

    type: ClassVar[str] = "customer.told_apart"

    other_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomersMerged(CustomerEvent):
    """Another customer became one with this one; `moved` counts what changed hands, by table and column."""

    type: ClassVar[str] = "customer.merged"

    merge_id: str
    absorbed_id: str
    moved: dict[str, int]
    reason: str | None
    offers: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerAbsorbed(CustomerEvent):
    """A customer became one with another one, and leads there from now on."""

    type: ClassVar[str] = "customer.absorbed"

    merge_id: str
    kept_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeUndone(CustomerEvent):
    """Two customers that were made one are two again; told in the streams of both."""

    type: ClassVar[str] = "customer.merge_undone"

    merge_id: str
    offers: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class FilterEvent(Event):
    """Something happened to a kept search."""

    filter_id: str
    name: str

    @property
    def stream(self) -> str:
        """The filter's own."""
        return f"filter:{self.filter_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class FilterSaved(FilterEvent):
    """A search for customers was kept under a name."""

    type: ClassVar[str] = "filter.saved"

    is_shared: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FilterDropped(FilterEvent):
    """A kept search was forgotten."""

    type: ClassVar[str] = "filter.dropped"
