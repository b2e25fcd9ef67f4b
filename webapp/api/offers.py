"""Offers."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from pydantic import Field

from crm import offer_queries
from crm.enquiries import OfferForEnquiry
from crm.offer_content import Line, Terms
from crm.offer_queries import Offer, OfferSummary
from crm.offers import CreateOffer, ReviseOffer, UpdateOffer
from crm.queries import Page as CrmPage
from webapp.api.routing import Body, Routes
from webapp.web import run, view

routes = Routes("offers")
REFUSALS = (403, 404, 409, 422)


class LineBody(Body):
    """One line; what is left out comes from the product. Discount and VAT are per cent."""

    quantity: Decimal
    product_id: str | None = None
    sku: str | None = None
    description: str | None = None
    unit: str | None = None
    unit_price: Decimal | None = None
    discount: Decimal = Decimal(0)
    vat_rate: Decimal | None = None
    unit_cost: Decimal | None = None


class TermsBody(Body):
    """The terms; what is absent stays as it is."""

    payment_days: int = 14
    is_prepaid: bool = False
    valid_until: date | None = None
    delivery_terms: str | None = None
    has_special_terms: bool = False
    is_special_build: bool = False
    note: str | None = None

    def sent(self) -> dict[str, Any]:
        """The terms that were sent."""
        return self.model_dump(exclude_unset=True)


class OfferBody(Body):
    """An offer to draft."""

    customer_id: str
    lines: list[LineBody] = Field(default_factory=list, max_length=1000)
    currency: str | None = None
    terms: TermsBody | None = None
    external_reference: str | None = None


class EnquiryBody(Body):
    """An offer whose lines the answer begins with, at the prices of today."""

    like: str | None = Field(default=None, max_length=64)


class OfferChanges(Body):
    """What changes in a draft: `lines` replaces all lines."""

    lines: list[LineBody] | None = Field(default=None, max_length=1000)
    terms: TermsBody | None = None
    expected_version: int | None = None


class ReviseBody(Body):
    """Why there is a new version."""

    note: str | None = Field(default=None, max_length=4000)


class OfferQuery(Body):
    """Which offers."""

    customer_id: str | None = None
    state: str | None = None
    owner: str | None = None
    after: str | None = None
    limit: int = Field(default=50, ge=1, le=200)


def lines_of_body(lines: list[LineBody]) -> tuple[Line, ...]:
    """Lines as commands take them."""
    return tuple(Line(**each.model_dump()) for each in lines)


@routes.get("/offers", "Offers, newest number first", query=OfferQuery, answer=CrmPage[OfferSummary], refusals=(403,))
def offers(query: OfferQuery) -> Any:
    """List offers."""
    with view() as reading:
        return offer_queries.offers(reading, **query.model_dump())


@routes.post("/offers", "Draft an offer", body=OfferBody, answer=Offer, status=201, refusals=REFUSALS)
def create_offer(body: OfferBody) -> Offer:
    """Draft an offer."""
    command = CreateOffer(
        customer_id=body.customer_id,
        lines=lines_of_body(body.lines),
        currency=body.currency,
        terms=None if body.terms is None else Terms(**body.terms.sent()),
        external_reference=body.external_reference,
    )
    created = run(command)
    with view() as reading:
        return offer_queries.offer(reading, created.id)


@routes.post(
    "/activities/<id:activity_id>/offer",
    "Draft an offer that answers an enquiry",
    body=EnquiryBody,
    answer=Offer,
    status=201,
    refusals=REFUSALS,
)
def offer_for_enquiry(activity_id: str, body: EnquiryBody) -> Offer:
    """Answer an enquiry."""
    created = run(OfferForEnquiry(activity_id=activity_id, like=body.like))
    with view() as reading:
        return offer_queries.offer(reading, created.id)


@routes.get("/offers/<key>", "One offer, by id or number", answer=Offer, refusals=(403, 404))
def offer(key: str) -> Offer:
    """Read one offer."""
    with view() as reading:
        return offer_queries.offer(reading, key)


@routes.patch("/offers/<id:offer_id>", "Edit a draft", body=OfferChanges, answer=Offer, refusals=REFUSALS)
def update_offer(offer_id: str, body: OfferChanges) -> Offer:
    """Edit a draft."""
    command = UpdateOffer(
        offer_id=offer_id,
        lines=None if body.lines is None else lines_of_body(body.lines),
        terms=None if body.terms is None else body.terms.sent(),
        expected_version=body.expected_version,
    )
    run(command)
    with view() as reading:
        return offer_queries.offer(reading, offer_id)


@routes.post("/offers/<id:offer_id>/revise", "Open a new version", body=ReviseBody, answer=Offer, refusals=REFUSALS)
def revise_offer(offer_id: str, body: ReviseBody) -> Offer:
    """Open a new version for editing."""
    run(ReviseOffer(offer_id=offer_id, note=body.note))
    with view() as reading:
        return offer_queries.offer(reading, offer_id)
