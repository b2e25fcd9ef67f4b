"""Uploads that go on where they broke off: begun, stored, filed once, or forgotten; each command with its function."""

import hashlib
from dataclasses import field
from datetime import datetime, timedelta
from typing import Any, ClassVar

from sqlalchemy import delete, func, select

from core.errors import InvalidInput, NotFound, TooLarge
from core.executor import handles
from core.ids import new_id
from core.messages import Command
from core.records import dataclass
from documents.filing import AddVersion, FiledDocument, FileDocument, add_version, file_document
from documents.intake_duplicates import AlreadyFiled, same_content
from documents.intake_models import UploadRow
from documents.links import DocumentLink
from documents.names import safe_file_name
from storage.blobs.store import BlobRef
from storage.unit_of_work import Reading, UnitOfWork

MOST = 1000  # uploads that one person may have under way
ASK, FILE = "ask", "file"
NAMESPACE = b"obieg.uploads:"  # keeps our advisory locks apart from those of others


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A file that arrives in pieces; `digest` once all of it is stored, `document_id` once it is filed."""

    id: str
    file_name: str
    size: int  # bytes
    declared: dict[str, str]
    digest: str | None
    document_id: str | None
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class StartUpload(Command):
    """Announce a file of `size` bytes; `quota` is how many bytes one person may have under way, for `kept`."""

    file_name: str
    size: int
    declared: dict[str, str] = field(default_factory=dict)
    limit: int
    quota: int
    kept: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteStored(Command):
    """All of the file is in the blob store under this digest; `kept` is how long it may wait there."""

    upload_id: str
    digest: str
    kept: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class FileUpload(Command):
    """Make a document of an upload, or the next version of one; a second time answers as the first.

    `digest` is what the sender says the bytes are; `duplicates` is `ask` (refuse content that is filed already) or
    `file` (file it all the same).
    """

    upload_id: str
    title: str = ""
    type: str | None = None
    links: tuple[DocumentLink, ...] = ()
    reason: str | None = None
    digest: str | None = None
    document_id: str | None = None
    expected_version: int | None = None
    duplicates: str = ASK


@dataclass(frozen=True, slots=True, kw_only=True)
class DropUpload(Command):
    """Forget an upload."""

    upload_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ForgetUploads(Command):
    """Forget all uploads whose time is over."""

    quiet: ClassVar[bool] = True


class UploadNotFound(NotFound):
    """No such upload, or it is somebody else's, or its time is over."""

    code = "upload_not_found"

    def __init__(self, upload_id: str) -> None:
        super().__init__(
            "This upload is unknown here: it is finished, cancelled, too old, or somebody else's. Send the file again.",
            id=upload_id,
        )


class QuotaExceeded(TooLarge):
    """The person has too much under way."""

    code = "upload_quota_exceeded"


class UploadUnfinished(InvalidInput):
    """The file has not arrived yet."""

    code = "upload_unfinished"

    def __init__(self, upload: Upload, offset: int | None = None) -> None:
        arrived = "" if offset is None else f"{offset} of "
        super().__init__(f"{arrived}{upload.size} bytes have arrived; send the rest first.", offset=offset)


class DigestMismatch(InvalidInput):
    """What arrived is not what the sender says it is."""

    code = "digest_mismatch"

    def __init__(self, expected: str, found: str) -> None:
        super().__init__(
            "The file changed on its way: its SHA-256 is not the one that was sent with it. Nothing was filed; send it "
            "again.",
            expected=expected,
            found=found,
        )


@handles(StartUpload, needs="document.file")
def start_upload(command: StartUpload, unit: UnitOfWork) -> Upload:
    """Raises `TooLarge`, `QuotaExceeded`, `InvalidInput`."""
    if command.size < 0:
        raise InvalidInput("The length of a file is 0 or more bytes.", fields={"/size": "0 or more"})
    if command.size > command.limit:
        raise TooLarge(
            f"The file is larger than {command.limit >> 20} MiB, the most that is accepted here. Send a smaller one, "
            "or ask your administrator to raise OBIEG_MAX_UPLOAD.",
            limit=command.limit,
        )
    unit.session.execute(select(func.pg_advisory_xact_lock(_lock_key(unit.actor.id))))  # one count at a time
    now = unit.clock.now()
    mine = (UploadRow.owner == unit.actor.id, UploadRow.document_id.is_(None), UploadRow.expires_at > now)
    count, total = unit.session.execute(select(func.count(), func.sum(UploadRow.size)).where(*mine)).one()
    size = int(total or 0)
    if count >= MOST or size + command.size > command.quota:
        raise QuotaExceeded(
            f"You have {count} files with {size >> 20} MiB under way, and {command.quota >> 20} MiB is the most. "
            "Finish or cancel some of them first.",
            uploads=count,
            bytes=size,
            quota=command.quota,
        )
    row = UploadRow(
        id=new_id(),
        owner=unit.actor.id,
        file_name=safe_file_name(command.file_name),
        size=command.size,
        declared=command.declared,
        created_at=now,
        expires_at=now + command.kept,
    )
    unit.session.add(row)
    return _upload(row)


@handles(NoteStored, needs="document.file")
def note_stored(command: NoteStored, unit: UnitOfWork) -> Upload:
    """Raises `UploadNotFound`."""
    row = _locked(unit, command.upload_id)
    row.digest = command.digest
    row.expires_at = min(row.expires_at, unit.clock.now() + command.kept)
    return _upload(row)


@handles(FileUpload, needs="document.file")
def file_upload(command: FileUpload, unit: UnitOfWork) -> FiledDocument:
    """Raises `UploadNotFound`, `UploadUnfinished`, `DigestMismatch`, `AlreadyFiled`, and what filing raises."""
    row = _locked(unit, command.upload_id)
    if row.digest is None:
        raise UploadUnfinished(_upload(row))
    if row.document_id is not None and row.n is not None:
        return FiledDocument(row.document_id, row.n, row.digest)
    expected = (command.digest or row.declared.get("sha256") or row.digest).lower()
    if expected != row.digest:
        raise DigestMismatch(expected, row.digest)
    if command.duplicates == ASK and (found := same_content(unit, row.digest)):
        raise AlreadyFiled(found)
    filed = _file(command, row, unit)
    row.document_id, row.n = filed.id, filed.version
    return filed


def _file(command: FileUpload, row: UploadRow, unit: UnitOfWork) -> FiledDocument:
    shared: dict[str, Any] = {
        "blob": BlobRef(row.digest or "", row.size),
        "file_name": row.file_name,
        "reason": command.reason,
    }
    if command.document_id is not None:
        return add_version(
            AddVersion(document_id=command.document_id, expected_version=command.expected_version, **shared), unit
        )
    return file_document(FileDocument(title=command.title, type=command.type, links=command.links, **shared), unit)


@handles(DropUpload, needs=None)
def drop_upload(command: DropUpload, unit: UnitOfWork) -> None:
    """Raises `UploadNotFound`; a document that was made of it stays."""
    unit.session.delete(_locked(unit, command.upload_id))


@handles(ForgetUploads, needs="document.file")
def forget_uploads(command: ForgetUploads, unit: UnitOfWork) -> int:
    """How many were forgotten; their pieces go with the next sweep."""
    del command
    gone = unit.session.execute(
        delete(UploadRow).where(UploadRow.expires_at <= unit.clock.now()).returning(UploadRow.id)
    ).all()
    return len(gone)


def upload(view: Reading, upload_id: str) -> Upload:
    """One of the actor's own uploads. Raises `UploadNotFound`."""
    row = view.session.get(UploadRow, upload_id)
    return _upload(_own(view, row, upload_id))


def uploads(view: Reading) -> list[Upload]:
    """The actor's own uploads that are not filed yet, newest first."""
    mine = (UploadRow.owner == view.actor.id, UploadRow.document_id.is_(None), UploadRow.expires_at > view.clock.now())
    return [_upload(row) for row in view.session.scalars(select(UploadRow).where(*mine).order_by(UploadRow.id.desc()))]


def unfinished(view: Reading, ids: list[str]) -> set[str]:
    """Those of the ids that are uploads of anybody whose pieces are still needed, for whoever tidies up."""
    wanted = select(UploadRow.id).where(UploadRow.id.in_(ids), UploadRow.digest.is_(None))
    return set(view.session.scalars(wanted))


def _locked(unit: UnitOfWork, upload_id: str) -> UploadRow:
    row = unit.session.get(UploadRow, upload_id, with_for_update=True, populate_existing=True)
    return _own(unit, row, upload_id)


def _own(view: Reading, row: UploadRow | None, upload_id: str) -> UploadRow:
    if row is None or row.owner != view.actor.id or row.expires_at <= view.clock.now():
        raise UploadNotFound(upload_id)
    return row


def _lock_key(owner: str) -> int:
    return int.from_bytes(hashlib.sha256(NAMESPACE + owner.encode()).digest()[:8], signed=True)


def _upload(row: UploadRow) -> Upload:
    return Upload(
        id=row.id,
        file_name=row.file_name,
        size=row.size,
        declared=row.declared,
        digest=row.digest,
        document_id=row.document_id,
        created_at=row.created_at,
        expires_at=row.expires_at,
    )
