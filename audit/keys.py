"""The key that signs checkpoints: kept in a file that its owner alone reads; public keys stay known for good."""

import base64
import contextlib
import os
import secrets
from dataclasses import field
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Connection, insert, select, text, update

from audit.content import moment
from audit.models import AuditKeyRow
from audit.verifier import ED25519, PREFIX, Key, Malformed, key_id
from core.errors import Unavailable
from core.executor import handles
from core.messages import Command, Event
from core.records import dataclass
from storage.unit_of_work import UnitOfWork

LOCK = 7_203_110_012  # advisory lock of a transaction: whoever holds it may change which key signs
MARK = "PRIVATE+KEY"  # how Go's note package writes private keys
SEED = 32  # bytes
FOREIGN = 0o007  # permissions of everybody else


class LogKeyUnusable(Unavailable):
    """Checkpoints cannot be signed here: the key is missing, readable by others, or not the one that signs now."""

    code = "log_key_unusable"


@dataclass(frozen=True, slots=True)
class Signer:
    """A private key with the name of its log; neither `repr` nor an error shows it."""

    key: Key
    _private: Ed25519PrivateKey = field(repr=False)

    def note(self, words: str, *others: "Signer") -> str:
        """The text as a signed note, also by the others; every line of it ends with a line feed."""
        lines = [each._line(words) for each in (self, *others)]  # noqa: SLF001 -- another of the same class
        return f"{words}\n{''.join(lines)}"

    def _line(self, words: str) -> str:
        signature = base64.b64encode(self.key.id + self._private.sign(words.encode())).decode()
        return f"{PREFIX}{self.key.name} {signature}\n"


def make_key(name: str) -> str:
    """A new private key, as it is kept in a file."""
    seed = secrets.token_bytes(SEED)
    key = _signer(name, seed).key
    return f"{MARK}+{name}+{key.id.hex()}+{base64.b64encode(ED25519 + seed).decode()}\n"


def read_signer(words: str) -> Signer:
    """Raises `Malformed`, which shows nothing of what was read."""
    parts = words.strip().split("+", 4)
    try:
        material = base64.b64decode(parts[4], validate=True)
    except (IndexError, ValueError):
        raise Malformed("It is no private key of a log.") from None
    if "+".join(parts[:2]) != MARK or material[:1] != ED25519 or len(material) != SEED + 1:
        raise Malformed("It is no private key of a log.")
    signer = _signer(parts[2], material[1:])
    if signer.key.id.hex() != parts[3]:
        raise Malformed("The private key does not fit its hash.")
    return signer


def _signer(name: str, seed: bytes) -> Signer:
    private = Ed25519PrivateKey.from_private_bytes(seed)
    public = private.public_key().public_bytes_raw()
    return Signer(Key(name, key_id(name, public), public), private)


class KeyFile:
    """Where the private key is kept; `name` is the log's, for the first key."""

    def __init__(self, path: Path, name: str = "") -> None:
        self.path = path
        self.name = name

    @property
    def draft(self) -> Path:
        """The next key, while it is becoming the current one."""
        return self.path.with_name(f"{self.path.name}.next")

    def signer(self, connection: Connection, now: datetime) -> Signer:
        """The key that signs now; the first one is made here. Raises `LogKeyUnusable`."""
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
        current = connection.scalar(select(AuditKeyRow.id).where(AuditKeyRow.until.is_(None)))
        if current is None:
            if not self.path.exists():
                write_key(self.path, make_key(self.name or f"obieg-{secrets.token_hex(4)}"))
            signer = self._read(self.path)
            register(connection, signer, now)
            return signer
        for path in (self.path, self.draft):
            if path.exists() and (signer := self._read(path)).key.id.hex() == current:
                if path == self.draft:  # it was agreed on, and then something died
                    path.replace(self.path)
                return signer
        raise LogKeyUnusable(
            f"The log is signed with the key {current}, which is not in {self.path}. "
            "Copy the file from the machine that has it, or name it in OBIEG_LOG_KEY."
        )

    def _read(self, path: Path) -> Signer:
        try:
            if path.stat().st_mode & FOREIGN:
                raise LogKeyUnusable(f"Everybody may read the key in {path}. Run: chmod 600 {path}")
            return read_signer(path.read_text())
        except (OSError, Malformed, UnicodeDecodeError) as error:
            raise LogKeyUnusable(f"The key of the log in {path} cannot be read.") from error


def write_key(path: Path, words: str) -> None:
    """Keep a private key where its owner alone reads it; an existing file stays."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(words)
        file.flush()
        os.fsync(file.fileno())
    with contextlib.suppress(FileExistsError):  # another process was faster; its key holds
        os.link(draft, path)
    draft.unlink()


def register(connection: Connection, signer: Signer, now: datetime, statement: str | None = None) -> None:
    """Make a key the one that signs from now on."""
    retired = update(AuditKeyRow).where(AuditKeyRow.until.is_(None)).values(until=now)
    connection.execute(retired)
    values: dict[str, Any] = {"id": signer.key.id.hex(), "verifier": str(signer.key), "since": now}
    connection.execute(insert(AuditKeyRow).values(statement=statement, until=None, **values))


@dataclass(frozen=True, slots=True, kw_only=True)
class RotateLogKey(Command):
    """Sign with a new key from now on; the old one vouches for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogKeyRotated(Event):
    """Another key signs the log's checkpoints from now on."""

    type: ClassVar[str] = "audit.key_rotated"
    old: str
    new: str

    @property
    def stream(self) -> str:
        """The log's own stream."""
        return "audit:log"


@handles(RotateLogKey, needs="account.administer")
def rotate_log_key(command: RotateLogKey, unit: UnitOfWork) -> str:
    """The new public key. Raises `LogKeyUnusable`."""
    del command
    file, now = unit.port(KeyFile), unit.clock.now()
    old = file.signer(unit.connection, now)
    file.draft.unlink(missing_ok=True)
    write_key(file.draft, make_key(old.key.name))
    new = read_signer(file.draft.read_text())
    statement = old.note(f"{old.key.name}/key\n{new.key}\n{moment(now)}\n", new)
    register(unit.connection, new, now, statement)
    unit.emit(LogKeyRotated(old=str(old.key), new=str(new.key)))
    unit.after_commit(lambda: _take_over(file))
    return str(new.key)


def _take_over(file: KeyFile) -> None:
    with contextlib.suppress(OSError):  # the next who signs finishes it
        file.draft.replace(file.path)
