"""The call queue: in its order, one caller per customer, by leases that end, and nothing that is over."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from core.clock import FixedClock
from core.errors import Conflict, Forbidden
from core.identity import Actor
from core.settings import Settings
from crm.activities.queries import ActivityFilter, activities
from crm.calls import queries
from crm.calls.errors import CallNotFound, CallOfTask, CustomerBusy, LeaseOver, NoCallWaits
from crm.calls.leasing import LEASE, FinishCall, GiveBackCall, KeepCall, TakeCall, TakenCall, TakeNextCall
from crm.calls.queries import CallSummary
from crm.calls.queueing import QueueCallback
from crm.cards import card
from crm.customer_file.entries import FileFilter, customer_file
from crm.errors import WrongFields
from crm.payments.queries import payments
from crm.payments.receivables import receivables
from crm.profiles import FINANCE
from crm.sales.queries import InvoiceFilter, invoices
from tests.dunning_desk import CLERK, DunningDesk
from tests.offer_case import person
from webapp.bootstrap import Application, build

KASIA, TOMEK = person("Kasia", "call_agent"), person("Tomek", "call_agent")
REVIEWER = person("Rafal", "technical_reviewer")
MORNING = datetime(2026, 1, 5, 9, tzinfo=UTC)


class CallDesk(DunningDesk):
    """A firm whose people call; no process is deployed there until one is needed."""

    def __post_init__(self) -> None:
        pass


@pytest.fixture
def application(database_url: str, tmp_path: Path) -> Iterator[Application]:
    settings = Settings(database_url=database_url, data=tmp_path / "data", dunning_bank_days=0)
    built = build(settings, clock=FixedClock(MORNING))
    yield built
    built.close()


@pytest.fixture
def desk(application: Application) -> CallDesk:
    assert isinstance(application.clock, FixedClock)
    return CallDesk(application, application.clock)


@pytest.fixture
def dunning(application: Application) -> DunningDesk:
    assert isinstance(application.clock, FixedClock)
    return DunningDesk(application, application.clock)


def queue_of(desk: DunningDesk, actor: Actor = KASIA) -> list[CallSummary]:
    with desk.application.units.reading(actor) as view:
        return queries.call_queue(view).items


def callback(desk: DunningDesk, customer_id: str, subject: str = "Oddzwonić", **values: Any) -> str:
    made: str = desk.do(QueueCallback(customer_id=customer_id, subject=subject, **values), KASIA)
    return made


def test_a_dunned_invoice_is_in_the_queue_until_the_money_comes(dunning: DunningDesk) -> None:
    invoice = dunning.invoice(dunning.customer())
    dunning.clock.advance(timedelta(days=20))
    dunning.night()
    dunning.pass_days(20)
    (task,) = dunning.tasks(invoice)

    (found,) = queue_of(dunning)
    assert (found.kind, found.task_id, found.customer_name) == ("dunning", task.id, "Żuraw")
    assert queue_of(dunning, person("Ewa", "sales_rep")) == []  # the task is offered to others
    taken = dunning.do(TakeNextCall(), KASIA)
    assert taken.task_id == task.id
    with pytest.raises(CallOfTask):
        dunning.do(FinishCall(call_id=taken.id, outcome="reached"), KASIA)
    dunning.pay(invoice, "1230.00")
    dunning.work()

    assert queue_of(dunning) == []
    with pytest.raises(CallNotFound):
        dunning.do(KeepCall(call_id=taken.id), KASIA)


def test_a_call_that_was_made_leaves_the_queue_with_its_task(dunning: DunningDesk) -> None:
    invoice = dunning.invoice(dunning.customer())
    dunning.clock.advance(timedelta(days=20))
    dunning.night()
    dunning.pass_days(20)
    dunning.do(TakeNextCall(), CLERK)

    dunning.complete(invoice, "call_debtor", CLERK, outcome="no_answer")

    assert queue_of(dunning) == []
    dunning.pass_days(2)
    assert len(queue_of(dunning)) == 1  # the next try


def test_promised_moments_come_first_then_what_is_urgent_then_what_waits_longest(desk: DunningDesk) -> None:
    firms = [desk.customer(name=f"Firma {number}") for number in range(4)]
    callback(desk, firms[0], "first asked for")
    desk.clock.advance(timedelta(minutes=1))
    callback(desk, firms[1], "later")
    callback(desk, firms[2], "urgent", is_urgent=True)
    callback(desk, firms[3], "promised", call_at=desk.clock.now() + timedelta(minutes=30))

    assert [each.subject for each in queue_of(desk)] == ["promised", "urgent", "first asked for", "later"]
    assert desk.do(TakeNextCall(), KASIA).customer_id == firms[2]  # the promised moment is to come
    desk.clock.advance(timedelta(minutes=31))
    assert desk.do(TakeNextCall(), TOMEK).customer_id == firms[3]
    assert desk.do(TakeNextCall(), KASIA).customer_id == firms[2]  # Kasia's was over, and nobody took it


def test_a_customer_has_one_caller_until_the_lease_is_over(desk: DunningDesk) -> None:
    firm = desk.customer()
    first, second = callback(desk, firm, "pierwsza"), callback(desk, firm, "druga")
    taken = desk.do(TakeNextCall(), KASIA)
    assert (taken.id, taken.until) == (first, desk.clock.now() + LEASE)

    with pytest.raises(NoCallWaits):
        desk.do(TakeNextCall(), TOMEK)
    with pytest.raises(CustomerBusy):
        desk.do(TakeCall(call_id=second), TOMEK)
    assert {each.held_by for each in queue_of(desk, TOMEK)} == {"kasia"}
    desk.clock.advance(LEASE - timedelta(seconds=1))
    desk.do(KeepCall(call_id=first), KASIA)
    desk.clock.advance(LEASE - timedelta(seconds=1))
    with pytest.raises(NoCallWaits):
        desk.do(TakeNextCall(), TOMEK)
    desk.clock.advance(timedelta(seconds=1))

    assert desk.do(TakeNextCall(), TOMEK).id == first
    with pytest.raises(LeaseOver):
        desk.do(KeepCall(call_id=first), KASIA)
    with pytest.raises(LeaseOver):
        desk.do(GiveBackCall(call_id=first, reason="nikt nie odbiera"), KASIA)


def test_whoever_takes_another_call_lets_the_first_customer_go(desk: DunningDesk) -> None:
    first, second = (callback(desk, desk.customer(name=name)) for name in ("Alfa", "Beta"))
    desk.do(TakeCall(call_id=first), KASIA)

    desk.do(TakeCall(call_id=second), KASIA)

    assert desk.do(TakeNextCall(), TOMEK).id == first


def test_agents_who_ask_at_once_get_different_customers(desk: DunningDesk) -> None:
    firms = [desk.customer(name=f"Firma {number}") for number in range(3)]
    for firm in firms:
        callback(desk, firm)
        callback(desk, firm, "i jeszcze raz")
    agents = [person(f"Agent{number}", "call_agent") for number in range(6)]

    def take(agent: Actor) -> TakenCall | None:
        while True:
            try:
                return desk.do(TakeNextCall(), agent)  # type: ignore[no-any-return]
            except NoCallWaits:
                return None
            except Conflict:
                continue

    with ThreadPoolExecutor(len(agents)) as pool:
        taken = [each for each in pool.map(take, agents) if each is not None]

    held = [each.customer_id for each in taken]
    assert len(held) == len(set(held))
    free = person("Ostatni", "call_agent")
    while (more := take(free)) is not None and more.customer_id not in held:  # whoever met another's lock had none left
        held.append(more.customer_id)
        free = person(f"Ostatni{len(held)}", "call_agent")
    assert sorted(held) == sorted(firms)


def test_nobody_is_called_at_night_where_they_are(desk: DunningDesk) -> None:
    call = callback(desk, desk.customer(country="JP"))
    callback(desk, desk.customer(name="Nowy Jork", country="US"))
    desk.clock.set(datetime(2026, 1, 6, 12, tzinfo=UTC))  # nine in the evening in Tokyo, seven in the morning there

    with pytest.raises(NoCallWaits):
        desk.do(TakeNextCall(), KASIA)

    assert [(each.local_time, each.is_day) for each in queue_of(desk)] == [("21:00", False), ("07:00", False)]
    assert desk.do(TakeCall(call_id=call), KASIA).id == call  # who knows better may


def test_a_call_that_is_put_off_waits_for_its_moment(desk: DunningDesk) -> None:
    call = callback(desk, desk.customer())
    desk.do(TakeCall(call_id=call), KASIA)
    with pytest.raises(WrongFields):
        desk.do(GiveBackCall(call_id=call, reason="później", call_at=desk.clock.now()), KASIA)
    moment = desk.clock.now() + timedelta(hours=3)

    desk.do(GiveBackCall(call_id=call, reason="po zebraniu", call_at=moment), KASIA)

    with pytest.raises(NoCallWaits):
        desk.do(TakeNextCall(), TOMEK)
    desk.clock.set(moment)
    assert desk.do(TakeNextCall(), TOMEK).id == call
    assert queue_of(desk)[0].tries == 1


def test_a_callback_ends_as_an_activity(desk: DunningDesk) -> None:
    firm = desk.customer()
    call = callback(desk, firm, by="kasia")
    assert queue_of(desk, TOMEK) == []
    desk.do(TakeCall(call_id=call), KASIA)
    desk.clock.advance(timedelta(seconds=90))

    made = desk.do(FinishCall(call_id=call, outcome="reached", note="Zapłacą w piątek."), KASIA)

    assert queue_of(desk) == []
    with desk.application.units.reading(KASIA) as view:
        (found,) = activities(view, ActivityFilter(customer_id=firm)).items
    assert (found.id, found.method, found.status) == (made, "phone", "held")


def test_only_who_makes_calls_sees_the_queue(desk: DunningDesk) -> None:
    callback(desk, desk.customer())

    with pytest.raises(Forbidden):
        queue_of(desk, REVIEWER)
    with pytest.raises(Forbidden):
        desk.do(TakeNextCall(), REVIEWER)


def test_an_agent_sees_the_sums_of_dunning_calls_and_no_others(dunning: DunningDesk) -> None:
    called = dunning.customer()
    dunning.invoice(called)
    dunning.clock.advance(timedelta(days=20))
    dunning.night()
    dunning.pass_days(20)
    other = dunning.customer(name="Inny")
    dunning.invoice(other)
    dunning.clock.advance(timedelta(days=20))  # late as well, and nobody is to be called about it yet
    callback(dunning, other)

    debts = {(each.customer_name, each.kind): [debt.amount for debt in each.debts] for each in queue_of(dunning)}

    assert not KASIA.may("customer.finance")
    assert debts == {("Żuraw", "dunning"): [Decimal("1230.00")], ("Inny", "callback"): []}
    with dunning.application.units.reading(KASIA) as view:
        for query in (
            lambda: invoices(view, InvoiceFilter(customer_id=called)),
            lambda: payments(view, customer_id=called),
            lambda: receivables(view, called),
        ):
            with pytest.raises(Forbidden):
                query()
        shown = card(view, called)
        kinds = {each.kind for each in customer_file(view, called, FileFilter(), limit=200).items}
    assert (shown.standing, FINANCE & shown.profile.keys()) == (None, set())
    assert not {"invoice", "payment"} & kinds
