"""Failed steps and messages that nobody received: see them, try again, leave out."""

from __future__ import annotations

from pydantic import Field

from engine import queries
from engine.incidents import RetryIncident, SkipIncident
from webapp.api.routing import Body, Routes
from webapp.api.shapes import IncidentList, Settled
from webapp.web import run, view

routes = Routes("incidents")
PATH = "/incidents/<id:incident_id>"
REFUSALS = (403, 404, 409, 422)


class IncidentQuery(Body):
    """How many."""

    limit: int = Field(default=100, ge=1, le=500)


class ReasonBody(Body):
    """Why the step is tried again or left out."""

    reason: str = Field(min_length=1, max_length=2000)


@routes.get("/incidents", "Open incidents that I may see, newest first", query=IncidentQuery, answer=IncidentList)
def incidents(query: IncidentQuery) -> IncidentList:
    """List open incidents."""
    with view() as reading:
        return IncidentList(items=queries.incidents(reading, query.limit))


@routes.post(PATH + "/retry", "Try the failed step again", body=ReasonBody, answer=Settled, refusals=REFUSALS)
def retry(incident_id: str, body: ReasonBody) -> Settled:
    """Try again."""
    return Settled(id=incident_id, state=run(RetryIncident(incident_id=incident_id, reason=body.reason)))


@routes.post(PATH + "/skip", "Go on behind the failed step", body=ReasonBody, answer=Settled, refusals=REFUSALS)
def skip(incident_id: str, body: ReasonBody) -> Settled:
    """Leave it out."""
    return Settled(id=incident_id, state=run(SkipIncident(incident_id=incident_id, reason=body.reason)))
