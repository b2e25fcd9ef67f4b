"""What happened to price lists."""

from typing import Any, ClassVar

from core.messages import Event
from core.records import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceListSaved(Event):
    """A price list was entered or replaced: for whom, when, and how many prices; the prices that changed."""

    type: ClassVar[str] = "price_list.saved"

    price_list_id: str
    name: str
    currency: str
    audience: str
    valid_from: str
    valid_until: str | None
    is_retired: bool
    prices: dict[str, Any]

    @property
    def stream(self) -> str:
        """The list's own."""
        return f"price_list:{self.price_list_id}"
