"""The call queue: who is to be called next, and who is on the phone with whom."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from core.records import dataclass
from crm.calls import queries
from crm.calls.leasing import FinishCall, GiveBackCall, KeepCall, TakeCall, TakenCall, TakeNextCall
from crm.calls.queries import Call, CallSummary
from crm.calls.queueing import QueueCallback
from crm.paging import Part
from webapp.api.routing import Body, Routes
from webapp.web import run, view

routes = Routes("calls")
CALL = "/calls/<id:call_id>"
REFUSALS = (403, 404, 409, 422)


class CallQuery(Body):
    """Which part of the queue."""

    after: str | None = None
    limit: int = Field(default=50, ge=1, le=200)


class CallbackBody(Body):
    """Whom to call about what; `call_at` is a promised moment, `by` the account that alone is to call."""

    customer_id: str = Field(min_length=1, max_length=26)
    subject: str = Field(min_length=1, max_length=200)
    note: str | None = Field(default=None, max_length=4000)
    call_at: datetime | None = None
    by: str | None = Field(default=None, max_length=100)
    is_urgent: bool = False


class GiveBackBody(Body):
    """Why, and when the customer is to be called; without a moment in two hours."""

    reason: str = Field(min_length=1, max_length=1000)
    call_at: datetime | None = None


class FinishBody(Body):
    """What came of a callback."""

    outcome: Literal["reached", "not_reached", "not_needed"]
    note: str = Field(default="", max_length=20_000)
    needs: str = Field(default="", max_length=2000)


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuedCall:
    """A call that waits; whoever asked for it may not be the one who makes it."""

    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenBack:
    """When the call is to be made now."""

    call_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """The activity that tells of the call, if the customer was reached."""

    activity_id: str | None


@routes.get("/calls", "The calls that the caller may take, in their order", query=CallQuery, answer=Part[CallSummary],
            refusals=(403, 422))  # fmt: skip
def list_calls(query: CallQuery) -> Part[CallSummary]:
    """Show the queue."""
    with view() as reading:
        return queries.call_queue(reading, after=query.after, limit=query.limit)


@routes.post(
    "/calls", "Have a customer called", body=CallbackBody, answer=QueuedCall, refusals=(403, 404, 422), status=201
)
def queue_callback(body: CallbackBody) -> QueuedCall:
    """Ask for a call."""
    return QueuedCall(id=run(QueueCallback(**body.model_dump())))


@routes.post("/calls/next", "Take the next call: its customer is held for two minutes", answer=TakenCall,
             refusals=(403, 404))  # fmt: skip
def take_next() -> TakenCall:
    """Take the next call."""
    taken: TakenCall = run(TakeNextCall())
    return taken


@routes.get(CALL, "One call with the numbers to try", answer=Call, refusals=(403, 404))
def get_call(call_id: str) -> Call:
    """Show a call."""
    with view() as reading:
        return queries.call(reading, call_id)


@routes.post(f"{CALL}/take", "Take a certain call", answer=TakenCall, refusals=(403, 404, 409))
def take(call_id: str) -> TakenCall:
    """Take a call."""
    taken: TakenCall = run(TakeCall(call_id=call_id))
    return taken


@routes.post(f"{CALL}/keep", "Say that the call goes on: two more minutes", answer=TakenCall, refusals=(403, 404, 409))
def keep(call_id: str) -> TakenCall:
    """Keep a call."""
    taken: TakenCall = run(KeepCall(call_id=call_id))
    return taken


@routes.post(f"{CALL}/give-back", "Put a call off", body=GiveBackBody, answer=GivenBack, refusals=REFUSALS)
def give_back(call_id: str, body: GiveBackBody) -> GivenBack:
    """Put it off."""
    return GivenBack(call_at=run(GiveBackCall(call_id=call_id, reason=body.reason, call_at=body.call_at)))


@routes.post(f"{CALL}/finish", "Say what came of a callback", body=FinishBody, answer=Finished, refusals=REFUSALS)
def finish(call_id: str, body: FinishBody) -> Finished:
    """Finish it."""
    return Finished(activity_id=run(FinishCall(call_id=call_id, **body.model_dump())))
