"""What happened to approvals, for the trail."""

from typing import Any, ClassVar

from core.messages import Event
from core.records import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalNoted(Event):
    """Something was noted about an approval: reminded, reassessed."""

    type: ClassVar[str] = "offer.approval_noted"

    instance_id: str
    offer_id: str
    what: str
    facts: dict[str, Any] | None = None

    @property
    def stream(self) -> str:
        """The case's own."""
        return f"case:{self.instance_id}"

    @property
    def case(self) -> str | None:
        """The case that decides on the offer."""
        return self.instance_id
