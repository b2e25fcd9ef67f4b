"""Reads multipart/form-data (RFC 7578) as a stream: part after part, with a few hundred kilobytes in memory.

werkzeug 3.1.9 has a decoder of its own, which adds a carriage return to a file when a read from the network happens to
end between the last two dashes of the body; a document must never change on its way.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from werkzeug.exceptions import ClientDisconnected
from werkzeug.http import parse_options_header

from core.errors import IncompleteUpload, TooLarge
from storage.blobs.store import Readable
from webapp.errors import BadRequest

PIECE = 256 << 10  # bytes read from the client at a time
LONGEST_HEAD = 16 << 10  # bytes of the headers of a part
LONGEST_FIELD = 64 << 10  # bytes of a text field
MOST_PARTS = 1000
CUT_OFF = "The upload ended before all of it had arrived, or it is malformed. Nothing was kept; send it again."
PADDING = 64  # blanks that may follow a boundary (RFC 2046, section 5.1.1)


@dataclass(slots=True)
class Part:
    """A part of the body; it can be read until the next part is asked for."""

    name: str
    file_name: str | None
    _body: MultipartReader = field(repr=False)
    _rest: bytes = b""
    _ended: bool = False

    def read(self, size: int, /) -> bytes:
        """Up to `size` bytes; empty at the end. Raises `IncompleteUpload`."""
        while not self._rest and not self._ended:
            self._rest, self._ended = self._body.data()
        piece, self._rest = self._rest[:size], self._rest[size:]
        return piece


class MultipartReader:
    """The parts of a body in their order; text fields are collected in `fields`."""

    def __init__(self, source: Readable, boundary: bytes) -> None:
        self.fields: dict[str, str] = {}
        self._source = source
        self._delimiter = b"\r\n--" + boundary
        self._after = re.compile(rb"(--)|[ \t]{0,%d}\r\n" % PADDING)
        self._reach = len(self._delimiter) + PADDING + 2  # bytes in which a delimiter is certain to be seen
        self._buffer = bytearray(b"\r\n")  # so that the first boundary looks like all others
        self._is_last = False
        self._is_start = False  # whether the line break that ends the headers is still in the buffer

    def parts(self) -> Iterator[Part]:
        """File parts, to be read one after the other. Raises `BadRequest`, `IncompleteUpload`, `TooLarge`."""
        self._skip_preamble()
        count = 0
        while not self._is_last:
            count += 1
            if count > MOST_PARTS:
                raise TooLarge(f"The body has more than {MOST_PARTS} parts.", limit=MOST_PARTS)
            part = self._part()
            if part.file_name is None:
                self.fields[part.name] = _text(part)
            else:
                yield part
                while part.read(PIECE):  # what nobody wanted
                    pass

    def data(self) -> tuple[bytes, bool]:
        """The next piece of the part, and whether the part ends with it."""
        start, skipped = 0, 2 if self._is_start else 0
        while (found := self._buffer.find(self._delimiter, start)) >= 0:
            after = self._after.match(self._buffer, found + len(self._delimiter))
            if after is not None:
                piece = bytes(self._buffer[min(skipped, found) : found])
                self._is_start = False
                self._is_last = after.group(1) is not None
                del self._buffer[: after.end()]
                return piece, True
            if len(self._buffer) - found < self._reach:
                break  # the rest of it may still be on its way
            start = found + 1
        safe = found if found >= 0 else max(0, len(self._buffer) - self._reach)
        piece = bytes(self._buffer[skipped:safe])
        if piece:
            self._is_start = False
            del self._buffer[:safe]
        else:
            self._fill()
        return piece, False

    def _skip_preamble(self) -> None:
        """What stands before the first boundary is nobody's."""
        size, ended = 0, False
        while not ended:
            piece, ended = self.data()
            size += len(piece)
            if size > LONGEST_FIELD:
                raise BadRequest("The body does not begin as multipart/form-data with this boundary.")

    def _part(self) -> Part:
        while (end := self._buffer.find(b"\r\n\r\n")) < 0 and len(self._buffer) <= LONGEST_HEAD:
            self._fill()
        if not 0 <= end <= LONGEST_HEAD:
            raise BadRequest("A part of the multipart body has headers that are too long.")
        name, file_name = _names(bytes(self._buffer[:end]))
        del self._buffer[: end + 2]  # some senders let this very line break begin the delimiter when a file is empty
        self._is_start = True
        return Part(name, file_name, self)

    def _fill(self) -> None:
        try:
            piece = self._source.read(PIECE)
        except (ClientDisconnected, OSError) as error:
            raise IncompleteUpload(CUT_OFF) from error
        if not piece:
            raise IncompleteUpload(CUT_OFF)
        self._buffer += piece


def _names(head: bytes) -> tuple[str, str | None]:
    try:
        lines = head.decode().split("\r\n")
    except UnicodeDecodeError:
        raise BadRequest("The headers of a part of the multipart body are not UTF-8 text.") from None
    for line in lines:
        title, _, value = line.partition(":")
        if title.strip().lower() == "content-disposition":
            kind, options = parse_options_header(value.strip())
            if kind.lower() == "form-data" and options.get("name"):
                return options["name"], options.get("filename")
    raise BadRequest("A part of the multipart body does not name its field.")


def _text(part: Part) -> str:
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
