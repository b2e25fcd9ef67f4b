"""Opportunities."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Literal

from pydantic import Field

from processes.sales_cycle import pipeline
from processes.sales_cycle.opportunities import UpdateOpportunity
from processes.sales_cycle.pipeline import Opportunity, OpportunityFilter, OpportunityPage
from webapp.api.routing import Body, Routes
from webapp.web import run, view

routes = Routes("opportunities")


class OpportunityQuery(Body):
    """Which opportunities."""

    state: Literal["open", "won", "lost", "cancelled"] | None = None
    owner: str | None = None
    customer_id: str | None = None
    after: str | None = None
    limit: int = Field(default=50, ge=1, le=200)


class OpportunityBody(Body):
    """What is expected of it; what is null is not known."""

    value: Decimal | None
    probability: Decimal
    close_expected: date | None
    expected_version: int | None = None


@routes.get("/opportunities", "Opportunities, newest first", query=OpportunityQuery, answer=OpportunityPage)
def opportunities(query: OpportunityQuery) -> OpportunityPage:
    """List them."""
    wanted = OpportunityFilter(state=query.state, owner=query.owner, customer_id=query.customer_id)
    with view() as reading:
        return pipeline.opportunities(reading, wanted, after=query.after, limit=query.limit)


@routes.get("/opportunities/<id:opportunity_id>", "One, by id, number or case", answer=Opportunity, refusals=(403, 404))
def opportunity(opportunity_id: str) -> Opportunity:
    """Read one."""
    with view() as reading:
        return pipeline.opportunity(reading, opportunity_id)


@routes.post(
    "/opportunities/<id:opportunity_id>",
    "Say what is expected of an open one",
    body=OpportunityBody,
    answer=Opportunity,
    refusals=(403, 404, 409, 422),
)
def update_opportunity(opportunity_id: str, body: OpportunityBody) -> Opportunity:
    """Keep it."""
    run(
        UpdateOpportunity(
            opportunity_id=opportunity_id,
            value=body.value,
            probability=body.probability,
            close_expected=body.close_expected,
            expected_version=body.expected_version,
        )
    )
    with view() as reading:
        return pipeline.opportunity(reading, opportunity_id)
