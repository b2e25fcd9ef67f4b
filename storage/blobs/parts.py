"""Files that arrive in pieces: kept in a folder until all of a file is there, durable up to every byte acknowledged."""

import fcntl
import hashlib
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from core.errors import Conflict, NotFound
from core.ids import is_id
from core.records import dataclass
from storage.blobs.disk import writing
from storage.blobs.local import flush_folder, make_folder
from storage.blobs.store import CHUNK, Readable

CHECKED = ".checked"  # a piece whose checksum is not known to be right yet


class PartMissing(NotFound):
    """Nothing of this upload is here."""

    code = "part_missing"

    def __init__(self, name: str) -> None:
        super().__init__(f"The pieces of the upload {name} are gone. Send the file again from its beginning.", id=name)


class PartBusy(Conflict):
    """Another request writes to the same upload."""

    code = "upload_busy"

    def __init__(self) -> None:
        super().__init__("Another request sends a piece of this file just now. Ask again how far it is, then go on.")


class WrongOffset(Conflict):
    """A piece does not begin where the last one ended."""

    code = "wrong_offset"

    def __init__(self, offset: int) -> None:
        super().__init__(f"{offset} bytes of this file have arrived; send what follows them.", offset=offset)


class ChecksumMismatch(Conflict):
    """A piece is not what its sender meant; it was thrown away."""

    code = "checksum_mismatch"

    def __init__(self) -> None:
        super().__init__("A piece of the file changed on its way and was thrown away. Send it again.")


@dataclass(frozen=True, slots=True)
class Checksum:
    """What a piece must hash to: the name of the algorithm, and the digest."""

    algorithm: str
    digest: bytes


class PartFolder:
    """One file per upload, as long as what has arrived of it; nobody but the system reads or names them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def create(self, name: str) -> None:
        """Begin an empty file; its name is durable when this returns. Raises `StorageFull`, `Unavailable`."""
        with writing(self._folder):
            make_folder(self._folder)
            os.close(os.open(self._path(name), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o640))
            flush_folder(self._folder)

    def offset(self, name: str) -> int:
        """How many bytes have arrived. Raises `PartMissing`."""
        try:
            return self._path(name).stat().st_size
        except FileNotFoundError:
            raise PartMissing(name) from None

    def sizes(self, names: Iterable[str]) -> dict[str, int]:
        """How many bytes of each have arrived; those that are gone are left out."""
        found = {}
        for name in names:
            with suppress(PartMissing):
                found[name] = self.offset(name)
        return found

    def append(self, name: str, offset: int, piece: Readable, *, room: int, checksum: Checksum | None = None) -> int:
        """Write a piece behind the first `offset` bytes and return how many have arrived now, durable all of them.

        Of a piece that breaks off, what came stays, unless it has a checksum; of one that is longer than `room` bytes
        the rest is not read. Raises `WrongOffset`, `PartBusy`, `PartMissing`, `ChecksumMismatch`, and what `piece`
        raises.
        """
        with self._held(name) as descriptor:
            found = os.fstat(descriptor).st_size
            if found != offset:
                raise WrongOffset(found)
            if checksum is None:
                self._pour(descriptor, piece, room)
            else:
                self._pour_checked(name, descriptor, piece, room, checksum)
            return os.fstat(descriptor).st_size

    @contextmanager
    def open(self, name: str) -> Iterator[BinaryIO]:
        """All that has arrived, to read; nobody can add to it meanwhile. Raises `PartMissing`, `PartBusy`."""
        with self._held(name) as descriptor, os.fdopen(os.dup(descriptor), "rb") as file:
            file.seek(0)
            yield file

    def remove(self, name: str) -> None:
        """Throw away what has arrived, if anything."""
        for path in (self._path(name), self._path(name + CHECKED)):
            path.unlink(missing_ok=True)

    def leftovers(self, before: datetime) -> Iterator[str]:
        """Names of uploads that nobody has written to since `before`."""
        for path in self._folder.glob("*"):
            with suppress(FileNotFoundError):
                if is_id(path.name) and path.stat().st_mtime < before.timestamp():
                    yield path.name

    def _path(self, name: str) -> Path:
        if not is_id(name.removesuffix(CHECKED)):  # nothing from outside becomes a path
            raise PartMissing(name)
        return self._folder / name

    @contextmanager
    def _held(self, name: str) -> Iterator[int]:
        """The file, locked against all other processes of this machine; the lock goes with its holder."""
        try:
            descriptor = os.open(self._path(name), os.O_RDWR | os.O_APPEND | os.O_NOFOLLOW)
        except FileNotFoundError:
            raise PartMissing(name) from None
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise PartBusy from None
            yield descriptor
        finally:
            os.close(descriptor)

    def _pour(self, descriptor: int, piece: Readable, room: int) -> None:
        try:
            while room > 0 and (some := piece.read(min(CHUNK, room))):
                room -= len(some)
                rest = memoryview(some)
                with writing(self._folder):
                    while rest:
                        rest = rest[os.write(descriptor, rest) :]
        finally:
            with writing(self._folder):
                os.fsync(descriptor)

    def _pour_checked(self, name: str, descriptor: int, piece: Readable, room: int, checksum: Checksum) -> None:
        """By way of a file beside, so that a crash in the middle leaves nothing unchecked in the upload."""
        beside = self._path(name + CHECKED)
        try:
            with beside.open("w+b") as file:
                found = hashlib.new(checksum.algorithm, usedforsecurity=False)
                while room > 0 and (some := piece.read(min(CHUNK, room))):
                    room -= len(some)
                    found.update(some)
                    with writing(self._folder):
                        file.write(some)
                if found.digest() != checksum.digest:
                    raise ChecksumMismatch
                length = file.tell()
                file.seek(0)
                self._pour(descriptor, file, length)
        finally:
            beside.unlink(missing_ok=True)
