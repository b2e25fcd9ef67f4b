"""Restoring an earlier version: its content becomes the newest version, and nothing in between is lost."""

from core.errors import InvalidInput
from core.executor import handles
from core.messages import Command
from core.records import dataclass
from documents.access import VersionNotFound, lock_visible
from documents.filing import AddVersion, FiledDocument, add_version
from documents.models import DocumentVersionRow
from storage.blobs.store import BlobRef
from storage.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreVersion(Command):
    """Make the content of an earlier version the newest; `expected_version` is the newest that the sender has seen."""

    document_id: str
    n: int
    reason: str | None = None
    expected_version: int | None = None


@handles(RestoreVersion, needs="document.file")
def restore_version(command: RestoreVersion, unit: UnitOfWork) -> FiledDocument:
    """Raises what `AddVersion` raises, `VersionNotFound`, and `InvalidInput` for the newest version itself."""
    document = lock_visible(unit, command.document_id)
    row = unit.session.get(DocumentVersionRow, (document.id, command.n))
    if row is None:
        raise VersionNotFound(document.id, command.n)
    if row.n == document.latest:
        sentence = f"Version {row.n} is the newest already."
        raise InvalidInput(sentence, fields={"/version": sentence})
    again = AddVersion(
        document_id=document.id,
        blob=BlobRef(row.digest, row.size),
        file_name=row.file_name,
        reason=command.reason or f"version {row.n} again",
        expected_version=command.expected_version,
    )
    return add_version(again, unit)
