"""Campaigns, and how an order came about."""

from __future__ import annotations

from datetime import date

from pydantic import Field

from crm.campaigns import running
from crm.campaigns.running import Campaign, CampaignData, SaveCampaign
from crm.paging import Part
from crm.sales.origins import Origin
from webapp.api.routing import Body, Routes
from webapp.sale_history import sale_history
from webapp.web import run, view

routes = Routes("campaigns")
REFUSALS = (403, 404, 409, 422)


class CampaignsQuery(Body):
    """Which part of the list."""

    after: str | None = None
    limit: int = Field(default=50, ge=1, le=200)


class CampaignBody(Body):
    """A campaign."""

    name: str
    begins_on: date
    ends_on: date | None = None
    goal: str | None = None


class CampaignChange(CampaignBody):
    """All of it; `version` is the one that was read."""

    version: int | None = None


@routes.get("/campaigns", "Campaigns, those that began last first", query=CampaignsQuery, answer=Part[Campaign])
def campaigns(query: CampaignsQuery) -> Part[Campaign]:
    """List campaigns."""
    with view() as reading:
        return running.campaigns(reading, after=query.after, limit=query.limit)


@routes.post("/campaigns", "Enter a campaign", body=CampaignBody, answer=Campaign, status=201, refusals=(403, 422))
def add_campaign(body: CampaignBody) -> Campaign:
    """Enter one."""
    return _campaign(run(SaveCampaign(data=CampaignData(**body.model_dump()))))


@routes.get("/campaigns/<id:campaign_id>", "One campaign", answer=Campaign, refusals=(403, 404))
def campaign(campaign_id: str) -> Campaign:
    """Read one."""
    return _campaign(campaign_id)


@routes.patch(
    "/campaigns/<id:campaign_id>", "Change a campaign", body=CampaignChange, answer=Campaign, refusals=REFUSALS
)
def change_campaign(campaign_id: str, body: CampaignChange) -> Campaign:
    """Change one."""
    data = CampaignData(**body.model_dump(exclude={"version"}))
    return _campaign(run(SaveCampaign(data=data, campaign_id=campaign_id, expected_version=body.version)))


@routes.get(
    "/orders/<key>/history",
    "How an order came about: campaign, mailings, enquiry, contacts, versions of the offer, approval, order",
    answer=list[Origin],
    refusals=(403, 404),
)
def order_history(key: str) -> list[Origin]:
    """Tell it."""
    with view() as reading:
        return sale_history(reading, key)


def _campaign(campaign_id: str) -> Campaign:
    with view() as reading:
        return running.campaign(reading, campaign_id)
