"""Giving out content: who got which version stands in the trail."""

from core.executor import handles
from core.messages import Command
from core.records import dataclass
from documents.access import VersionNotFound, links_of, require_visible
from documents.events import DocumentRead
from documents.links import cases_of
from documents.models import DocumentVersionRow
from storage.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadDocument(Command):
    """Ask for the content of a version; who got it stands in the trail, of `case_id` where one is named."""

    document_id: str
    n: int
    case_id: str | None = None


@dataclass(frozen=True, slots=True)
class Content:
    """What is needed to send a version to a reader."""

    digest: str
    size: int  # bytes
    media_type: str
    file_name: str


@handles(ReadDocument, needs=None)
def read_document(command: ReadDocument, unit: UnitOfWork) -> Content:
    """What to send; the reading is in the trail. Raises `DocumentNotFound`, `VersionNotFound`."""
    document = require_visible(unit, command.document_id)
    version = unit.session.get(DocumentVersionRow, (document.id, command.n))
    if version is None:
        raise VersionNotFound(document.id, command.n)
    cases = cases_of(unit, links_of(unit, [document.id])[document.id])
    unit.emit(
        DocumentRead(
            document_id=document.id,
            version=version.n,
            digest=version.digest,
            title=document.title,
            document_type=document.type,
            case_id=command.case_id if command.case_id in cases else next(iter(cases), None),
        )
    )
    return Content(version.digest, version.size, version.media_type, version.file_name)
