"""The documents that go with messages, and where copies of messages are filed."""

from __future__ import annotations

from collections.abc import Sequence

from crm.outbox.ports import Belonging, Paper, PaperRef
from documents import queries
from documents.filing import FileDocument, file
from documents.links import DocumentLink
from documents.mail.correlation import SENT as SENT_COPY
from documents.queries import DocumentVersion
from storage.blobs.store import BlobRef
from storage.unit_of_work import Reading, UnitOfWork


class FiledPapers:
    """Documents as they are filed."""

    def papers(self, reading: Reading, wanted: Sequence[PaperRef]) -> Sequence[Paper]:
        """Each at its version. Raises `DocumentNotFound`, `VersionNotFound`."""
        return [paper_of(self._version(reading, each)) for each in wanted]

    def file(self, unit: UnitOfWork, *, title: str, file_name: str, blob: BlobRef, belongs: Sequence[Belonging]) -> str:
        """Without asking for rights: whoever sent the message could see what it is about."""
        links = tuple(DocumentLink(kind=each.kind, id=each.id, role=SENT_COPY) for each in belongs)
        return file(unit, FileDocument(title=title, blob=blob, file_name=file_name, links=links, reason="sent")).id

    @staticmethod
    def _version(reading: Reading, wanted: PaperRef) -> DocumentVersion:
        if wanted.version is None:
            return queries.document(reading, wanted.document_id).latest
        return queries.version(reading, wanted.document_id, wanted.version)


def paper_of(version: DocumentVersion) -> Paper:
    """A version as messages keep it."""
    return Paper(
        document_id=version.document_id,
        version=version.n,
        digest=version.digest,
        file_name=version.file_name,
        media_type=version.media_type,
        size=version.size,
    )
