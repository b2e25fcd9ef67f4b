"""What a version was made from, written once and read by whoever sees the version."""

from collections.abc import Sequence

from sqlalchemy import select

from core.records import dataclass
from documents.access import require_visible, visible_documents
from documents.models import DocumentRow
from documents.packages.models import DocumentSourceRow
from storage.unit_of_work import Reading, UnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A document that a version was made from, as it was then."""

    document_id: str
    n: int
    digest: str
    title: str
    purpose: str  # package, approval, seal, template
    first_page: int | None = None  # of the result, from 1
    pages: int = 0


def note_sources(
    unit: UnitOfWork, document_id: str, n: int, sources: Sequence[Source], *, step: str | None = None
) -> None:
    """Say what a version was made from; `step` names the step of a process that made it."""
    unit.session.flush()  # the version stands before what tells of it
    unit.session.add_all(
        DocumentSourceRow(
            document_id=document_id,
            n=n,
            position=position,
            source_id=each.document_id,
            source_n=each.n,
            digest=each.digest,
            title=each.title,
            purpose=each.purpose,
            first_page=each.first_page,
            pages=each.pages,
            step=step,
        )
        for position, each in enumerate(sources, 1)
    )


def sources(view: Reading, document_id: str, n: int) -> list[Source]:
    """What a version was made from, in its order. Raises `DocumentNotFound`."""
    row = require_visible(view, document_id)
    query = (
        select(DocumentSourceRow)
        .where(DocumentSourceRow.document_id == row.id, DocumentSourceRow.n == n)
        .order_by(DocumentSourceRow.position)
    )
    return [
        Source(
            document_id=each.source_id,
            n=each.source_n,
            digest=each.digest,
            title=each.title,
            purpose=each.purpose,
            first_page=each.first_page,
            pages=each.pages,
        )
        for each in view.session.scalars(query)
    ]


def visible_ids(view: Reading, ids: Sequence[str]) -> frozenset[str]:
    """Those of the documents that the actor may see."""
    rows = list(view.session.scalars(select(DocumentRow).where(DocumentRow.id.in_(ids)))) if ids else []
    return frozenset(row.id for row in visible_documents(view, rows))
