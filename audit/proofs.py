"""The newest checkpoint, and the proof that an entry is in the log that it signs; for auditors."""

from datetime import datetime

from sqlalchemy import Connection, select

from audit.checkpoints import newest, tiles, verifiers
from audit.merkle import inclusion_proof
from audit.models import AuditEntryRow, AuditLeafRow
from audit.queries import EntryNotFound
from core.errors import Forbidden, NotFound, Unavailable
from core.records import dataclass
from storage.unit_of_work import Reading


class NoCheckpoint(NotFound):
    """Nothing was signed yet."""

    code = "no_checkpoint"


class NotYetSigned(Unavailable):
    """The entry was written after the newest checkpoint; the next one will have it."""

    code = "not_yet_signed"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedLog:
    """The newest checkpoint; `keys` are all public keys of the log, the one that signs now last."""

    note: str  # C2SP signed note
    size: int
    root: str  # SHA-256 in hexadecimal
    at: datetime
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryProof:
    """What leads from an entry's bytes to the root of a checkpoint (RFC 9162, section 2.1.3.2)."""

    entry: str
    content: str  # the bytes that are hashed, canonical JSON in UTF-8
    previous_hash: str
    hash: str
    leaf: int  # the place in the log, from 0
    path: tuple[str, ...]  # hashes in hexadecimal, from the leaf upwards
    checkpoint: SignedLog


def checkpoint(view: Reading) -> SignedLog:
    """The newest checkpoint; needs `audit.read`. Raises `Forbidden`, `NoCheckpoint`."""
    _require_auditor(view)
    return _newest(view.session.connection())


def proof(view: Reading, entry_id: str) -> EntryProof:
    """The proof of one entry; needs `audit.read`.

    Raises `Forbidden`, `EntryNotFound`, `NoCheckpoint`, and `NotYetSigned` for an entry of the last moments.
    """
    _require_auditor(view)
    row = view.session.get(AuditEntryRow, entry_id)
    if row is None:
        raise EntryNotFound(f"The trail has no entry {entry_id}.", entry_id=entry_id)
    connection = view.session.connection()
    signed = _newest(connection)
    place = connection.scalar(select(AuditLeafRow.position).where(AuditLeafRow.entry_id == entry_id))
    if place is None or place >= signed.size:
        raise NotYetSigned("The entry is newer than the newest checkpoint. Ask again in a minute.", entry_id=entry_id)
    return EntryProof(
        entry=row.id,
        content=row.content.decode(),
        previous_hash=row.previous_hash.hex(),
        hash=row.hash.hex(),
        leaf=place,
        path=tuple(step.hex() for step in inclusion_proof(place, signed.size, tiles(connection))),
        checkpoint=signed,
    )


def _require_auditor(view: Reading) -> None:
    if not view.actor.may("audit.read"):
        raise Forbidden("Only auditors may read the whole log; ask for the right audit.read.", permission="audit.read")


def _newest(connection: Connection) -> SignedLog:
    found = newest(connection)
    if found is None:
        raise NoCheckpoint("The log was not signed yet. It is signed every minute once the clock runs.")
    keys = tuple(verifiers(connection))
    return SignedLog(note=found.note, size=found.size, root=found.root.hex(), at=found.at, keys=keys)
