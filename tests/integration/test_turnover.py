"""What a customer bought is kept beside its orders, and is at any time what the orders' lines sum up to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, event, text

from core.clock import FixedClock
from core.errors import DomainError
from crm.cards import customer_id_of
from crm.erp.arriving import TAKERS
from crm.merging import MergeCustomers, UndoMerge
from crm.money import rounded
from crm.offer_content import Line
from crm.offer_queries import offer
from crm.orders import EnterOrder
from crm.sales.accepting import MoveOrder
from crm.sales.trade import Sum, trade
from storage.schema import downgrade, migrate
from tests.crm_desk import MANAGER, REP, Desk, open_desk

DAY = date(2026, 1, 2)
BEFORE = "0038_consents"  # the version of the database that kept nothing
SOLD = st.tuples(
    st.sampled_from(["Pompa", "Zawór", "Wąż"]),
    st.sampled_from([Decimal(1), Decimal("2.5"), Decimal("0.3333")]),
    st.sampled_from([Decimal(100), Decimal("9.9999")]),
    st.sampled_from([Decimal(0), Decimal("3.3333")]),
)
WHICH = st.integers(0, 5)
STEPS = st.one_of(
    st.tuples(
        st.just("enter"),
        st.integers(0, 1),
        st.lists(SOLD, min_size=1, max_size=3),
        st.sampled_from(["PLN", "EUR"]),
        st.integers(0, 3),
        st.sampled_from(["open", "open", "done", "cancelled"]),
        st.booleans(),
    ),
    st.tuples(st.just("move"), WHICH, st.sampled_from(["partly_delivered", "done", "cancelled"])),
    st.tuples(st.just("arrive"), WHICH, st.booleans()),
    st.tuples(st.just("merge"), st.booleans()),
    st.tuples(st.just("undo")),
)
PUMP = ("Pompa", Decimal(1), Decimal(100), Decimal(0))


@dataclass
class Trader:
    """Two customers, the same or not, and what was done with their orders."""

    desk: Desk
    pair: Sequence[str]
    orders: list[str] = field(default_factory=list)
    merges: list[str] = field(default_factory=list)

    def do(self, step: Sequence[Any]) -> None:
        with suppress(DomainError):  # such as an order that is done already
            getattr(self, step[0])(*step[1:])

    def enter(self, who: int, sold: Any, currency: str, day: int, state: str, is_delivered: bool) -> None:
        lines = tuple(
            Line(quantity=many, description=name, unit_price=price, discount=less, vat_rate=Decimal(23))
            for name, many, price, less in sold
        )
        command = EnterOrder(
            customer_id=self.pair[who],
            lines=lines,
            ordered_on=DAY + timedelta(days=day),
            currency=currency,
            exchange_rate=Decimal(4),
            state=state,
            delivered_on=DAY if is_delivered else None,
        )
        self.orders.append(self.desk.do(command))

    def move(self, which: int, state: str) -> None:
        self.desk.do(MoveOrder(order_id=self._order(which), state=state))

    def arrive(self, which: int, is_complete: bool) -> None:
        """As the ERP tells of a delivery."""
        content = {"order": self._order(which), "complete": "true" if is_complete else "false"}
        with self.desk.units.begin(REP) as unit:
            TAKERS["delivery"](unit, content)
            unit.commit()

    def merge(self, is_first: bool) -> None:
        kept, absorbed = self.pair if is_first else reversed(self.pair)
        self.merges.append(self.desk.do(MergeCustomers(kept_id=kept, absorbed_id=absorbed), MANAGER))

    def undo(self) -> None:
        if self.merges:
            self.desk.do(UndoMerge(merge_id=self.merges.pop()), MANAGER)

    def _order(self, which: int) -> str:
        return self.orders[which % len(self.orders)] if self.orders else "none"


ORDERS = text(
    "SELECT id, currency, net, ordered_on, delivered_on FROM customer_order"
    " WHERE customer_id = :customer AND state <> 'cancelled'"
)
LINES = text(
    "SELECT description, unit, quantity, unit_price, discount FROM customer_order_line WHERE order_id = :order"
)


def summed(engine: Engine, customer: str) -> dict[str, Any]:
    """From the lines, as somebody with a pencil would."""
    worth: dict[tuple[str, str], list[Decimal]] = defaultdict(list)
    goods: dict[tuple[str, str], dict[str, Any]] = {}
    with engine.connect() as connection:
        for order, currency, net, ordered_on, delivered_on in connection.execute(ORDERS, {"customer": customer}).all():
            for kind in ("orders", *(("deliveries",) if delivered_on else ())):
                worth[kind, currency].append(net)
            for name, _, quantity, price, discount in connection.execute(LINES, {"order": order}):
                amount = quantity * price * (100 - discount) / 100
                worth["purchases", currency].append(amount)
                kept = goods.setdefault((name, currency), {"quantity": 0, "orders": set(), "last": DAY, "amount": 0})
                kept["quantity"] += quantity
                kept["orders"].add(order)
                kept["last"] = max(kept["last"], ordered_on)
                kept["amount"] += amount
    found: dict[str, Any] = {
        kind: (
            sum(len(each) for (known, _), each in worth.items() if known == kind),
            {currency: rounded(sum(each, Decimal())) for (known, currency), each in worth.items() if known == kind},
        )
        for kind in ("orders", "deliveries", "purchases")
    }
    found["purchases"] = (len(goods), found["purchases"][1])
    found["goods"] = {
        key: (each["quantity"], len(each["orders"]), each["last"], rounded(each["amount"]))
        for key, each in goods.items()
    }
    return found


def kept(desk: Desk, customer: str) -> dict[str, Any]:
    """What is kept, of the customer itself, whatever it was merged into."""
    with desk.units.reading(REP) as view:
        found = trade(view, customer)
    told: dict[str, Any] = {
        kind: (getattr(found, kind).count, _amounts(getattr(found, kind).sums))
        for kind in ("orders", "deliveries", "purchases")
    }
    told["goods"] = {
        (each.name, each.currency): (each.quantity, each.times, each.last_on, each.amount)
        for each in found.purchases.items
    }
    return told


def _amounts(sums: Sequence[Sum]) -> dict[str, Decimal]:
    return {each.currency: each.amount for each in sums}


@given(steps=st.lists(STEPS, max_size=12))
@example(
    steps=[
        ("enter", 0, [PUMP, PUMP], "PLN", 3, "open", False),
        ("enter", 0, [PUMP], "PLN", 1, "open", False),
        ("move", 0, "cancelled"),  # the older one is the last that bought a pump again
        ("enter", 1, [PUMP], "PLN", 2, "open", False),
        ("merge", True),
        ("arrive", 2, True),
        ("undo",),
        ("move", 1, "cancelled"),
    ]
)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_cus_35_what_is_kept_of_a_customers_trade_is_what_its_orders_sum_up_to(
    engine: Engine, clock: FixedClock, steps: Sequence[Any]
) -> None:
    desk = open_desk(engine, clock)
    trader = Trader(desk, [desk.make_customer(), desk.make_customer(name="Tartak")])

    for step in steps:
        trader.do(step)

        for owner in {desk.ask(customer_id_of, customer) for customer in trader.pair}:
            assert kept(desk, owner) == summed(engine, owner), step


def test_cus_35_orders_that_were_there_before_are_counted_when_the_database_is_brought_up_to_date(
    engine: Engine, clock: FixedClock
) -> None:
    desk = open_desk(engine, clock)
    trader = Trader(desk, [desk.make_customer(), desk.make_customer(name="Tartak")])
    for who, state in ((0, "open"), (0, "cancelled"), (1, "done"), (0, "done")):
        trader.do(
            ("enter", who, [PUMP, PUMP, ("Wąż", *PUMP[1:])], "EUR" if who else "PLN", who, state, state == "done")
        )
    before = [kept(desk, each) for each in trader.pair]

    downgrade(engine, BEFORE)
    migrate(engine)

    assert [each["orders"][0] for each in before] == [2, 1]
    assert [kept(desk, each) for each in trader.pair] == before


def test_cus_35_a_look_at_a_customers_trade_reads_no_lines_of_orders(engine: Engine, clock: FixedClock) -> None:
    desk = open_desk(engine, clock)
    trader = Trader(desk, [desk.make_customer()])
    trader.do(("enter", 0, [PUMP], "PLN", 0, "open", False))
    asked: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda _c, _u, statement, *_: asked.append(statement))

    found = kept(desk, trader.pair[0])

    assert found["goods"] == {("Pompa", "PLN"): (1, 1, DAY, 100)}
    assert asked
    assert not [each for each in asked if "customer_order_line" in each]


def test_cus_39_offers_and_orders_for_a_merged_customer_are_those_of_the_customer_that_was_kept(
    engine: Engine, clock: FixedClock
) -> None:
    desk = open_desk(engine, clock)
    customer, absorbed = desk.make_customer(), desk.make_customer(name="Tartak")
    trader = Trader(desk, [customer, absorbed])
    trader.do(("merge", True))

    drafted = desk.make_offer(customer_id=absorbed)
    trader.do(("enter", 1, [PUMP], "PLN", 0, "open", False))

    assert desk.ask(offer, drafted).customer_id == customer
    assert kept(desk, customer)["orders"] == (1, {"PLN": 100})
