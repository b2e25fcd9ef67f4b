"""What happens to documents, for the trail and for whoever listens."""

from datetime import datetime
from typing import Any, ClassVar

from core.messages import Event
from core.records import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentEvent(Event):
    """Something that happened to one version of a document; `case_id` is the case whose trail shows it."""

    personal: ClassVar[frozenset[str]] = frozenset({"title", "file_name"})
    document_id: str
    version: int
    digest: str
    title: str
    document_type: str | None
    case_id: str | None = None

    @property
    def stream(self) -> str:
        """The document's own stream."""
        return f"document:{self.document_id}"

    @property
    def case(self) -> str | None:
        """The case that the document is linked to, if any."""
        return self.case_id


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentFiled(DocumentEvent):
    """A document entered the system with its first version; `description` has its number, tags and fields."""

    type: ClassVar[str] = "document.filed"
    personal: ClassVar[frozenset[str]] = frozenset({"title", "file_name", "description"})
    size: int
    media_type: str
    file_name: str
    reason: str | None
    created_at: datetime
    links: list[dict[str, Any]]
    description: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentVersionAdded(DocumentEvent):
    """A document got a new version; `previous` is the digest of the one before."""

    type: ClassVar[str] = "document.version_added"
    size: int
    media_type: str
    file_name: str
    reason: str | None
    created_at: datetime
    previous: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentLinked(DocumentEvent):
    """A document was linked; `pinned` tells whether the link stays at this version."""

    type: ClassVar[str] = "document.linked"
    kind: str
    target: str
    role: str
    pinned: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentRead(DocumentEvent):
    """Somebody was given the content of a version."""

    type: ClassVar[str] = "document.read"


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentStateChanged(DocumentEvent):
    """A document went from one state to another, by a process or by right; `version` is the newest at that time."""

    type: ClassVar[str] = "document.state_changed"
    previous: str
    state: str
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentChanged(DocumentEvent):
    """What a document says of itself was changed: `changes` maps what changed to its value before and after."""

    type: ClassVar[str] = "document.changed"
    personal: ClassVar[frozenset[str]] = frozenset({"title", "changes"})
    revision: int
    changes: dict[str, list[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentCheckedOut(DocumentEvent):
    """Somebody took a document to work on it; until it is given back only they add versions."""

    type: ClassVar[str] = "document.checked_out"


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentGivenBack(DocumentEvent):
    """A document that was checked out by `holder` is free again; `broken` where somebody else took the lock away."""

    type: ClassVar[str] = "document.given_back"
    holder: str
    broken: bool
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentTypeDefined(Event):
    """A type of documents was made or changed: `changes` maps what changed to its value before and after."""

    type: ClassVar[str] = "document_type.defined"
    key: str
    name: str
    revision: int
    changes: dict[str, list[Any]]

    @property
    def stream(self) -> str:
        """The type's own stream."""
        return f"document_type:{self.key}"


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderEvent(Event):
    """Something that happened to a saved search."""

    personal: ClassVar[frozenset[str]] = frozenset({"name", "query", "filters"})
    folder_id: str
    name: str
    is_shared: bool
    query: str
    filters: dict[str, Any]

    @property
    def stream(self) -> str:
        """The folder's own stream."""
        return f"document_folder:{self.folder_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderSaved(FolderEvent):
    """Somebody keeps a search under a name, or changed one."""

    type: ClassVar[str] = "document_folder.saved"


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderRemoved(FolderEvent):
    """A saved search is no more."""

    type: ClassVar[str] = "document_folder.removed"
