"""Enquiries that are answered with offers: few clicks to the draft, and how long customers waited."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from core.clock import FixedClock
from core.errors import DomainError
from crm.activities.content import Content, Participant
from crm.activities.queries import activity
from crm.activities.registering import RegisterActivity
from crm.approvals import FreezeOffer, LockOffer, MarkOfferSent
from crm.enquiries import OfferForEnquiry, answer_times
from crm.offer_queries import Offer
from crm.offers import ReviseOffer
from tests.offer_case import REP, OfferDesk
from tests.web import log_in, post
from webapp.bootstrap import Application


@pytest.fixture
def desk(application: Application) -> OfferDesk:
    return OfferDesk(application)


def enquire(desk: OfferDesk, customer_id: str | None, **values: Any) -> str:
    """A mail that has just come in."""
    usual: dict[str, Any] = {"method": "email", "direction": "incoming", "status": "held", "subject": "Ile za 5 pomp?"}
    held = {"held_from": desk.application.clock.now()} if values.get("status", "held") == "held" else {}
    content = Content(
        employee="ewa",
        customer_id=customer_id,
        participants=(Participant(side="customer", name="Pan Maj"),),
        **usual | held | values,
    )
    return str(desk.do(RegisterActivity(content=content)))


def send(desk: OfferDesk, offer_id: str) -> None:
    for step in (FreezeOffer, LockOffer, MarkOfferSent):
        desk.do(step(offer_id=offer_id))


def times(desk: OfferDesk) -> Any:
    now = desk.application.clock.now()
    with desk.application.units.reading(REP) as view:
        return answer_times(view, now - timedelta(days=30), now + timedelta(seconds=1))


def test_off_08_an_enquiry_becomes_a_draft_with_lines_in_three_clicks(desk: OfferDesk, anna: FlaskClient) -> None:
    customer_id = desk.make_customer()
    before = desk.offer(desk.make_offer("10", customer_id=customer_id))
    enquiry = enquire(desk, customer_id)
    log_in(anna)

    (first,) = re.findall(r'href="(/activities/\w+/offer)"', anna.get(f"/activities/{enquiry}").text)
    (second,) = re.findall(r'name="like" value="(OF[^"]+)"', anna.get(first).text)
    editor = post(anna, first, like=second)

    made: Offer = desk.offer(editor.location.split("/")[2])
    assert [(line.description, line.unit_price, line.discount) for line in made.lines] == [
        (line.description, line.unit_price, line.discount) for line in before.lines
    ]
    assert "Pompa" in anna.get(editor.location).text
    with desk.application.units.reading(REP) as view:
        assert [each.record_id for each in activity(view, enquiry).content.links] == [made.id]


def test_off_08_the_time_from_the_enquiry_to_the_offer_is_told(
    desk: OfferDesk, clock: FixedClock, anna: FlaskClient
) -> None:
    like = desk.make_offer()
    for hours in (2, 4, 50):
        enquiry = enquire(desk, desk.make_customer(name=f"Firma {hours}"))
        clock.advance(timedelta(hours=hours))
        made = desk.do(OfferForEnquiry(activity_id=enquiry, like=like))
        send(desk, made.id)
    desk.do(OfferForEnquiry(activity_id=enquire(desk, desk.make_customer(name="Czeka")), like=like))
    send(desk, like)  # nobody had asked for it
    log_in(anna)

    found, page = times(desk), anna.get("/reports/answers").text

    assert (found.offers, found.half, found.most) == (3, timedelta(hours=4), timedelta(hours=50))
    assert found.waiting == 1
    assert [(each.owner, each.offers) for each in found.by_owner] == [("ewa", 3)]
    assert "4.0 hours" in page
    assert "2.1 days" in page


def test_a_later_version_does_not_make_the_answer_later(desk: OfferDesk, clock: FixedClock) -> None:
    made = desk.do(OfferForEnquiry(activity_id=enquire(desk, desk.make_customer()), like=desk.make_offer()))
    clock.advance(timedelta(hours=3))
    send(desk, made.id)
    clock.advance(timedelta(days=5))

    desk.do(ReviseOffer(offer_id=made.id))
    send(desk, made.id)

    assert times(desk).most == timedelta(hours=3)


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"direction": "outgoing"}, "not_an_enquiry"),
        ({"customer_id": None}, "not_an_enquiry"),
        ({"like": "OF/none"}, "offer_not_found"),
    ],
)
def test_what_is_no_enquiry_or_no_offer_is_refused(desk: OfferDesk, values: dict[str, Any], code: str) -> None:
    like = values.pop("like", None)
    enquiry = enquire(desk, values.pop("customer_id", desk.make_customer()), **values)

    with pytest.raises(DomainError) as refusal:
        desk.do(OfferForEnquiry(activity_id=enquiry, like=like))

    assert refusal.value.code == code
