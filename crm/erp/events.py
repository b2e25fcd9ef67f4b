"""What happened between us and an ERP, for the trail of each record."""

from typing import Any, ClassVar

from core.messages import Event
from core.records import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class HandoverEvent(Event):
    """Something happened to a record on its way to the ERP; `key` is what the ERP knows repetitions by."""

    handover_id: str
    key: str
    entity: str
    record_id: str

    @property
    def stream(self) -> str:
        """The record's own."""
        return f"{self.entity.rpartition('.')[2]}:{self.record_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class HandoverQueued(HandoverEvent):
    """A record waits to be handed over; `digest` is the SHA-256 of what it says."""

    type: ClassVar[str] = "erp.queued"

    label: str
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HandoverSent(HandoverEvent):
    """The ERP has a record and has not said yet what it makes of it; `batch` is the file in which it went."""

    type: ClassVar[str] = "erp.sent"

    batch: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HandoverAcknowledged(HandoverEvent):
    """The ERP took a record, under a number of its own."""

    type: ClassVar[str] = "erp.acknowledged"

    erp_number: str | None
    attempts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HandoverDelayed(HandoverEvent):
    """The ERP could not take a record now, and it is tried again."""

    type: ClassVar[str] = "erp.delayed"

    reason: str
    attempts: int
    until: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HandoverRefused(HandoverEvent):
    """The ERP refuses a record, or it was tried too often."""

    type: ClassVar[str] = "erp.refused"

    reason: str
    attempts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HandoverRetried(HandoverEvent):
    """Somebody has a record handed over again; `digest` is that of what it says now."""

    type: ClassVar[str] = "erp.retried"

    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HandoverCancelled(HandoverEvent):
    """Somebody has a record not handed over."""

    type: ClassVar[str] = "erp.cancelled"

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrivalTaken(Event):
    """What the ERP said was taken over."""

    type: ClassVar[str] = "erp.arrival_taken"

    arrival_id: str
    key: str
    kind: str
    digest: str
    entity: str | None
    record_id: str | None

    @property
    def stream(self) -> str:
        """That of the record that it became or changed."""
        return f"{(self.entity or '').rpartition('.')[2]}:{self.record_id}" if self.record_id else "erp:arrivals"


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrivalRefused(Event):
    """What the ERP said could not be taken over."""

    type: ClassVar[str] = "erp.arrival_refused"

    arrival_id: str
    key: str
    kind: str
    digest: str
    reason: str

    @property
    def stream(self) -> str:
        """One for all that was refused."""
        return "erp:arrivals"


@dataclass(frozen=True, slots=True, kw_only=True)
class MastersSet(Event):
    """Somebody said of which fields the ERP is master."""

    type: ClassVar[str] = "erp.masters_set"

    entity: str
    added: list[str]
    removed: list[str]

    @property
    def stream(self) -> str:
        """The settings of the exchange."""
        return "erp:masters"


@dataclass(frozen=True, slots=True, kw_only=True)
class StockTold(Event):
    """The ERP said how much of a product is there."""

    type: ClassVar[str] = "erp.stock_told"

    product_id: str
    place: str
    quantity: str

    @property
    def stream(self) -> str:
        """The product's own."""
        return f"product:{self.product_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class CostRateTold(Event):
    """The ERP said what an hour of an employee costs."""

    type: ClassVar[str] = "erp.cost_rate_told"
    personal: ClassVar[frozenset[str]] = frozenset({"hourly"})

    account: str
    valid_from: str
    hourly: Any

    @property
    def stream(self) -> str:
        """The account's own."""
        return f"account:{self.account}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PartsOrdered(Event):
    """Spare parts were ordered for a case."""

    type: ClassVar[str] = "parts.ordered"

    order_id: str
    number: str
    case_id: str

    @property
    def stream(self) -> str:
        """The order's own."""
        return f"parts_order:{self.order_id}"

    @property
    def case(self) -> str | None:
        """The case that waits for them."""
        return self.case_id


@dataclass(frozen=True, slots=True, kw_only=True)
class PartsReceived(PartsOrdered):
    """The parts are here."""

    type: ClassVar[str] = "parts.received"
