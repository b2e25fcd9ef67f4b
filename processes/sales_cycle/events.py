"""What happened to opportunities, for the trail."""

from typing import Any, ClassVar

from core.messages import Event
from core.records import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class OpportunityNoted(Event):
    """Something was noted about an opportunity: opened, reminded, ordered, handed_over, won, lost."""

    type: ClassVar[str] = "opportunity.noted"
    personal: ClassVar[frozenset[str]] = frozenset({"note"})

    instance_id: str
    what: str
    note: str | None = None
    facts: dict[str, Any] | None = None

    @property
    def stream(self) -> str:
        """The case's own."""
        return f"case:{self.instance_id}"

    @property
    def case(self) -> str | None:
        """The case that follows the opportunity."""
        return self.instance_id
