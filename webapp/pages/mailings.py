"""Planning a mailing to a segment, with a look at who would be left out of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from core.errors import DomainError
from crm.campaigns.running import campaigns
from crm.mailings.queries import reachable
from crm.mailings.sending import PlanMailing
from crm.outbox import texts, words
from crm.segments import queries
from webapp.pages.activities import moment_of
from webapp.pages.blueprint import MOST, asked, blueprint
from webapp.web import run, view

PURPOSES = {words.MARKETING: "marketing", words.BUSINESS: "business", words.GREETING: "greeting"}
CHANNELS = (words.EMAIL, words.LETTER)


@blueprint.get("/segments/<id:segment_id>/mailing")
def new_mailing(segment_id: str) -> str:
    """An empty form."""
    return _form(segment_id, {}, None)


@blueprint.post("/segments/<id:segment_id>/mailing")
def plan_mailing(segment_id: str) -> Response:
    """Plan it, or tell what is wrong and keep what was typed."""
    form = {name: value.strip() for name, value in request.form.items()}
    try:
        at = moment_of(form, "at")
        made = run(
            PlanMailing(
                segment_id=segment_id,
                at=at,
                subject=form.get("subject", ""),
                text=form.get("text", "").replace("\r\n", "\n"),
                template=form.get("template") or None,
                purpose=form.get("purpose", ""),
                campaign_id=form.get("campaign") or None,
            )
        )
    except DomainError as error:
        return make_response(_form(segment_id, form, error.sentence), 422)
    return redirect(url_for("pages.activity", activity_id=made))


@blueprint.get("/segments/<id:segment_id>/reachable")
def who_is_reachable(segment_id: str) -> str:
    """Who of the segment would be left out, as a part of a page."""
    purpose = asked("purpose") if asked("purpose") in PURPOSES else words.MARKETING
    channel = asked("channel") if asked("channel") in CHANNELS else words.EMAIL
    with view() as reading:
        found = reachable(reading, segment_id, channel=channel, purpose=purpose)
    return render_template("segments/_reachable.html", found=found)


def _form(segment_id: str, given: dict[str, str], fault: str | None) -> str:
    with view() as reading:
        found = queries.segment(reading, segment_id)
        purpose = given.get("purpose") if given.get("purpose") in PURPOSES else words.MARKETING
        values: dict[str, Any] = {
            "campaigns": campaigns(reading, limit=MOST).items,
            "texts": texts.choices(reading),
            "found": reachable(reading, segment_id, channel=words.EMAIL, purpose=purpose or words.MARKETING),
            "at": reading.clock.now() + timedelta(hours=1),
        }
    return render_template(
        "segments/mailing.html", segment=found, given=given, fault=fault, purposes=PURPOSES, **values
    )
