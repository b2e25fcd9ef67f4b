"""How talk with a customer goes: contacts by month and what the customer said, counted, drawn and given by REST."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine

from core.clock import FixedClock
from core.errors import Forbidden
from crm.activities.content import Participant
from crm.customer_file.dynamics import dynamics
from crm.errors import CustomerNotFound, WrongFields
from crm.satisfaction import RecordSatisfaction
from tests.crm_desk import MANAGER, STRANGER, TEN, Desk, open_desk, register
from tests.integration.test_pages_planning import director
from tests.web import Program, post

__all__ = ["director"]
FIRM = {"country": "PL", "reliability": "B", "currency": "PLN", "grace_days": "0"}
SPAN = {"first": date(2025, 11, 20), "last": date(2026, 2, 1)}


@pytest.fixture
def desk(engine: Engine, clock: FixedClock) -> Desk:
    return open_desk(engine, clock)


def held(desk: Desk, customer: str, at: datetime, direction: str = "outgoing", **values: object) -> str:
    values |= {"direction": direction, "participants": (Participant(side="customer", name="Jan Młynarz"),)}
    return register(desk, customer_id=customer, status="held", held_from=at, **values)


def test_act_26_contacts_of_each_month_stand_beside_the_level_at_its_end(desk: Desk, clock: FixedClock) -> None:
    customer = desk.make_customer()
    for at, direction in ((TEN - timedelta(days=40), "incoming"), (TEN, "outgoing"), (TEN, "outgoing")):
        held(desk, customer, at, direction)
    register(desk, customer_id=customer)  # planned is not held
    held(desk, desk.make_customer(), TEN)
    desk.do(RecordSatisfaction(customer_id=customer, level=4))
    clock.advance(timedelta(days=10))
    desk.do(RecordSatisfaction(customer_id=customer, level=2, cause="delivery"))

    found = desk.ask(dynamics, customer, **SPAN)

    assert [(each.month, each.incoming, each.outgoing, each.level) for each in found] == [
        (date(2025, 11, 1), 1, 0, None),
        (date(2025, 12, 1), 0, 0, None),
        (date(2026, 1, 1), 0, 2, 2),
        (date(2026, 2, 1), 0, 0, 2),
    ]


def test_act_26_a_month_ends_at_midnight_of_the_company(desk: Desk) -> None:
    customer = desk.make_customer()
    held(desk, customer, datetime(2025, 12, 31, 22, 30, tzinfo=UTC))
    held(desk, customer, datetime(2025, 12, 31, 23, 30, tzinfo=UTC))

    found = desk.ask(dynamics, customer, first=date(2025, 12, 1), last=date(2026, 1, 1))

    assert [each.outgoing for each in found] == [1, 1]


def test_act_26_private_contacts_of_others_are_not_counted(desk: Desk) -> None:
    customer = desk.make_customer()
    held(desk, customer, TEN, is_private=True)

    mine, others = desk.ask(dynamics, customer, **SPAN), desk.ask(dynamics, customer, actor=MANAGER, **SPAN)

    assert (mine[2].outgoing, others[2].outgoing) == (1, 0)


@pytest.mark.parametrize("last", [date(2025, 11, 19), date(2040, 1, 1)])
def test_act_26_a_span_that_ends_before_it_begins_or_is_too_long_is_refused(desk: Desk, last: date) -> None:
    with pytest.raises(WrongFields, match="up to 3660 days later"):
        desk.ask(dynamics, desk.make_customer(), first=date(2025, 11, 20), last=last)


def test_act_26_who_may_not_see_customers_is_refused_and_an_unknown_one_not_found(desk: Desk) -> None:
    customer = desk.make_customer()

    with pytest.raises(Forbidden):
        desk.ask(dynamics, customer, actor=STRANGER, **SPAN)
    with pytest.raises(CustomerNotFound):
        desk.ask(dynamics, "01NOBODY000000000000000000", **SPAN)


def test_act_26_the_page_draws_both_says_them_in_a_table_and_gives_a_file(director: FlaskClient) -> None:
    made = post(director, "/customers", name="Młyn Żuławski", **FIRM)
    customer = made.location.rpartition("/")[2]
    post(director, f"/customers/{customer}/satisfaction", level="4", source="call")
    link = f"/reports/contacts?customer={customer}"
    assert link in director.get(made.location).text

    page = director.get(link)
    file = director.get(f"{link}&form=csv")

    assert page.status_code == 200
    contacts, levels = (json.loads(each) for each in re.findall(r'"application/json">(.*?)</script>', page.text))
    assert (contacts["kind"], levels["kind"]) == ("columns", "lines")
    assert levels["series"][0]["values"] == [None] * 12 + [4]
    assert "Młyn Żuławski" in page.text
    assert file.text.splitlines()[-1] == f"{contacts['categories'][-1]};0;0;4"
    assert director.get("/reports/contacts?customer=x").status_code == 404
    assert director.get("/reports/contacts").status_code == 404


def test_act_26_programs_read_the_same_by_rest(program: Callable[..., Program]) -> None:
    seller = program("jan", "sales_manager")
    customer = seller.post("/customers", json={"name": "Młyn", "country": "PL"}).json["id"]
    seller.post(f"/customers/{customer}/satisfaction", json={"level": 5})

    months = seller.get(f"/customers/{customer}/dynamics?since=2025-12-31&until=2026-01-01")
    backwards = seller.get(f"/customers/{customer}/dynamics?since=2026-01-02&until=2026-01-01")

    assert [(each["month"], each["outgoing"]) for each in months.json] == [("2025-12-01", 0), ("2026-01-01", 0)]
    assert (months.json[0]["level"], backwards.status_code) == (None, 422)
