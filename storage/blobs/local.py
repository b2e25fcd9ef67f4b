"""Blobs on local disk: durable before they are visible, visible in one step, verified when read."""

import hashlib
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from core.errors import Unavailable
from core.ids import new_id
from storage.blobs.disk import writing
from storage.blobs.reading import reader, window
from storage.blobs.store import CHUNK, Announce, BlobMissing, BlobRef, Readable, location

UNFINISHED = "unfinished"  # the folder of uploads on their way, inside the store so that renaming is atomic


class LocalBlobStore:
    """Keeps each blob as a read-only file `ab/cd/<digest>` below one folder, which must be one file system."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._unfinished = folder / UNFINISHED

    def put(self, source: Readable, *, announce: Announce | None = None) -> BlobRef:
        """Write beside, flush to disk, announce, then rename into place and flush the folder."""
        path = self._unfinished / new_id()
        try:
            with writing(self._folder):
                make_folder(self._unfinished)
                descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o440)
            try:
                blob = self._write(descriptor, source)
            finally:
                os.close(descriptor)
            if announce is not None:
                announce(blob)
            with writing(self._folder):
                target = self._folder / location(blob.digest)
                make_folder(target.parent)
                path.replace(target)  # over an equal file too: this heals damage and says when it was stored last
                flush_folder(target.parent)
        except BaseException:
            with suppress(OSError):  # what went wrong matters more than that it cannot be tidied up
                path.unlink()
            raise
        return blob

    def _write(self, descriptor: int, source: Readable) -> BlobRef:
        digest, size = hashlib.sha256(), 0
        while piece := source.read(CHUNK):  # outside `writing`: what goes wrong in the source is the source's
            digest.update(piece)
            size += len(piece)
            rest = memoryview(piece)
            with writing(self._folder):
                while rest:
                    rest = rest[os.write(descriptor, rest) :]
        with writing(self._folder):
            os.fsync(descriptor)
        return BlobRef(digest.hexdigest(), size)

    def open(self, digest: str, *, offset: int = 0, length: int | None = None) -> AbstractContextManager[BinaryIO]:
        """Open for reading. Raises `BlobMissing`, `Unavailable`."""
        with self._reading(digest):
            file = (self._folder / location(digest)).open("rb", buffering=0)
        total = os.fstat(file.fileno()).st_size
        try:
            count = window(total, offset, length)
            file.seek(offset)
            return reader(file, count, verify=digest if count == total else None, close=file.close)
        except BaseException:
            file.close()
            raise

    def size(self, digest: str) -> int:
        """Bytes of the blob. Raises `BlobMissing`."""
        with self._reading(digest):
            return (self._folder / location(digest)).stat().st_size

    def delete(self, digest: str) -> None:
        """Remove the blob if it is there; the removal is durable when this returns."""
        path = self._folder / location(digest)
        with suppress(FileNotFoundError):
            path.unlink()
            flush_folder(path.parent)

    def listing(self) -> Iterator[tuple[BlobRef, datetime]]:
        """Every blob and when it was stored, one folder in memory at a time."""
        for path in self._folder.glob("??/??/*"):
            try:
                with self._reading(path.name):
                    found = path.stat() if path.parent == (self._folder / location(path.name)).parent else None
            except BlobMissing:  # deleted meanwhile, or not ours
                continue
            if found is not None:
                yield BlobRef(path.name, found.st_size), datetime.fromtimestamp(found.st_mtime, UTC)

    def discard_unfinished(self, before: datetime) -> int:
        """Remove the uploads that a killed process left behind before this time."""
        count = 0
        for path in self._unfinished.glob("*"):
            with suppress(FileNotFoundError):
                if path.stat().st_mtime < before.timestamp():
                    path.unlink()
                    count += 1
        return count

    def check(self) -> None:
        """Raise `Unavailable` when the folder cannot be made or written."""
        try:
            make_folder(self._unfinished)
            writable = os.access(self._unfinished, os.W_OK | os.X_OK) and os.access(self._folder, os.W_OK | os.X_OK)
        except OSError as error:
            raise Unavailable(f"The blob folder {self._folder} cannot be made: {error}. See OBIEG_DATA.") from error
        if not writable:
            raise Unavailable(f"The blob folder {self._folder} cannot be written. See OBIEG_DATA.")

    @contextmanager
    def _reading(self, digest: str) -> Iterator[None]:
        try:
            yield
        except (FileNotFoundError, NotADirectoryError) as error:
            raise BlobMissing(digest) from error
        except OSError as error:
            raise Unavailable(f"The blob folder {self._folder} cannot be read: {error.strerror}.") from error


def make_folder(folder: Path) -> None:
    """Make a folder and everything above it, each durable in its parent."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    folder.mkdir(mode=0o750, exist_ok=True)
    flush_folder(folder.parent)


def flush_folder(folder: Path) -> None:
    """Make names in a folder durable: without it a rename may be lost with the power."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
