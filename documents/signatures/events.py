"""What happens to signatures, for the trail."""

from typing import Any, ClassVar

from core.records import dataclass
from documents.events import DocumentEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentSealed(DocumentEvent):
    """A version was made that carries the organisation's signature over the version before it."""

    type: ClassVar[str] = "document.sealed"
    signer: str
    serial: str
    level: str  # PAdES B-B or B-T
    stamped_at: str | None
    sealed_version: int
    sealed_digest: str
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SignaturesChecked(DocumentEvent):
    """Somebody had the signatures of a version looked at; each with signer, integrity and trust."""

    type: ClassVar[str] = "document.signatures_checked"
    found: list[dict[str, Any]]
    problem: str | None
