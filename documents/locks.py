"""Checking documents out and in: while somebody works on a document, only they add versions or describe it."""

from core.errors import Conflict, InvalidInput
from core.executor import handles
from core.messages import Command
from core.records import dataclass
from documents.access import lock_visible
from documents.document_types import require_writable
from documents.events import DocumentCheckedOut, DocumentGivenBack
from documents.happenings import cases_for, facts_of
from documents.models import DocumentRow
from documents.words import words
from storage.unit_of_work import UnitOfWork

LONGEST_REASON = 2000  # characters


@dataclass(frozen=True, slots=True, kw_only=True)
class LockDocument(Command):
    """Check a document out; doing it twice changes nothing."""

    document_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UnlockDocument(Command):
    """Give a document back without a new version; somebody else's lock is broken with a reason."""

    document_id: str
    reason: str | None = None


class DocumentLocked(Conflict):
    """Somebody else has checked the document out."""

    code = "document_locked"

    def __init__(self, document: DocumentRow) -> None:
        since = "" if document.checked_out_at is None else f" since {document.checked_out_at.isoformat()}"
        super().__init__(
            f"{document.checked_out_by} has checked “{document.title}” out{since}. Wait until they give it back, or "
            "ask an administrator to break the lock.",
            document_id=document.id,
            checked_out_by=document.checked_out_by,
        )


@handles(LockDocument, needs="document.file")
def lock_document(command: LockDocument, unit: UnitOfWork) -> None:
    """Raises `DocumentNotFound`, `TypeNotWritable`, `DocumentLocked`."""
    document = lock_visible(unit, command.document_id)
    if document.checked_out_by == unit.actor.id:
        return
    require_writable(unit, document.type)
    require_unlocked(unit, document)
    document.checked_out_by, document.checked_out_at = unit.actor.id, unit.clock.now()
    for case_id in cases_for(unit, document):
        unit.emit(DocumentCheckedOut(**facts_of(unit, document), case_id=case_id))


@handles(UnlockDocument, needs="document.file")
def unlock_document(command: UnlockDocument, unit: UnitOfWork) -> None:
    """What nobody holds stays as it is. Raises `DocumentNotFound`, `DocumentLocked`, `InvalidInput`."""
    document = lock_visible(unit, command.document_id)
    if document.checked_out_by is None:
        return
    if document.checked_out_by != unit.actor.id:
        if not unit.actor.may("document.administer"):
            raise DocumentLocked(document)
        if not words("reason", command.reason, LONGEST_REASON):
            sentence = "Say why you break the lock; it stands in the trail."
            raise InvalidInput(sentence, fields={"/reason": sentence})
    give_back(unit, document, reason=command.reason)


def require_unlocked(unit: UnitOfWork, document: DocumentRow) -> None:
    """Raise `DocumentLocked` when somebody else has the document checked out."""
    if document.checked_out_by not in (None, unit.actor.id):
        raise DocumentLocked(document)


def give_back(unit: UnitOfWork, document: DocumentRow, *, reason: str | None = None) -> None:
    """Free a locked row's document and say so in the trail."""
    holder = str(document.checked_out_by)
    document.checked_out_by = document.checked_out_at = None
    why = words("reason", reason, LONGEST_REASON)
    for case_id in cases_for(unit, document):
        unit.emit(
            DocumentGivenBack(
                **facts_of(unit, document),
                case_id=case_id,
                holder=holder,
                broken=holder != unit.actor.id,
                reason=why,
            )
        )
