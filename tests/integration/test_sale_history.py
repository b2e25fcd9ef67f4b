"""How an order came about: one chain from the campaign to the order, out of what is linked."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from core.clock import FixedClock
from core.errors import Forbidden
from crm.activities.content import Content, Participant
from crm.activities.registering import RegisterActivity
from crm.campaigns.running import CampaignData, CampaignNotFound, SaveCampaign, campaign, campaigns
from crm.enquiries import OfferForEnquiry
from crm.errors import ChangedMeanwhile, WrongFields
from crm.links.ends import End
from crm.links.linking import LinkRecords
from crm.mailings.sending import PlanMailing, run_mailing
from crm.offers import ReviseOffer, UpdateOffer
from crm.orders import EnterOrder
from crm.profiles import Email
from crm.sales.accepting import AcceptOffer
from crm.sales.origins import Origin
from crm.segments.defining import CreateSegment, PickMembers
from engine.instances import EntityLink, StartInstance
from tests.offer_case import MANAGER, REP, OfferDesk, make_line, person
from tests.web import Program, log_in, post
from webapp.bootstrap import Application
from webapp.sale_history import sale_history

DAY = timedelta(days=1)
MET = (Participant(side="customer", name="Pan Maj"),)
SPRING = CampaignData(name="Wiosna z pompą", begins_on=date(2026, 1, 1), goal="20 nowych klientów")
WHOLE = ["campaign", "mailing", "enquiry", "contact", "offer", "approval", "offer", "approval", "order"]


@pytest.fixture
def desk(application: Application) -> OfferDesk:
    return OfferDesk(application)


def register(desk: OfferDesk, customer_id: str, subject: str, **values: Any) -> str:
    usual: dict[str, Any] = {"method": "meeting", "direction": "outgoing"} | values
    held = desk.application.clock.now()
    content = Content(
        employee="ewa",
        status="held",
        subject=subject,
        customer_id=customer_id,
        held_from=held,
        participants=MET,
        **usual,
    )
    return str(desk.do(RegisterActivity(content=content)))


def mail(desk: OfferDesk, clock: FixedClock, *customers: str, campaign_id: str | None = None) -> str:
    """A mailing to these customers, an hour from now."""
    segment = desk.do(CreateSegment(name=f"Grupa {campaign_id}", kind="picked"))
    desk.do(PickMembers(segment_id=segment, ids=customers))
    words = {"subject": "Wiosenna oferta", "text": "Polecamy pompy."}
    at = clock.now() + timedelta(hours=1)
    made: str = desk.do(PlanMailing(segment_id=segment, at=at, campaign_id=campaign_id, **words))
    clock.advance(timedelta(hours=2))
    run_mailing(desk.application, {"activity_id": made})
    return made


def approve(desk: OfferDesk, offer_id: str) -> None:
    """Fifteen percent are decided on by the sales manager."""
    desk.do(UpdateOffer(offer_id=offer_id, lines=(make_line("15"),)))
    desk.decide(desk.prepare(desk.start(offer_id)), MANAGER)


def history(desk: OfferDesk, order_id: str, actor: Any = REP) -> list[Origin]:
    with desk.application.units.reading(actor) as view:
        return sale_history(view, order_id)


@pytest.fixture
def won(desk: OfferDesk, clock: FixedClock) -> str:
    """An order that began with a campaign, through all that there is."""
    buyer = desk.make_customer(emails=(Email(address="biuro@zuraw.example"),))
    other = desk.make_customer(name="Tartak")
    spring = desk.do(SaveCampaign(data=SPRING))
    mail(desk, clock, buyer, campaign_id=spring)
    clock.advance(DAY)
    enquiry = register(desk, buyer, "Ile za pompę?", method="email", direction="incoming")
    clock.advance(DAY)
    register(desk, buyer, "Oględziny", follows_id=enquiry)
    register(desk, buyer, "Reklamacja sprzed lat", direction="incoming")
    register(desk, other, "Kto inny")
    clock.advance(DAY)
    offer_id = desk.do(OfferForEnquiry(activity_id=enquiry)).id
    approve(desk, offer_id)
    clock.advance(DAY)
    desk.do(ReviseOffer(offer_id=offer_id))
    approve(desk, offer_id)
    clock.advance(DAY)
    order: str = desk.do(AcceptOffer(offer_id=offer_id)).id
    clock.advance(DAY)
    register(desk, buyer, "Podziękowanie", follows_id=enquiry)
    return order


def test_act_09_a_won_order_tells_the_chain_from_the_campaign_to_the_order(desk: OfferDesk, won: str) -> None:
    steps = history(desk, won)

    assert [each.kind for each in steps] == WHOLE
    assert [each.title for each in steps[:4]] == [
        "Wiosna z pompą",
        "Wiosenna oferta – Grupa " + steps[0].id,
        "Ile za pompę?",
        "Oględziny",
    ]
    assert [(each.version, each.state) for each in steps if each.kind == "offer"] == [(1, "replaced"), (2, "accepted")]
    assert {(each.employee, each.state) for each in steps if each.kind == "approval"} == {("jan", "approve")}
    assert sorted(each.moment for each in steps) == [each.moment for each in steps]


def test_act_09_one_click_on_the_order_shows_it(desk: OfferDesk, won: str, anna: FlaskClient) -> None:
    log_in(anna)

    (link,) = re.findall(r'href="(/orders/\w+/history)"', anna.get(f"/orders/{won}").text)
    page = anna.get(link).text

    assert re.findall(r'data-kind="(\w+)"', page) == WHOLE
    for title in ("Wiosna z pompą", "Wiosenna oferta", "Oględziny", "version 2"):
        assert title in page
    for address in re.findall(r'href="(/(?:campaigns|activities|offers|orders)/[^"]+)"', page.split("timeline")[1]):
        assert anna.get(address).status_code == 200


def test_act_09_what_the_case_of_the_sale_began_with_is_part_of_it(desk: OfferDesk, clock: FixedClock) -> None:
    buyer = desk.make_customer()
    enquiry = register(desk, buyer, "Telefon", method="phone", direction="incoming")
    offer_id = desk.make_offer("15", customer_id=buyer)
    links = (EntityLink(entity="crm.offer", id=offer_id), EntityLink(entity="crm.activity", id=enquiry, role="cause"))
    started = desk.do(
        StartInstance(
            definition_key="offer_approval",
            business_key="OF",
            variables={"offer_id": offer_id, "is_sent_elsewhere": True},
            links=links,
        )
    )
    desk.decide(desk.prepare(started), MANAGER)
    order = desk.do(AcceptOffer(offer_id=offer_id)).id

    assert [each.kind for each in history(desk, order)] == ["enquiry", "offer", "approval", "order"]


def test_act_09_a_campaign_that_an_activity_was_linked_with_later_counts(desk: OfferDesk) -> None:
    buyer = desk.make_customer()
    enquiry = register(desk, buyer, "Targi", direction="incoming")
    offer_id = desk.do(OfferForEnquiry(activity_id=enquiry)).id
    approve(desk, offer_id)
    order = desk.do(AcceptOffer(offer_id=offer_id)).id
    spring = desk.do(SaveCampaign(data=SPRING))

    ends = {"first": End("crm.activity", enquiry), "others": (End("crm.campaign", spring),)}
    desk.do(LinkRecords(type="related", **ends))

    assert [each.kind for each in history(desk, order)][:2] == ["campaign", "enquiry"]


def test_act_09_an_order_without_an_offer_is_its_own_history(desk: OfferDesk, clock: FixedClock) -> None:
    buyer = desk.make_customer()
    order = desk.do(EnterOrder(customer_id=buyer, lines=(make_line("0"),), ordered_on=clock.now().date()))

    assert [each.kind for each in history(desk, order)] == ["order"]
    with pytest.raises(Forbidden):
        history(desk, order, person("Robot", "worker"))


def test_act_09_programs_read_the_history_and_keep_campaigns(
    desk: OfferDesk, won: str, program: Callable[..., Program]
) -> None:
    rep, robot = program("rita", "sales_rep"), program("robot", "worker")

    assert [each["kind"] for each in rep.get(f"/orders/{won}/history").json] == WHOLE
    assert robot.get(f"/orders/{won}/history").status_code == 403
    made = rep.post("/campaigns", json={"name": "Jesień", "begins_on": "2026-09-01"})
    assert made.status_code == 201
    changed = {"name": "Jesień 2026", "begins_on": "2026-09-01", "ends_on": "2026-10-31", "version": 1}
    assert rep.patch(f"/campaigns/{made.json['id']}", json=changed).json["name"] == "Jesień 2026"
    assert rep.patch(f"/campaigns/{made.json['id']}", json=changed).status_code == 409
    assert [each["name"] for each in rep.get("/campaigns").json["items"]] == ["Jesień 2026", "Wiosna z pompą"]
    assert robot.get("/campaigns").status_code == 403


def test_campaigns_have_pages_and_a_mailing_names_its_campaign(desk: OfferDesk, anna: FlaskClient) -> None:
    log_in(anna)
    refused = post(anna, "/campaigns", name="", begins_on="2026-03-01", ends_on="2026-02-01")
    odd = post(anna, "/campaigns", name="Targi", begins_on="wiosną")
    made = post(anna, "/campaigns", name="Targi", begins_on="2026-03-01", goal="100 rozmów")
    key = made.location.rpartition("/")[2]
    segment = desk.do(CreateSegment(name="Grupa", kind="picked"))

    assert (refused.status_code, odd.status_code, made.status_code) == (422, 422, 302)
    assert "The last day lies before the first one." in refused.text
    assert "100 rozmów" in anna.get(made.location).text
    assert f'<option value="{key}"' in anna.get(f"/segments/{segment}/mailing").text
    planned = {"at": "2026-03-02T10:00", "subject": "Zapraszamy", "text": "Stoisko 7", "purpose": "marketing"}
    assert post(anna, f"/segments/{segment}/mailing", **planned, campaign=key).status_code == 302
    assert "Zapraszamy" in anna.get(made.location).text
    assert "Targi" in anna.get("/campaigns").text


def test_a_campaign_is_changed_by_who_writes_to_customers_and_as_it_was_read(desk: OfferDesk) -> None:
    with pytest.raises(Forbidden):
        desk.do(SaveCampaign(data=SPRING), person("Robot", "worker"))
    with pytest.raises(WrongFields):
        desk.do(SaveCampaign(data=CampaignData(name=" ", begins_on=date(2026, 1, 1))))
    made = desk.do(SaveCampaign(data=SPRING))
    desk.do(SaveCampaign(data=CampaignData(name="Wiosna", begins_on=date(2026, 1, 1)), campaign_id=made))

    with pytest.raises(ChangedMeanwhile):
        desk.do(SaveCampaign(data=SPRING, campaign_id=made, expected_version=1))
    with pytest.raises(CampaignNotFound):
        desk.do(SaveCampaign(data=SPRING, campaign_id="01CAMPA1GN0000000000000000"))
    with desk.application.units.reading(REP) as view:
        assert campaign(view, made).name == "Wiosna"
        assert [each.id for each in campaigns(view).items] == [made]
