"""The same content filed before: said of documents that the actor may see, and only hinted at of all others."""

from sqlalchemy import select

from core.errors import Conflict
from core.records import dataclass
from documents.access import visible_documents
from documents.models import DocumentRow, DocumentVersionRow
from storage.unit_of_work import Reading

MOST = 20  # documents of the same content that are looked at


@dataclass(frozen=True, slots=True, kw_only=True)
class SameContent:
    """A version of a document that has these very bytes."""

    document_id: str
    title: str
    n: int
    file_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Duplicates:
    """Where content is filed already: as the actor may see, and whether also where they may not."""

    documents: tuple[SameContent, ...]
    is_hidden: bool

    def __bool__(self) -> bool:
        return bool(self.documents) or self.is_hidden


class AlreadyFiled(Conflict):
    """The very same bytes are filed; the sender chooses what to do."""

    code = "already_filed"

    def __init__(self, found: Duplicates) -> None:
        super().__init__(
            sentence(found),
            documents=[
                {"id": each.document_id, "title": each.title, "version": each.n, "file_name": each.file_name}
                for each in found.documents
            ],
        )


def same_content(view: Reading, digest: str, *, besides: str | None = None) -> Duplicates:
    """The documents with these bytes in any version, newest first; `besides` leaves one document out."""
    versions = view.session.scalars(
        select(DocumentVersionRow)
        .where(DocumentVersionRow.digest == digest, DocumentVersionRow.document_id != (besides or ""))
        .order_by(DocumentVersionRow.document_id.desc(), DocumentVersionRow.n.desc())
        .limit(MOST)
    ).all()
    if not versions:
        return Duplicates(documents=(), is_hidden=False)
    ids = {each.document_id for each in versions}
    rows = view.session.scalars(select(DocumentRow).where(DocumentRow.id.in_(ids))).all()
    seen = {row.id: row for row in visible_documents(view, rows)}
    newest: dict[str, SameContent] = {}
    for each in versions:
        if each.document_id in seen:
            row = seen[each.document_id]
            newest.setdefault(
                row.id, SameContent(document_id=row.id, title=row.title, n=each.n, file_name=each.file_name)
            )
    return Duplicates(documents=tuple(newest.values()), is_hidden=len(seen) < len(ids))


def sentence(found: Duplicates) -> str:
    """What people are told."""
    if not found.documents:
        return "A file with the same content is filed already, where you may not see it. You can file yours as well."
    first, *others = found.documents
    more = f" and {len(others)} more" if others else ""
    return f"This file is already filed as “{first.title}”, version {first.n}{more}."
