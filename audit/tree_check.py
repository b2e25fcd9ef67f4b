"""Builds the Merkle log anew from the entries and names where it is not the one that was stored, signed, published."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

import psycopg
from sqlalchemy import Engine, select

from audit.checkpoints import KEY_SINCE, log_size
from audit.content import moment
from audit.models import AuditCheckpointRow, AuditKeyRow
from audit.sequencer import load_tile
from audit.tiles import WIDTH, Growth, Place, pieces
from audit.verifier import HASH, Key, Malformed, followed, read_checkpoint, read_key, read_note, signer
from audit.verify import Finding, Progress, require_auditor, snapshot
from audit.walking import batched
from storage.unit_of_work import Reading

AT_ONCE = 8192  # entries in memory at a time
MOST = 1000  # findings; who has more has lost the log
LEAVES = "SELECT position, entry_id, actor_id, type FROM audit_leaf ORDER BY position"
# a tile has a place once its first hash is there; those of row 1 are of full tiles of row 0, and so on
BEYOND = f"""SELECT row, number FROM audit_tile WHERE row < 0 OR number < 0
OR (number::numeric * {WIDTH} + 1) * {WIDTH}::numeric ^ row::integer > %s ORDER BY row, number LIMIT %s"""  # noqa: S608
ENTRIES = r"""SELECT id, actor_id, type, pg_catalog.sha256('\x00'::bytea || content) FROM audit_entry ORDER BY id"""

Driver = psycopg.Connection[tuple[Any, ...]]


@dataclass(slots=True)
class _Check:
    driver: Driver
    expected: dict[int, list[tuple[str, bytes]]]  # size: who says so, and the root
    findings: list[Finding] = field(default_factory=list)
    ids: dict[int, str] = field(default_factory=dict)  # of the entries since the last comparison
    since: dict[str, str] = field(default_factory=dict)  # by public key, since when it signs as the database says

    def found(self, problem: str, sentence: str, *, seq: int | None = None, entry: str | None = None) -> None:
        finding = Finding(stream="audit:log", seq=seq, entry_id=entry, problem=problem, sentence=sentence)
        if finding not in self.findings and len(self.findings) < MOST:
            self.findings.append(finding)


def check_log(view: Reading, published: Iterable[str] = (), progress: Progress | None = None) -> list[Finding]:
    """All findings about the log, its checkpoints and its keys; `published` are the notes kept elsewhere.

    Reads one snapshot, a part at a time. Needs `audit.read`; raises `Forbidden`.
    """
    require_auditor(view)
    with snapshot(view) as connection:
        driver = connection.connection.driver_connection
        assert isinstance(driver, psycopg.Connection)
        check = _Check(driver, {})
        unknown = _gather(check, connection, published)
        _name_removed(check, connection.engine, unknown)
        size = log_size(connection)
        for (row,) in driver.execute("SELECT id FROM audit_log WHERE id <> 1"):
            check.found("inserted", f"How far the log has come was inserted once more, as {row}.")
        for row, number in driver.execute(BEYOND.encode(), [size, MOST]):
            check.found("inserted", f"The tile {number} in row {row} of the log was inserted: the log ends before it.")
        growth = Growth(0, lambda _place: b"")
        _compare_root(check, growth)
        for leaves in _parts(check, size):
            growth.append(leaves)
            _compare_tiles(check, growth)
            _compare_root(check, growth)
            (progress or _silent)(growth.size, size)
        _compare_tiles(check, growth, at_the_end=True)
        if growth.size != size:
            problem = "removed" if growth.size < size else "changed"
            check.found(problem, f"The log has {growth.size} entries; {size} were counted.", seq=growth.size)
        for left, said in sorted(check.expected.items()):
            for who, _ in said:
                check.found("removed", f"The log ends before the {left} entries that {who} has signed.", seq=size)
        named = [each for each in check.findings if each.entry_id is not None]
        return named + [each for each in check.findings if each.entry_id is None]  # causes before consequences


def _gather(check: _Check, connection: Any, published: Iterable[str]) -> set[int]:
    """Looks at every checkpoint; the sizes of those that were published and are not kept, as this moment shows it."""
    keys = _keys(check, connection)
    row = AuditCheckpointRow.__table__.c
    kept = set()
    for size, root, at, note in connection.execute(select(row.size, row.root, row.at, row.note)):
        kept.add(size)
        said = _signed(check, note, keys, f"the checkpoint of {size} entries")
        if said is not None and (said != (size, root) or f"\nat {moment(at)}\n" not in note):
            check.found("changed", f"The checkpoint of {size} entries is not the one that was signed.", seq=size)
    read = [_signed(check, note, keys, "a published checkpoint") for note in published]
    return {each[0] for each in read if each is not None} - kept


def _name_removed(check: _Check, engine: Engine, sizes: set[int]) -> None:
    """What was signed since the moment that is looked at has a row by now; the others were taken out."""
    row = AuditCheckpointRow.__table__.c
    with engine.connect() as connection:
        found = set(connection.scalars(select(row.size).where(row.size.in_(sizes)))) if sizes else set()
    for size in sorted(sizes - found):
        check.found("removed", f"The checkpoint of {size} entries was published and is not kept any more.", seq=size)


def _keys(check: _Check, connection: Any) -> list[Key]:
    row = AuditKeyRow.__table__.c
    query = select(row.id, row.verifier, row.statement, row.since, row.until).order_by(
        row.since, row.until.nulls_last()
    )
    kept = list(connection.execute(query))
    for one, following in zip(kept, [*kept[1:], None], strict=False):
        said = following.statement if following is not None else None
        if one.until != (following and following.since) or (said and f"\n{moment(one.until)}\n" not in said):
            check.found("changed", f"The time in which the key {one.verifier} signed was changed.")
    check.since = {each.verifier: moment(each.since) for each in kept}
    if kept and kept[0].statement is not None:
        check.found("changed", f"The word of a key before {kept[0].verifier} was inserted: this is the first one.")
    try:
        keys = [read_key(each.verifier) for each in kept]
        for key, each in zip(keys, kept, strict=True):
            if key.id.hex() != each.id:
                check.found("changed", f"The key {key} is kept under another name, {each.id}.")
        vouched = followed(keys[:1], [each.statement for each in kept[1:] if each.statement])
    except Malformed as error:
        check.found("changed", f"The log's public keys were changed: {error}")
        return []
    for key in keys:
        if key not in vouched:
            check.found("inserted", f"The key {key} signs without the word of the key before it.")
    return vouched


def _signed(check: _Check, words: str, keys: Sequence[Key], who: str) -> tuple[int, bytes] | None:
    try:
        note = read_note(words)
        said = read_checkpoint(note)
    except Malformed as error:
        check.found("changed", f"{who.capitalize()} cannot be read: {error}")
        return None
    key = signer(note, keys)
    if key is None:
        check.found("signature", f"The signature of {who} ({said.size} entries) is not that of a key of the log.")
    since = [line for line in note.text.split("\n") if line.startswith(KEY_SINCE)]
    if key is not None and since and since != [KEY_SINCE + check.since.get(str(key), "")]:
        check.found("changed", f"The time in which the key {key} signed was changed.")
    check.expected.setdefault(said.size, []).append((who, said.root))
    return said.size, said.root


def _parts(check: _Check, size: int) -> Iterator[list[bytes]]:
    """The leaves' hashes in order, in parts that end where a checkpoint was signed."""
    ends = sorted(each for each in check.expected if 0 < each <= size)
    part: list[bytes] = []
    turn = 0
    for done, leaf in enumerate(_leaves(check), start=1):
        part.append(leaf)
        if len(part) == AT_ONCE or (turn < len(ends) and done == ends[turn]):
            turn += turn < len(ends) and done == ends[turn]
            yield part
            part = []
    if part:
        yield part


def _leaves(check: _Check) -> Iterator[bytes]:
    """The hash of each place in order; then what was looked at tells of entries that have no place."""
    following = 0
    driver = check.driver
    with driver.cursor(name="leaves", binary=True) as leaves, driver.cursor(name="of_log", binary=True) as cursor:
        leaves.execute(LEAVES)
        cursor.execute(ENTRIES)
        entries = _Entries(batched(cursor))
        for position, entry, actor, kind in batched(leaves):
            while following < position and len(check.findings) < MOST:
                check.found("removed", f"The place {following} of the log was removed.", seq=following)
                yield _stored(check, following)
                following += 1
            check.ids[position] = entry
            following = position + 1
            found = entries.take(entry)
            if found is None:
                sentence = f"The entry {entry}, place {position} of the log, was removed."
                check.found("removed", sentence, seq=position, entry=entry)
                yield _stored(check, position)
                continue
            if found[1] != actor or found[2] != kind:
                sentence = f"What the entry {entry} is searched by, place {position} of the log, was changed."
                check.found("changed", sentence, seq=position, entry=entry)
            yield found[3]
        row = driver.execute("SELECT mark FROM audit_log WHERE id = 1").fetchone()
        for entry in entries.left(row[0] if row else ""):
            check.found("inserted", f"The entry {entry} is not in the log: it was inserted, or taken out.", entry=entry)


class _Entries:
    """Entries in the order of their ids, given out in that of the log, which is nearly the same."""

    def __init__(self, rows: Iterator[tuple[Any, ...]]) -> None:
        self._rows = rows
        self._ahead: dict[str, tuple[Any, ...]] = {}  # those that were read before it was their turn

    def take(self, entry: str) -> tuple[Any, ...] | None:
        """Its row; None when there is no such entry."""
        found = self._ahead.pop(entry, None)
        if found is None:
            for row in self._rows:
                if row[0] == entry:
                    return row
                self._ahead[row[0]] = row
                if row[0] > entry:
                    break
        return found

    def left(self, mark: str) -> Iterator[str]:
        """The ids up to a mark that nobody took."""
        for row in chain(self._ahead.values(), self._rows):
            if row[0] <= mark:
                yield row[0]
            elif row[0] not in self._ahead:
                return


def _stored(check: _Check, position: int) -> bytes:
    """What the tree says of a place whose entry is gone, so that the rest can be checked."""
    start = position % WIDTH * HASH
    return load_tile(check.driver, (0, position // WIDTH))[start : start + HASH] or bytes(HASH)


def _compare_tiles(check: _Check, growth: Growth, *, at_the_end: bool = False) -> None:
    for place, tile in list(growth.changed.items()):
        if len(tile) == WIDTH * HASH or at_the_end:
            kept = load_tile(check.driver, place)
            if kept != tile:
                _name(check, place, kept, bytes(tile))
            del growth.changed[place]
    if not at_the_end:
        beginning = growth.size // WIDTH * WIDTH
        check.ids = {position: entry for position, entry in check.ids.items() if position >= beginning}


def _name(check: _Check, place: Place, kept: bytes, expected: bytes) -> None:
    row, number = place
    if row:  # its leaves are fine or named already
        check.found("changed", f"The tile {number} in row {row} of the log was changed.")
        return
    both = zip(pieces(kept.ljust(len(expected), b"\0")), pieces(expected), strict=False)
    for offset, (stored, right) in enumerate(both):
        position = number * WIDTH + offset
        if stored != right:
            entry = check.ids.get(position)
            sentence = f"The entry {entry}, place {position} of the log, is not the one that was put there."
            check.found("changed", sentence, seq=position, entry=entry)
    if len(kept) > len(expected):
        check.found("removed", f"The end of the log was removed, from place {number * WIDTH + len(expected) // HASH}.")


def _compare_root(check: _Check, growth: Growth) -> None:
    for who, root in check.expected.pop(growth.size, ()):
        if growth.root() != root:
            sentence = f"The first {growth.size} entries of the log are not those that {who} has signed."
            check.found("changed", sentence, seq=growth.size)


def _silent(done: int, total: int) -> None:
    """Nobody watches."""
