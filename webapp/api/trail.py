"""The whole trail, for auditors."""

from __future__ import annotations

from pydantic import Field

from audit.proofs import EntryProof, SignedLog, checkpoint, proof
from audit.queries import EntryPage, entries
from webapp.api.routing import Body, Routes
from webapp.api.shapes import Trail, TrailEntry
from webapp.web import view

routes = Routes("audit")


class TrailQuery(Body):
    """Which part."""

    after: str | None = None
    limit: int = Field(default=200, ge=1, le=1000)


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
