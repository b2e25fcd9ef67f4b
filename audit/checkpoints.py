"""Checkpoints: the log's size and root, signed, and published where whoever owns the database does not write."""

import base64
import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

import psycopg
from sqlalchemy import Connection, Engine, insert, select

from audit.content import moment
from audit.keys import KeyFile
from audit.merkle import root
from audit.models import AuditCheckpointRow, AuditKeyRow, AuditLogRow
from audit.sequencer import LogDamaged, load_tile
from audit.tiles import TileMissing, Tiles
from audit.verifier import Checkpoint, Malformed, read_checkpoint, read_key, read_note, signer
from core.clock import Clock
from core.errors import StorageFull, Unavailable
from storage.faults import translated

LATEST = "latest.note"
KEYS = "keys.txt"


class LogForked(Unavailable):
    """The log is not the one that was signed before; nothing is signed until somebody has looked."""

    code = "log_forked"

    def __init__(self, size: int, where: str) -> None:
        super().__init__(
            f"The log does not begin with the {size} entries that {where} has signed: it was changed, or the database "
            "was put back to an earlier time. Nothing is signed any more. Run: obieg audit check"
        )


@dataclass(frozen=True, slots=True)
class Signed:
    """A checkpoint as it is kept."""

    size: int
    root: bytes
    at: datetime
    note: str


class Publisher(Protocol):
    """A place outside the database that keeps checkpoints."""

    def publish(self, note: str, keys: str) -> None:
        """Keep a checkpoint, and the public keys one a line. Raises `Unavailable`, `StorageFull`."""

    def latest(self) -> str | None:
        """The newest checkpoint there, if any."""


class CheckpointFolder:
    """Checkpoints as files: one each, named by its size, and the newest one again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def publish(self, note: str, keys: str) -> None:
        """Raises `Unavailable`, `StorageFull`."""
        size = read_checkpoint(read_note(note)).size
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            for name, content in ((f"{size:020}.note", note), (KEYS, keys), (LATEST, note)):
                _replace(self.folder / name, content)
        except OSError as error:
            kind = StorageFull if error.errno == 28 else Unavailable  # ENOSPC
            raise kind(f"The checkpoint could not be written to {self.folder}: {error.strerror}.") from error

    def latest(self) -> str | None:
        """The newest one."""
        path = self.folder / LATEST
        return path.read_text() if path.exists() else None

    def all(self) -> list[str]:
        """All of them, oldest first."""
        return [path.read_text() for path in sorted(self.folder.glob("[0-9]*.note"))]


def _replace(path: Path, content: str) -> None:
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_text(content)
    draft.replace(path)


def sign(engine: Engine, file: KeyFile, clock: Clock, publisher: Publisher) -> Signed | None:
    """Sign and publish what the log holds now; None while it is empty.

    A log that did not grow is not signed again. Raises `LogKeyUnusable`, `LogDamaged`, `LogForked`, and `Unavailable`
    when it could not be published: then the next call does that.
    """
    with translated(), engine.begin() as connection:
        now = clock.now()
        private = file.signer(connection, now)
        size = log_size(connection)
        last = newest(connection)
        nodes = tiles(connection)
        published = publisher.latest()
        try:
            if last is not None and (last.size > size or root(last.size, nodes) != last.root):
                raise LogForked(last.size, "the last checkpoint")
            if published is not None and not _begins_with(_read(published), size, nodes):
                raise LogForked(_read(published).size, "the published checkpoint")
            if last is None or last.size < size:
                if not size:
                    return None
                last = Signed(size, root(size, nodes), now, "")
                words = f"{private.key.name}\n{size}\n{base64.b64encode(last.root).decode()}\nat {moment(now)}\n"
                last = Signed(size, last.root, now, private.note(words))
                values = {"size": size, "root": last.root, "at": now, "note": last.note}
                connection.execute(insert(AuditCheckpointRow).values(values))
        except TileMissing as error:
            raise LogDamaged(str(error)) from error
        keys = "".join(f"{each}\n" for each in verifiers(connection))
    if published != last.note:
        publisher.publish(last.note, keys)
    return last


def newest(connection: Connection) -> Signed | None:
    """The newest checkpoint."""
    row = AuditCheckpointRow.__table__.c
    query = select(row.size, row.root, row.at, row.note).order_by(row.size.desc()).limit(1)
    found = connection.execute(query).one_or_none()
    return Signed(*found) if found else None


def log_size(connection: Connection) -> int:
    """How many entries the log has."""
    return connection.scalar(select(AuditLogRow.size).where(AuditLogRow.id == 1)) or 0


def verifiers(connection: Connection) -> list[str]:
    """All public keys that sign or have signed, the oldest first."""
    return list(connection.scalars(select(AuditKeyRow.verifier).order_by(AuditKeyRow.since, AuditKeyRow.id)))


def tiles(connection: Connection) -> Tiles:
    """The hashes of the stored tree."""
    driver = connection.connection.driver_connection
    assert isinstance(driver, psycopg.Connection)
    return Tiles(lambda place: load_tile(driver, place))


def is_signed(note: str, keys: list[str]) -> bool:
    """Whether one of the public keys has signed the note."""
    try:
        return signer(read_note(note), [read_key(key) for key in keys]) is not None
    except Malformed:
        return False


def _begins_with(was: Checkpoint, size: int, nodes: Tiles) -> bool:
    return was.size <= size and root(was.size, nodes) == was.root


def _read(note: str) -> Checkpoint:
    try:
        return read_checkpoint(read_note(note))
    except Malformed as error:
        raise Unavailable(f"The published checkpoint cannot be read: {error}") from error
