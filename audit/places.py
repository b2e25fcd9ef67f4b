"""Places outside the database that keep checkpoints: what each can do, and two of them, a folder and a bucket."""

import os
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Protocol

from audit.verifier import Malformed, read_checkpoint, read_note
from core.errors import StorageFull, Unavailable
from core.records import dataclass

LATEST = "latest.note"
KEYS = "keys.txt"
FULL = 28  # errno ENOSPC


@dataclass(frozen=True, slots=True)
class Signed:
    """A checkpoint as it is kept."""

    size: int
    root: bytes
    at: datetime
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What an authority gave for a checkpoint: an RFC 3161 response (DER), and the time that it states."""

    at: datetime
    authority: str
    response: bytes


class Publisher(Protocol):
    """A place outside the database that keeps checkpoints.

    `name` never changes, `place` is for people; `every` are the seconds between two publications. One that is
    `complete` keeps every checkpoint, the others only the newest of each time.
    """

    @property
    def name(self) -> str:
        """How its state is known."""

    @property
    def place(self) -> str:
        """Where it is, without any secret."""

    @property
    def every(self) -> int:
        """Seconds."""

    @property
    def complete(self) -> bool:
        """Whether every checkpoint goes there."""

    def publish(self, signed: Signed, keys: str) -> Receipt | None:
        """Keep a checkpoint, and the public keys one a line; a second time changes nothing.

        Raises `DomainError` when that cannot be done now.
        """

    def latest(self) -> str | None:
        """The newest checkpoint there, if any, and if the place can be read. Raises `Unavailable`."""

    def all(self) -> Iterator[str]:
        """All that can be read again, oldest first. Raises `Unavailable`."""


@dataclass(frozen=True, slots=True)
class Publishers:
    """All places of an installation. Those that are `near` are read each time before anything is signed."""

    near: Sequence[Publisher] = ()
    far: Sequence[Publisher] = ()

    def __iter__(self) -> Iterator[Publisher]:
        return iter((*self.near, *self.far))


class CheckpointFolder:
    """Checkpoints as files: one each, named by its size, and the newest one again."""

    name = "folder"
    complete = True

    def __init__(self, folder: Path, *, every: int = 1) -> None:
        self.folder = folder
        self.every = every

    @property
    def place(self) -> str:
        """The folder."""
        return f"the folder {self.folder}"

    def publish(self, signed: Signed, keys: str) -> None:
        """Raises `Unavailable`, `StorageFull`."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            for name, content in ((file_name(signed), signed.note), (KEYS, keys), (LATEST, signed.note)):
                _replace(self.folder / name, content)
        except OSError as error:
            kind = StorageFull if error.errno == FULL else Unavailable
            raise kind(f"The checkpoint could not be written to {self.folder}: {error.strerror}.") from error

    def latest(self) -> str | None:
        """The newest one."""
        path = self.folder / LATEST
        try:
            return path.read_text() if path.exists() else None
        except (OSError, UnicodeDecodeError) as error:
            raise Unavailable(f"The published checkpoint {path} cannot be read.") from error

    def all(self) -> Iterator[str]:
        """All of them, oldest first."""
        try:
            for path in sorted(self.folder.glob("[0-9]*.note")):
                yield path.read_text(errors="replace")
        except OSError as error:
            raise Unavailable(f"The checkpoints in {self.folder} cannot be read.") from error


class Files(Protocol):
    """Small files in a bucket, as `storage.blobs.files` keeps them."""

    @property
    def place(self) -> str:
        """Which bucket, and where."""

    def write(self, name: str, content: bytes, *, is_final: bool = False) -> None:
        """Keep a file; a final one is locked where the server offers that."""

    def read(self, name: str) -> bytes | None:
        """Its content, if there is such a file."""

    def names(self, prefix: str) -> Iterator[str]:
        """In order."""


class CheckpointBucket:
    """Checkpoints as objects of a bucket, under the names that a folder would have."""

    name = "bucket"
    complete = True

    def __init__(self, files: Files, *, every: int = 60) -> None:
        self._files = files
        self.every = every

    @property
    def place(self) -> str:
        """The bucket."""
        return f"the {self._files.place}"

    def publish(self, signed: Signed, keys: str) -> None:
        """Raises `Unavailable`, `StorageFull`."""
        note, name = signed.note.encode(), file_name(signed)
        if self._files.read(name) != note:  # a second version of what is locked would only take room
            self._files.write(name, note, is_final=True)
        self._files.write(KEYS, keys.encode())
        self._files.write(LATEST, note)

    def latest(self) -> str | None:
        """The newest one. Raises `Unavailable`."""
        found = self._files.read(LATEST)
        return found.decode(errors="replace") if found is not None else None

    def all(self) -> Iterator[str]:
        """All of them, oldest first. Raises `Unavailable`."""
        for name in self._files.names("0"):
            content = self._files.read(name)
            if name.endswith(".note") and content is not None:
                yield content.decode(errors="replace")


def file_name(signed: Signed) -> str:
    """How a checkpoint's file is called; names sort as sizes do. Raises `Unavailable` for what is no checkpoint."""
    try:
        return f"{read_checkpoint(read_note(signed.note)).size:020}.note"
    except Malformed as error:
        raise Unavailable(f"The checkpoint of {signed.size} entries cannot be read: {error}") from error


def size_of(note: str) -> int | None:
    """The entries that a checkpoint counts; None for what is none."""
    try:
        return read_checkpoint(read_note(note)).size
    except Malformed:
        return None


def _replace(path: Path, content: str) -> None:
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_text(content)
    draft.replace(path)
