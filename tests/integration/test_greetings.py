"""Birthdays and anniversaries are greeted once a year, by the way that people like, and only when they do."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from core.clock import FixedClock
from core.identity import SYSTEM, Actor
from crm.activities.queries import ActivityFilter, activities
from crm.blocking import BlockCustomer, UnblockCustomer
from crm.contacts import CreateContact
from crm.outbox.handling import SetWish
from crm.privacy.consents import RecordConsent
from crm.sales.models import InvoiceRow
from engine.definitions import DeployDefinitions, DeploymentFile
from engine.inbox import TaskFilter, tasks
from engine.tasks import CompleteTask
from engine.timers import FireDueTimers
from processes.dunning.models import DunningRow
from processes.greeting import PACKAGE
from processes.greeting.occasions import START, StartGreetings, celebrated, start_batch
from tests.mailbox import Mailbox
from tests.post_office import EWA, PostOffice, open_office
from tests.sales_desk import JOBS
from webapp.bootstrap import Application


@pytest.fixture
def office(application: Application, clock: FixedClock) -> Iterator[PostOffice]:
    clock.set(datetime(2026, 2, 28, 6, 0, tzinfo=UTC))
    opened = open_office(application, Mailbox())
    files = tuple(DeploymentFile(name=path.name, content=path.read_bytes()) for path in PACKAGE.files())
    opened.do(DeployDefinitions(files=files), SYSTEM)
    yield opened
    opened.server.stop()


def born(office: PostOffice, birthday: str, customer: str | None = None, name: str = "Anna Nowak") -> str:
    at = customer or office.customer()
    order = CreateContact(customer_id=at, name=name, email=f"{name[:2].lower()}@x.example", birthday=birthday)
    return str(office.do(order, SYSTEM))


def late(customer: str, outcome: str | None) -> tuple[InvoiceRow, DunningRow]:
    """An invoice of the last demand, or one that was handed over."""
    day, now = date(2026, 1, 5), datetime(2026, 1, 5, tzinfo=UTC)
    amounts = {name: Decimal(100) for name in ("net", "vat", "gross", "balance")} | {"written_off": Decimal(0)}
    invoice = InvoiceRow(
        id="invoice-1", kind="invoice", number="F/1", reference="F1", customer_id=customer, state="issued",
        issued_on=day, sold_on=day, due_on=day, currency="PLN", exchange_rate=Decimal(1), source="manual",
        created_at=now, created_by="ewa", **amounts,
    )  # fmt: skip
    dunning = DunningRow(
        invoice_id="invoice-1", customer_id=customer, instance_id="case", is_running=outcome is None, level=5,
        broken_promises=0, kept_promises=0, disputes=0, is_insolvent=False, mail_fails=False, mobile_fails=False,
        outcome=outcome, opened_at=now,
    )  # fmt: skip
    return invoice, dunning


def greet(office: PostOffice) -> int:
    """The look of a morning and what workers do then; how many cases it begins."""
    count: int = office.do(StartGreetings(), SYSTEM)
    while True:
        with office.application.database.engine.begin() as connection:
            row = connection.execute(JOBS, {"name": START}).first()
        if row is None:
            return count
        start_batch(office.application, row.args["arguments"])


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


@pytest.mark.parametrize("is_key", [False, True])
def test_sec_04_who_withdrew_the_consent_to_greetings_gets_none_and_no_call(office: PostOffice, is_key: bool) -> None:
    contact = born(office, "1980-02-28", office.customer(key_account=is_key, owner="ewa"))
    office.do(RecordConsent(contact_id=contact, purpose="greetings", state="withdrawn"))

    greet(office)

    assert office.rows("SELECT id FROM outbox_message") == []
    assert office.ask(tasks, TaskFilter()).items == []


def test_sec_04_who_withdrew_the_consent_to_calls_gets_a_message(office: PostOffice) -> None:
    contact = born(office, "1980-02-28", office.customer(key_account=True, owner="ewa"))
    office.do(RecordConsent(contact_id=contact, purpose="greetings", state="withdrawn", channel="phone"))

    greet(office)

    assert office.rows("SELECT channel FROM outbox_message") == [("email",)]
    assert office.ask(tasks, TaskFilter()).items == []


def test_bir_01_cards_are_printed_ahead(office: PostOffice, clock: FixedClock) -> None:
    clock.set(datetime(2026, 2, 21, 6, 0, tzinfo=UTC))
    contact = born(office, "1980-02-28")
    office.do(SetWish(contact_id=contact, channel="letter"))

    ahead = greet(office)
    clock.set(datetime(2026, 2, 28, 6, 0, tzinfo=UTC))

    assert (ahead, greet(office)) == (1, 0)
    assert office.rows("SELECT channel FROM outbox_message") == [("letter",)]


def test_bir_01_key_accounts_are_called_by_their_owner(office: PostOffice) -> None:
    contact = born(office, "1980-02-28", office.customer(key_account=True, owner="ewa"))

    counts = greet(office), greet(office)
    (task,) = office.ask(tasks, TaskFilter()).items
    office.do(CompleteTask(task_id=task.id, data={"reached": "yes", "words": "Ucieszyła się."}), EWA)

    assert (counts, task.assignee) == ((1, 0), "ewa")
    (call,) = office.ask(activities, ActivityFilter(status="held")).items
    assert (call.employee, call.method, call.subject) == ("ewa", "phone", "Congratulated Anna Nowak")
    assert office.rows("SELECT contact_id FROM activity_participant WHERE side = 'customer'") == [(contact,)]
    assert office.rows("SELECT id FROM outbox_message") == []


def test_bir_01_wishes_leave_in_the_evening_when_the_owner_has_not_called(
    office: PostOffice, clock: FixedClock
) -> None:
    born(office, "1980-02-28", office.customer(key_account=True, owner="ewa"))
    greet(office)

    clock.advance(timedelta(hours=12))
    while office.do(FireDueTimers(limit=10), SYSTEM):
        pass

    assert office.rows("SELECT recipient FROM outbox_message") == [("an@x.example",)]
    assert office.ask(tasks, TaskFilter()).items == []


def test_bir_01_blocked_customers_are_not_greeted(office: PostOffice) -> None:
    firms = [office.customer(key_account=is_key, owner="ewa", founded_on=date(2016, 2, 28)) for is_key in (True, False)]
    for number, firm in enumerate(firms):
        born(office, "1980-02-28", firm, f"Anna{number} Nowak")
    boss = Actor(id="jan", name="Jan", permissions=frozenset({"customer.block"}))
    for firm in firms:
        office.do(BlockCustomer(customer_id=firm, reason="Nothing is paid."), boss)

    assert greet(office) == 0
    office.do(UnblockCustomer(customer_id=firms[1], reason="Paid."), boss)
    assert greet(office) == 2


def test_bir_01_who_is_blocked_after_the_greeting_began_is_not_greeted(office: PostOffice) -> None:
    firm = office.customer(key_account=True, owner="ewa")
    born(office, "1980-02-28", firm)
    office.do(StartGreetings(), SYSTEM)
    boss = Actor(id="jan", name="Jan", permissions=frozenset({"customer.block"}))

    office.do(BlockCustomer(customer_id=firm, reason="Nothing is paid."), boss)
    greet(office)

    assert office.rows("SELECT id FROM outbox_message") == []
    assert office.ask(tasks, TaskFilter()).items == []


@pytest.mark.parametrize("outcome", ["handed_over", None], ids=["at the lawyer's", "last demand"])
def test_bir_01_firms_that_we_are_about_to_sue_are_not_greeted(office: PostOffice, outcome: str | None) -> None:
    customer = office.customer()
    born(office, "1980-02-28", customer)
    with office.application.units.begin(SYSTEM) as unit:
        for row in late(customer, outcome):
            unit.session.add(row)
            unit.session.flush()
        unit.commit()

    greet(office)

    assert office.rows("SELECT id FROM outbox_message") == []
    assert office.rows("SELECT outcome FROM instance") == [("not_greeted",)]


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
