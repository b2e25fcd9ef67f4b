"""Multipart bodies, read part by part straight into the blob store: no byte is spooled and none is held in memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from flask import request
from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge
from werkzeug.sansio.multipart import NEED_DATA, Data, Epilogue, Event, Field, File, MultipartDecoder, Preamble

from core.errors import IncompleteUpload, InvalidInput, TooLarge
from documents.intake import Received, receive
from storage.blobs.store import Readable
from webapp.errors import BadRequest, UnsupportedMedia
from webapp.web import application

PIECE = 256 << 10  # bytes read from the client at a time
LONGEST_FIELD = 64 << 10  # bytes of a text field
MOST_PARTS = 1000
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
    body = MultipartBody.of_request()
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
    body = MultipartBody.of_request(limit=MOST_SMALL)
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


@dataclass(slots=True)
class Part:
    """A part of the body; it can be read until the next part is asked for."""

    name: str
    file_name: str | None
    body: MultipartBody = field(repr=False)
    _rest: bytes = b""
    _ended: bool = False

    def read(self, size: int, /) -> bytes:
        """Up to `size` bytes; empty at the end."""
        while not self._rest and not self._ended:
            event = self.body.next_event()
            assert isinstance(event, Data)
            self._rest, self._ended = event.data, not event.more_data
        piece, self._rest = self._rest[:size], self._rest[size:]
        return piece


class MultipartBody:
    """The parts of a multipart request in their order; text fields are collected in `fields`."""

    def __init__(self, source: Readable, boundary: bytes) -> None:
        self.fields: dict[str, str] = {}
        self._source = source
        self._decoder = MultipartDecoder(boundary, max_parts=MOST_PARTS)

    @classmethod
    def of_request(cls, *, limit: int | None = None) -> MultipartBody:
        """The body of this request. Raises `UnsupportedMedia`, and `TooLarge` before anything is read."""
        most = limit or application().settings.max_upload
        if request.content_length is not None and request.content_length > most + ENVELOPE:
            raise TooLarge(f"The upload is larger than {most >> 20} MiB, the most that is accepted here.", limit=most)
        request.max_content_length = None  # the file itself is measured while it is stored
        boundary = request.mimetype_params.get("boundary")
        if request.mimetype != "multipart/form-data" or not boundary:
            raise UnsupportedMedia("Send the file as multipart/form-data.")
        return cls(request.stream, boundary.encode("latin-1", "replace"))

    def parts(self) -> Iterator[Part]:
        """File parts, to be read one after the other; text fields in between are collected."""
        while True:
            event = self.next_event()
            if isinstance(event, Epilogue):
                return
            if isinstance(event, File):
                part = Part(event.name or "", event.filename, self)
                yield part
                while part.read(PIECE):  # what nobody wanted
                    pass
            elif isinstance(event, Field):
                self.fields[event.name or ""] = self._text(Part(event.name or "", None, self))
            elif not isinstance(event, Preamble):
                raise BadRequest("The multipart body is malformed.")

    def _text(self, part: Part) -> str:
        content = bytearray()
        while piece := part.read(PIECE):
            content += piece
            if len(content) > LONGEST_FIELD:
                raise TooLarge(f"The field {part.name} is longer than {LONGEST_FIELD >> 10} KiB.", limit=LONGEST_FIELD)
        try:
            text = content.decode()
        except UnicodeDecodeError:
            raise BadRequest(f"The field {part.name} is not UTF-8 text.") from None
        if "\0" in text:
            raise BadRequest(f"The field {part.name} contains a NUL character.")
        return text

    def next_event(self) -> Event:
        """The next event of the body; reads from the client as far as needed."""
        try:
            while (event := self._decoder.next_event()) is NEED_DATA:
                self._decoder.receive_data(self._source.read(PIECE) or None)
        except (ClientDisconnected, OSError) as error:
            raise IncompleteUpload(
                "The connection ended before all announced bytes had arrived. Nothing was kept; send it again."
            ) from error
        except RequestEntityTooLarge as error:
            raise TooLarge(f"The body has more than {MOST_PARTS} parts.", limit=MOST_PARTS) from error
        except ValueError as error:
            raise IncompleteUpload(
                "The multipart body is cut off or malformed. Nothing was kept; send it again."
            ) from error
        return event


def optional(fields: dict[str, Any], name: str) -> str | None:
    """A text field, None when it is absent or blank."""
    text = str(fields.get(name, "")).strip()
    return text or None
