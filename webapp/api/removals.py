"""Removing history that has outlived its time: start, look, stop."""

from __future__ import annotations

from pydantic import Field

from engine import removals
from engine.removals import RemovalView, StartRemoval, StopRemoval
from webapp.api.routing import Body, Routes
from webapp.api.shapes import Done, RemovalList, RemovalStarted
from webapp.web import run, view

routes = Routes("removals")
PATH = "/removals/<id:removal_id>"
REFUSALS = (403, 404, 409, 422)


class ReasonBody(Body):
    """Why."""

    reason: str = Field(min_length=1, max_length=2000)


@routes.post(
    "/removals",
    "Remove finished cases that their processes keep no longer",
    body=ReasonBody,
    answer=RemovalStarted,
    status=201,
    refusals=(403, 422),
)
def start(body: ReasonBody) -> RemovalStarted:
    """Start a removal; the id is null where nothing has outlived its time."""
    return RemovalStarted(id=run(StartRemoval(reason=body.reason)))


@routes.get("/removals", "Removals, newest first", answer=RemovalList, refusals=(403,))
def listed() -> RemovalList:
    """List removals."""
    with view() as reading:
        return RemovalList(items=removals.removals(reading))


@routes.get(PATH, "How one gets on", answer=RemovalView, refusals=(403, 404))
def removal(removal_id: str) -> RemovalView:
    """Read one."""
    with view() as reading:
        return removals.removal(reading, removal_id)


@routes.post(PATH + "/stop", "Leave the rest", body=ReasonBody, answer=Done, refusals=REFUSALS)
def stop(removal_id: str, body: ReasonBody) -> Done:
    """Stop one."""
    run(StopRemoval(removal_id=removal_id, reason=body.reason))
    return Done()
