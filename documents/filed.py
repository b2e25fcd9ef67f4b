"""A document as it was just filed: its rows, and how they ride with what the unit writes."""

import json
from collections.abc import Sequence

from core.records import dataclass
from documents.models import DocumentLinkRow, DocumentRow, DocumentVersionRow
from storage.unit_of_work import UnitOfWork
from storage.writes import to_array

DOCUMENT = """
INSERT INTO document (id, title, type, latest, number, state, tags, fields, revision, created_at, created_by)
VALUES (%({n}id)s, %({n}title)s, %({n}type)s, %({n}latest)s, %({n}number)s, %({n}state)s, %({n}tags)s::text[],
    %({n}fields)s::jsonb, %({n}revision)s, %({n}at)s, %({n}by)s)
"""
VERSION = """
INSERT INTO document_version (document_id, n, digest, size, media_type, file_name, reason, created_at, created_by)
VALUES (%({n}id)s, %({n}n)s, %({n}digest)s, %({n}size)s, %({n}media_type)s, %({n}file_name)s, %({n}reason)s, %({n}at)s,
    %({n}by)s)
"""
LINK = """
INSERT INTO document_link (id, document_id, version, kind, target, role, created_at, created_by)
VALUES (%({n}id)s, %({n}document_id)s, %({n}version)s, %({n}kind)s, %({n}target)s, %({n}role)s, %({n}at)s, %({n}by)s)
"""


@dataclass(frozen=True, slots=True)
class Filed:
    """The rows, which belong to no session: they show what was made, and change nothing."""

    document: DocumentRow
    version: DocumentVersionRow
    links: Sequence[DocumentLinkRow]

    @property
    def stream(self) -> str:
        """The document's own stream."""
        return stream_of(self.document.id)


def stream_of(document_id: str) -> str:
    """The stream of a document."""
    return f"document:{document_id}"


def post(unit: UnitOfWork, filed: Filed) -> None:
    """Have the rows written, and let others in the unit know that the document begins with it."""
    document, version, writes = filed.document, filed.version, unit.posted
    by, at = document.created_by, document.created_at
    writes.ride(
        DOCUMENT,
        id=document.id,
        title=document.title,
        type=document.type,
        latest=document.latest,
        number=document.number,
        state=document.state,
        tags=to_array(document.tags),
        fields=json.dumps(document.fields),
        revision=document.revision,
        at=at,
        by=by,
    )
    writes.ride(
        VERSION,
        id=document.id,
        n=version.n,
        digest=version.digest,
        size=version.size,
        media_type=version.media_type,
        file_name=version.file_name,
        reason=version.reason,
        at=version.created_at,  # as the trail tells it
        by=by,
    )
    for link in filed.links:
        writes.ride(
            LINK,
            id=link.id,
            document_id=document.id,
            version=link.version,
            kind=link.kind,
            target=link.target,
            role=link.role,
            at=at,
            by=by,
        )
    unit.begun.add(filed.stream)
    unit.made[filed.stream] = filed
