"""What follows an order by itself: calls, visits and service at their time, taken back with the order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from core.clock import FixedClock
from core.errors import Forbidden, InvalidInput
from core.identity import SYSTEM
from crm.activities.content import Participant
from crm.activities.queries import ActivityFilter, activities
from crm.activities.registering import ChangeActivity
from crm.activities.settling import HoldActivity
from crm.after_sales.planning import FollowUp, follow_ups
from crm.after_sales.steps import Step, WriteStep, steps
from crm.approvals import FreezeOffer, LockOffer
from crm.customers import UpdateCustomer
from crm.errors import ChangedMeanwhile
from crm.offer_content import Line
from crm.orders import EnterOrder
from crm.products import Article, CreateProduct
from crm.sales.accepting import AcceptOffer, MoveOrder
from tests.offer_case import REP, OfferDesk, make_line
from tests.web import PASSWORD, Program, log_in, post
from webapp.after_sales import PLAN, plan_after_sales
from webapp.bootstrap import Application

CALL = Step(name="Czy wszystko działa?", begins="won", delay=14, unit="days", method="phone", note="Zapytaj o montaż")
SERVICE = Step(name="Przegląd", begins="won", delay=11, unit="months", method="meeting", type="consultation")
JOBS = text("SELECT args FROM procrastinate_jobs WHERE task_name = :name AND status = 'todo' ORDER BY id")


@pytest.fixture
def desk(application: Application) -> OfferDesk:
    return OfferDesk(application)


def write(desk: OfferDesk, *wanted: Step) -> list[str]:
    return [desk.do(WriteStep(step=each), SYSTEM) for each in wanted]


def enter(desk: OfferDesk, customer_id: str, **values: Any) -> str:
    usual: dict[str, Any] = {"lines": (make_line("0"),), "ordered_on": date(2026, 1, 5), "owner": "ewa"}
    made: str = desk.do(EnterOrder(customer_id=customer_id, **usual | values))
    return made


def work(desk: OfferDesk) -> int:
    """What the worker does: each job, twice, as after a crash; how many there were."""
    with desk.application.database.engine.begin() as connection:
        waiting = [row.args["arguments"] for row in connection.execute(JOBS, {"name": PLAN})]
        connection.execute(text("DELETE FROM procrastinate_jobs WHERE task_name = :name"), {"name": PLAN})
    for arguments in waiting * 2:
        plan_after_sales(desk.application, arguments)
    return len(waiting)


def follows(desk: OfferDesk, order_id: str) -> list[FollowUp]:
    with desk.application.units.reading(REP) as view:
        return follow_ups(view, order_id)


def test_act_10_a_won_order_plans_the_steps_that_were_set(desk: OfferDesk) -> None:
    write(desk, CALL, SERVICE)
    offer_id = desk.make_offer(customer_id=desk.make_customer(owner="jan"))
    for step in (FreezeOffer, LockOffer):
        desk.do(step(offer_id=offer_id))

    order = desk.do(AcceptOffer(offer_id=offer_id))
    work(desk)

    with desk.application.units.reading(REP) as view:
        found = activities(view, ActivityFilter(linked=f"crm.order:{order.id}"), newest_first=False).items
    assert [(each.subject, each.status, each.method, each.employee) for each in found] == [
        (f"Czy wszystko działa?, {order.number}", "planned", "phone", "jan"),
        (f"Przegląd, {order.number}", "planned", "meeting", "jan"),
    ]
    assert [each.moment.isoformat() for each in found] == ["2026-01-19T07:00:00+00:00", "2026-12-07T07:00:00+00:00"]


def test_act_10_what_begins_with_the_delivery_waits_for_it(desk: OfferDesk, clock: FixedClock) -> None:
    write(desk, Step(name="Ankieta", begins="delivered", delay=3, unit="days", method="email", goes_to="seller"))
    order_id = enter(desk, desk.make_customer())
    work(desk)
    assert follows(desk, order_id) == []

    desk.do(MoveOrder(order_id=order_id, state="done"))
    work(desk)

    (planned,) = follows(desk, order_id)
    assert planned.moment is not None
    assert (planned.status, planned.employee, planned.moment.date()) == ("planned", "ewa", date(2026, 1, 8))


def test_act_10_a_cancelled_order_takes_back_what_is_still_planned(desk: OfferDesk) -> None:
    write(desk, CALL, SERVICE)
    order_id = enter(desk, desk.make_customer())
    work(desk)
    called = follows(desk, order_id)[0].activity_id
    there = (Participant(side="customer", name="Pan Maj"),)
    desk.do(ChangeActivity(activity_id=str(called), changes={"participants": there}))
    desk.do(HoldActivity(activity_id=str(called), held_from=desk.application.clock.now()))

    desk.do(MoveOrder(order_id=order_id, state="cancelled"))
    work(desk)

    assert {each.step: each.status for each in follows(desk, order_id)} == {
        "Czy wszystko działa?": "held",
        "Przegląd": "cancelled",
    }


def test_act_10_a_step_is_for_orders_of_its_category_and_only_for_what_lies_ahead(desk: OfferDesk) -> None:
    article = Article(sku="P-1", name="Pompa", price=Decimal(10), category="pumps")
    pump = desk.do(CreateProduct(article=article), SYSTEM)
    write(desk, replace(CALL, category="pumps"))
    customer_id = desk.make_customer()
    pumps = (Line(product_id=pump, quantity=Decimal(1)),)

    other = enter(desk, customer_id)
    wanted = enter(desk, customer_id, lines=pumps)
    old = enter(desk, customer_id, lines=pumps, ordered_on=date(2025, 12, 1))
    work(desk)

    assert [len(follows(desk, each)) for each in (other, wanted, old)] == [0, 1, 0]


def test_act_10_a_step_that_nobody_can_get_is_told_with_the_order(desk: OfferDesk, anna: FlaskClient) -> None:
    write(desk, CALL)
    customer_id = desk.make_customer()
    desk.do(UpdateCustomer(customer_id=customer_id, changes={"owner": None}))
    order_id = enter(desk, customer_id, owner=None)

    work(desk)

    (found,) = follows(desk, order_id)
    assert found.activity_id is None
    log_in(anna)
    assert "Nobody looks after the order or its customer." in anna.get(f"/orders/{order_id}").text


def test_act_10_without_steps_an_order_asks_no_worker(desk: OfferDesk) -> None:
    enter(desk, desk.make_customer())

    assert work(desk) == 0


def test_act_10_steps_are_checked_and_kept_by_who_administers(desk: OfferDesk) -> None:
    wrong = Step(name=" ", begins="always", delay=-1, unit="days", method="nothing")
    with pytest.raises(InvalidInput) as refused:
        desk.do(WriteStep(step=wrong), SYSTEM)
    assert set(refused.value.details["fields"]) == {"/name", "/begins", "/delay", "/method"}
    with pytest.raises(Forbidden):
        desk.do(WriteStep(step=CALL))

    (step_id,) = write(desk, CALL)
    desk.do(WriteStep(step=SERVICE, step_id=step_id, expected_version=1), SYSTEM)

    with pytest.raises(ChangedMeanwhile):
        desk.do(WriteStep(step=CALL, step_id=step_id, expected_version=1), SYSTEM)
    with desk.application.units.reading(REP) as view:
        assert [each.name for each in steps(view)] == ["Przegląd"]


def test_act_10_the_plan_has_a_page_with_a_form(
    desk: OfferDesk, anna: FlaskClient, add_account: Callable[..., str]
) -> None:
    add_account("ola", "sales_director", "admin", password=PASSWORD)
    log_in(anna, name="ola")
    form = {"name": "Telefon", "begins": "won", "delay": "14", "unit": "days", "method": "phone", "goes_to": "seller"}

    refused = post(anna, "/after-sales", **form | {"delay": "kiedyś"})
    kept = post(anna, "/after-sales", **form)

    assert (refused.status_code, kept.status_code) == (422, 302)
    assert "whole number of days" in refused.text
    assert 'value="Telefon"' in refused.text
    page = anna.get("/after-sales").text
    assert "14 days after the order was won" in page
    with desk.application.units.reading(SYSTEM) as view:
        (known,) = steps(view)
    chosen = anna.get(f"/after-sales?step={known.id}").text
    assert f'name="step_id" value="{known.id}"' in chosen
    off = post(anna, "/after-sales", **form, step_id=known.id, version=str(known.version), is_off="on")
    assert off.status_code == 302
    assert '<span class="mark">off</span>' in anna.get("/after-sales").text


def test_act_10_programs_read_and_write_the_plan(desk: OfferDesk, program: Callable[..., Program]) -> None:
    ola, rep = program("ola", "sales_director", "admin"), program("rita", "sales_rep")
    body = {"name": "Telefon", "begins": "won", "delay": 14, "unit": "days", "method": "phone"}

    made = ola.post("/after-sales-steps", json=body)
    assert made.status_code == 201
    assert rep.post("/after-sales-steps", json=body).status_code == 403
    order_id = enter(desk, desk.make_customer())
    work(desk)

    (planned,) = rep.get(f"/orders/{order_id}/follow-ups").json
    assert (planned["step"], planned["status"]) == ("Telefon", "planned")
    changed = body | {"is_active": False, "version": made.json["version"]}
    assert ola.patch(f"/after-sales-steps/{made.json['id']}", json=changed).json["is_active"] is False
    assert rep.get("/after-sales-steps").json[0]["is_active"] is False
