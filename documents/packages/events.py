"""What is made of several documents, for the trail."""

from typing import Any, ClassVar

from core.records import dataclass
from documents.events import DocumentEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageAssembled(DocumentEvent):
    """A document was made of others; each with id, version and digest."""

    type: ClassVar[str] = "package.assembled"
    sources: list[dict[str, Any]]
    pages: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalsStamped(DocumentEvent):
    """A document was made that says who decided what on a version of another one."""

    type: ClassVar[str] = "document.approvals_stamped"
    source_id: str
    source_version: int
    source_digest: str
    decisions: int
