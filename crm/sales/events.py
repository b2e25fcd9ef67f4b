"""What happened to invoices, and to orders on their way to them."""

from typing import ClassVar

from core.messages import Event
from core.records import dataclass
from crm.events import OfferEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferAccepted(OfferEvent):
    """The customer accepted an offer; the order that followed is named."""

    type: ClassVar[str] = "offer.accepted"

    order_id: str
    order_number: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderMoved(Event):
    """An order was delivered, in part or whole, or cancelled."""

    type: ClassVar[str] = "order.moved"

    order_id: str
    number: str
    customer_id: str
    before: str
    state: str
    reason: str | None = None

    @property
    def stream(self) -> str:
        """The order's own."""
        return f"order:{self.order_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderAddressed(Event):
    """An order goes to another one of the customer's delivery addresses."""

    type: ClassVar[str] = "order.addressed"

    order_id: str
    number: str
    customer_id: str

    @property
    def stream(self) -> str:
        """The order's own."""
        return f"order:{self.order_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceEvent(Event):
    """Something happened to an invoice or a credit note."""

    invoice_id: str
    number: str
    customer_id: str

    @property
    def stream(self) -> str:
        """The invoice's own."""
        return f"invoice:{self.invoice_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceIssued(InvoiceEvent):
    """An invoice was issued here, or taken over from another system (`source`)."""

    type: ClassVar[str] = "invoice.issued"

    source: str
    gross: str
    currency: str
    due_on: str
    order_id: str | None = None
    external_reference: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceCredited(InvoiceEvent):
    """A credit note corrected an invoice; its stream is the corrected invoice's."""

    type: ClassVar[str] = "invoice.credited"

    credit_id: str
    credit_number: str
    gross: str
    currency: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceSettled(InvoiceEvent):
    """Something settled part of an invoice: a payment, a credit note, or that we wrote it off."""

    type: ClassVar[str] = "invoice.settled"

    settlement_id: str
    kind: str
    by: str | None  # number or id of the payment or credit note
    rule: str
    amount: str
    balance: str
    currency: str
    state: str
    effective_on: str
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SettlementUndone(InvoiceEvent):
    """A settlement was taken back."""

    type: ClassVar[str] = "invoice.unsettled"

    settlement_id: str
    kind: str
    amount: str
    balance: str
    currency: str
    state: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceDisputed(InvoiceEvent):
    """The customer does not accept an invoice."""

    type: ClassVar[str] = "invoice.disputed"

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DisputeResolved(InvoiceEvent):
    """A dispute about an invoice ended; the invoice counts as before."""

    type: ClassVar[str] = "invoice.dispute_resolved"

    reason: str
