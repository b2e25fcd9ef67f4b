"""What happened to customers, products, offers and orders."""

from typing import Any, ClassVar

from core.messages import Event
from core.records import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerEvent(Event):
    """Something happened to a customer."""

    customer_id: str

    @property
    def stream(self) -> str:
        """The customer's own."""
        return f"customer:{self.customer_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerCreated(CustomerEvent):
    """A customer was entered."""

    type: ClassVar[str] = "customer.created"
    personal: ClassVar[frozenset[str]] = frozenset({"name"})  # a sole trader's name is a person's

    number: str
    name: str
    country: str
    tax_id: str | None
    external_reference: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerChanged(CustomerEvent):
    """Fields of a customer got new values; `changes` maps field to [old, new], likewise for personal fields."""

    type: ClassVar[str] = "customer.changed"
    personal: ClassVar[frozenset[str]] = frozenset({"personal_changes"})

    changes: dict[str, Any]
    personal_changes: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class BalanceRecorded(CustomerEvent):
    """The ledger told what a customer owes."""

    type: ClassVar[str] = "customer.balance_recorded"

    receivable: str
    oldest_due: str | None
    as_of: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactCreated(CustomerEvent):
    """A person at a customer was entered."""

    type: ClassVar[str] = "contact.created"
    personal: ClassVar[frozenset[str]] = frozenset({"name"})

    contact_id: str
    name: str

    @property
    def data_subject(self) -> str:
        """The person."""
        return f"contact:{self.contact_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactChanged(CustomerEvent):
    """A person at a customer got other data."""

    type: ClassVar[str] = "contact.changed"
    personal: ClassVar[frozenset[str]] = frozenset({"personal_changes"})

    contact_id: str
    personal_changes: dict[str, Any]

    @property
    def data_subject(self) -> str:
        """The person."""
        return f"contact:{self.contact_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductEvent(Event):
    """Something happened to a product."""

    product_id: str

    @property
    def stream(self) -> str:
        """The product's own."""
        return f"product:{self.product_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductCreated(ProductEvent):
    """A product was entered."""

    type: ClassVar[str] = "product.created"

    sku: str
    name: str
    price: str
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductChanged(ProductEvent):
    """Fields of a product got new values; `changes` maps field to [old, new]."""

    type: ClassVar[str] = "product.changed"

    changes: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferEvent(Event):
    """Something happened to an offer; `case_id` names the case that it happened in, if it did in one."""

    offer_id: str
    number: str
    version: int
    case_id: str | None = None

    @property
    def stream(self) -> str:
        """The offer's own."""
        return f"offer:{self.offer_id}"

    @property
    def case(self) -> str | None:
        """The case that decides on the offer."""
        return self.case_id


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferCreated(OfferEvent):
    """An offer was drafted."""

    type: ClassVar[str] = "offer.created"

    customer_id: str
    gross: str
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferChanged(OfferEvent):
    """The draft of an offer was edited."""

    type: ClassVar[str] = "offer.changed"

    fields: list[str]
    gross: str
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferFrozenForApproval(OfferEvent):
    """A version went to approval; `digest` covers its lines and terms."""

    type: ClassVar[str] = "offer.frozen"

    digest: str
    net: str
    gross: str
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferDecided(OfferEvent):
    """Somebody approved, returned or rejected a version."""

    type: ClassVar[str] = "offer.decided"
    personal: ClassVar[frozenset[str]] = frozenset({"comment"})

    decision: str
    level: int
    group: str
    decided_by: str
    digest: str
    comment: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferRevised(OfferEvent):
    """A new version was opened for editing; the one before stays as it was."""

    type: ClassVar[str] = "offer.revised"

    replaces: int
    note: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferLocked(OfferEvent):
    """A version is approved and cannot change any more."""

    type: ClassVar[str] = "offer.locked"

    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferRejected(OfferEvent):
    """An offer was rejected."""

    type: ClassVar[str] = "offer.rejected"

    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferWithdrawn(OfferEvent):
    """Whoever made an offer took it back."""

    type: ClassVar[str] = "offer.withdrawn"

    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferSent(OfferEvent):
    """An approved offer went to the customer."""

    type: ClassVar[str] = "offer.sent"


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderEntered(Event):
    """An order was entered."""

    type: ClassVar[str] = "order.entered"

    order_id: str
    number: str
    customer_id: str
    net: str
    currency: str
    external_reference: str | None = None

    @property
    def stream(self) -> str:
        """The order's own."""
        return f"order:{self.order_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class CompanyDescribed(Event):
    """The company's own data changed; `changes` maps field to [old, new]."""

    type: ClassVar[str] = "company.described"

    changes: dict[str, Any]

    @property
    def stream(self) -> str:
        """The company's own."""
        return "company:company"


@dataclass(frozen=True, slots=True, kw_only=True)
class RateSet(Event):
    """An exchange rate was entered."""

    type: ClassVar[str] = "currency.rate_set"

    currency: str
    valid_from: str
    rate: str
    source: str

    @property
    def stream(self) -> str:
        """The currency's own."""
        return f"currency:{self.currency}"
