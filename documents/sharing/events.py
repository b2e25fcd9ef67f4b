"""What happens to documents that are shared."""

from datetime import datetime
from typing import ClassVar

from core.records import dataclass
from documents.events import DocumentEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentUnshared(DocumentEvent):
    """A group lost a document that it had been given."""

    type: ClassVar[str] = "document.unshared"
    group: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareEvent(DocumentEvent):
    """Something about the link of somebody outside."""

    personal: ClassVar[frozenset[str]] = frozenset({"title", "file_name", "recipient"})
    share_id: str
    recipient: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkShared(ShareEvent):
    """A link was made for somebody outside."""

    type: ClassVar[str] = "document.link_shared"
    expires_at: datetime
    has_password: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkRevoked(ShareEvent):
    """A link was taken back."""

    type: ClassVar[str] = "document.link_revoked"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadByLink(ShareEvent):
    """Somebody outside fetched the content."""

    type: ClassVar[str] = "document.read_by_link"


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkRefused(ShareEvent):
    """Somebody came with the right link and the wrong password."""

    type: ClassVar[str] = "document.link_refused"
    failures: int
