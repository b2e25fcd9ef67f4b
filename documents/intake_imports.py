"""Taking over files of a folder: each once, however often the order is given again."""

from sqlalchemy import select

from core.executor import handles
from core.messages import Command
from core.records import dataclass
from documents.filing import FileDocument, file_document
from documents.intake_arrivals import FolderFile
from documents.intake_models import TakenFileRow
from documents.links import DocumentLink, LinkDocument, link_document
from documents.models import DocumentVersionRow
from storage.blobs.store import BlobRef
from storage.unit_of_work import Reading, UnitOfWork

FILED, COPY, KNOWN = "filed", "copy", "known"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportFile(Command):
    """File one file of a folder; `files_copies` says whether content that is filed already is filed once more."""

    blob: BlobRef
    file_name: str
    file: FolderFile
    type: str | None = None
    links: tuple[DocumentLink, ...] = ()
    files_copies: bool = False


@handles(ImportFile, needs="document.file")
def import_file(command: ImportFile, unit: UnitOfWork) -> str:
    """`filed`, `known` when it was taken before, `copy` when its content is filed: then that is linked instead."""
    at = command.file
    if unit.session.get(TakenFileRow, (at.source, at.path, at.mark)) is not None:
        return KNOWN
    document_id, outcome = _existing(command, unit), COPY
    if document_id is None:
        filing = FileDocument(
            title="",
            type=command.type,
            blob=command.blob,
            file_name=command.file_name,
            links=command.links,
            reason="taken over from a folder",
        )
        document_id, outcome = file_document(filing, unit).id, FILED
    else:
        for link in command.links:
            link_document(LinkDocument(document_id=document_id, link=link), unit)
    unit.session.add(
        TakenFileRow(
            source=at.source,
            path=at.path,
            mark=at.mark,
            digest=command.blob.digest,
            document_id=document_id,
            at=unit.clock.now(),
        )
    )
    return outcome


def taken(view: Reading, source: str) -> set[tuple[str, str]]:
    """Path and mark of every file that was taken from a source."""
    query = select(TakenFileRow.path, TakenFileRow.mark).where(TakenFileRow.source == source)
    return {(path, mark) for path, mark in view.session.execute(query)}


def _existing(command: ImportFile, unit: UnitOfWork) -> str | None:
    if command.files_copies:
        return None
    query = select(DocumentVersionRow.document_id).where(DocumentVersionRow.digest == command.blob.digest)
    return unit.session.scalar(query.order_by(DocumentVersionRow.document_id).limit(1))
