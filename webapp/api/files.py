"""Documents as the API shows them: which version, what it is, and where its bytes are."""

from __future__ import annotations

from collections.abc import Iterable

from documents.queries import DocumentVersion, LinkedDocument
from webapp.api.shapes import AttachedFile, Files


def files_of(linked: Iterable[LinkedDocument]) -> Files:
    """The documents that something links to."""
    return Files(items=[file_of(each, role=each.role) for each in linked])


def file_of(version: DocumentVersion, *, role: str = "reference") -> AttachedFile:
    """One version."""
    return AttachedFile(
        id=version.document_id,
        version=version.n,
        title=version.title,
        type=version.type,
        role=role,
        digest=version.digest,
        size=version.size,
        media_type=version.media_type,
        file_name=version.file_name,
        created_at=version.created_at,
        created_by=version.created_by,
        state=version.state,
        number=version.number,
        content=f"/api/v1/documents/{version.document_id}/versions/{version.n}/content",
    )
