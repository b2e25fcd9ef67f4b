"""Blobs in memory: the fake that passes the same contract as the real stores."""

import hashlib
import io
from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import datetime
from typing import BinaryIO

from core.clock import Clock, SystemClock
from storage.blobs.reading import reader, window
from storage.blobs.store import CHUNK, Announce, BlobMissing, BlobRef, Readable


class MemoryBlobStore:
    """Keeps blobs in a dictionary, for tests and scenarios."""

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self._blobs: dict[str, tuple[bytes, datetime]] = {}

    def put(self, source: Readable, *, announce: Announce | None = None) -> BlobRef:
        """Store all of `source`."""
        pieces = []
        while piece := source.read(CHUNK):
            pieces.append(piece)
        content = b"".join(pieces)
        blob = BlobRef(hashlib.sha256(content).hexdigest(), len(content))
        if announce is not None:
            announce(blob)
        self._blobs[blob.digest] = content, self._clock.now()
        return blob

    def open(self, digest: str, *, offset: int = 0, length: int | None = None) -> AbstractContextManager[BinaryIO]:
        """Open for reading. Raises `BlobMissing`."""
        content = self._content(digest)
        count = window(len(content), offset, length)
        source = io.BytesIO(content)
        source.seek(offset)
        return reader(source, count, verify=digest if count == len(content) else None, close=source.close)

    def size(self, digest: str) -> int:
        """Bytes of the blob. Raises `BlobMissing`."""
        return len(self._content(digest))

    def delete(self, digest: str) -> None:
        """Remove the blob if it is there."""
        self._blobs.pop(digest, None)

    def listing(self) -> Iterator[tuple[BlobRef, datetime]]:
        """Every blob and when it was stored."""
        for digest, (content, at) in list(self._blobs.items()):
            yield BlobRef(digest, len(content)), at

    def discard_unfinished(self, before: datetime) -> int:  # noqa: ARG002 -- the port's signature
        """Nothing is ever left behind in memory."""
        return 0

    def check(self) -> None:
        """Memory can always be used."""

    def damage(self, digest: str, content: bytes) -> None:
        """Put other bytes under a digest, as a failing disk would; for tests."""
        self._blobs[digest] = content, self._blobs[digest][1]

    def _content(self, digest: str) -> bytes:
        found = self._blobs.get(digest)
        if found is None:
            raise BlobMissing(digest)
        return found[0]
