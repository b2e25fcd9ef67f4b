"""Reading the trail: the whole log for auditors, that of a case or an object also for those who may see it."""

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import Select, select

from audit.models import AuditEntryRow, AuditPersonalRow
from core.errors import Forbidden, NotFound
from core.identity import SYSTEM
from core.records import dataclass
from storage.unit_of_work import Reading

MOST = 1000  # entries of one page
ERASED = "audit.personal_data_erased"


class TrailRights(Protocol):
    """What the trail asks about cases; the composition root fills it."""

    def may_see_case(self, reading: Reading, case_id: str) -> bool:
        """Whether the actor may see the case, and with it what happened there."""

    def may_see_stream(self, reading: Reading, stream: str) -> bool:
        """Whether the actor may see the object whose stream this is, and with it what happened to it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry with its personal fields put back; a field that was erased is None and named in `erased`.

    `data` holds the event's fields by name; `erased` names such fields, and `actor.name` or `actor.address`.
    """

    id: str
    stream: str
    seq: int
    type: str
    at: datetime
    actor_id: str
    actor_name: str | None
    actor_address: str | None
    case: str | None
    unit: str  # entries of one command share it
    data: dict[str, Any]
    erased: frozenset[str]
    previous_hash: str  # SHA-256 in hexadecimal
    hash: str

    @property
    def actor(self) -> str:
        """The actor as people know them, or the id where the name was erased."""
        return self.actor_name or self.actor_id


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryPage:
    """Entries in order; `next` is given as `after` for those that follow, None at the end."""

    items: tuple[Entry, ...]
    next: str | None


class EntryNotFound(NotFound):
    """The trail has no such entry."""

    code = "entry_not_found"


def entries(
    view: Reading,
    *,
    stream: str | None = None,
    case: str | None = None,
    after: str | None = None,
    limit: int = 100,
    newest_first: bool = False,
) -> EntryPage:
    """The log, or one stream or case of it; needs `audit.read`. Raises `Forbidden`."""
    if not view.actor.may("audit.read"):
        raise Forbidden("Only auditors may read the whole log; ask for the right audit.read.", permission="audit.read")
    query = select(AuditEntryRow)
    if case is not None:
        query = query.where(AuditEntryRow.case_id == case)
    if stream is not None:
        query = query.where(AuditEntryRow.stream == stream)
    return _page(view, query, after=after, limit=limit, newest_first=newest_first)


def trail(
    view: Reading, case: str, *, after: str | None = None, limit: int = MOST, newest_first: bool = False
) -> EntryPage:
    """What happened in a case, in its own stream and in those of its documents and records.

    For auditors and for whoever may see the case. Raises `NotFound` for others, as if there were no such case.
    """
    if not view.actor.may("audit.read") and not view.port(TrailRights).may_see_case(view, case):
        raise NotFound(f"There is no case {case}, or you may not see it.", case=case)
    query = select(AuditEntryRow).where(AuditEntryRow.case_id == case)
    return _page(view, query, after=after, limit=limit, newest_first=newest_first)


def history(view: Reading, stream: str, *, before: int | None = None, limit: int = 50) -> EntryPage:
    """What happened to one object, the newest first; `next` is given as `before` for what was earlier.

    For auditors and for whoever may see the object. Raises `NotFound` for others, as if there were none.
    """
    if not view.actor.may("audit.read") and not view.port(TrailRights).may_see_stream(view, stream):
        raise NotFound(f"There is no {stream}, or you may not see it.", stream=stream)
    row, size = AuditEntryRow, max(1, min(limit, MOST))
    query = select(row).where(row.stream == stream).order_by(row.stream_seq.desc()).limit(size + 1)
    if before is not None:
        query = query.where(row.stream_seq < before)
    rows = list(view.session.scalars(query))
    shown = rows[:size]
    following = str(shown[-1].stream_seq) if len(rows) > size else None
    return EntryPage(items=tuple(read_rows(view, shown)), next=following)


def erasures(view: Reading, shown: Collection[Entry]) -> list[Entry]:
    """When, by whom and why personal values of these entries were erased; the caller has asked for rights."""
    subjects = {each.stream for each in shown if each.erased}
    subjects |= {f"account:{each.actor_id}" for each in shown if "actor.name" in each.erased}
    if not subjects:
        return []
    row = AuditEntryRow
    query = select(row).where(row.stream.in_(subjects), row.type == ERASED).order_by(row.id).limit(MOST)
    return read_rows(view, view.session.scalars(query).all())


def entry(view: Reading, entry_id: str) -> Entry:
    """One entry; needs `audit.read`. Raises `Forbidden`, `EntryNotFound`."""
    if not view.actor.may("audit.read"):
        raise Forbidden("Only auditors may read the whole log; ask for the right audit.read.", permission="audit.read")
    return read_rows(view, [_row(view, entry_id)])[0]


def _page(
    view: Reading, query: Select[AuditEntryRow], *, after: str | None, limit: int, newest_first: bool
) -> EntryPage:
    """Ids are ascending within each stream, so that their order is the order of events."""
    key, size = AuditEntryRow.id, max(1, min(limit, MOST))
    if after is not None:
        query = query.where(key < after if newest_first else key > after)
    query = query.order_by(key.desc() if newest_first else key).limit(size + 1)
    rows = list(view.session.scalars(query))
    shown = rows[:size]
    return EntryPage(items=tuple(read_rows(view, shown)), next=shown[-1].id if len(rows) > size else None)


def _row(view: Reading, entry_id: str) -> AuditEntryRow:
    row = view.session.get(AuditEntryRow, entry_id)
    if row is None:
        raise EntryNotFound(f"The trail has no entry {entry_id}.", entry_id=entry_id)
    return row


def read_rows(view: Reading, rows: Sequence[AuditEntryRow]) -> list[Entry]:
    """Entries with the personal values that are not erased; the caller has asked for rights."""
    contents = [json.loads(row.content) for row in rows]
    known = _personal(view, {sealed for content in contents for sealed in content["personal"].values()})
    return [read_entry(row, content, known) for row, content in zip(rows, contents, strict=True)]


def _personal(view: Reading, sealed: Collection[str]) -> dict[str, Any]:
    if not sealed:
        return {}
    keys = [bytes.fromhex(each) for each in sealed]
    query = select(AuditPersonalRow.commitment, AuditPersonalRow.content).where(AuditPersonalRow.commitment.in_(keys))
    return {key.hex(): json.loads(content) for key, content in view.session.execute(query)}


class Stored(Protocol):
    """The columns of an entry that its bytes do not tell."""

    id: str
    previous_hash: bytes
    hash: bytes


def read_entry(row: Stored, content: dict[str, Any], known: Mapping[str, Any]) -> Entry:
    """The entry with the personal values that are known, by their commitments."""
    personal = {name: known.get(sealed) for name, sealed in content["personal"].items()}
    return Entry(
        id=row.id,
        stream=content["stream"],
        seq=content["seq"],
        type=content["type"],
        at=datetime.fromisoformat(content["at"]),
        actor_id=content["actor"],
        actor_name=personal.pop("actor.name", SYSTEM.name if content["actor"] == SYSTEM.id else None),
        actor_address=personal.pop("actor.address", None),
        case=content["case"],
        unit=content["unit"],
        data=content["data"] | personal,
        erased=frozenset(name for name, sealed in content["personal"].items() if sealed not in known),
        previous_hash=row.previous_hash.hex(),
        hash=row.hash.hex(),
    )
