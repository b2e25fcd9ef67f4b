"""Reading a blob piece by piece, with its digest verified on the way out."""

import hashlib
import io
from collections.abc import Callable
from typing import TYPE_CHECKING, BinaryIO, cast

from storage.blobs.store import CHUNK, BlobDamaged, Readable

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer


class Verified(io.RawIOBase):
    """A readable file over `source`; with a digest, the read that completes the content also verifies it.

    `size` is how many bytes the source holds. The last piece of a damaged blob is never handed out.
    """

    def __init__(self, source: Readable, size: int, digest: str | None, close: Callable[[], None]) -> None:
        super().__init__()
        self._source = source
        self._left = size
        self._digest = digest
        self._close = close
        self._hash = hashlib.sha256()
        self._verify_at_end()  # an empty blob can be damaged too

    def readable(self) -> bool:
        """It is."""
        return True

    def read(self, size: int | None = -1, /) -> bytes:
        """Up to `size` bytes, all of them without a size; raises `BlobDamaged`."""
        if size is None or size < 0:
            return self.readall()
        piece = self._source.read(min(size, self._left)) if self._left and size else b""
        if not piece:
            if self._left and size:  # the source ended early
                self._left = 0
                self._verify_at_end()
            return b""
        self._left -= len(piece)
        if self._digest is not None:
            self._hash.update(piece)
            self._verify_at_end()
        return piece

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        """Fill a buffer; raises `BlobDamaged`."""
        view = memoryview(buffer).cast("B")
        piece = self.read(len(view))
        view[: len(piece)] = piece
        return len(piece)

    def readall(self) -> bytes:
        """The rest, in memory; for content that is known to be small."""
        pieces = []
        while piece := self.read(CHUNK):
            pieces.append(piece)
        return b"".join(pieces)

    def close(self) -> None:
        """Give the source back."""
        if not self.closed:
            self._close()
        super().close()

    def _verify_at_end(self) -> None:
        if self._left or self._digest is None:
            return
        found = self._hash.hexdigest()
        if found != self._digest:
            raise BlobDamaged(self._digest, found)


def reader(source: Readable, size: int, *, verify: str | None, close: Callable[[], None]) -> BinaryIO:
    """A binary file of `size` bytes over `source`; `verify` is the digest when all of the blob is read."""
    return cast("BinaryIO", Verified(source, size, verify, close))


def window(total: int, offset: int, length: int | None) -> int:
    """How many bytes a read of `length` from `offset` gives in a blob of `total` bytes."""
    if offset < 0 or (length is not None and length < 0):
        raise ValueError("offset and length count bytes from the start")
    rest = max(total - offset, 0)
    return rest if length is None else min(length, rest)
