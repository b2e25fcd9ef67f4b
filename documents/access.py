"""Who may see a document: whoever filed it, who may see all, and whoever sees anything that it is linked to.

A type of documents may name the roles that read it: then seeing a case or a customer is not enough.
"""

from collections.abc import Collection, Mapping
from typing import NamedTuple, Protocol

from sqlalchemy import ColumnElement, func, or_, select, true

from core.errors import NotFound
from core.identity import Actor
from documents.models import DocumentLinkRow, DocumentRow, DocumentTypeRow
from documents.records.tombstones import refuse_destroyed
from storage.orm import among
from storage.unit_of_work import Reading, UnitOfWork

DOCUMENT = "document"  # the kind of a link from a document to another one that it belongs to
LEVELS = 8  # documents that belong to documents, one inside the other


class Target(NamedTuple):
    """What a document can be linked to: a `task`, a `case`, a `document`, or an entity such as `crm.customer`.

    A tuple, since lists ask for the rights of thousands of them at once.
    """

    kind: str
    id: str


class LinkRights(Protocol):
    """What documents ask about the things that they are linked to; the composition root fills it."""

    def visible(self, reading: Reading, targets: Collection[Target]) -> Collection[Target]:
        """Those of the targets that exist and that the actor may see; asked for many at once."""

    def cases(self, reading: Reading, targets: Collection[Target]) -> dict[Target, str]:
        """The case that a target belongs to: a task's instance; targets without a case are left out."""


class DocumentNotFound(NotFound):
    """No such document, or the caller may not know that it exists."""

    code = "document_not_found"

    def __init__(self, document_id: str) -> None:
        super().__init__(
            f"There is no document {document_id}, or you may not see it. Ask whoever filed it to link it to your case.",
            document_id=document_id,
        )


class VersionNotFound(NotFound):
    """The document exists, this version of it does not."""

    code = "version_not_found"

    def __init__(self, document_id: str, n: int) -> None:
        super().__init__(f"Document {document_id} has no version {n}.", document_id=document_id, version=n)


def links_of(reading: Reading, document_ids: Collection[str]) -> dict[str, list[DocumentLinkRow]]:
    """All links of some documents, by document, without asking for rights."""
    found: dict[str, list[DocumentLinkRow]] = {document_id: [] for document_id in document_ids}
    query = select(DocumentLinkRow).where(DocumentLinkRow.document_id.in_(found)).order_by(DocumentLinkRow.id)
    for row in reading.session.scalars(query):
        found[row.document_id].append(row)
    return found


def readable(actor: Actor) -> ColumnElement[bool]:
    """Whether the type of a document lets the actor read it: for the WHERE of queries that select from `document`."""
    if actor.may("document.read_all"):
        return true()
    closed = select(DocumentTypeRow.key).where(
        DocumentTypeRow.key == DocumentRow.type,
        func.cardinality(DocumentTypeRow.readers) > 0,
        ~DocumentTypeRow.readers.overlap(sorted(actor.roles)),
    )
    return or_(DocumentRow.created_by == actor.id, ~closed.exists())


def _open_links(
    reading: Reading, document_ids: Collection[str], *, are_readable: bool = False
) -> dict[str, list[Target]]:
    """What those documents are linked to whose type the actor may read; `are_readable`: that was asked already."""
    link = DocumentLinkRow
    query = select(link.document_id, link.kind, link.target).where(among(link.document_id, document_ids))
    if not are_readable:
        query = query.join(DocumentRow, DocumentRow.id == link.document_id).where(readable(reading.actor))
    found: dict[str, list[Target]] = {document_id: [] for document_id in document_ids}
    for document_id, kind, target in reading.session.execute(query):
        found[document_id].append(Target(kind, target))
    return found


def visible_targets(reading: Reading, targets: Collection[Target], *, levels: int = LEVELS) -> frozenset[Target]:
    """Those of the targets that the actor may see; all of them for who may see all documents.

    A document can belong to another one, as an attachment does to its message: who sees that one sees it too.
    """
    if not targets or reading.actor.may("document.read_all"):
        return frozenset(targets)
    seen = set(reading.port(LinkRights).visible(reading, targets))
    above = {target.id for target in targets if target.kind == DOCUMENT}
    if above and levels:
        rows = reading.session.scalars(select(DocumentRow).where(DocumentRow.id.in_(above))).all()
        seen |= {Target(DOCUMENT, row.id) for row in visible_documents(reading, rows, levels=levels - 1)}
    return frozenset(seen)


def visible_documents(reading: Reading, rows: Collection[DocumentRow], *, levels: int = LEVELS) -> list[DocumentRow]:
    """Those of the documents that the actor may see, in their order; a few questions, however many there are."""
    seen = visible_of(reading, {row.id: row.created_by for row in rows}, levels=levels)
    return [row for row in rows if row.id in seen]


def visible_of(
    reading: Reading, owners: Mapping[str, str], *, levels: int = LEVELS, are_readable: bool = False
) -> Collection[str]:
    """Those of some documents that the actor may see; `owners` maps each id to who filed it.

    `are_readable`: their types were asked already, as the WHERE `readable` does.
    """
    if reading.actor.may("document.read_all"):
        return owners.keys()
    others = [document_id for document_id, owner in owners.items() if owner != reading.actor.id]
    links = _open_links(reading, others, are_readable=are_readable) if others else {}
    seen = visible_targets(reading, {target for each in links.values() for target in each}, levels=levels)
    return {each for each in owners if each not in links or not seen.isdisjoint(links[each])}


def require_visible(reading: Reading, document_id: str) -> DocumentRow:
    """The document. Raises `DocumentNotFound` also when the actor may not see it, `DocumentDestroyed`."""
    row = reading.session.get(DocumentRow, document_id)
    if row is None or not visible_documents(reading, [row]):
        raise DocumentNotFound(document_id)
    refuse_destroyed(reading, row)
    return row


def lock_visible(unit: UnitOfWork, document_id: str) -> DocumentRow:
    """The document, locked until the unit ends. Raises what `require_visible` does."""
    row = unit.session.get(DocumentRow, document_id, with_for_update=True, populate_existing=True)
    if row is None or not visible_documents(unit, [row]):
        raise DocumentNotFound(document_id)
    refuse_destroyed(unit, row)
    return row


def target_of(link: DocumentLinkRow) -> Target:
    """What a link points to."""
    return Target(link.kind, link.target)
