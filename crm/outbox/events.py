"""What happened to messages, for the trail: whom they went to is personal, that they went is not."""

from typing import Any, ClassVar

from core.messages import Event
from core.records import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageEvent(Event):
    """Something happened to a message."""

    message_id: str
    channel: str
    customer_id: str | None
    case_id: str | None

    @property
    def stream(self) -> str:
        """The message's own."""
        return f"message:{self.message_id}"

    @property
    def case(self) -> str | None:
        """The case that the message is about."""
        return self.case_id


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageQueued(MessageEvent):
    """A message waits to leave; `papers` are its documents with version and digest."""

    type: ClassVar[str] = "message.queued"
    personal: ClassVar[frozenset[str]] = frozenset({"recipient", "subject"})

    purpose: str
    recipient: str
    subject: str
    about: str | None
    papers: list[dict[str, Any]]
    template: str | None = None
    template_language: str | None = None
    template_version: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageSent(MessageEvent):
    """The other side took a message; `digest` is the SHA-256 of what it took, `answer` what it said."""

    type: ClassVar[str] = "message.sent"
    personal: ClassVar[frozenset[str]] = frozenset({"recipient", "answer", "refused"})

    recipient: str
    outside_id: str | None
    digest: str | None
    answer: str | None
    refused: list[str]
    attempts: int
    document_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageDelayed(MessageEvent):
    """A message could not leave now and is tried again."""

    type: ClassVar[str] = "message.delayed"
    personal: ClassVar[frozenset[str]] = frozenset({"reason"})

    reason: str
    attempts: int
    until: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageFailed(MessageEvent):
    """A message will not leave unless somebody has it tried again."""

    type: ClassVar[str] = "message.failed"
    personal: ClassVar[frozenset[str]] = frozenset({"reason"})

    reason: str
    attempts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageCancelled(MessageEvent):
    """A message was taken back before it left."""

    type: ClassVar[str] = "message.cancelled"
    personal: ClassVar[frozenset[str]] = frozenset({"reason"})

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageRequeued(MessageEvent):
    """Somebody has a message tried again."""

    type: ClassVar[str] = "message.requeued"


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageReturned(MessageEvent):
    """A message came back: a bounce, or a letter that could not be delivered."""

    type: ClassVar[str] = "message.returned"
    personal: ClassVar[frozenset[str]] = frozenset({"recipient", "reason"})

    recipient: str
    reason: str
    status: str | None = None  # RFC 3463
    evidence_id: str | None = None  # the document of the bounce


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageDelivered(MessageEvent):
    """A message arrived, as the provider or the post says."""

    type: ClassVar[str] = "message.delivered"

    answer: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackingNoted(MessageEvent):
    """A letter got the number by which the post knows it."""

    type: ClassVar[str] = "message.tracking_noted"

    tracking_number: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressBarred(Event):
    """Nothing, or nothing but business, is sent to an address any more."""

    type: ClassVar[str] = "outbox.address_barred"
    personal: ClassVar[frozenset[str]] = frozenset({"address"})

    channel: str
    address: str
    kind: str
    reason: str
    owner_id: str | None = None

    @property
    def stream(self) -> str:
        """The customer's, where one is known."""
        return f"customer:{self.owner_id}" if self.owner_id else "outbox:addresses"


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressFreed(AddressBarred):
    """An address may be written to again."""

    type: ClassVar[str] = "outbox.address_freed"


@dataclass(frozen=True, slots=True, kw_only=True)
class WishChanged(Event):
    """How somebody wants to be written to."""

    type: ClassVar[str] = "outbox.wish_changed"

    entity: str
    owner_id: str
    channel: str | None
    is_without_marketing: bool

    @property
    def stream(self) -> str:
        """The customer's or contact's own."""
        return f"{self.entity.rpartition('.')[2]}:{self.owner_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class TextWritten(Event):
    """A text for messages was written or changed."""

    type: ClassVar[str] = "outbox.text_written"

    key: str
    title: str
    is_active: bool
    language: str = ""
    version: int | None = None

    @property
    def stream(self) -> str:
        """The text's own."""
        return f"outbox_text:{self.key}"


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchEvent(Event):
    """Something happened to a print batch."""

    batch_id: str
    number: str

    @property
    def stream(self) -> str:
        """The batch's own."""
        return f"outbox_batch:{self.batch_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchMade(BatchEvent):
    """Letters were put together for printing."""

    type: ClassVar[str] = "outbox.batch_made"

    letters: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchPrinted(BatchEvent):
    """The pages were made; from the second time on they are marked as a reprint."""

    type: ClassVar[str] = "outbox.batch_printed"

    prints: int
    document_id: str
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchFailed(BatchEvent):
    """The pages could not be made."""

    type: ClassVar[str] = "outbox.batch_failed"

    finding: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchPosted(BatchEvent):
    """The letters were handed to the post."""

    type: ClassVar[str] = "outbox.batch_posted"

    letters: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferLinkMade(Event):
    """A customer can answer an offer by a link; the link itself is nowhere kept."""

    type: ClassVar[str] = "offer.link_made"
    personal: ClassVar[frozenset[str]] = frozenset({"recipient"})

    offer_id: str
    number: str
    version: int
    link_id: str
    recipient: str
    expires_at: str

    @property
    def stream(self) -> str:
        """The offer's own."""
        return f"offer:{self.offer_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferLinkRevoked(Event):
    """A link can be used no more."""

    type: ClassVar[str] = "offer.link_revoked"

    offer_id: str
    number: str
    link_id: str

    @property
    def stream(self) -> str:
        """The offer's own."""
        return f"offer:{self.offer_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferAnswered(Event):
    """The customer answered by the link; `token_digest` proves which one without telling it."""

    type: ClassVar[str] = "offer.answered"
    personal: ClassVar[frozenset[str]] = frozenset({"remark", "recipient"})

    offer_id: str
    number: str
    version: int
    link_id: str
    token_digest: str
    recipient: str
    answer: str
    remark: str | None

    @property
    def stream(self) -> str:
        """The offer's own."""
        return f"offer:{self.offer_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferDeclined(Event):
    """The customer does not take an offer."""

    type: ClassVar[str] = "offer.declined"
    personal: ClassVar[frozenset[str]] = frozenset({"reason"})

    offer_id: str
    number: str
    version: int
    reason: str | None

    @property
    def stream(self) -> str:
        """The offer's own."""
        return f"offer:{self.offer_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferRead(Event):
    """The customer fetched the paper of an offer by the link."""

    type: ClassVar[str] = "offer.read_by_customer"

    offer_id: str
    number: str
    link_id: str
    document_id: str
    version: int
    digest: str

    @property
    def stream(self) -> str:
        """The offer's own."""
        return f"offer:{self.offer_id}"
