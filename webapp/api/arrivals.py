"""What came in by itself and waits to be filed."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from core.records import dataclass
from documents import intake_sorting
from documents.intake_sorting import Arrival, ArrivalPage, SetAside, SortArrival, UnreadMail
from webapp.api.documents import LinkBody
from webapp.api.routing import Body, Routes
from webapp.api.shapes import Done
from webapp.web import run, view

routes = Routes("arrivals")
PATH = "/arrivals/<id:document_id>"


class ArrivalQuery(Body):
    """Which part of what waits."""

    after: str | None = None
    limit: int = Field(default=50, ge=1, le=200)


class SortingBody(Body):
    """What it is called, what it is, what it belongs to."""

    title: str = Field(default="", max_length=250)
    type: str | None = Field(default=None, max_length=100)
    links: list[LinkBody] = Field(min_length=1, max_length=50)


class AsideBody(Body):
    """Why it belongs nowhere."""

    reason: str = Field(min_length=1, max_length=500)


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreadList:
    """Messages that stay in their mailbox."""

    items: Sequence[UnreadMail]


@routes.get(
    "/arrivals", "What waits to be filed, oldest first", query=ArrivalQuery, answer=ArrivalPage, refusals=(403,)
)
def arrivals(query: ArrivalQuery) -> ArrivalPage:
    """List what waits."""
    with view() as reading:
        return intake_sorting.arrivals(reading, after=query.after, limit=query.limit)


@routes.get("/arrivals/unread", "Messages that stay in their mailbox, and why", answer=UnreadList, refusals=(403,))
def unread() -> UnreadList:
    """List them, newest first."""
    with view() as reading:
        return UnreadList(items=intake_sorting.unread_mail(reading))


@routes.get(PATH, "One that waits", answer=Arrival, refusals=(403, 404, 409))
def arrival(document_id: str) -> Arrival:
    """Read one."""
    with view() as reading:
        return intake_sorting.arrival(reading, document_id)


@routes.post(
    PATH + "/file",
    "File it where it belongs; what hangs on a message goes along",
    body=SortingBody,
    answer=Done,
    refusals=(403, 404, 409, 422),
)
def file_arrival(document_id: str, body: SortingBody) -> Done:
    """File it."""
    links = tuple(each.link() for each in body.links)
    run(SortArrival(document_id=document_id, title=body.title.strip(), type=body.type, links=links))
    return Done()


@routes.post(
    PATH + "/set-aside",
    "Take it out of the inbox; the document stays",
    body=AsideBody,
    answer=Done,
    refusals=(403, 404, 409, 422),
)
def put_aside(document_id: str, body: AsideBody) -> Done:
    """Set it aside."""
    run(SetAside(document_id=document_id, reason=body.reason))
    return Done()
