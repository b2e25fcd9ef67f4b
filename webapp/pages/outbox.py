"""The outbox: all that leaves, one message with its tries and proof, and what can be done about it."""

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from crm.outbox import queries, words
from crm.outbox.handling import CancelMessage, FreeAddress, NoteDelivered, NoteReturned, NoteTracking, RetryMessage
from crm.outbox.queries import MessageFilter
from webapp.outbox.paper_set import set_response
from webapp.pages.blueprint import MOST, answer, asked, blueprint
from webapp.web import current_actor, run, view

MARKS = {
    words.QUEUED: "mark-soon",
    words.SENDING: "mark-live",
    words.SENT: "mark-good",
    words.DELIVERED: "mark-good",
    words.RETURNED: "mark-late",
    words.FAILED: "mark-late",
    words.CANCELLED: "",
}
NAMES = {words.EMAIL: "e-mail", words.SMS: "SMS", words.LETTER: "letter", words.FAX: "fax"}
TABS = ("", words.QUEUED, words.FAILED, words.RETURNED, words.SENT, words.CANCELLED)


@blueprint.get("/outbox")
def outbox() -> str:
    """Messages, newest first, by state and channel; of one customer where the address names it."""
    state = asked("state") if asked("state") in words.STATES else ""
    channel = asked("channel") if asked("channel") in words.CHANNELS else ""
    customer, about = asked("customer"), asked("about")
    wanted = MessageFilter(
        state=state or None, channel=channel or None, customer_id=customer or None, about=about or None
    )
    with view() as reading:
        found = queries.messages(reading, wanted, after=asked("after") or None, limit=MOST)
        keeps = current_actor().may(words.ADMINISTER)
        counted = queries.counts(reading) if keeps else {}
    return answer(
        "outbox/messages.html",
        "outbox/message_rows.html",
        messages=found,
        state=state,
        channel=channel,
        customer=customer,
        about=about,
        counted=counted,
        keeps=keeps,
        tabs=TABS,
        marks=MARKS,
        channels=NAMES,
    )


@blueprint.get("/outbox/<id:message_id>")
def message(message_id: str) -> str:
    """One message as it was or will be sent."""
    with view() as reading:
        found = queries.message(reading, message_id)
    mine = found.created_by == current_actor().id or current_actor().may(words.ADMINISTER)
    return render_template("outbox/message.html", message=found, marks=MARKS, channels=NAMES, mine=mine)


@blueprint.get("/outbox/<id:message_id>/papers")
def message_papers(message_id: str) -> Response:
    """All documents that went with a message, at the versions that went."""
    return set_response(message_id)


@blueprint.post("/outbox/<id:message_id>/<any(retry, cancel, returned, delivered, tracking):step>")
def act_on_message(message_id: str, step: str) -> Response:
    """Try again, take back, or note what the post says."""
    reason = request.form.get("reason", "")
    match step:
        case "retry":
            run(RetryMessage(message_id=message_id))
        case "cancel":
            run(CancelMessage(message_id=message_id, reason=reason))
        case "returned":
            run(NoteReturned(message_id=message_id, reason=reason))
        case "delivered":
            run(NoteDelivered(message_id=message_id))
        case _:
            run(NoteTracking(message_id=message_id, tracking_number=request.form.get("tracking_number", "")))
    return redirect(url_for("pages.message", message_id=message_id))


@blueprint.get("/outbox/addresses")
def barred_addresses() -> str:
    """Addresses that are not written to, and why."""
    with view() as reading:
        found = queries.bars(reading)
    return render_template("outbox/addresses.html", bars=found, channels=NAMES)


@blueprint.post("/outbox/addresses")
def free_address() -> Response:
    """Write to an address again."""
    run(FreeAddress(channel=request.form.get("channel", ""), address=request.form.get("address", "")))
    return redirect(url_for("pages.barred_addresses"))
