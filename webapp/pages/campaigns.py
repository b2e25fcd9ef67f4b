"""Campaigns: the list with a form, and the page of one with its activities."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from core.errors import Conflict, InvalidInput
from crm.activities.queries import ActivityFilter, activities
from crm.activities.words import METHOD
from crm.campaigns.running import CAMPAIGN, CampaignData, SaveCampaign, campaign, campaigns
from crm.dictionaries import dictionary, label
from crm.errors import WrongFields
from documents.queries import linked_documents
from storage.unit_of_work import Reading
from webapp.pages.blueprint import MOST, answer, asked, blueprint
from webapp.pages.shell import names
from webapp.web import run, view


@blueprint.get("/campaigns", endpoint="campaigns")
def list_campaigns() -> str:
    """Campaigns, the last ones first."""
    with view() as reading:
        found = campaigns(reading, after=asked("after") or None, limit=MOST)
    values: dict[str, Any] = {"given": {}, "faults": {}, "refusal": None}
    return answer("campaigns/list.html", "campaigns/rows.html", campaigns=found, names=names(), **values)


@blueprint.get("/campaigns/<id:campaign_id>", endpoint="campaign")
def show_campaign(campaign_id: str) -> str:
    """One campaign and the activities that are linked with it."""
    with view() as reading:
        return _page(reading, campaign_id)


@blueprint.post("/campaigns")
def save_campaign() -> Response:
    """Keep it, or show the form again with what is wrong."""
    given = {name: value.strip() for name, value in request.form.items()}
    campaign_id, version = given.get("campaign_id") or None, given.get("version", "")
    try:
        data = CampaignData(
            name=given.get("name", ""),
            begins_on=_day(given, "begins_on"),
            ends_on=_day(given, "ends_on") if given.get("ends_on") else None,
            goal=given.get("goal") or None,
        )
        expected = int(version) if version.isdecimal() else None
        made = run(SaveCampaign(data=data, campaign_id=campaign_id, expected_version=expected))
    except (Conflict, InvalidInput) as refusal:
        with view() as reading:
            page = _page(reading, campaign_id, given, refusal) if campaign_id else _list(reading, given, refusal)
        return make_response(page, 409 if isinstance(refusal, Conflict) else 422)
    return redirect(url_for("pages.campaign", campaign_id=made))


def _day(given: dict[str, str], name: str) -> date:
    try:
        return date.fromisoformat(given.get(name, ""))
    except ValueError:
        raise WrongFields({f"/{name}": "Write a day such as 2026-03-01."}) from None


def _list(reading: Reading, given: dict[str, str], refusal: Conflict | InvalidInput) -> str:
    return render_template(
        "campaigns/list.html", campaigns=campaigns(reading, limit=MOST), names=names(), **_form(given, refusal)
    )


def _page(
    reading: Reading,
    campaign_id: str,
    given: dict[str, str] | None = None,
    refusal: Conflict | InvalidInput | None = None,
) -> str:
    found = campaign(reading, campaign_id)
    wanted = ActivityFilter(linked=f"{CAMPAIGN}:{campaign_id}")
    methods = {each.code: label(each.labels, "en", each.code) for each in dictionary(reading, METHOD).values}
    return render_template(
        "campaigns/campaign.html",
        campaign=found,
        activities=activities(reading, wanted, limit=MOST),
        methods=methods,
        documents=linked_documents(reading, CAMPAIGN, found.id),
        names=names(),
        **_form(given or {}, refusal),
    )


def _form(given: dict[str, str], refusal: Conflict | InvalidInput | None) -> dict[str, Any]:
    faults = (refusal.details.get("fields") or {}) if refusal else {}
    return {"given": given, "refusal": refusal, "faults": faults}
