"""Filing documents and adding versions: each command with its function."""

from collections.abc import Mapping
from dataclasses import field as dataclass_field
from typing import Any

from core.errors import Conflict
from core.executor import handles
from core.ids import new_id
from core.messages import Command
from core.records import dataclass
from documents.access import VersionNotFound, links_of, lock_visible
from documents.document_types import defined, require_writable, take_fields, take_number
from documents.events import DocumentFiled, DocumentVersionAdded
from documents.fields import clean_tags
from documents.filed import Filed, post
from documents.intake import Received
from documents.links import NO_CASE, DocumentLink, LinkDocument, cases_of, link_row, require_targets, with_cases
from documents.locks import give_back, require_unlocked
from documents.models import DocumentRow, DocumentTypeRow, DocumentVersionRow
from documents.names import safe_file_name, stem_of
from documents.reminders.noting import note_reminders
from documents.states import DRAFT, move, require_open
from documents.types import HEAD, sniff
from documents.words import words
from storage.blobs.store import BlobRef, BlobStore
from storage.unit_of_work import UnitOfWork

__all__ = ["AddVersion", "DocumentLink", "FileDocument", "FiledDocument", "LinkDocument", "VersionConflict", "file"]

LONGEST_TITLE = 250  # characters
LONGEST_TYPE = 100  # characters
LONGEST_REASON = 2000  # characters
NEW_VERSION = "a new version was added"


@dataclass(frozen=True, slots=True)
class FiledDocument:
    """What filing a document or a version gives: the document, the number of the version, its SHA-256."""

    id: str
    version: int
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FileDocument(Command):
    """Make a document of content that is in the blob store; an empty title becomes the file's name."""

    title: str
    type: str | None = None
    blob: BlobRef
    file_name: str
    links: tuple[DocumentLink, ...] = ()
    reason: str | None = None
    fields: Mapping[str, Any] = dataclass_field(default_factory=dict)
    tags: tuple[str, ...] = ()
    number: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AddVersion(Command):
    """Add content as the next version; `expected_version` is the newest that the sender has seen, None for any.

    Whoever has checked the document out checks it in with that, unless they keep the lock.
    """

    document_id: str
    blob: BlobRef
    file_name: str
    reason: str | None = None
    expected_version: int | None = None
    keep_lock: bool = False


class VersionConflict(Conflict):
    """Somebody else added a version meanwhile."""

    code = "version_conflict"

    def __init__(self, document: DocumentRow, newest: DocumentVersionRow, *, expected: int | None) -> None:
        super().__init__(
            f"“{document.title}” is at version {newest.n} by now, you worked on version {expected}. Look at the newer "
            "one, then add yours on top of it.",
            document_id=document.id,
            expected_version=expected,
            version=newest.n,
            created_by=newest.created_by,
            created_at=newest.created_at.isoformat(),
        )


@handles(FileDocument, needs="document.file")
def file_document(command: FileDocument, unit: UnitOfWork) -> FiledDocument:
    """Raises `TargetNotVisible`, `TypeNotWritable`, `TypeRetired`, `InvalidInput`; the content is claimed with it."""
    require_targets(unit, [link.target for link in command.links])
    return _file(unit, command, require_writable(unit, words("type", command.type, LONGEST_TYPE), is_new=True))


def file(unit: UnitOfWork, command: FileDocument) -> FiledDocument:
    """File without asking for rights: for processes that file what they made."""
    return _file(unit, command, defined(unit, words("type", command.type, LONGEST_TYPE)))


def _file(unit: UnitOfWork, command: FileDocument, kind: DocumentTypeRow | None) -> FiledDocument:
    file_name = safe_file_name(command.file_name)
    document = DocumentRow(
        id=new_id(),
        title=words("title", command.title, LONGEST_TITLE) or stem_of(file_name)[:LONGEST_TITLE],
        type=words("type", command.type, LONGEST_TYPE),
        latest=1,
        revision=1,
        state=DRAFT,
        fields=take_fields(unit, kind, command.fields),
        tags=clean_tags(command.tags),
        number=take_number(unit, kind, command.number),
        created_at=unit.clock.now(),
        created_by=unit.actor.id,
    )
    version = _next_version(unit, document, command)
    links = [link_row(unit, document, link) for link in with_cases(unit, command.links)]
    for link in links:
        if link.version not in (None, 1):
            raise VersionNotFound(document.id, link.version)
    unit.claim(BlobRef(version.digest, version.size))
    post(unit, Filed(document, version, links))
    note_reminders(unit, document.id, {} if kind is None else kind.form, document.fields, is_new=True)
    facts = _facts(document, version) | {
        "links": [{"kind": link.kind, "id": link.target, "role": link.role} for link in links],
        "description": {"number": document.number, "tags": document.tags, "fields": document.fields},
    }
    for case_id in cases_of(unit, links) or NO_CASE:
        unit.emit(DocumentFiled(**facts, case_id=case_id))
    return FiledDocument(document.id, 1, version.digest)


@handles(AddVersion, needs="document.file")
def add_version(command: AddVersion, unit: UnitOfWork) -> FiledDocument:
    """Raises `VersionConflict` when somebody was faster, `DocumentNotFound`, `InvalidInput`.

    Raises `DocumentLocked` when somebody else has checked it out, `DocumentFinal` when it is signed or void. What was
    in review or approved is a draft again: nobody has approved the new version.
    """
    document = lock_visible(unit, command.document_id)
    require_writable(unit, document.type)
    require_unlocked(unit, document)
    require_open(document)
    before = unit.session.get_one(DocumentVersionRow, (document.id, document.latest))
    if command.expected_version not in (None, before.n):
        raise VersionConflict(document, before, expected=command.expected_version)
    added = append(unit, document, command)
    if document.state != DRAFT:
        move(unit, document, DRAFT, reason=NEW_VERSION)
    if document.checked_out_by is not None and not command.keep_lock:
        give_back(unit, document)
    return added


def append(unit: UnitOfWork, document: DocumentRow, command: AddVersion) -> FiledDocument:
    """Add a version to a locked document without asking for rights or its state: for processes that stamp or sign."""
    before = unit.session.get_one(DocumentVersionRow, (document.id, document.latest))
    document.latest += 1
    version = _next_version(unit, document, command)
    unit.claim(BlobRef(version.digest, version.size))
    unit.session.add(version)
    following = [link for link in links_of(unit, [document.id])[document.id] if link.version is None]
    for case_id in cases_of(unit, following) or NO_CASE:
        unit.emit(DocumentVersionAdded(**_facts(document, version), case_id=case_id, previous=before.digest))
    return FiledDocument(document.id, version.n, version.digest)


def _next_version(unit: UnitOfWork, document: DocumentRow, command: FileDocument | AddVersion) -> DocumentVersionRow:
    file_name = safe_file_name(command.file_name)
    return DocumentVersionRow(
        document_id=document.id,
        n=document.latest,
        digest=command.blob.digest,
        size=command.blob.size,
        media_type=sniff(_head(unit, command.blob), file_name),
        file_name=file_name,
        reason=words("reason", command.reason, LONGEST_REASON),
        created_at=unit.clock.now(),
        created_by=unit.actor.id,
    )


def _head(unit: UnitOfWork, blob: BlobRef) -> bytes:
    """The first bytes: those that the intake kept, or those in the store for content that came another way."""
    if isinstance(blob, Received):
        return blob.head
    with unit.port(BlobStore).open(blob.digest, length=HEAD) as stored:
        return stored.read()


def _facts(document: DocumentRow, version: DocumentVersionRow) -> dict[str, Any]:
    return {
        "document_id": document.id,
        "version": version.n,
        "digest": version.digest,
        "title": document.title,
        "document_type": document.type,
        "size": version.size,
        "media_type": version.media_type,
        "file_name": version.file_name,
        "reason": version.reason,
        "created_at": version.created_at,
    }
