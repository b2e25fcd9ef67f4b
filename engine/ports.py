"""What the engine asks of others; the composition root fills these through `unit.port`."""

from collections.abc import Collection
from typing import Any, Protocol

from core.records import dataclass
from storage.unit_of_work import Reading


@dataclass(frozen=True, slots=True, kw_only=True)
class AttachedDocument:
    """A document version that is attached to a task or its case."""

    document_id: str
    version: int
    type: str | None
    title: str
    digest: str

    def to_json(self) -> dict[str, Any]:
        """Plain data for the history."""
        return {
            "document_id": self.document_id,
            "version": self.version,
            "type": self.type,
            "title": self.title,
            "digest": self.digest,
        }

    def untitled(self) -> dict[str, Any]:
        """Plain data for the trail, without the title: that can be erased, and stands in the document's own entries."""
        return {"document_id": self.document_id, "version": self.version, "type": self.type, "digest": self.digest}


class TaskDocuments(Protocol):
    """Tells which documents are attached."""

    def attached(self, reading: Reading, task_id: str, instance_id: str) -> list[AttachedDocument]:
        """The documents of a task, each in its newest version, and those of its case that the task shows."""


class DocumentTypes(Protocol):
    """Tells which types of documents are defined."""

    def unknown(self, reading: Reading, keys: Collection[str]) -> Collection[str]:
        """Those of the keys that name no type; none as long as no type is defined at all."""


class KeptHistory(Protocol):
    """Tells which finished cases must stay although their process keeps them no longer."""

    def kept(self, reading: Reading, instances: Collection[str]) -> Collection[str]:
        """Those of the instances with documents under a hold or a retention that is not over; asks for no rights."""
