"""The whole trail, for auditors."""

from __future__ import annotations

from pydantic import Field

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
