"""What happened to after-sales steps, and what they planned."""

from typing import Any, ClassVar

from core.messages import Event
from core.records import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class StepWritten(Event):
    """A step was entered or changed."""

    type: ClassVar[str] = "after_sales_step.written"

    step_id: str
    values: dict[str, Any]

    @property
    def stream(self) -> str:
        """The list's."""
        return "after_sales_steps"


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderFollowedUp(Event):
    """Activities were planned after an order, or taken back with it; a fault stands with the step that had it."""

    type: ClassVar[str] = "order.followed_up"

    order_id: str
    number: str
    customer_id: str
    planned: list[str]
    cancelled: list[str]
    faults: dict[str, str]  # step id -> sentence

    @property
    def stream(self) -> str:
        """The order's own."""
        return f"order:{self.order_id}"
