"""What happened to consents, for the trail."""

from typing import ClassVar

from core.messages import Event
from core.records import dataclass
from crm.events import CustomerEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentRecorded(CustomerEvent):
    """A person gave or withdrew a consent; stays when the person is erased, as proof that it was so."""

    type: ClassVar[str] = "consent.recorded"

    contact_id: str
    consent_id: str
    purpose: str
    channel: str
    state: str
    happened_at: str
    source: str
    clause: int | None
    evidence_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClauseWritten(Event):
    """What people are asked has another wording from now on."""

    type: ClassVar[str] = "consent.clause_written"

    purpose: str
    n: int
    text: str

    @property
    def stream(self) -> str:
        """The purpose's own."""
        return f"consent_clause:{self.purpose}"
