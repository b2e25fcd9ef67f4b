"""The customer file: one list of everything that happened with a customer, and the stages of what runs."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import Field

from audit.giving import GiveOut
from crm.customer_file.entries import FileFilter, FilePage, customer_file
from crm.opening import NoteCustomerOpened
from crm.outbox.sent import SentDocument, documents_sent
from crm.paging import Part
from crm.queries import customer
from crm.sales.trade import Trade, trade
from webapp.api.routing import Body, Routes
from webapp.customer_cases import SpecialOffer, StartSpecialOffer
from webapp.customer_file import RunningCase, running_cases
from webapp.customer_record import CustomerRecord, customer_record
from webapp.web import run, view

routes = Routes("customers files")


class FileQuery(Body):
    """Which entries; `kinds` are separated by commas, `since` and `until` bound a half-open span."""

    kinds: str = Field(default="", max_length=300)
    since: datetime | None = None
    until: datetime | None = None
    employee: str | None = None
    contact_id: str | None = None
    after: str | None = None
    limit: int = Field(default=50, ge=1, le=200)


@routes.get(
    "/customers/<key>/file",
    "Everything that happened with a customer, the newest first",
    query=FileQuery,
    answer=FilePage,
    refusals=(403, 404, 422),
)
def file_of_customer(key: str, query: FileQuery) -> FilePage:
    """Read the customer file."""
    wanted = FileFilter(
        kinds=frozenset(each.strip() for each in query.kinds.split(",") if each.strip()),
        since=query.since,
        until=query.until,
        employee=query.employee,
        contact_id=query.contact_id,
    )
    with view() as reading:
        return customer_file(reading, key, wanted, after=query.after, limit=query.limit)


class SentQuery(Body):
    """Which page."""

    after: str | None = None
    limit: int = Field(default=50, ge=1, le=200)


@routes.get(
    "/customers/<key>/sent-documents",
    "The documents that a customer was really sent, the newest first",
    query=SentQuery,
    answer=Part[SentDocument],
    refusals=(403, 404, 422),
)
def documents_sent_to(key: str, query: SentQuery) -> Part[SentDocument]:
    """Read what was sent."""
    with view() as reading:
        return documents_sent(reading, customer(reading, key).id, after=query.after, limit=query.limit)


class TradeQuery(Body):
    """How many of each list."""

    limit: int = Field(default=50, ge=1, le=200)


@routes.get(
    "/customers/<key>/trade",
    "Service contracts, orders, deliveries and goods bought: how many, worth how much, and the newest of each",
    query=TradeQuery,
    answer=Trade,
    refusals=(403, 404, 422),
)
def trade_with_customer(key: str, query: TradeQuery) -> Trade:
    """Read what was traded."""
    with view() as reading:
        return trade(reading, key, limit=query.limit)


@routes.get(
    "/customers/<key>/record",
    "Everything that is known of a customer in one piece, as far as the caller may see it",
    answer=CustomerRecord,
    refusals=(403, 404),
)
def record_of_customer(key: str) -> CustomerRecord:
    """Take the whole record out; the trail tells who did."""
    with view() as reading:
        found = customer_record(reading, key)
    run(NoteCustomerOpened(customer_id=found.customer.id))
    run(GiveOut(what="customer", form="json", subject=found.customer.id, rows=1))
    return found


@routes.post(
    "/customers/<id:customer_id>/special-offer",
    "Draft an offer with the prices of a key account's own list and begin its approval, or tell the one that runs",
    answer=SpecialOffer,
    status=201,
    refusals=(403, 404, 409, 422),
)
def special_offer(customer_id: str) -> SpecialOffer:
    """Begin a special offer."""
    begun: SpecialOffer = run(StartSpecialOffer(customer_id=customer_id))
    return begun


@routes.get(
    "/customers/<key>/stages",
    "The stage of every case that runs for a customer",
    answer=list[RunningCase],
    refusals=(403, 404),
)
def stages_of_customer(key: str) -> Any:
    """Read the stages of running cases."""
    with view() as reading:
        return running_cases(reading, key)
