"""What happened to bank statements and payments."""

from typing import ClassVar

from core.messages import Event
from core.records import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementImported(Event):
    """A statement came in; `posted` of its entries were new."""

    type: ClassVar[str] = "bank_statement.imported"

    statement_id: str
    format: str
    account: str
    number: str
    entries: int
    posted: int

    @property
    def stream(self) -> str:
        """The statement's own."""
        return f"bank_statement:{self.statement_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentEvent(Event):
    """Something happened to a payment."""

    payment_id: str

    @property
    def stream(self) -> str:
        """The payment's own."""
        return f"payment:{self.payment_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentPosted(PaymentEvent):
    """Money came or went."""

    type: ClassVar[str] = "payment.posted"
    personal: ClassVar[frozenset[str]] = frozenset({"payer_name", "payer_account", "reference"})

    amount: str
    currency: str
    booked_on: str
    statement_id: str | None
    payer_name: str | None
    payer_account: str | None
    reference: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentMatched(PaymentEvent):
    """A payment settles invoices; `invoices` maps number to amount."""

    type: ClassVar[str] = "payment.matched"

    customer_id: str
    rule: str
    invoices: dict[str, str]
    unallocated: str
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentUnmatched(PaymentEvent):
    """A payment no longer settles what it settled."""

    type: ClassVar[str] = "payment.unmatched"

    invoices: dict[str, str]
    unallocated: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PayerNamed(PaymentEvent):
    """It became known whose payment it is."""

    type: ClassVar[str] = "payment.payer_named"

    customer_id: str
    rule: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentReversed(PaymentEvent):
    """The bank took a payment back."""

    type: ClassVar[str] = "payment.reversed"

    by: str
    invoices: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentPutAside(PaymentEvent):
    """Somebody said that a payment is for no invoice."""

    type: ClassVar[str] = "payment.put_aside"

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InterestRateSet(Event):
    """A rate of interest for late payment was entered."""

    type: ClassVar[str] = "interest.rate_set"

    currency: str
    valid_from: str
    percent: str
    source: str

    @property
    def stream(self) -> str:
        """The currency's own."""
        return f"currency:{self.currency}"
