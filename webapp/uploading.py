"""Files that arrive in pieces: pieces go to the data folder, whole files to the blob store, then to the commands."""

from __future__ import annotations

import os
from datetime import timedelta

from flask import request
from werkzeug.exceptions import ClientDisconnected

from core.errors import IncompleteUpload, TooLarge
from documents import intake_uploads
from documents.filing import FiledDocument
from documents.intake import receive
from documents.intake_uploads import (
    DigestMismatch,
    DropUpload,
    FileUpload,
    NoteStored,
    StartUpload,
    Upload,
    UploadUnfinished,
)
from storage.blobs.parts import Checksum
from storage.blobs.store import Readable
from webapp.web import application, run, view


def start(file_name: str, size: int, declared: dict[str, str]) -> Upload:
    """Begin an upload. Raises `TooLarge`, `QuotaExceeded`, `StorageFull`."""
    settings = application().settings
    command = StartUpload(
        file_name=file_name,
        size=size,
        declared=declared,
        limit=settings.max_upload,
        quota=settings.upload_quota,
        kept=timedelta(seconds=settings.upload_kept),
    )
    begun: Upload = run(command)
    application().parts.create(begun.id)
    return begun


def state(upload_id: str) -> tuple[Upload, int]:
    """An upload of mine, and how many bytes of it have arrived. Raises `UploadNotFound`, `PartMissing`."""
    with view() as reading:
        found = intake_uploads.upload(reading, upload_id)
    return found, offset_of(found)


def offset_of(found: Upload) -> int:
    """How many bytes of it have arrived."""
    return found.size if found.digest is not None else application().parts.offset(found.id)


def append(upload_id: str, offset: int, checksum: Checksum | None) -> tuple[Upload, int]:
    """Add the body of this request to an upload of mine; returns how far it is now."""
    with view() as reading:
        found = intake_uploads.upload(reading, upload_id)
    if found.digest is not None:
        return found, found.size
    room = found.size - offset
    if request.content_length is not None and request.content_length > room:
        raise TooLarge(f"The file was to have {found.size} bytes; what is sent now does not fit into it.", size=room)
    request.max_content_length = None  # the length of the whole was checked when it began
    return found, application().parts.append(upload_id, offset, _Body(request.stream), room=room, checksum=checksum)


def finish(command: FileUpload) -> FiledDocument:
    """Make a document of a file that has arrived. Raises what `FileUpload` raises."""
    _store(command.upload_id)
    filed: FiledDocument = run(command)
    return filed


def verify(upload_id: str, expected: str | None) -> str:
    """The digest of a file that has arrived. Raises `DigestMismatch`, `UploadUnfinished`."""
    digest = _store(upload_id)
    if expected is not None and expected.lower() != digest:
        raise DigestMismatch(expected.lower(), digest)
    return digest


def drop(upload_id: str) -> None:
    """Throw an upload of mine away."""
    run(DropUpload(upload_id=upload_id))
    application().parts.remove(upload_id)


def _store(upload_id: str) -> str:
    """Move a whole file into the blob store, unless that was done before; returns its digest."""
    here = application()
    with view() as reading:
        found = intake_uploads.upload(reading, upload_id)
    if found.digest is not None:
        return found.digest
    with here.parts.open(upload_id) as file:
        arrived = os.fstat(file.fileno()).st_size
        if arrived != found.size:
            raise UploadUnfinished(found, arrived)
        stored = receive(file, announced=found.size, limit=found.size, store=here.blobs, announce=here.staging.announce)
    kept = timedelta(seconds=here.settings.blob_grace) / 2  # the sweeper of blobs comes later
    run(NoteStored(upload_id=upload_id, digest=stored.digest, kept=kept))
    here.parts.remove(upload_id)
    return stored.digest


class _Body:
    """A request's body; when it breaks off, what came stays and the sender asks how much that is."""

    def __init__(self, stream: Readable) -> None:
        self._stream = stream

    def read(self, size: int, /) -> bytes:
        try:
            return self._stream.read(size)
        except (ClientDisconnected, OSError) as error:
            raise IncompleteUpload("The connection broke off. Ask how much has arrived, then send the rest.") from error
