"""The port behind which blobs live; every store passes the suite in `tests/contract/test_blob_store.py`."""

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import datetime
from typing import BinaryIO, Protocol

from core.errors import NotFound
from core.records import dataclass

CHUNK = 1 << 20  # bytes that are in memory at a time
_DIGEST = re.compile(r"[0-9a-f]{64}")


class BlobMissing(NotFound):
    """The store has no such content."""

    code = "blob_missing"

    def __init__(self, digest: str) -> None:
        super().__init__(f"The content {digest[:12]}… is not in the blob store.", digest=digest)


class BlobDamaged(NotFound):
    """The stored bytes are not those that the digest names."""

    code = "blob_damaged"

    def __init__(self, digest: str, found: str) -> None:
        super().__init__(
            f"The stored content {digest[:12]}… has changed since it was stored. Tell your administrator: it has to "
            "come back from a backup, or be uploaded again.",
            digest=digest,
            found=found,
        )


@dataclass(frozen=True, slots=True)
class BlobRef:
    """Names content: its SHA-256 in lower-case hexadecimal, and its size in bytes."""

    digest: str
    size: int


Announce = Callable[[BlobRef], None]


class Readable(Protocol):
    """Anything that gives bytes piece by piece."""

    def read(self, size: int, /) -> bytes:
        """Up to `size` bytes; empty at the end."""


class BlobStore(Protocol):
    """Keeps content under its digest."""

    def put(self, source: Readable, *, announce: Announce | None = None) -> BlobRef:
        """Store all of `source` durably and return its name; the same bytes twice are one blob.

        `announce` is called once with the name after all bytes were read and before the blob appears in the store.
        Whatever `source` or `announce` raises leaves nothing behind. Raises `StorageFull`, `Unavailable`.
        """

    def open(self, digest: str, *, offset: int = 0, length: int | None = None) -> AbstractContextManager[BinaryIO]:
        """Open for reading from `offset`, at most `length` bytes. Raises `BlobMissing`, `Unavailable`.

        A read of the whole blob verifies the digest: the read that would give the last byte of a damaged blob raises
        `BlobDamaged` instead, so nobody who counts bytes takes it for complete.
        """

    def size(self, digest: str) -> int:
        """Bytes of the blob. Raises `BlobMissing`."""

    def delete(self, digest: str) -> None:
        """Remove the blob; nothing happens when it is not there."""

    def listing(self) -> Iterator[tuple[BlobRef, datetime]]:
        """Every blob and the time when it was stored last, in no order."""

    def discard_unfinished(self, before: datetime) -> int:
        """Remove what interrupted uploads left behind before this time; returns how many."""

    def check(self) -> None:
        """Raise `Unavailable` with a sentence that names the setting when the store cannot be used."""


def checked_digest(digest: str) -> str:
    """The digest itself when it is one; anything else (a path, say) is the name of no blob."""
    if not _DIGEST.fullmatch(digest):
        raise BlobMissing(digest)
    return digest


def location(digest: str) -> str:
    """Where a blob lies, the same in a folder and in a bucket: two levels of 256, then the digest."""
    checked_digest(digest)
    return f"{digest[:2]}/{digest[2:4]}/{digest}"
