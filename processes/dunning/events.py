"""What happened in dunning, for the trail."""

from typing import Any, ClassVar

from core.messages import Event
from core.records import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class DunningEvent(Event):
    """Something happened to the dunning of an invoice."""

    invoice_id: str
    instance_id: str

    @property
    def stream(self) -> str:
        """The invoice's own."""
        return f"invoice:{self.invoice_id}"

    @property
    def case(self) -> str | None:
        """The case of the dunning."""
        return self.instance_id


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterQueued(DunningEvent):
    """An invoice stands in a letter that waits."""

    type: ClassVar[str] = "dunning.letter_queued"

    letter_id: str
    template: str
    channel: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterWithdrawn(DunningEvent):
    """An invoice was taken out of a letter before it went out."""

    type: ClassVar[str] = "dunning.letter_withdrawn"

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterMade(DunningEvent):
    """A letter was made and put into the outbox; the document is what it says."""

    type: ClassVar[str] = "dunning.letter_made"

    letter_id: str
    template: str
    channel: str
    document_id: str
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterSent(DunningEvent):
    """A letter went out; the document is what it said."""

    type: ClassVar[str] = "dunning.letter_sent"

    letter_id: str
    template: str
    channel: str
    document_id: str
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PromiseNoted(DunningEvent):
    """The customer promised to pay (`kept` None), or broke a promise (False)."""

    type: ClassVar[str] = "dunning.promise"

    day: str
    amount: str
    kept: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ResidualDecided(DunningEvent):
    """What became of interest and compensation after the invoice was paid."""

    type: ClassVar[str] = "dunning.residual"

    action: str
    interest: str
    compensation: str
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimNoted(DunningEvent):
    """A person or the outside said something about a claim: a call, a returned letter, insolvency."""

    type: ClassVar[str] = "dunning.noted"
    personal: ClassVar[frozenset[str]] = frozenset({"note"})

    what: str
    note: str | None = None
    facts: dict[str, Any] | None = None
