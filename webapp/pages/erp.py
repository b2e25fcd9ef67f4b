"""The exchange with an ERP: what waits, what it acknowledged, what it refused and why, what it said."""

import json
from typing import Any

from flask import Response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from crm.erp import queries
from crm.erp import words as known
from crm.erp.arriving import RetryArrival
from crm.erp.files import ExportHandovers
from crm.erp.masters import SetMasters, masters
from crm.erp.queries import HandoverFilter
from crm.erp.queueing import HandOver
from crm.erp.sending import CancelHandover, RetryHandover
from webapp.api.erp import answers_of_request, batch_response
from webapp.pages.blueprint import MOST, answer, asked, blueprint
from webapp.web import application, run, view

MARKS = {
    known.HELD: "",
    known.WAITING: "mark-soon",
    known.SENDING: "mark-live",
    known.SENT: "mark-live",
    known.ACKNOWLEDGED: "mark-good",
    known.TAKEN: "mark-good",
    known.REFUSED: "mark-late",
    known.FAILED: "mark-late",
    known.CANCELLED: "",
}
TABS: dict[str, tuple[str, tuple[str, ...]]] = {
    "": ("Waiting", known.OPEN),
    "acknowledged": ("Acknowledged", (known.ACKNOWLEDGED,)),
    "refused": ("Refused", (known.REFUSED, known.FAILED)),
    "all": ("All", ()),
}
PAGES = {known.CUSTOMER: "customers", known.PRODUCT: "products", known.ORDER: "orders", "crm.invoice": "invoices"}
NAMES = {
    known.CUSTOMER: "customer",
    known.PRODUCT: "product",
    known.ORDER: "order",
    known.PARTS_ORDER: "order of parts",
    "crm.invoice": "invoice",
    "crm.payment": "payment",
}


@blueprint.get("/erp")
def erp() -> str:
    """Records on their way, by what the ERP said."""
    tab = asked("tab") if asked("tab") in TABS else ""
    with view() as reading:
        found = queries.handovers(
            reading, HandoverFilter(states=TABS[tab][1]), after=asked("after") or None, limit=MOST
        )
        values: dict[str, Any] = {"counted": queries.counts(reading), "looked": queries.looked(reading)}
    connected = bool(application().settings.erp_url)
    return answer(
        "erp/erp.html",
        "erp/handover_rows.html",
        handovers=found,
        tab=tab,
        tabs={key: title for key, (title, _) in TABS.items()},
        connected=connected,
        kinds=known.NAMES,
        **values,
        **_shared(),
    )


@blueprint.get("/erp/<id:handover_id>")
def erp_handover(handover_id: str) -> str:
    """One record as it was or will be handed over."""
    with view() as reading:
        found = queries.handover(reading, handover_id)
    return render_template("erp/handover.html", handover=found, content=_shown(found.content), **_shared())


@blueprint.post("/erp/<id:handover_id>/<any(retry, cancel):step>")
def act_on_handover(handover_id: str, step: str) -> BaseResponse:
    """Try again, or leave it."""
    if step == "retry":
        run(RetryHandover(handover_id=handover_id))
    else:
        run(CancelHandover(handover_id=handover_id, reason=request.form.get("reason", "")))
    return redirect(url_for("pages.erp_handover", handover_id=handover_id))


@blueprint.post("/erp/orders/<id:order_id>")
def hand_order_over(order_id: str) -> BaseResponse:
    """Hand an order over, its customer before it."""
    run(HandOver(entity=known.ORDER, record_id=order_id))
    return redirect(url_for("pages.customer_order", order_id=order_id))


@blueprint.post("/erp/batches")
def export_to_erp() -> BaseResponse:
    """Put what waits into a file and fetch it."""
    made = run(ExportHandovers(entity=request.form.get("entity", "")))
    return redirect(url_for("pages.erp_batch", batch_id=made.batch))


@blueprint.get("/erp/batches/<id:batch_id>")
def erp_batch(batch_id: str) -> Response:
    """The file."""
    return batch_response(batch_id)


@blueprint.get("/erp/arrivals")
def erp_arrivals() -> str:
    """What the ERP said."""
    state = asked("state") if asked("state") in {known.TAKEN, known.REFUSED} else ""
    with view() as reading:
        found = queries.arrivals(reading, state=state or None, after=asked("after") or None, limit=MOST)
    return answer("erp/arrivals.html", "erp/arrival_rows.html", arrivals=found, state=state, **_shared())


@blueprint.get("/erp/arrivals/<id:arrival_id>")
def erp_arrival(arrival_id: str) -> str:
    """One thing that the ERP said."""
    with view() as reading:
        found = queries.arrival(reading, arrival_id)
    return render_template("erp/arrival.html", arrival=found, content=_shown(found.content), **_shared())


@blueprint.post("/erp/arrivals/<id:arrival_id>/retry")
def retry_arrival(arrival_id: str) -> BaseResponse:
    """Try once more to take it over."""
    run(RetryArrival(arrival_id=arrival_id))
    return redirect(url_for("pages.erp_arrival", arrival_id=arrival_id))


@blueprint.post("/erp/answers")
def take_erp_answers() -> str:
    """Take a file of answers over; what came of its rows, as a part of the page."""
    return render_template("erp/answers.html", taken=answers_of_request())


def _shared() -> dict[str, Any]:
    return {"marks": MARKS, "record_names": NAMES, "record_url": _record_url}


def _record_url(entity: str | None, record_id: str | None) -> str | None:
    """Where a record is shown."""
    if entity not in PAGES or record_id is None:
        return None
    path = PAGES[entity]
    return f"/{path}/{record_id}"


def _shown(content: dict[str, Any]) -> str:
    return json.dumps(content, indent=2, ensure_ascii=False, sort_keys=True)


@blueprint.get("/erp/masters")
def erp_masters() -> str:
    """Which system is master of which field."""
    with view() as reading:
        queries.require(reading)
        found = masters(reading)
    return render_template("erp/masters.html", masters=found, record_names=NAMES)


@blueprint.post("/erp/masters")
def set_erp_masters() -> BaseResponse:
    """Say which fields the ERP keeps."""
    run(SetMasters(entity=request.form.get("entity", ""), fields=tuple(request.form.getlist("field"))))
    return redirect(url_for("pages.erp_masters"))
