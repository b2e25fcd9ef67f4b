"""What customers see of the help desk: a form, and behind a signed link how the ticket stands and what was said."""

from flask import Blueprint, Flask, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from core.errors import Conflict, InvalidInput, NotFound
from core.identity import SYSTEM, Actor
from crm.company import company
from crm.outbox.answer_pages import by_link
from processes.helpdesk.errors import TicketLinkInvalid
from processes.helpdesk.queries import ticket_page
from processes.helpdesk.tickets import EDIT, QUESTION, WEB, OpenTicket, ReplyByLink
from webapp.errors import status_of
from webapp.outbox.limits import RateLimit
from webapp.refusals import note_address
from webapp.web import application, run_as, view

LOOKS, WRITES = RateLimit(60), RateLimit(6)  # a minute, from one address
VISITOR = Actor(id="web", name="Web form", permissions=frozenset({EDIT}))
KINDS = {
    "question": "A question",
    "fault": "A fault",
    "suggestion": "A suggestion",
    "new_product": "I need a new product",
}
STATES = {
    "open": "We are working on it",
    "waiting": "We wait for your reply",
    "answered": "Answered",
    "closed": "Closed",
}
portal = Blueprint("portal", __name__, url_prefix="/ticket")


def register(app: Flask) -> None:
    """Serve the pages to customers."""
    app.register_blueprint(portal)


@portal.get("")
def ticket_form() -> str:
    """A form for a ticket, where a setting allows it."""
    _slow_down(LOOKS)
    return _form()


@portal.post("")
def send_ticket() -> str | tuple[str, int]:
    """Open a ticket; the link leaves by mail alone, so that nobody reads what another's address is answered."""
    _slow_down(WRITES)
    given = request.form
    if not application().settings.ticket_form:
        raise NotFound("There is no such page.")
    if given.get("website"):  # a field that people do not see
        return render_template("tickets/sent.html", number="–")
    command = OpenTicket(
        channel=WEB,
        kind=given.get("kind", QUESTION),
        subject=given.get("subject", ""),
        text=given.get("text", ""),
        name=given.get("name", ""),
        email=given.get("email", ""),
    )
    try:
        made = run_as(VISITOR, command)
    except InvalidInput as error:
        told = error.details.get("fields") or {}
        return _form(" ".join(map(str, told.values())) or error.sentence), status_of(error)
    return render_template("tickets/sent.html", number=made.number)


@portal.get("/<token>")
def ticket(token: str) -> str | tuple[str, int]:
    """How the ticket stands."""
    _slow_down(LOOKS)
    try:
        return _page(token)
    except TicketLinkInvalid as error:
        return _closed(error)


@portal.post("/<token>")
def reply(token: str) -> Response | str | tuple[str, int]:
    """Keep what the customer says."""
    _slow_down(WRITES)
    try:
        run_as(by_link("Customer by link"), ReplyByLink(token=token, text=request.form.get("text", "")))
    except TicketLinkInvalid as error:
        return _closed(error)
    except (InvalidInput, Conflict) as error:
        return _page(token, fault=error.sentence), status_of(error)
    return redirect(url_for("portal.ticket", token=token, done=1))


def _form(fault: str | None = None) -> str:
    if not application().settings.ticket_form:
        raise NotFound("There is no such page.")
    with view(SYSTEM) as reading:
        name = company(reading).name
    return render_template("tickets/form.html", company=name, fault=fault, given=request.form, kinds=KINDS)


def _page(token: str, fault: str | None = None) -> str:
    with view(SYSTEM) as reading:
        found = ticket_page(reading, token)
    done = bool(request.args.get("done"))
    return render_template("tickets/portal.html", ticket=found, token=token, fault=fault, done=done, states=STATES)


def _closed(error: TicketLinkInvalid) -> tuple[str, int]:
    """Nothing more than why; the trail hears that somebody came with it."""
    note_address(None, error.code)
    return render_template("tickets/closed.html", sentence=error.sentence), status_of(error)


def _slow_down(limit: RateLimit) -> None:
    """Raises `TooManyRequests`."""
    limit.check(request.remote_addr or "", application().clock.now())
