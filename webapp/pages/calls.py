"""The call queue: what waits, the next call, and the bar above a call that somebody has taken."""

from datetime import datetime

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from core.errors import DomainError, InvalidInput
from crm.activities.queries import ActivityFilter, activities
from crm.calls import queries
from crm.calls.errors import NoCallWaits
from crm.calls.leasing import FinishCall, GiveBackCall, KeepCall, TakeCall, TakeNextCall
from crm.calls.queueing import QueueCallback
from webapp.pages.blueprint import MOST, answer, asked, blueprint
from webapp.pages.formats import reader_zone
from webapp.pages.shell import names
from webapp.web import run, view

LATEST = 5  # activities beside a call


@blueprint.get("/calls")
def calls() -> str:
    """Calls in the order in which they are to be made."""
    with view() as reading:
        found = queries.call_queue(reading, after=asked("after") or None, limit=MOST)
        due = queries.waiting_calls(reading)
    return answer("calls/calls.html", "calls/call_rows.html", calls=found, due=due, names=names())


@blueprint.post("/calls/next")
def next_call() -> Response:
    """Take the next call, and go where it is made."""
    try:
        taken = run(TakeNextCall())
    except NoCallWaits as error:
        flash(error.sentence)
        return redirect(url_for("pages.calls"))
    return _there(taken.id, taken.task_id)


@blueprint.get("/calls/<id:call_id>")
def call(call_id: str) -> str:
    """One call: the numbers, what it is about, and what else there is to say."""
    with view() as reading:
        found = queries.call(reading, call_id)
        latest = activities(reading, ActivityFilter(customer_id=found.customer_id), limit=LATEST).items
    return render_template("calls/call.html", call=found, latest=latest, names=names())


@blueprint.post("/calls/<id:call_id>/take")
def take_call(call_id: str) -> Response:
    """Take a certain call."""
    taken = run(TakeCall(call_id=call_id))
    return _there(taken.id, taken.task_id)


@blueprint.post("/calls/<id:call_id>/keep")
def keep_call(call_id: str) -> str:
    """The call goes on; the answer is the bar with the new time, or what became of the call."""
    try:
        run(KeepCall(call_id=call_id))
    except DomainError as error:
        return render_template("calls/_bar.html", call=None, lost=error.sentence, names=names())
    return _bar(call_id)


@blueprint.get("/calls/<id:call_id>/bar")
def call_bar(call_id: str) -> str:
    """Who has the customer on the phone, above the task of a call."""
    return _bar(call_id)


@blueprint.post("/calls/<id:call_id>/give-back")
def give_back_call(call_id: str) -> Response:
    """Put the call off."""
    reason = request.form.get("reason", "")
    run(GiveBackCall(call_id=call_id, reason=reason, call_at=_moment("call_at")))
    flash("The call is put off.")
    return redirect(url_for("pages.calls"))


@blueprint.post("/calls/<id:call_id>/finish")
def finish_call(call_id: str) -> Response:
    """What came of a callback."""
    told = request.form
    said = {name: told.get(name, "") for name in ("outcome", "note", "needs")}
    run(FinishCall(call_id=call_id, **said))
    return redirect(url_for("pages.calls"))


@blueprint.post("/customers/<id:customer_id>/callback")
def ask_for_call(customer_id: str) -> Response:
    """Have a customer called."""
    told = request.form
    run(
        QueueCallback(
            customer_id=customer_id,
            subject=told.get("subject", ""),
            note=told.get("note") or None,
            call_at=_moment("call_at"),
            is_urgent="is_urgent" in told,
        )
    )
    flash("The call waits in the queue.")
    return redirect(url_for("pages.customer", customer_id=customer_id))


def _there(call_id: str, task_id: str | None) -> Response:
    if task_id is not None:
        return redirect(url_for("pages.task", task_id=task_id))
    return redirect(url_for("pages.call", call_id=call_id))


def _bar(call_id: str) -> str:
    with view() as reading:
        found = queries.call(reading, call_id)
    return render_template("calls/_bar.html", call=found, lost=None, names=names())


def _moment(name: str) -> datetime | None:
    """A moment of a form, in the reader's zone. Raises `InvalidInput`."""
    text = request.form.get(name, "").strip()
    try:
        return datetime.fromisoformat(text).replace(tzinfo=reader_zone()) if text else None
    except ValueError as error:
        raise InvalidInput(f"{text} is no date and time.", fields={f"/{name}": "a date and time"}) from error
