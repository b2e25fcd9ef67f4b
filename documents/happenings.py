"""What every event of a document tells: which document, at which version, with which content, in which case."""

from typing import Any

from documents.access import links_of
from documents.links import NO_CASE, cases_of
from documents.models import DocumentRow, DocumentVersionRow
from storage.unit_of_work import UnitOfWork


def facts_of(unit: UnitOfWork, document: DocumentRow) -> dict[str, Any]:
    """The fields that all events of documents have, but for the case."""
    newest = unit.session.get_one(DocumentVersionRow, (document.id, document.latest))
    return {
        "document_id": document.id,
        "version": newest.n,
        "digest": newest.digest,
        "title": document.title,
        "document_type": document.type,
    }


def cases_for(unit: UnitOfWork, document: DocumentRow) -> list[str | None]:
    """The cases whose trails show what happens to the document; one None where it belongs to no case."""
    return cases_of(unit, links_of(unit, [document.id])[document.id]) or NO_CASE
