"""Tickets of the help desk: the list, one with what was said, and the form for who has a customer on the phone."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from core.errors import Conflict, DomainError, InvalidInput, NotFound
from engine.access import may_see_instance
from processes.helpdesk import queries
from processes.helpdesk.tickets import (
    ANSWERED,
    CLOSED,
    KINDS,
    OPEN,
    PHONE,
    QUESTION,
    WAITING,
    OpenTicket,
    RenewTicketLink,
    ReplyToTicket,
    RevokeTicketLink,
)
from webapp.errors import status_of
from webapp.pages.blueprint import MOST, answer, asked, blueprint
from webapp.web import run, view

MARKS = {OPEN: "mark-live", WAITING: "mark-soon", ANSWERED: "mark-good", CLOSED: ""}
TABS: dict[str, tuple[str, tuple[str, ...]]] = {
    "": ("Ours to answer", (OPEN,)),
    "waiting": ("Customer's turn", (WAITING, ANSWERED)),
    "closed": ("Closed", (CLOSED,)),
    "all": ("All", ()),
}


@blueprint.get("/tickets")
def ticket_list() -> str:
    """Tickets by whose turn it is."""
    return _list()


@blueprint.post("/tickets")
def open_ticket() -> Response | tuple[str, int]:
    """Write down what a customer says on the phone."""
    given = request.form
    command = OpenTicket(
        channel=PHONE,
        kind=given.get("kind", QUESTION),
        subject=given.get("subject", ""),
        text=given.get("text", ""),
        name=given.get("name", ""),
        email=given.get("email") or None,
        phone=given.get("phone") or None,
        customer_id=given.get("customer") or None,
    )
    try:
        made = run(command)
    except (InvalidInput, NotFound) as error:
        return _list(error), status_of(error)
    flash(f"Ticket {made.number} is open; tell the customer its number.")
    return redirect(url_for("pages.ticket", key=made.id))


@blueprint.get("/tickets/<key>")
def ticket(key: str) -> str:
    """One ticket."""
    return _one(key)


@blueprint.post("/tickets/<id:ticket_id>/<any(reply, link, revoke):step>")
def act_on_ticket(ticket_id: str, step: str) -> Response | str | tuple[str, int]:
    """Note what the customer says more, or make or revoke the customer's link."""
    try:
        if step == "reply":
            run(ReplyToTicket(ticket_id=ticket_id, text=request.form.get("text", ""), channel=PHONE))
        elif step == "revoke":
            run(RevokeTicketLink(ticket_id=ticket_id))
            flash("The link works no longer.")
        else:
            return _one(ticket_id, link=run(RenewTicketLink(ticket_id=ticket_id)))
    except (InvalidInput, Conflict) as error:
        return _one(ticket_id, error), status_of(error)
    return redirect(url_for("pages.ticket", key=ticket_id))


def _list(error: DomainError | None = None) -> str:
    tab = asked("tab") if asked("tab") in TABS else ""
    with view() as reading:
        found = queries.tickets(reading, states=TABS[tab][1], after=asked("after") or None, limit=MOST)
    return answer(
        "tickets/list.html",
        "tickets/rows.html",
        tickets=found,
        tab=tab,
        tabs={key: title for key, (title, _) in TABS.items()},
        kinds=KINDS,
        error=error,
        given=request.form,
        marks=MARKS,
    )


def _one(key: str, error: DomainError | None = None, *, link: str | None = None) -> str:
    with view() as reading:
        found = queries.ticket(reading, key)
        works = found.link_until > reading.clock.now()
        may_see_case = found.case_id is not None and may_see_instance(reading, found.case_id)
    return render_template(
        "tickets/ticket.html",
        ticket=found,
        error=error,
        link=link,
        works=works,
        may_see_case=may_see_case,
        marks=MARKS,
    )
