"""Checkpoints: the log's size and root, signed once the log begins with all that was signed before."""

import base64
from collections.abc import Iterable

import psycopg
from sqlalchemy import Connection, Engine, insert, select

from audit.content import moment
from audit.keys import KeyFile
from audit.merkle import root
from audit.models import AuditCheckpointRow, AuditKeyRow, AuditLogRow, AuditPublisherRow
from audit.places import Publisher, Publishers, Signed
from audit.sequencer import LogDamaged, load_tile
from audit.tiles import TileMissing, Tiles
from audit.verifier import Checkpoint, Malformed, read_checkpoint, read_key, read_note, signer
from core.clock import Clock
from core.errors import Unavailable
from storage.faults import translated

KEY_SINCE = "key since "  # a line of a checkpoint, so that nobody changes unseen since when its key signs


class LogForked(Unavailable):
    """The log is not the one that was signed before; nothing is signed until somebody has looked."""

    code = "log_forked"

    def __init__(self, size: int, where: str) -> None:
        super().__init__(
            f"The log does not begin with the {size} entries that {where} has signed: it was changed, or the database "
            "was put back to an earlier time. Nothing is signed any more. Run: obieg audit check"
        )


def sign(engine: Engine, file: KeyFile, clock: Clock, publishers: Publishers) -> Signed | None:
    """Sign what the log holds now; None while it is empty.

    A log that did not grow is not signed again. It must begin with the last checkpoint and with what the near
    publishers have, and no far one may have found that it does not. Raises `LogKeyUnusable`, `LogDamaged`, `LogForked`.
    """
    published = [(publisher.place, note) for publisher in publishers.near if (note := _readable(publisher)) is not None]
    with translated(), engine.begin() as connection:
        now = clock.now()
        private = file.signer(connection, now)
        size = log_size(connection)
        last = newest(connection)
        try:
            require_beginnings(connection, [("the last checkpoint", last.note)] if last else [])
            require_beginnings(
                connection, [(f"the published checkpoint in {place}", note) for place, note in published]
            )
            _require_no_fork(connection)
            if last is not None and last.size >= size:
                return last
            if not size:
                return None
            found = root(size, tiles(connection))
        except TileMissing as error:
            raise LogDamaged(str(error)) from error
        since = connection.scalars(select(AuditKeyRow.since).where(AuditKeyRow.id == private.key.id.hex())).one()
        words = f"{private.key.name}\n{size}\n{base64.b64encode(found).decode()}\nat {moment(now)}\n"
        words += f"{KEY_SINCE}{moment(since)}\n"
        signed = Signed(size, found, now, private.note(words))
        values = {"size": size, "root": found, "at": now, "note": signed.note}
        connection.execute(insert(AuditCheckpointRow).values(values))
    return signed


def require_beginnings(connection: Connection, notes: Iterable[tuple[str, str]]) -> None:
    """Raise `LogForked` unless the log begins with what each of these notes signs; each comes with who has it."""
    size, nodes = log_size(connection), tiles(connection)
    for where, note in notes:
        was = _read(note, where)
        try:
            begins = was.size <= size and root(was.size, nodes) == was.root
        except TileMissing as error:
            raise LogDamaged(str(error)) from error
        if not begins:
            raise LogForked(was.size, where)


def _require_no_fork(connection: Connection) -> None:
    row = AuditPublisherRow.__table__.c
    found = connection.execute(select(row.place, row.size).where(row.is_forked).limit(1)).one_or_none()
    if found is not None:
        raise LogForked(found.size, f"the published checkpoint in {found.place}")


def _readable(publisher: Publisher) -> str | None:
    """A place that is away delays nothing; what it has is compared before the next one goes there."""
    try:
        return publisher.latest()
    except Unavailable:
        return None


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
    return list(
        connection.scalars(select(AuditKeyRow.verifier).order_by(AuditKeyRow.since, AuditKeyRow.until.nulls_last()))
    )


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


def _read(note: str, where: str) -> Checkpoint:
    try:
        return read_checkpoint(read_note(note))
    except Malformed as error:
        raise Unavailable(f"What {where} holds is no checkpoint: {error}") from error
