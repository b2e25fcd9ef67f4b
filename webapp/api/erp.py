"""The exchange with an ERP: what was handed over and what it said, for programs and for whoever looks after it."""

from __future__ import annotations

from typing import Any, Literal

from flask import Response
from pydantic import Field

from audit.giving import GiveOut
from core.errors import InvalidInput
from crm.erp import queries
from crm.erp.arriving import Arrived, RetryArrival, TakeArrival
from crm.erp.files import Exported, ExportHandovers, TakeAnswers, TakenAnswers, batch_csv
from crm.erp.masters import Masters, SetMasters, masters
from crm.erp.queries import Arrival, ArrivalSummary, Handover, HandoverFilter, HandoverSummary
from crm.erp.queueing import HandOver
from crm.erp.sending import CancelHandover, RetryHandover
from crm.erp.supply import StockLevel, stock
from crm.paging import Part
from webapp.api.routing import Body, Routes, Upload
from webapp.uploads import receive_small_files
from webapp.web import run, view

routes = Routes("erp")
REFUSALS = (403, 404, 409, 422)
HANDOVER, ARRIVAL = "/erp/handovers/<id:handover_id>", "/erp/arrivals/<id:arrival_id>"
Entity = Literal["crm.customer", "crm.product", "crm.order", "crm.parts_order"]
State = Literal["held", "waiting", "sending", "sent", "acknowledged", "refused", "failed", "cancelled"]


class HandoverBody(Body):
    """Which record."""

    entity: Entity
    record_id: str = Field(min_length=1, max_length=26)


class HandoverQuery(Body):
    """Which hand-overs."""

    state: State | None = None
    entity: Entity | None = None
    record_id: str | None = None
    after: str | None = None
    limit: int = Field(default=50, ge=1, le=200)


class ArrivalBody(Body):
    """What the ERP says; the same key is the same thing, however often it is said."""

    key: str = Field(min_length=1, max_length=100)
    kind: Literal[
        "invoice",
        "delivery",
        "acknowledgement",
        "refusal",
        "customer",
        "product",
        "price",
        "payment",
        "stock",
        "parts",
        "cost_rate",
    ]
    content: dict[str, Any] = Field(default_factory=dict)


class MastersBody(Body):
    """The fields of a kind of record that the ERP is master of; all others are the CRM's."""

    entity: Literal["crm.customer", "crm.product"]
    fields: list[str] = Field(max_length=100)


class ArrivalQuery(Body):
    """Which of what the ERP said."""

    state: Literal["taken", "refused"] | None = None
    after: str | None = None
    limit: int = Field(default=50, ge=1, le=200)


class ExportBody(Body):
    """Records of what kind."""

    entity: Entity


class WhyBody(Body):
    """Why."""

    reason: str = Field(min_length=1, max_length=400)


@routes.get(
    "/erp/handovers",
    "Records on their way to the ERP, newest first",
    query=HandoverQuery,
    answer=Part[HandoverSummary],
    refusals=(403, 422),
)
def handovers(query: HandoverQuery) -> Any:
    """List hand-overs."""
    states = (query.state,) if query.state else ()
    wanted = HandoverFilter(states=states, entity=query.entity, record_id=query.record_id)
    with view() as reading:
        return queries.handovers(reading, wanted, after=query.after, limit=query.limit)


@routes.post(
    "/erp/handovers",
    "Have a record handed over; saying it twice is harmless",
    body=HandoverBody,
    answer=Handover,
    status=201,
    refusals=REFUSALS,
)
def hand_over(body: HandoverBody) -> Handover:
    """Queue a record, its customer before it."""
    return _handover(run(HandOver(entity=body.entity, record_id=body.record_id)))


@routes.get(HANDOVER, "One hand-over with what it says and its tries", answer=Handover, refusals=(403, 404))
def handover(handover_id: str) -> Handover:
    """Read one hand-over."""
    return _handover(handover_id)


@routes.post(f"{HANDOVER}/retry", "Hand a record over again", answer=Handover, refusals=REFUSALS)
def retry_handover(handover_id: str) -> Handover:
    """Begin the tries anew."""
    run(RetryHandover(handover_id=handover_id))
    return _handover(handover_id)


@routes.post(f"{HANDOVER}/cancel", "Do not hand a record over", body=WhyBody, answer=Handover, refusals=REFUSALS)
def cancel_handover(handover_id: str, body: WhyBody) -> Handover:
    """Take back what the ERP does not have."""
    run(CancelHandover(handover_id=handover_id, reason=body.reason))
    return _handover(handover_id)


@routes.post(
    "/erp/batches",
    "Put all records of a kind that wait into a file",
    body=ExportBody,
    answer=Exported,
    status=201,
    refusals=(403, 409, 422),
)
def export_handovers(body: ExportBody) -> Exported:
    """Make a file; what is in it waits for the ERP's acknowledgement."""
    made: Exported = run(ExportHandovers(entity=body.entity))
    return made


@routes.get("/erp/batches/<id:batch_id>/content", "The file, the same each time", media="text/csv", refusals=(403, 404))
def batch_content(batch_id: str) -> Response:
    """Fetch a file of records."""
    return batch_response(batch_id)


@routes.get(
    "/erp/arrivals",
    "What the ERP said, newest first",
    query=ArrivalQuery,
    answer=Part[ArrivalSummary],
    refusals=(403, 422),
)
def arrivals(query: ArrivalQuery) -> Any:
    """List what came."""
    with view() as reading:
        return queries.arrivals(reading, state=query.state, after=query.after, limit=query.limit)


@routes.post(
    "/erp/arrivals",
    "Say something as the ERP: an invoice, a delivery, an acknowledgement, a refusal",
    body=ArrivalBody,
    answer=Arrived,
    refusals=(403, 409, 422),
)
def take_arrival(body: ArrivalBody) -> Arrived:
    """Take it over, or keep it with the reason why not."""
    taken: Arrived = run(TakeArrival(key=body.key, kind=body.kind, content=body.content))
    return taken


@routes.get(ARRIVAL, "One thing that the ERP said", answer=Arrival, refusals=(403, 404))
def arrival(arrival_id: str) -> Arrival:
    """Read one arrival."""
    with view() as reading:
        return queries.arrival(reading, arrival_id)


@routes.post(f"{ARRIVAL}/retry", "Try once more to take it over", answer=Arrived, refusals=(403, 404))
def retry_arrival(arrival_id: str) -> Arrived:
    """Try again what was refused."""
    taken: Arrived = run(RetryArrival(arrival_id=arrival_id))
    return taken


@routes.post(
    "/erp/answers",
    "Take over a CSV file of what the ERP says; rows that are wrong are kept with the reason",
    upload=Upload(fields={}),
    answer=TakenAnswers,
    refusals=(403, 413, 422),
)
def take_answers() -> TakenAnswers:
    """Take a file of answers over."""
    return answers_of_request()


def answers_of_request() -> TakenAnswers:
    """What came of the file that the request brings."""
    files, _ = receive_small_files()
    if len(files) != 1:
        raise InvalidInput("Send one file at a time.", fields={"/file": "one file"})
    done: TakenAnswers = run(TakeAnswers(content=files[0].content))
    return done


def batch_response(batch_id: str) -> Response:
    """The file as an attachment; that it was fetched stands in the trail."""
    with view() as reading:
        name, pieces = batch_csv(reading, batch_id)
        text = "".join(pieces)
    run(GiveOut(what="erp", form="csv", subject=batch_id))
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "X-Content-Type-Options": "nosniff"}
    return Response(text, mimetype="text/csv", headers=headers)


def _handover(handover_id: str) -> Handover:
    with view() as reading:
        return queries.handover(reading, handover_id)


@routes.get("/erp/masters", "Which fields the ERP is master of", answer=list[Masters], refusals=(403,))
def field_masters() -> Any:
    """Read who is master."""
    with view() as reading:
        queries.require(reading)
        return masters(reading)


@routes.post(
    "/erp/masters", "Say which fields the ERP is master of", body=MastersBody, answer=list[Masters], refusals=REFUSALS
)
def set_field_masters(body: MastersBody) -> Any:
    """Set who is master."""
    run(SetMasters(entity=body.entity, fields=tuple(body.fields)))
    with view() as reading:
        return masters(reading)


@routes.get(
    "/products/<id:product_id>/stock",
    "How much of a product is where, as the ERP said last",
    answer=list[StockLevel],
    refusals=(403,),
)
def product_stock(product_id: str) -> Any:
    """Read the stock."""
    with view() as reading:
        return stock(reading, product_id)
