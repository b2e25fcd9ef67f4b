"""Customers found by combinations of fields; the row of the requirements in the names."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Engine

from core.clock import FixedClock
from core.errors import Forbidden
from crm.custom_fields import DefineField
from crm.customer_search import (
    Condition,
    Criteria,
    DropFilter,
    SaveFilter,
    criteria_of,
    filters,
    find_customers,
)
from crm.errors import WrongFields
from crm.profiles import Address, Email, Phone
from tests.crm_desk import MANAGER, Desk, open_desk
from tests.web import Program


@pytest.fixture
def desk(engine: Engine, clock: FixedClock) -> Desk:
    made = open_desk(engine, clock)
    made.do(DefineField(entity="crm.customer", key="colour", labels={"en": "Colour"}, type="text"))
    made.make_customer(
        name="Młyn Żółty",
        industry="food",
        key_account=True,
        owner="ewa",
        custom={"colour": "red"},
        addresses=(Address(street="Polna 1", city="Łódź", country="PL"),),
        phones=(Phone(number="42 630 00 00"),),
        emails=(Email(address="a@mlyn.example"),),
    )
    made.make_customer(name="Piekarnia", industry="food", owner="jan", legal_name="Młyn i synowie")
    made.make_customer(name="Tartak", country="DE", industry="other", no_sms=True)
    return made


def where(**values: Any) -> tuple[Condition, ...]:
    return tuple(Condition(field=name.replace("__", "."), value=value) for name, value in values.items())


def found(desk: Desk, criteria: Criteria) -> list[str]:
    return [each.name for each in desk.ask(find_customers, criteria).items]


@pytest.mark.parametrize(
    ("conditions", "names"),
    [
        (where(), ["Młyn Żółty", "Piekarnia", "Tartak"]),
        (where(name="mly"), ["Młyn Żółty"]),
        (where(name="lyn"), []),
        (where(text="mlyn"), ["Młyn Żółty", "Piekarnia"]),
        (where(city="lodz", phone="42 630-00-00", email="a@mlyn.example", number="c-0", owner="ewa"), ["Młyn Żółty"]),
        (where(industry=["food", "it"], country="PL"), ["Młyn Żółty", "Piekarnia"]),
        (where(custom__colour="red"), ["Młyn Żółty"]),
        (where(key_account=False), ["Piekarnia", "Tartak"]),
        (where(created_since="2026-01-05"), ["Młyn Żółty", "Piekarnia", "Tartak"]),
        (where(created_until="2026-01-05"), []),
        (where(name="%", city="_"), []),
        (where(name="'; DROP TABLE customer; --"), []),
    ],
)
def test_cus_10_fields_are_combined_with_and(desk: Desk, conditions: tuple[Condition, ...], names: list[str]) -> None:
    assert found(desk, Criteria(conditions=conditions)) == names


def test_cus_10_fields_are_combined_with_or_not_and_groups(desk: Desk) -> None:
    either = Criteria(conditions=where(country="DE", owner="jan"), any_of_them=True)
    neither = Criteria(conditions=(Condition(field="industry", value="food", is_not=True),))
    both = Criteria(conditions=where(industry="food"), groups=(either,))

    assert found(desk, either) == ["Piekarnia", "Tartak"]
    assert found(desk, neither) == ["Tartak"]
    assert found(desk, both) == ["Piekarnia"]


@pytest.mark.parametrize(
    "condition", [Condition(field="password", value="x"), Condition(field="created_since", value="x")]
)
def test_cus_10_what_cannot_be_searched_is_refused(desk: Desk, condition: Condition) -> None:
    with pytest.raises(WrongFields):
        found(desk, Criteria(conditions=(condition,)))


def test_cus_10_a_search_is_kept_under_a_name(desk: Desk) -> None:
    wanted = Criteria(conditions=where(industry="food"), groups=(Criteria(conditions=where(owner="jan")),))
    kept = desk.do(SaveFilter(name="Moje", criteria=wanted))
    desk.do(SaveFilter(name="Moje", criteria=wanted, is_shared=True))

    (mine,) = desk.ask(filters, actor=MANAGER)

    assert found(desk, criteria_of(mine.criteria)) == ["Piekarnia"]
    with pytest.raises(Forbidden):
        desk.do(DropFilter(filter_id=kept), MANAGER)
    desk.do(DropFilter(filter_id=kept))
    assert desk.ask(filters) == []


def test_cus_10_pages_continue_and_the_count_ends_at_a_thousand(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crm.customer_search.COUNTED", 2)

    first = desk.ask(find_customers, Criteria(), limit=2)
    second = desk.ask(find_customers, Criteria(), after=first.next, limit=2)

    assert (first.total, first.is_more, len(second.items), second.next) == (2, True, 1, None)


def test_cus_10_the_api_searches_by_fields(program: Callable[..., Program]) -> None:
    ewa = program("ewa", "sales_rep")
    ewa.post("/customers", json={"name": "Młyn", "country": "PL", "industry": "food"})
    wanted = {"conditions": [{"field": "name", "value": "mlyn"}, {"field": "industry", "value": "food"}]}

    answer = ewa.post("/customers/search", json=wanted)
    ewa.post("/customer-filters", json={"name": "Młyny", "criteria": wanted})

    assert [each["name"] for each in answer.json["items"]] == ["Młyn"]
    assert [each["name"] for each in ewa.get("/customer-filters").json] == ["Młyny"]
    assert ewa.post("/customers/search", json={"conditions": [{"field": "x", "value": 1}]}).status_code == 422
