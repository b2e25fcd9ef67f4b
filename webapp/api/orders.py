"""Work that was ordered from a worker, and how a request chooses between waiting and asking again."""

from __future__ import annotations

from typing import Any

from flask import Response, request

from documents import queries
from documents.orders.queries import OrderView, order
from webapp.api.files import file_of
from webapp.api.json_body import answer_json
from webapp.api.routing import Routes
from webapp.api.shapes import AttachedFile
from webapp.orders import made_or_ordered
from webapp.web import view

routes = Routes("orders")
AGAIN = "2"  # seconds
ASYNC = "respond-async"  # RFC 7240, section 4.1


@routes.get("/document-orders/<id:order_id>", "How work gets on that a worker does", answer=OrderView, refusals=(404,))
def read_order(order_id: str) -> OrderView:
    """One of my orders."""
    with view() as reading:
        return order(reading, order_id)


def carried_out(wanted: Any) -> AttachedFile | Response:
    """What was made; 202 with the order and its address for large work, and for whoever prefers not to wait."""
    preferred = {each.strip().lower() for each in request.headers.get("Prefer", "").split(",")}
    made = made_or_ordered(wanted, at_once=ASYNC not in preferred)
    with view() as reading:
        if not isinstance(made, str):
            return file_of(queries.version(reading, made.id, made.version))
        response = answer_json(order(reading, made), status=202)
    response.headers["Location"] = f"/api/v1/document-orders/{made}"
    response.headers["Retry-After"] = AGAIN
    if ASYNC in preferred:
        response.headers["Preference-Applied"] = ASYNC
    return response
