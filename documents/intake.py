"""Takes uploads in: streamed into the blob store, counted, limited, and typed by their first bytes."""

from dataclasses import field

from core.errors import IncompleteUpload, TooLarge
from core.records import dataclass
from documents.types import HEAD
from storage.blobs.store import CHUNK, Announce, BlobRef, BlobStore, Readable


@dataclass(frozen=True, slots=True)
class Received(BlobRef):
    """Stored content and its first bytes, from which its type is told."""

    head: bytes = field(default=b"", repr=False)


def receive(source: Readable, *, announced: int | None, limit: int, store: BlobStore, announce: Announce) -> Received:
    """Store all of `source`, a piece at a time, and return its name.

    `announced` is the length in bytes that the sender promised, if any; `limit` is the largest length accepted.
    Raises `TooLarge`, `IncompleteUpload` and what the store raises; nothing is kept then.
    """
    if announced is not None and announced > limit:
        raise _too_large(limit)
    counted = _Counted(source, announced=announced, limit=limit)
    ref = store.put(counted, announce=announce)
    return Received(ref.digest, ref.size, bytes(counted.head))


class _Counted:
    """A source that stops its reader as soon as the upload cannot be right."""

    def __init__(self, source: Readable, *, announced: int | None, limit: int) -> None:
        self.head = bytearray()
        self._source = source
        self._announced = announced
        self._limit = limit
        self._count = 0

    def read(self, size: int = CHUNK, /) -> bytes:
        piece = self._source.read(size if size > 0 else CHUNK)
        self._count += len(piece)
        if len(self.head) < HEAD:
            self.head += piece[: HEAD - len(self.head)]
        if self._count > self._limit:
            raise _too_large(self._limit)
        announced = self._announced
        if announced is not None and (self._count > announced or (not piece and self._count < announced)):
            raise _incomplete(announced, self._count)
        return piece


def _too_large(limit: int) -> TooLarge:
    return TooLarge(
        f"The file is larger than {_readable(limit)}, the most that is accepted here. Send a smaller one, or ask your "
        "administrator to raise OBIEG_MAX_UPLOAD.",
        limit=limit,
    )


def _incomplete(announced: int, received: int) -> IncompleteUpload:
    return IncompleteUpload(
        f"The upload was to have {announced} bytes, but {'only ' if received < announced else ''}{received} arrived. "
        "Nothing was kept; send the file again.",
        announced=announced,
        received=received,
    )


def _readable(size: int) -> str:
    for unit, name in ((1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")):
        if size >= unit:
            return f"{size / unit:.3g} {name}"
    return f"{size} bytes"
