"""Birthdays and anniversaries are greeted once a year, by the way that people like, and only when they do."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest

from core.clock import FixedClock
from core.identity import SYSTEM
from crm.activities.queries import ActivityFilter, activities
from crm.contacts import CreateContact
from crm.outbox.greetings import SendGreetings, celebrated
from crm.outbox.handling import SetWish
from tests.mailbox import Mailbox
from tests.post_office import PostOffice, open_office
from webapp.bootstrap import Application


@pytest.fixture
def office(application: Application, clock: FixedClock) -> Iterator[PostOffice]:
    clock.set(datetime(2026, 2, 28, 6, 0, tzinfo=UTC))
    opened = open_office(application, Mailbox())
    yield opened
    opened.server.stop()


def born(office: PostOffice, birthday: str, customer: str | None = None, name: str = "Anna Nowak") -> str:
    at = customer or office.customer()
    order = CreateContact(customer_id=at, name=name, email=f"{name[:2].lower()}@x.example", birthday=birthday)
    return str(office.do(order, SYSTEM))


def greet(office: PostOffice) -> int:
    count: int = office.do(SendGreetings(), SYSTEM)
    return count


def test_bir_01_people_are_greeted_once_a_year_also_those_of_the_leap_day(office: PostOffice) -> None:
    customer = office.customer()
    born(office, "1980-02-28", customer, "Anna")
    born(office, "1984-02-29", customer, "Beata")
    born(office, "1984-03-01", customer, "Cezary")

    counts = greet(office), greet(office)

    assert counts == (2, 0)
    assert office.rows("SELECT recipient FROM outbox_message ORDER BY recipient") == [
        ("an@x.example",),
        ("be@x.example",),
    ]


def test_bir_01_who_wants_no_wishes_gets_none(office: PostOffice) -> None:
    customer = office.customer()
    born(office, "1980-02-28", customer)
    office.do(SetWish(customer_id=customer, is_without_marketing=True))

    assert greet(office) == 0


def test_bir_01_cards_are_printed_ahead(office: PostOffice, clock: FixedClock) -> None:
    clock.set(datetime(2026, 2, 21, 6, 0, tzinfo=UTC))
    contact = born(office, "1980-02-28")
    office.do(SetWish(contact_id=contact, channel="letter"))

    ahead = greet(office)
    clock.set(datetime(2026, 2, 28, 6, 0, tzinfo=UTC))

    assert (ahead, greet(office)) == (1, 0)
    assert office.rows("SELECT channel FROM outbox_message") == [("letter",)]


def test_bir_01_key_accounts_are_called_by_their_owner(office: PostOffice) -> None:
    born(office, "1980-02-28", office.customer(key_account=True, owner="ewa"))

    counts = greet(office), greet(office)

    assert counts == (1, 0)
    (call,) = office.ask(activities, ActivityFilter(status="planned")).items
    assert (call.employee, call.method) == ("ewa", "phone")


def test_cus_29_bir_02_a_firm_is_congratulated_with_the_count_of_its_years(office: PostOffice) -> None:
    office.customer(founded_on=date(2016, 2, 28))

    greet(office)

    ((subject,),) = office.rows("SELECT subject FROM outbox_message")
    assert subject.startswith("10 lat")


def test_bir_03_a_birthday_without_a_year_is_greeted_without_an_age(office: PostOffice) -> None:
    born(office, "--02-28")

    greet(office)

    ((text,),) = office.rows("SELECT text FROM outbox_message")
    assert not any(each.isdigit() for each in text)


@pytest.mark.parametrize(
    ("day", "days"),
    [(date(2026, 2, 28), ["02-28", "02-29"]), (date(2028, 2, 28), ["02-28"]), (date(2028, 2, 29), ["02-29"])],
)
def test_bir_01_the_leap_day_is_celebrated_in_every_year(day: date, days: list[str]) -> None:
    assert celebrated(day) == days
