"""What documents there are; every query shows only what the actor may see."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

import psycopg
from sqlalchemy import select

from core.identity import Actor
from core.records import dataclass
from documents.access import (
    DocumentNotFound,
    Target,
    VersionNotFound,
    links_of,
    require_visible,
    target_of,
    visible_targets,
)
from documents.models import DocumentRow, DocumentVersionRow
from storage.orm import Json
from storage.unit_of_work import Reading

ATTACHED_FIELDS = (
    *("document_id", "title", "type", "n", "digest", "size", "media_type", "file_name", "reason"),
    *("created_at", "created_by", "state", "number", "role", "newest", "is_pinned"),
)
ATTACHED = """
SELECT link.kind, link.target, document.id, document.title, document.type, version.n, version.digest, version.size,
    version.media_type, version.file_name, version.reason, version.created_at, version.created_by,
    document.state, document.number, link.role, document.latest, link.version IS NOT NULL
FROM unnest(%s::text[], %s::text[]) AS wanted (kind, target)
JOIN document_link AS link ON link.kind = wanted.kind COLLATE "C" AND link.target = wanted.target COLLATE "C"
JOIN document ON document.id = link.document_id
JOIN document_version AS version
    ON version.document_id = document.id AND version.n = coalesce(link.version, document.latest)
{where}
ORDER BY link.id
"""
READABLE = """
WHERE document.created_by = %s OR NOT EXISTS (
    SELECT 1 FROM document_type WHERE document_type.key = document.type COLLATE "C"
        AND cardinality(document_type.readers) > 0 AND NOT document_type.readers && %s::varchar[])
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentVersion:
    """One version with what it shares with the others."""

    document_id: str
    title: str
    type: str | None
    n: int
    digest: str  # SHA-256 in hexadecimal
    size: int  # bytes
    media_type: str
    file_name: str
    reason: str | None
    created_at: datetime
    created_by: str
    state: str
    number: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """What a document belongs to; `version` None follows the newest."""

    kind: str
    id: str
    role: str
    version: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A document, its newest version, and those of its links that the actor may see."""

    id: str
    title: str
    type: str | None
    state: str
    number: str | None
    tags: tuple[str, ...]
    fields: Json
    revision: int  # counts changes of all but versions and links
    checked_out_by: str | None
    checked_out_at: datetime | None
    latest: DocumentVersion
    links: tuple[Link, ...]
    created_at: datetime
    created_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkedDocument(DocumentVersion):
    """A document as a target has it: the version that counts there, and whether there is a newer one."""

    role: str
    newest: int  # number of the document's newest version
    is_pinned: bool  # whether the link stays at its version

    @property
    def is_outdated(self) -> bool:
        """Whether the document has a newer version than the one that counts here."""
        return self.n < self.newest


def document(view: Reading, document_id: str) -> Document:
    """Raises `DocumentNotFound`."""
    row = require_visible(view, document_id)
    links = links_of(view, [row.id])[row.id]
    seen = visible_targets(view, {target_of(link) for link in links})
    return Document(
        id=row.id,
        title=row.title,
        type=row.type,
        state=row.state,
        number=row.number,
        tags=tuple(row.tags),
        fields=row.fields,
        revision=row.revision,
        checked_out_by=row.checked_out_by,
        checked_out_at=row.checked_out_at,
        latest=_version_of(view, row, row.latest),
        links=tuple(
            Link(kind=link.kind, id=link.target, role=link.role, version=link.version)
            for link in links
            if target_of(link) in seen
        ),
        created_at=row.created_at,
        created_by=row.created_by,
    )


def versions(view: Reading, document_id: str) -> list[DocumentVersion]:
    """All versions, newest first. Raises `DocumentNotFound`."""
    row = require_visible(view, document_id)
    query = (
        select(DocumentVersionRow).where(DocumentVersionRow.document_id == row.id).order_by(DocumentVersionRow.n.desc())
    )
    return [version_view(row, each) for each in view.session.scalars(query)]


def version(view: Reading, document_id: str, n: int) -> DocumentVersion:
    """Raises `DocumentNotFound`, `VersionNotFound`."""
    return _version_of(view, require_visible(view, document_id), n)


def _version_of(view: Reading, row: DocumentRow, n: int) -> DocumentVersion:
    found = view.session.get(DocumentVersionRow, (row.id, n))
    if found is None:
        raise VersionNotFound(row.id, n)
    return version_view(row, found)


def linked_documents(view: Reading, kind: str, id: str) -> list[LinkedDocument]:  # noqa: A002 -- the id of a kind
    """The documents of one target, oldest link first; empty when the actor may not see the target."""
    return documents_of(view, [Target(kind, id)])[Target(kind, id)]


def documents_of(view: Reading, targets: Collection[Target]) -> dict[Target, list[LinkedDocument]]:
    """The documents of many targets at once; a target that the actor may not see has none."""
    seen = visible_targets(view, targets)
    return {target: [] for target in targets} | attached(view, seen, reader=view.actor)


def attached(
    view: Reading, targets: Collection[Target], *, reader: Actor | None = None
) -> dict[Target, list[LinkedDocument]]:
    """The documents of the targets, without asking for rights: for those who checked the target themselves.

    Of a `reader` those whose type they may read. One statement, sent without SQLAlchemy's mapping: every completion
    of a task asks this.
    """
    found: dict[Target, list[LinkedDocument]] = {target: [] for target in targets}
    if not found:
        return found
    view.session.flush()  # what the same unit has filed counts too
    driver = view.session.connection().connection.driver_connection
    assert isinstance(driver, psycopg.Connection)
    wanted: list[Any] = [[target.kind for target in found], [target.id for target in found]]
    where = ""
    if reader is not None and not reader.may("document.read_all"):
        where, wanted = READABLE, [*wanted, reader.id, sorted(reader.roles)]
    for kind, target, *values in driver.execute(ATTACHED.format(where=where), wanted):
        found[Target(kind, target)].append(LinkedDocument(**dict(zip(ATTACHED_FIELDS, values, strict=True))))
    return found


def version_view(row: DocumentRow, each: DocumentVersionRow) -> DocumentVersion:
    """A version as readers get it; without asking for rights."""
    return DocumentVersion(**_values(row, each))


def _values(row: DocumentRow, each: DocumentVersionRow) -> dict[str, Any]:
    return {
        "document_id": row.id,
        "title": row.title,
        "type": row.type,
        "n": each.n,
        "digest": each.digest,
        "size": each.size,
        "media_type": each.media_type,
        "file_name": each.file_name,
        "reason": each.reason,
        "created_at": each.created_at,
        "created_by": each.created_by,
        "state": row.state,
        "number": row.number,
    }


__all__ = [
    "Document",
    "DocumentNotFound",
    "DocumentVersion",
    "Link",
    "LinkedDocument",
    "attached",
    "document",
    "documents_of",
    "linked_documents",
    "version",
    "versions",
]
