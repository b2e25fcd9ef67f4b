"""Orders: where and by when they are delivered."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Any

import pytest
from sqlalchemy import Engine

from core.clock import FixedClock
from crm.customers import UpdateCustomer
from crm.errors import WrongFields
from crm.orders import EnterOrder
from crm.planning.ports import WorkingDays
from crm.profiles import Address
from crm.queries import Order, order
from crm.sales.accepting import MoveOrder
from crm.sales.delivering import AddressOrder, addresses_of, due_orders
from crm.sales.errors import WrongOrderState
from tests.crm_desk import Desk, make_line, open_desk

GDYNIA = Address(kind="delivery", street="Portowa 1", postal_code="81-350", city="Gdynia", country="PL")
SOPOT = Address(kind="delivery", street="Morska 2", postal_code="81-717", city="Sopot", country="PL")
BILLED = Address(kind="billing", street="Długa 3", postal_code="00-238", city="Warszawa", country="PL")
EPIPHANY = date(2026, 1, 6)


class Office:
    """Works from Monday to Friday, but for one holiday."""

    def hours(self, day: date) -> tuple[datetime, datetime] | None:
        if day.weekday() > 4 or day == EPIPHANY:
            return None
        return datetime.combine(day, time(8), UTC), datetime.combine(day, time(16), UTC)


@pytest.fixture
def desk(engine: Engine, clock: FixedClock) -> Desk:
    desk = open_desk(engine, clock)
    desk.units.ports[WorkingDays] = Office()
    return desk


def enter(desk: Desk, customer_id: str, **values: Any) -> Order:
    usual: dict[str, Any] = {"lines": (make_line(),), "ordered_on": date(2026, 1, 2)}
    made = desk.do(EnterOrder(customer_id=customer_id, **usual | values))
    found: Order = desk.ask(order, made)
    return found


def test_cus_24_an_order_goes_to_a_delivery_address_of_its_customer_and_keeps_it(desk: Desk) -> None:
    customer = desk.make_customer(addresses=(BILLED, GDYNIA, SOPOT))
    gdynia, sopot = "Portowa 1, 81-350 Gdynia, PL", "Morska 2, 81-717 Sopot, PL"
    entered = enter(desk, customer)

    assert desk.ask(addresses_of, customer) == [gdynia, sopot]
    assert entered.delivery_address is None
    with pytest.raises(WrongFields):
        desk.do(AddressOrder(order_id=entered.id, address="Długa 3, 00-238 Warszawa, PL"))
    desk.do(AddressOrder(order_id=entered.id, address=sopot))
    desk.do(UpdateCustomer(customer_id=customer, changes={"addresses": (BILLED, GDYNIA)}))

    assert desk.ask(order, entered.id).delivery_address == sopot
    assert enter(desk, customer).delivery_address == gdynia
    desk.do(MoveOrder(order_id=entered.id, state="done"))
    with pytest.raises(WrongOrderState):
        desk.do(AddressOrder(order_id=entered.id, address=gdynia))
    assert desk.told().count("order.addressed") == 1


def test_cus_25_an_order_is_due_after_the_lead_time_in_working_days(desk: Desk, clock: FixedClock) -> None:
    agreed, other = desk.make_customer(lead_days=3), desk.make_customer(name="Tartak", tax_id=None)

    due = enter(desk, agreed)  # on a Friday; the Tuesday after it is a holiday

    assert due.due_on == date(2026, 1, 8)
    assert enter(desk, agreed, due_on=date(2026, 1, 20)).due_on == date(2026, 1, 20)
    assert enter(desk, agreed, state="done").due_on is None
    assert enter(desk, other).due_on is None
    clock.set(datetime(2026, 1, 8, 12, tzinfo=UTC))
    assert desk.ask(due_orders, overdue=True).items == []
    assert [each.due_on.day for each in desk.ask(due_orders).items] == [8, 20]

    clock.set(datetime(2026, 1, 10, 12, tzinfo=UTC))
    (late,) = desk.ask(due_orders, overdue=True).items
    assert (late.number, late.customer_name, late.days_late) == (due.number, "Młyn", 2)
    desk.do(MoveOrder(order_id=due.id, state="done"))
    assert desk.ask(due_orders, overdue=True).items == []
