"""Work that was ordered from a worker: its page waits, and goes on to the result."""

from typing import Any

from flask import Response, render_template, request, url_for

from documents.orders.queries import order
from webapp.orders import made_or_ordered
from webapp.pages.blueprint import blueprint
from webapp.web import view


def carried_out(wanted: Any) -> Response:
    """To the document that was made, or to the page that waits for it."""
    made = made_or_ordered(wanted)
    if isinstance(made, str):
        return Response(status=204, headers={"HX-Redirect": url_for("pages.order", order_id=made)})
    return Response(status=204, headers={"HX-Redirect": url_for("pages.document", document_id=made.id)})


@blueprint.get("/document-orders/<order_id>", endpoint="order")
def show_order(order_id: str) -> Response | str:
    """How it gets on; asked by its own page, only the part that changes, and to the result once it is there."""
    with view() as reading:
        found = order(reading, order_id)
    if found.document_id is not None:
        address = url_for("pages.document", document_id=found.document_id)
        moved = {"HX-Redirect": address} if "HX-Request" in request.headers else {"Location": address}
        return Response(status=200 if "HX-Request" in request.headers else 303, headers=moved)
    return render_template("order_state.html" if "HX-Request" in request.headers else "order.html", order=found)
