"""How the relation to customers changes: causes of changes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine

from core.clock import FixedClock
from crm.activities.content import Participant
from crm.errors import WrongFields
from crm.relations import changes
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
