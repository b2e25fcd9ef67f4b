"""What the firm's web site tells of its visitors, and how many came."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from crm.visits.queries import VisitDay, visit_days
from crm.visits.recording import LONGEST, RecordedVisit, RecordVisit
from webapp.api.routing import Body, Routes
from webapp.web import run, view

routes = Routes("visits")


class VisitBody(Body):
    """A page that a browser looked at; `person` or `email` says who it is, where that is known."""

    visitor: str = Field(max_length=200)
    address: str = Field(max_length=LONGEST)
    title: str | None = Field(default=None, max_length=200)
    at: datetime | None = None
    person: str | None = Field(default=None, max_length=300)
    email: str | None = Field(default=None, max_length=320)


class DaysQuery(Body):
    """A span of at most 400 days."""

    since: datetime
    until: datetime


@routes.post(
    "/web-visits",
    "Tell of a page that a visitor of the web site looked at",
    body=VisitBody,
    answer=RecordedVisit,
    status=201,
    refusals=(403, 422),
)
def record_visit(body: VisitBody) -> RecordedVisit:
    """Take it in."""
    recorded: RecordedVisit = run(RecordVisit(**body.model_dump()))
    return recorded


@routes.get(
    "/reports/visits",
    "Visits of the web site by day: of people who are known, and of others",
    query=DaysQuery,
    answer=list[VisitDay],
    refusals=(403, 422),
)
def report_visits(query: DaysQuery) -> list[VisitDay]:
    """Count."""
    with view() as reading:
        return visit_days(reading, query.since, query.until)
