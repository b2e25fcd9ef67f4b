"""How the relation to customers changes: causes of changes, and contacts and satisfaction over time."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import Engine

from core.clock import FixedClock
from crm.activities.content import Participant
from crm.errors import WrongFields
from crm.relations import changes, communication
from crm.satisfaction import RecordSatisfaction
from tests.crm_desk import TEN, Desk, open_desk, register

JANUARY = (datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC))


@pytest.fixture
def desk(engine: Engine, clock: FixedClock) -> Desk:
    return open_desk(engine, clock)


def held(desk: Desk, customer: str, at: datetime = TEN) -> str:
    made: str = register(
        desk,
        customer_id=customer,
        status="held",
        held_from=at,
        participants=(Participant(side="customer", name="Zofia Wójcik"),),
    )
    return made


def test_act_25_another_level_than_before_asks_for_its_cause(desk: Desk, clock: FixedClock) -> None:
    customer = desk.make_customer()
    desk.do(RecordSatisfaction(customer_id=customer, level=4))
    clock.advance(timedelta(days=1))

    with pytest.raises(WrongFields) as caught:
        desk.do(RecordSatisfaction(customer_id=customer, level=2))
    desk.do(RecordSatisfaction(customer_id=customer, level=4))

    assert caught.value.details["fields"] == {"/cause": "It was 4 of 5 before and is 2 now: say by what it changed."}


def test_act_25_a_cause_is_of_the_list_and_the_activity_is_one_with_the_customer(desk: Desk) -> None:
    customer, other = desk.make_customer(), desk.make_customer(name="Tartak", tax_id=None)
    elsewhere = held(desk, other)

    with pytest.raises(WrongFields) as caught:
        desk.do(RecordSatisfaction(customer_id=customer, level=2, cause="weather", activity_id=elsewhere))

    assert set(caught.value.details["fields"]) == {"/cause", "/activity_id"}


def test_act_25_the_report_tells_changes_with_their_causes_and_activities(desk: Desk, clock: FixedClock) -> None:
    customer = desk.make_customer(name="Młyn")
    desk.do(RecordSatisfaction(customer_id=desk.make_customer(name="Tartak", tax_id=None), level=1))
    desk.do(RecordSatisfaction(customer_id=customer, level=4))
    contact = held(desk, customer)
    for level, cause, activity in ((2, "quality", contact), (2, None, None), (5, "service", None)):
        clock.advance(timedelta(days=1))
        desk.do(RecordSatisfaction(customer_id=customer, level=level, cause=cause, activity_id=activity))

    found = desk.ask(changes, *JANUARY)

    told = [(each.customer_name, each.before, each.after, each.cause, each.activity_id) for each in found]
    assert told == [("Młyn", 2, 5, "service", None), ("Młyn", 4, 2, "quality", contact)]
    assert desk.ask(changes, JANUARY[1], JANUARY[1] + timedelta(days=1)) == []
    assert desk.ask(changes, *JANUARY, limit=1) == found[:1]


def test_act_26_contacts_and_satisfaction_of_a_customer_month_by_month(desk: Desk, clock: FixedClock) -> None:
    customer = desk.make_customer()
    held(desk, customer, datetime(2025, 11, 30, 23, 30, tzinfo=UTC))  # in Warsaw it is December
    held(desk, customer, datetime(2025, 12, 24, 9, tzinfo=UTC))
    register(desk, customer_id=customer, subject="Plan")  # has not taken place
    desk.do(RecordSatisfaction(customer_id=customer, level=3))
    clock.advance(timedelta(days=27))
    desk.do(RecordSatisfaction(customer_id=customer, level=4, cause="service"))

    found = desk.ask(communication, customer, datetime(2025, 11, 10, tzinfo=UTC), datetime(2026, 2, 28, 22, tzinfo=UTC))

    assert [(each.month, each.contacts, each.level) for each in found] == [
        (date(2025, 11, 1), 0, None),
        (date(2025, 12, 1), 2, None),
        (date(2026, 1, 1), 0, 3),
        (date(2026, 2, 1), 0, 4),
    ]
