"""What happened to repairs, for the trail."""

from typing import Any, ClassVar

from core.messages import Event
from core.records import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class RepairNoted(Event):
    """Something was noted about a repair: opened, reminded, received, diagnosed, answered, quoted, tested and so on."""

    type: ClassVar[str] = "repair.noted"
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
        """The case of the repair."""
        return self.instance_id
