"""The real trading firm arrives completely, once, and with its diacritics."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, select

from core.clock import FixedClock
from core.executor import Executor
from core.identity import SYSTEM
from crm.models import ContactRow, CustomerRow, OrderLineRow, OrderRow, ProductRow
from crm.northwind import Imported, import_northwind
from crm.offer_queries import offer
from crm.queries import customer, customers, order
from crm.reorders import OfferFromOrder
from storage.unit_of_work import UnitFactory
from tests.crm_desk import NoJobs

FILE = Path(__file__).parents[2].parent / "shared/data/northwind/northwind.sqlite"
STAFF = {  # orders and net sales by seller, worked out from the file by other means
    "Margaret Peacock": (156, "232890.85"),
    "Janet Leverling": (127, "202812.84"),
    "Nancy Davolio": (123, "192107.60"),
    "Andrew Fuller": (96, "166537.76"),
    "Laura Callahan": (104, "126862.28"),
    "Robert King": (72, "124568.24"),
    "Anne Dodsworth": (43, "77308.07"),
    "Michael Suyama": (67, "73913.13"),
    "Steven Buchanan": (42, "68792.28"),
}
pytestmark = pytest.mark.skipif(not FILE.exists(), reason=f"the Northwind sample is not there: {FILE}")


@pytest.fixture
def units(engine: Engine) -> UnitFactory:
    return UnitFactory(engine, queue=NoJobs(), clock=FixedClock(datetime(2026, 1, 5, 7, 0, tzinfo=UTC)))


def test_everything_arrives_and_arrives_once(units: UnitFactory) -> None:
    executor = Executor(units)
    steps: list[tuple[int, int]] = []

    first = import_northwind(executor, FILE, actor=SYSTEM, progress=lambda done, total: steps.append((done, total)))
    again = import_northwind(executor, FILE, actor=SYSTEM)

    assert first == Imported(customers=93, products=77, orders=830, lines=2155)
    assert again == Imported()
    assert steps[-1] == (1000, 1000)
    with units.reading(SYSTEM) as view:
        counted = [
            view.session.scalar(select(func.count()).select_from(table))
            for table in (CustomerRow, ContactRow, ProductRow, OrderRow, OrderLineRow)
        ]
        assert counted == [93, 93, 77, 830, 2155]
        sales = select(OrderRow.owner, func.count(), func.sum(OrderRow.net)).group_by(OrderRow.owner)
        by_owner = {owner: (number, net) for owner, number, net in view.session.execute(sales)}
        assert {name: number for name, (number, _) in by_owner.items()} == {
            name: each[0] for name, each in STAFF.items()
        }
        for name, (_, told) in STAFF.items():
            assert abs(by_owner[name][1] - Decimal(told)) < Decimal(1), name  # each line is rounded to the cent here
        assert view.session.scalar(select(func.count()).where(OrderRow.delivered_on.is_(None))) == 21
        assert view.session.scalar(select(func.count()).where(OrderRow.delivered_on > OrderRow.due_on)) == 37


def test_names_keep_their_diacritics_and_orders_become_offers(units: UnitFactory) -> None:
    executor = Executor(units)
    import_northwind(executor, FILE, actor=SYSTEM)

    made = executor.execute(OfferFromOrder(order="northwind:order:10250"), actor=SYSTEM)

    with units.reading(SYSTEM) as view:
        found = customer(view, "northwind:customer:ANATR")
        assert found.profile.addresses[0].street == "Avda. de la Constitución 2222"
        assert [each.name for each in customers(view, "mexico ana").items] == [found.profile.name]
        source, draft = order(view, "northwind:order:10250"), offer(view, made.number)
        assert draft.customer_id == source.customer_id
        assert [(line.sku, line.quantity, line.unit_price, line.discount) for line in draft.lines] == [
            (line.sku, line.quantity, line.unit_price, line.discount) for line in source.lines
        ]
        assert draft.totals.net == source.net == Decimal("1552.60")
        assert draft.totals.max_discount == 15
