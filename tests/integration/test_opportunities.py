"""The record of an opportunity: its process keeps it, people say what they expect, reports sum it up."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from flask.testing import FlaskClient

from core.clock import FixedClock
from core.errors import Forbidden
from core.identity import SYSTEM, Actor
from crm.approvals import MarkOfferSent
from crm.errors import ChangedMeanwhile, WrongFields
from crm.outbox.offers import DeclineOffer
from crm.sales.accepting import AcceptOffer
from engine.instances import CancelInstance
from processes.sales_cycle.opportunities import OpportunityClosed, UpdateOpportunity
from processes.sales_cycle.pipeline import (
    Opportunity,
    OpportunityFilter,
    SalesFigures,
    opportunities,
    opportunity,
    sales_figures,
)
from tests.offer_case import MANAGER, REP
from tests.sales_desk import CLERK, LEAD, NEEDS, ORDER, SalesDesk
from tests.web import Program, log_in, post
from webapp.bootstrap import Application

CHIEF = replace(MANAGER, permissions=MANAGER.permissions | {"report.read_all"})


@pytest.fixture
def desk(application: Application, clock: FixedClock) -> Iterator[SalesDesk]:
    return SalesDesk(application, clock)


def record(desk: SalesDesk, key: str) -> Opportunity:
    with desk.application.units.reading(SYSTEM) as view:
        return opportunity(view, key)


def figures(desk: SalesDesk, actor: Actor = CHIEF) -> SalesFigures:
    now = desk.clock.now()
    with desk.application.units.reading(actor) as view:
        return sales_figures(view, now - timedelta(days=90), now + timedelta(days=1), "Europe/Warsaw")


def win(desk: SalesDesk, offer_id: str) -> None:
    desk.do(MarkOfferSent(offer_id=offer_id))
    desk.work()
    order = desk.do(AcceptOffer(offer_id=offer_id))
    desk.work()
    desk.complete("check_order", CLERK, "customer_order", **ORDER)
    desk.tell("erp.order_confirmed", order_id=order.id)
    desk.fulfil(order.id)


def lost(desk: SalesDesk, customer_id: str) -> str:
    case = desk.start(customer_id=customer_id)
    offer_id = desk.to_the_offer(case)
    desk.do(MarkOfferSent(offer_id=offer_id))
    desk.work()
    desk.do(DeclineOffer(offer_id=offer_id, reason="drogo"))
    desk.work()
    desk.complete("record_loss", loss_reason="price", competitor="Wilo", price_gap_pct=7, loss_note="–")
    return case


def test_a_qualified_lead_is_an_opportunity_that_its_process_keeps(desk: SalesDesk) -> None:
    case = desk.start(customer_id=desk.customer())
    desk.complete("qualify_lead", **LEAD)
    qualified = record(desk, case)

    desk.complete("analyse_needs", paper="meeting_report", **NEEDS | {"value": 25000})

    analysed = record(desk, qualified.number)
    assert (qualified.state, qualified.stage, qualified.probability) == ("open", "needs", Decimal(40))
    assert (qualified.value, qualified.weighted) == (Decimal(20000), Decimal(8000))
    assert (analysed.stage, analysed.close_expected, analysed.value) == ("offer", date(2026, 2, 28), Decimal(25000))


def test_a_won_opportunity_names_its_order_and_a_lost_one_its_reason(desk: SalesDesk) -> None:
    buyer = desk.customer()
    case = desk.start(customer_id=buyer)
    offer_id = desk.to_the_offer(case)
    win(desk, offer_id)

    other = lost(desk, buyer)

    won, gone = record(desk, case), record(desk, other)
    assert (won.state, won.probability, won.offers, won.stage) == ("won", Decimal(100), 1, None)
    assert won.order_id is not None
    assert (gone.state, gone.probability, gone.loss_reason, gone.competitor) == ("lost", 0, "price", "Wilo")
    assert gone.price_gap == 7


def test_what_is_expected_is_said_by_whoever_sells_until_it_is_closed(desk: SalesDesk) -> None:
    case = desk.start(customer_id=desk.customer())
    desk.complete("qualify_lead", **LEAD)
    known = record(desk, case)
    order = UpdateOpportunity(
        opportunity_id=known.id,
        value="31000,50",
        probability="60",
        close_expected="2026-04-01",
        expected_version=known.row_version,
    )

    desk.do(order)

    assert record(desk, case).weighted == Decimal("18600.30")
    with pytest.raises(ChangedMeanwhile):
        desk.do(order)
    with pytest.raises(WrongFields) as wrong:
        desk.do(replace(order, expected_version=None, probability="130", close_expected="soon"))
    assert set(wrong.value.details["fields"]) == {"/probability", "/close_expected"}
    desk.do(CancelInstance(instance_id=case, reason="test"), SYSTEM)
    assert record(desk, case).state == "cancelled"
    with pytest.raises(OpportunityClosed, match="is cancelled"):
        desk.do(replace(order, expected_version=None))


def test_figures_of_selling_follow_from_what_was_won_and_lost(desk: SalesDesk) -> None:
    buyer = desk.customer()
    case = desk.start(customer_id=buyer)
    offer_id = desk.to_the_offer(case)
    desk.clock.advance(timedelta(days=4))
    win(desk, offer_id)
    lost(desk, buyer)
    desk.start(customer_id=buyer, product_group="valves")
    desk.complete("qualify_lead", **LEAD)

    found = figures(desk)

    worth = record(desk, case).value
    assert worth is not None
    assert (found.win_rate, found.value_rate) == (Decimal("0.5"), Decimal("0.5"))
    assert found.reasons == [("price", 1)]
    assert found.months == [(date(2026, 1, 1), 1, 1)]
    assert found.total("weighted") == Decimal(8000)
    assert found.cycle == timedelta(days=4)
    assert found.velocity == worth / 2 / 4
    assert figures(desk, replace(REP, id="stranger")).by_owner == []


def test_opportunities_are_listed_by_state_in_pages(desk: SalesDesk) -> None:
    buyer = desk.customer()
    for group in ("pumps", "valves", "pipes"):
        desk.start(customer_id=buyer, product_group=group)
        desk.complete("qualify_lead", **LEAD | {"product_group": group})

    with desk.application.units.reading(REP) as view:
        first = opportunities(view, OpportunityFilter(state="open"), limit=2)
        rest = opportunities(view, OpportunityFilter(state="open"), after=first.next, limit=2)
        none = opportunities(view, OpportunityFilter(state="won"))
    with (
        desk.application.units.reading(Actor(id="x", name="X", roles=frozenset(), permissions=frozenset())) as view,
        pytest.raises(Forbidden),
    ):
        opportunities(view, OpportunityFilter())

    assert [each.subject for each in (*first.items, *rest.items)] == ["pipes", "valves", "pumps"]
    assert (first.total, rest.next, none.items) == (3, None, [])


@pytest.fixture
def seller(application: Application, anna: FlaskClient) -> FlaskClient:
    log_in(anna)
    return anna


def test_the_pages_show_what_is_expected_and_keep_what_is_said(desk: SalesDesk, seller: FlaskClient) -> None:
    case = desk.start(customer_id=desk.customer())
    desk.complete("qualify_lead", **LEAD)
    known = record(desk, case)

    listed = seller.get("/opportunities?state=open").text
    refused = post(seller, f"/opportunities/{known.id}", value="lots", probability="50", version="1")
    kept = post(seller, f"/opportunities/{known.id}", value="21000", probability="50", version="1", close_expected="")
    again = post(seller, f"/opportunities/{known.id}", value="1", probability="50", version="1")

    assert known.number in listed
    assert "20,000.00" in listed
    assert (refused.status_code, kept.status_code, again.status_code) == (422, 302, 409)
    assert "The value must be a number." in refused.text
    assert "10,500.00" in seller.get(f"/opportunities/{case}").text


def test_the_report_on_sales_says_why_and_gives_its_table_as_a_file(desk: SalesDesk, seller: FlaskClient) -> None:
    nothing = seller.get("/reports/sales").text
    lost(desk, desk.customer(owner="anna"))

    page = seller.get("/reports/sales").text
    file = seller.get("/reports/sales?form=csv").text

    assert "Nothing was won or lost" in nothing
    assert "Why opportunities were lost" in page
    assert "Price" in page
    assert file.splitlines()[0].endswith("owner;open;open_value;weighted;won;won_value;lost;lost_value")
    assert file.splitlines()[1].split(";")[6] == "1"


def test_programs_read_opportunities_and_say_what_is_expected(desk: SalesDesk, program: Callable[..., Program]) -> None:
    case = desk.start(customer_id=desk.customer())
    desk.complete("qualify_lead", **LEAD)
    crm = program("crm", "sales_manager")

    listed = crm.get("/opportunities?state=open").json
    one = crm.get(f"/opportunities/{case}").json
    body = {"value": "15000", "probability": "80", "close_expected": None}
    said = crm.post(f"/opportunities/{one['id']}", json=body)

    assert [each["number"] for each in listed["items"]] == [one["number"]]
    assert said.status_code == 200, said.text
    assert Decimal(said.json["weighted"]) == Decimal(12000)
