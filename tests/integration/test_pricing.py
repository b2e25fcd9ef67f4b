"""Price lists: whose price counts on which day, for how many, and how much discount it allows."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Engine

from core.clock import FixedClock
from crm.customer_search import Condition, Criteria
from crm.errors import ChangedMeanwhile, WrongFields
from crm.offer_content import Line
from crm.offer_queries import offer
from crm.offers import CreateOffer, UpdateOffer
from crm.orders import EnterOrder
from crm.pricing.errors import PriceListNameTaken, PriceListNotFound
from crm.pricing.lists import ListedPrice, SavePriceList, price_list, price_lists
from crm.products import Article, CreateProduct
from crm.queries import order
from crm.segments.defining import CreateSegment
from tests.crm_desk import Desk, open_desk

LONG_AGO = date(2020, 1, 1)


@pytest.fixture
def desk(engine: Engine, clock: FixedClock) -> Desk:
    return open_desk(engine, clock)


@pytest.fixture
def pump(desk: Desk) -> str:
    article = Article(sku="P-1", name="Pompa", unit="pc", price=Decimal(100), currency="PLN", vat_rate=Decimal(23))
    made: str = desk.do(CreateProduct(article=article))
    return made


def listed(pump: str, price: str, **more: Any) -> tuple[ListedPrice, ...]:
    return (ListedPrice(product_id=pump, price=Decimal(price), **more),)


def save(desk: Desk, name: str, prices: tuple[ListedPrice, ...], **more: Any) -> str:
    saved: str = desk.do(
        SavePriceList(**{"name": name, "currency": "PLN", "valid_from": LONG_AGO, "prices": prices} | more)
    )
    return saved


def line_of(desk: Desk, customer_id: str, pump: str, quantity: str = "1", **more: Any) -> tuple[Decimal, str | None]:
    line = Line(product_id=pump, quantity=Decimal(quantity), **more)
    made = desk.do(CreateOffer(customer_id=customer_id, lines=(line,)))
    (found,) = desk.ask(offer, made.id).lines
    return found.unit_price, found.price_source


def test_cus_27_the_personal_list_comes_before_the_group_and_that_before_the_base(desk: Desk, pump: str) -> None:
    mill, works = desk.make_customer(name="Młyn", region="Mazowsze"), desk.make_customer(name="Huta", region="Mazowsze")
    stranger = desk.make_customer(name="Obcy")
    group = desk.do(
        CreateSegment(name="Mazowsze", criteria=Criteria(conditions=(Condition(field="region", value="Mazowsze"),)))
    )
    base = line_of(desk, mill, pump)
    save(desk, "Cennik ogólny", listed(pump, "95"))
    save(desk, "Mazowsze 2026", listed(pump, "90"), segment_id=group)
    save(desk, "Dla młyna", listed(pump, "85.5"), customer_id=mill)

    assert base == (Decimal(100), "base")
    assert line_of(desk, mill, pump) == (Decimal("85.5"), "personal: Dla młyna")
    assert line_of(desk, works, pump) == (Decimal(90), "group: Mazowsze 2026")
    assert line_of(desk, stranger, pump) == (Decimal(95), "general: Cennik ogólny")
    assert line_of(desk, mill, pump, unit_price=Decimal(70)) == (Decimal(70), "manual")


def test_cus_27_a_list_counts_between_its_days_alone(desk: Desk, pump: str, clock: FixedClock) -> None:
    mill = desk.make_customer()
    today = clock.now().date()
    tomorrow = today + timedelta(days=1)
    save(desk, "Jutro", listed(pump, "80"), customer_id=mill, valid_from=tomorrow)
    save(desk, "Wczoraj", listed(pump, "70"), customer_id=mill, valid_until=today - timedelta(days=1))
    save(desk, "Euro", listed(pump, "20"), customer_id=mill, currency="EUR")
    save(desk, "Wycofany", listed(pump, "10"), customer_id=mill, is_retired=True)

    now = line_of(desk, mill, pump)
    clock.advance(timedelta(days=1))

    assert now == (Decimal(100), "base")
    assert line_of(desk, mill, pump) == (Decimal(80), "personal: Jutro")


def test_cus_27_more_pieces_cost_less_from_their_quantity_on(desk: Desk, pump: str) -> None:
    mill = desk.make_customer()
    prices = (
        *listed(pump, "90"),
        *listed(pump, "80", from_quantity=Decimal(10)),
        *listed(pump, "75", from_quantity=Decimal(100)),
    )
    save(desk, "Ilościowy", prices, customer_id=mill)

    found = [line_of(desk, mill, pump, quantity)[0] for quantity in ("9.9999", "10", "99", "100")]

    assert found == [Decimal(90), Decimal(80), Decimal(80), Decimal(75)]


def test_cus_27_a_discount_above_what_the_list_allows_is_refused(desk: Desk, pump: str) -> None:
    mill = desk.make_customer()
    save(desk, "Z limitem", listed(pump, "90", most_discount=Decimal("12.5")), customer_id=mill)
    line_of(desk, mill, pump, discount=Decimal("12.5"))

    with pytest.raises(WrongFields) as caught:
        line_of(desk, mill, pump, discount=Decimal("12.51"))

    assert "12.5 %" in caught.value.details["fields"]["/lines/0/discount"]


def test_cus_27_a_revised_offer_keeps_its_prices_and_an_order_takes_those_of_its_day(desk: Desk, pump: str) -> None:
    mill = desk.make_customer()
    made = desk.do(CreateOffer(customer_id=mill, lines=(Line(product_id=pump, quantity=Decimal(1)),)))
    save(desk, "Nowy", listed(pump, "80"), customer_id=mill, valid_from=date(2026, 1, 1))
    (kept,) = desk.ask(offer, made.id).lines
    line = Line(product_id=pump, quantity=Decimal(1))
    desk.do(UpdateOffer(offer_id=made.id, lines=(line,)))
    (fresh,) = desk.ask(offer, made.id).lines
    before = desk.do(EnterOrder(customer_id=mill, lines=(line,), ordered_on=date(2025, 12, 31)))

    assert (kept.unit_price, fresh.unit_price, fresh.price_source) == (Decimal(100), Decimal(80), "personal: Nowy")
    assert desk.ask(order, before).lines[0].unit_price == Decimal(100)


def test_cus_27_lists_are_replaced_whole_and_say_what_changed(desk: Desk, pump: str) -> None:
    mill = desk.make_customer(name="Młyn")
    key = save(desk, "Cennik", listed(pump, "90"), customer_id=mill)
    found = desk.ask(price_list, key)
    save(desk, "Cennik", listed(pump, "85"), customer_id=mill, price_list_id=key, expected_version=found.version)

    assert desk.events[-1].payload()["prices"] == {f"{pump} 0": ["90", "85"]}
    assert [(each.name, each.customer_name, each.count) for each in desk.ask(price_lists)] == [("Cennik", "Młyn", 1)]
    for refused, changes in (
        (ChangedMeanwhile, {"price_list_id": key, "expected_version": 99}),
        (PriceListNotFound, {"price_list_id": "nichts"}),
        (PriceListNameTaken, {}),
        (WrongFields, {"name": "x", "prices": (*listed(pump, "1"), *listed(pump, "2"))}),
        (WrongFields, {"name": "x", "prices": listed("nichts", "1")}),
        (WrongFields, {"name": "x", "valid_until": date(2019, 1, 1)}),
        (WrongFields, {"name": "x", "currency": "złoty"}),
    ):
        with pytest.raises(refused):
            save(desk, **{"name": "Cennik", "prices": listed(pump, "1")} | changes)
