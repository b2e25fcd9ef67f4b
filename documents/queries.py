"""What documents there are; every query shows only what the actor may see."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

import psycopg
from sqlalchemy import Select, func, select

from documents.access import (
    DocumentNotFound,
    Target,
    VersionNotFound,
    links_of,
    require_visible,
    target_of,
    visible_documents,
    visible_targets,
)
from documents.models import DocumentRow, DocumentVersionRow
from storage.unit_of_work import Reading

BATCH = 500  # documents whose rights are asked for together
COUNTED = 2000  # documents of which a total of the visible ones is still worth its price


ATTACHED_FIELDS = (
    *("document_id", "title", "type", "n", "digest", "size", "media_type", "file_name", "reason"),
    *("created_at", "created_by", "role", "newest", "is_pinned"),
)
ATTACHED = """
SELECT link.kind, link.target, document.id, document.title, document.type, version.n, version.digest, version.size,
    version.media_type, version.file_name, version.reason, version.created_at, version.created_by,
    link.role, document.latest, link.version IS NOT NULL
FROM unnest(%s::text[], %s::text[]) AS wanted (kind, target)
JOIN document_link AS link ON link.kind = wanted.kind COLLATE "C" AND link.target = wanted.target COLLATE "C"
JOIN document ON document.id = link.document_id
JOIN document_version AS version
    ON version.document_id = document.id AND version.n = coalesce(link.version, document.latest)
ORDER BY link.id
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


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentPage:
    """Documents, newest first; `next` asks for those that follow; `total` is None when it is not worth its price."""

    items: tuple[DocumentVersion, ...]
    next: str | None
    total: int | None


def document(view: Reading, document_id: str) -> Document:
    """Raises `DocumentNotFound`."""
    row = require_visible(view, document_id)
    links = links_of(view, [row.id])[row.id]
    seen = visible_targets(view, {target_of(link) for link in links})
    return Document(
        id=row.id,
        title=row.title,
        type=row.type,
        latest=version(view, row.id, row.latest),
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
    return [_version(row, each) for each in view.session.scalars(query)]


def version(view: Reading, document_id: str, n: int) -> DocumentVersion:
    """Raises `DocumentNotFound`, `VersionNotFound`."""
    row = require_visible(view, document_id)
    found = view.session.get(DocumentVersionRow, (row.id, n))
    if found is None:
        raise VersionNotFound(row.id, n)
    return _version(row, found)


def linked_documents(view: Reading, kind: str, id: str) -> list[LinkedDocument]:  # noqa: A002 -- the id of a kind
    """The documents of one target, oldest link first; empty when the actor may not see the target."""
    return documents_of(view, [Target(kind, id)])[Target(kind, id)]


def documents_of(view: Reading, targets: Collection[Target]) -> dict[Target, list[LinkedDocument]]:
    """The documents of many targets at once; a target that the actor may not see has none."""
    seen = visible_targets(view, targets)
    return {target: [] for target in targets} | attached(view, seen)


def attached(view: Reading, targets: Collection[Target]) -> dict[Target, list[LinkedDocument]]:
    """The documents of the targets, without asking for rights: for those who checked the target themselves.

    One statement, sent without SQLAlchemy's mapping: every completion of a task asks this.
    """
    found: dict[Target, list[LinkedDocument]] = {target: [] for target in targets}
    if not found:
        return found
    view.session.flush()  # what the same unit has filed counts too
    driver = view.session.connection().connection.driver_connection
    assert isinstance(driver, psycopg.Connection)
    wanted = ([target.kind for target in found], [target.id for target in found])
    for kind, target, *values in driver.execute(ATTACHED, wanted):
        found[Target(kind, target)].append(LinkedDocument(**dict(zip(ATTACHED_FIELDS, values, strict=True))))
    return found


def documents(
    view: Reading, *, q: str | None = None, after: str | None = None, limit: int = 50, mine: bool = False
) -> DocumentPage:
    """The newest version of every document that the actor may see, newest document first.

    `q` is a part of the title; `mine` keeps to those that the actor filed. Rights are asked for in batches, so a page
    costs a few questions, however many documents there are.
    """
    query = select(DocumentRow).order_by(DocumentRow.id.desc())
    if mine:
        query = query.where(DocumentRow.created_by == view.actor.id)
    if q and q.strip():
        query = query.where(DocumentRow.title.icontains(q.strip(), autoescape=True))
    rows = list(islice(_walk(view, query, after), limit + 1))
    shown = rows[:limit]
    following = shown[-1].id if len(rows) > limit else None
    return DocumentPage(items=_newest(view, shown), next=following, total=_total(view, query))


def _walk(view: Reading, query: Select[DocumentRow], after: str | None) -> Iterator[DocumentRow]:
    while True:
        part = query.limit(BATCH)
        batch = list(view.session.scalars(part if after is None else part.where(DocumentRow.id < after)))
        yield from visible_documents(view, batch)
        if len(batch) < BATCH:
            return
        after = batch[-1].id


def _total(view: Reading, query: Select[DocumentRow]) -> int | None:
    count = view.session.scalar(select(func.count()).select_from(query.order_by(None).subquery())) or 0
    if view.actor.may("document.read_all"):
        return count
    return sum(1 for _ in _walk(view, query, None)) if count <= COUNTED else None


def _newest(view: Reading, rows: Iterable[DocumentRow]) -> tuple[DocumentVersion, ...]:
    by_id = {row.id: row for row in rows}
    query = (
        select(DocumentVersionRow)
        .join(DocumentRow, (DocumentRow.id == DocumentVersionRow.document_id))
        .where(DocumentRow.id.in_(by_id), DocumentVersionRow.n == DocumentRow.latest)
        .order_by(DocumentRow.id.desc())
    )
    return tuple(_version(by_id[each.document_id], each) for each in view.session.scalars(query))


def _version(row: DocumentRow, each: DocumentVersionRow) -> DocumentVersion:
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
    }


__all__ = [
    "Document",
    "DocumentNotFound",
    "DocumentPage",
    "DocumentVersion",
    "Link",
    "LinkedDocument",
    "attached",
    "document",
    "documents",
    "documents_of",
    "linked_documents",
    "version",
    "versions",
]
