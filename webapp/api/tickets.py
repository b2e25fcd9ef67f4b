"""Tickets of the help desk: opened by a web site or a telephone exchange, read, gone on with."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from core.records import dataclass
from crm.paging import Part
from processes.helpdesk import queries
from processes.helpdesk.queries import Ticket, TicketSummary
from processes.helpdesk.tickets import OpenTicket, RenewTicketLink, ReplyToTicket, RevokeTicketLink
from webapp.api.routing import Body, Routes
from webapp.web import run, view

routes = Routes("tickets")
REFUSALS = (403, 404, 409, 422)
TICKET = "/tickets/<id:ticket_id>"
Channel = Literal["mail", "web", "phone"]
Kind = Literal["question", "fault", "suggestion", "new_product"]


class TicketBody(Body):
    """What somebody wants; `customer` is an id or number, else they are known by address or phone, or not at all."""

    channel: Channel = "web"
    kind: Kind = "question"
    subject: str = Field(min_length=1, max_length=200)
    text: str = Field(min_length=1, max_length=20_000)
    name: str = Field(default="", max_length=200)
    email: str | None = Field(default=None, max_length=254)
    phone: str | None = Field(default=None, max_length=40)
    customer: str | None = Field(default=None, max_length=64)
    product_group: str | None = Field(default=None, max_length=200)


class TicketQuery(Body):
    """Which tickets."""

    state: Literal["open", "waiting", "answered", "closed"] | None = None
    kind: Kind | None = None
    customer_id: str | None = None
    after: str | None = None
    limit: int = Field(default=50, ge=1, le=200)


class ReplyBody(Body):
    """What the customer says more."""

    text: str = Field(min_length=1, max_length=20_000)
    channel: Channel = "phone"
    author: str = Field(default="", max_length=200)


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketLink:
    """The customer's address of a ticket."""

    address: str


@routes.get("/tickets", "Tickets, newest first", query=TicketQuery, answer=Part[TicketSummary], refusals=(403,))
def list_tickets(query: TicketQuery) -> Any:
    """List tickets."""
    states = (query.state,) if query.state else ()
    with view() as reading:
        return queries.tickets(
            reading,
            states=states,
            kind=query.kind,
            customer_id=query.customer_id,
            after=query.after,
            limit=query.limit,
        )


@routes.post(
    "/tickets",
    "Open a ticket; its case begins by itself",
    body=TicketBody,
    answer=Ticket,
    status=201,
    refusals=REFUSALS,
)
def open_ticket(body: TicketBody) -> Ticket:
    """Open a ticket."""
    made = run(
        OpenTicket(
            channel=body.channel,
            kind=body.kind,
            subject=body.subject,
            text=body.text,
            name=body.name,
            email=body.email,
            phone=body.phone,
            customer_id=body.customer,
            product_group=body.product_group,
        )
    )
    return _ticket(made.id)


@routes.get("/tickets/<key>", "One ticket with what was said, by id or number", answer=Ticket, refusals=(403, 404))
def ticket(key: str) -> Ticket:
    """Read one ticket."""
    return _ticket(key)


@routes.post(f"{TICKET}/replies", "Note what the customer says more", body=ReplyBody, answer=Ticket, refusals=REFUSALS)
def reply_to_ticket(ticket_id: str, body: ReplyBody) -> Ticket:
    """Go on with a ticket."""
    run(ReplyToTicket(ticket_id=ticket_id, text=body.text, channel=body.channel, author=body.author))
    return _ticket(ticket_id)


@routes.post(f"{TICKET}/link", "A new link for the customer; the old one ends", answer=TicketLink, refusals=REFUSALS)
def renew_ticket_link(ticket_id: str) -> TicketLink:
    """Make a new link."""
    return TicketLink(address=run(RenewTicketLink(ticket_id=ticket_id)))


@routes.post(f"{TICKET}/link/revoke", "Let nobody in by the link", answer=Ticket, refusals=REFUSALS)
def revoke_ticket_link(ticket_id: str) -> Ticket:
    """Take the link back."""
    run(RevokeTicketLink(ticket_id=ticket_id))
    return _ticket(ticket_id)


def _ticket(key: str) -> Ticket:
    with view() as reading:
        return queries.ticket(reading, key)
