"""Multipart bodies, read part by part straight into the blob store: no byte is spooled and none is held in memory."""

from __future__ import annotations

from typing import Any

from flask import request

from core.errors import InvalidInput, TooLarge
from core.records import dataclass
from documents.intake import Received, receive
from storage.blobs.store import Readable
from webapp.errors import UnsupportedMedia
from webapp.multipart import PIECE, MultipartReader
from webapp.web import application

LONGEST_BOUNDARY = 200  # characters; RFC 2046, section 5.1.1, allows 70, which not all programs keep to
ENVELOPE = 1 << 20  # bytes that boundaries and text fields may add to the file itself
MOST_SMALL = 32 << 20  # bytes of all files of a deployment


@dataclass(frozen=True, slots=True)
class ReceivedFile:
    """A file that is in the blob store but belongs to nothing yet, and the text fields that came with it."""

    blob: Received
    file_name: str
    fields: dict[str, str]


@dataclass(frozen=True, slots=True)
class SmallFile:
    """A file in memory."""

    name: str
    content: bytes


def receive_file(name: str = "file") -> ReceivedFile:
    """Store the one file of a multipart request.

    Raises `InvalidInput` when the file is missing, `TooLarge`, `IncompleteUpload`, `StorageFull`.
    """
    body = _body()
    stored: tuple[Received, str] | None = None
    for part in body.parts():
        if part.file_name is None:
            continue
        if part.name != name or stored is not None:
            raise InvalidInput(f"Send one file, in the field {name}.", fields={f"/{part.name}": "one file only"})
        stored = store(part), part.file_name
    if stored is None:
        raise InvalidInput(f"The request has no file; send it in the field {name}.", fields={f"/{name}": "is missing"})
    return ReceivedFile(*stored, body.fields)


def receive_small_files(name: str = "file") -> tuple[list[SmallFile], dict[str, str]]:
    """The files of a multipart request in memory, for what is small by nature, and the text fields beside them."""
    body = _body(limit=MOST_SMALL)
    files = []
    budget = MOST_SMALL
    for part in body.parts():
        if part.file_name is None or part.name != name:
            continue
        content = bytearray()
        while piece := part.read(PIECE):
            content += piece
            if len(content) > budget:
                raise TooLarge(f"All files together may have {MOST_SMALL >> 20} MiB at most.", limit=MOST_SMALL)
        budget -= len(content)
        files.append(SmallFile(part.file_name, bytes(content)))
    if not files:
        raise InvalidInput(f"The request has no file; send files in the field {name}.", fields={f"/{name}": "missing"})
    return files, body.fields


def store(source: Readable) -> Received:
    """Put what `source` gives into the blob store, within the limit of this installation."""
    here = application()
    return receive(
        source,
        announced=None,
        limit=here.settings.max_upload,
        store=here.blobs,
        announce=here.staging.announce,
    )


def _body(*, limit: int | None = None) -> MultipartReader:
    """The body of this request. Raises `UnsupportedMedia`, and `TooLarge` before anything is read."""
    most = limit or application().settings.max_upload
    if request.content_length is not None and request.content_length > most + ENVELOPE:
        raise TooLarge(f"The upload is larger than {most >> 20} MiB, the most that is accepted here.", limit=most)
    request.max_content_length = None  # the file itself is measured while it is stored
    boundary = request.mimetype_params.get("boundary", "")
    if request.mimetype != "multipart/form-data" or not 0 < len(boundary) <= LONGEST_BOUNDARY:
        raise UnsupportedMedia("Send the file as multipart/form-data.")
    return MultipartReader(request.stream, boundary.encode("latin-1", "replace"))


def optional(fields: dict[str, Any], name: str) -> str | None:
    """A text field, None when it is absent or blank."""
    text = str(fields.get(name, "")).strip()
    return text or None
