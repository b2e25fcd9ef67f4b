"""What happens to templates, letters and labels, for the trail."""

from dataclasses import field
from typing import Any, ClassVar

from core.messages import Event
from core.records import dataclass
from documents.events import DocumentEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateAdopted(DocumentEvent):
    """A version of a template passed the check and is in force."""

    type: ClassVar[str] = "template.adopted"
    kind: str
    fields: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateRetired(DocumentEvent):
    """A template is not used any more."""

    type: ClassVar[str] = "template.retired"
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeEvent(Event):
    """Something that happened to a mail merge."""

    merge_id: str

    @property
    def stream(self) -> str:
        """The merge's own stream."""
        return f"merge:{self.merge_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeStarted(MergeEvent):
    """Letters to many are being made."""

    type: ClassVar[str] = "merge.started"
    title: str
    template_id: str
    template_version: int
    recipients: int
    wanted: dict[str, Any]
    purpose: str = "business"
    variants: dict[str, Any] = field(default_factory=dict)  # by language: id and version of the one they get


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeStopped(MergeEvent):
    """Somebody stopped it; what is filed stays."""

    type: ClassVar[str] = "merge.stopped"
    done: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeResumed(MergeEvent):
    """It goes on with those who wait."""

    type: ClassVar[str] = "merge.resumed"
    waiting: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeFinished(MergeEvent):
    """Everybody has a letter or a reason why not; `combined_id` is the document with all of them."""

    type: ClassVar[str] = "merge.finished"
    done: int
    refused: int
    combined_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipientListSaved(Event):
    """A search for recipients got a name."""

    type: ClassVar[str] = "recipients.saved"
    list_id: str
    name: str
    wanted: dict[str, Any]

    @property
    def stream(self) -> str:
        """The list's own stream."""
        return f"recipients:{self.list_id}"
