"""The whole trail, for auditors."""

from __future__ import annotations

from datetime import datetime

from pydantic import AwareDatetime, Field

from audit.log import MOST, LogFilter, look, standing
from audit.proofs import EntryProof, SignedLog, checkpoint, proof
from audit.publishing import Publication
from audit.queries import EntryPage, entries
from webapp.api.routing import Body, Routes
from webapp.api.shapes import Trail, TrailEntry
from webapp.web import view

routes = Routes("audit")


class TrailQuery(Body):
    """Which part."""

    after: str | None = None
    limit: int = Field(default=200, ge=1, le=1000)


class FoundTrail(Body):
    """Entries, newest first; `looked_to` is set where a search by address stopped early, `addresses` are by entry."""

    items: list[TrailEntry]
    next: str | None
    looked_to: datetime | None
    addresses: dict[str, str]


class LogState(Body):
    """How well the log is proved; `unsigned` are the entries that the newest checkpoint does not have yet."""

    size: int
    unsigned: int
    signed_size: int | None
    signed_at: datetime | None
    stamped_size: int | None
    stamped_at: datetime | None
    authority: str | None
    places: list[Publication]


class LogQuery(TrailQuery):
    """Which part, of which stream or case."""

    stream: str | None = Field(default=None, examples=["case:01H…"])
    case: str | None = None


@routes.get("/audit/entries", "The log, for auditors", query=LogQuery, answer=Trail, refusals=(403,))
def audit_entries(query: LogQuery) -> Trail:
    """Read the log."""
    with view() as reading:
        found = entries(reading, stream=query.stream, case=query.case, after=query.after, limit=query.limit)
    return trail_of(found)


class SearchQuery(Body):
    """What to look for, newest first."""

    actor: str | None = Field(default=None, description="log-in name")
    kind: str | None = Field(default=None, description="type of event", examples=["document.read"])
    stream: str | None = Field(default=None, examples=["document:01H…"])
    case: str | None = None
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None
    address: str | None = Field(default=None, description="network address; looks through a part of the log at a time")
    after: str | None = None
    limit: int = Field(default=50, ge=1, le=MOST)


@routes.get(
    "/audit/log", "Search the log, newest first, for auditors", query=SearchQuery, answer=FoundTrail, refusals=(403,)
)
def audit_log(query: SearchQuery) -> FoundTrail:
    """Search the log."""
    wanted = LogFilter(**query.model_dump(exclude={"after", "limit"}))
    with view() as reading:
        found = look(reading, wanted, after=query.after, limit=query.limit)
    told = trail_of(EntryPage(items=found.items, next=found.next))
    return FoundTrail(
        items=list(told.items),
        next=told.next,
        looked_to=found.looked_to,
        addresses={each.id: each.actor_address for each in found.items if each.actor_address},
    )


@routes.get("/audit/state", "How far the log is signed, published and time-stamped", answer=LogState, refusals=(403,))
def audit_state() -> LogState:
    """Read how well the log is proved."""
    with view() as reading:
        found = standing(reading)
    return LogState(
        size=found.size,
        unsigned=found.unsigned,
        signed_size=found.checkpoint.size if found.checkpoint else None,
        signed_at=found.checkpoint.at if found.checkpoint else None,
        stamped_size=found.stamped_size,
        stamped_at=found.stamped_at,
        authority=found.authority,
        places=list(found.places),
    )


@routes.get("/audit/checkpoint", "The newest signed size and root of the log", answer=SignedLog, refusals=(403, 404))
def audit_checkpoint() -> SignedLog:
    """Read the newest checkpoint."""
    with view() as reading:
        return checkpoint(reading)


@routes.get(
    "/audit/proof/<id:entry>",
    "An entry's bytes, and what leads from them to the newest checkpoint",
    answer=EntryProof,
    refusals=(403, 404, 503),
)
def audit_proof(entry: str) -> EntryProof:
    """Prove that an entry is in the log."""
    with view() as reading:
        return proof(reading, entry)


def trail_of(page: EntryPage) -> Trail:
    """Entries as the API shows them."""
    items = [
        TrailEntry(
            id=each.id,
            at=each.at,
            type=each.type,
            actor=each.actor_id,
            actor_name=each.actor,
            data=each.data,
            erased=sorted(each.erased),
            stream=each.stream,
            seq=each.seq,
            unit=each.unit,
            case=each.case,
            previous_hash=each.previous_hash,
            hash=each.hash,
        )
        for each in page.items
    ]
    return Trail(items=items, next=page.next)
