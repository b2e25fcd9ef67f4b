"""Devices: serial numbers, warranties, owners and parts, and contracts to serve them."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Engine

from core.clock import FixedClock
from core.errors import Forbidden
from core.identity import Actor
from crm.devices.contracts import SaveContract, contract, contracts
from crm.devices.errors import ContractNotFound, DeviceNotFound, SerialTaken
from crm.devices.queries import device, devices, parts_of
from crm.devices.registering import (
    ChangeDevice,
    DeviceData,
    FitPart,
    ListParts,
    RegisterDevice,
    TransferDevice,
)
from crm.devices.warranties import warranty_end
from crm.errors import ChangedMeanwhile, WrongFields
from crm.merging import MergeCustomers
from crm.products import Article, CreateProduct
from crm.sales.issuing import IssueInvoice
from tests.crm_desk import STRANGER, Desk, make_line, open_desk

READER = Actor(id="ola", name="Ola", permissions=frozenset({"customer.read"}))
BOUGHT = date(2025, 1, 31)


@pytest.fixture
def desk(engine: Engine, clock: FixedClock) -> Desk:
    return open_desk(engine, clock)


def product(desk: Desk, sku: str = "P-1", price: str = "1000") -> str:
    article = Article(
        sku=sku, name=f"Pompa {sku}", unit="pc", price=Decimal(price), currency="PLN", vat_rate=Decimal(23)
    )
    made: str = desk.do(CreateProduct(article=article))
    return made


@pytest.fixture
def pump(desk: Desk) -> str:
    return product(desk)


@pytest.fixture
def mill(desk: Desk) -> str:
    return desk.make_customer(name="Młyn")


def register(desk: Desk, pump: str, mill: str, serial: str = "AB-12 34", **more: Any) -> str:
    data = DeviceData(
        **{"product_id": pump, "customer_id": mill, "serial_number": serial, "purchased_on": BOUGHT} | more
    )
    made: str = desk.do(RegisterDevice(device=data))
    return made


@pytest.mark.parametrize(
    ("start", "months", "last"),
    [
        (date(2024, 1, 15), 24, date(2026, 1, 15)),
        (date(2024, 1, 31), 1, date(2024, 2, 29)),
        (date(2025, 11, 30), 3, date(2026, 2, 28)),
        (date(2024, 12, 1), 1, date(2025, 1, 1)),
        (date(2024, 2, 29), 12, date(2025, 2, 28)),
        (date(2024, 1, 15), 0, None),
        (None, 24, None),
    ],
)
def test_srv_06_a_warranty_ends_on_the_day_of_the_same_number(
    start: date | None, months: int, last: date | None
) -> None:
    assert warranty_end(start, months) == last


def test_srv_06_a_customer_has_devices_with_the_end_of_their_warranty(desk: Desk, pump: str, mill: str) -> None:
    register(desk, pump, mill, warranty_months=24, extended_months=12)
    register(desk, pump, mill, "2", warranty_from="installation")
    register(desk, pump, mill, "3", warranty_from="installation", installed_on=date(2025, 3, 1), warranty_months=12)
    register(desk, pump, desk.make_customer(name="Huta"), "4")

    found = desk.ask(devices, customer_id=mill).items

    assert {each.serial_number: each.warranty_until for each in found} == {
        "AB-12 34": date(2028, 1, 31),
        "2": None,
        "3": date(2026, 3, 1),
    }


def test_srv_05_a_serial_number_is_one_device_of_its_product_however_it_is_written(
    desk: Desk, pump: str, mill: str
) -> None:
    key = register(desk, pump, mill, "AB-12 34")
    other = register(desk, product(desk, "P-2"), mill, "AB-12 34")

    with pytest.raises(SerialTaken) as caught:
        register(desk, pump, mill, "ab1234")

    assert caught.value.details["device"] == key
    assert [each.id for each in desk.ask(devices, q="ab 12").items] in ([key, other], [other, key])
    assert desk.ask(devices, q="1234").items == []


def test_srv_05_a_device_names_the_line_of_its_invoice(desk: Desk, pump: str, mill: str) -> None:
    issued = desk.do(IssueInvoice(customer_id=mill, lines=(make_line(),)))
    key = register(desk, pump, mill, invoice_id=issued.id, invoice_line=1)

    assert desk.ask(device, key).data.invoice_line == 1
    with pytest.raises(WrongFields) as caught:
        register(desk, pump, mill, "x", invoice_id=issued.id, invoice_line=2)
    assert "/invoice_line" in caught.value.details["fields"]


def test_srv_06_a_device_is_handed_on_and_remembers_its_owners(
    desk: Desk, pump: str, mill: str, clock: FixedClock
) -> None:
    works = desk.make_customer(name="Huta")
    key = register(desk, pump, mill)
    day = clock.now().date() - timedelta(days=3)
    desk.do(TransferDevice(device_id=key, customer_id=works, since=day, reason="Sprzedaż zakładu"))

    found = desk.ask(device, key)

    assert [(each.customer_name, each.since, each.until) for each in found.owners] == [
        ("Huta", day, None),
        ("Młyn", BOUGHT, day),
    ]
    assert (found.customer_name, desk.ask(devices, customer_id=mill).items) == ("Huta", [])
    for wrong in (works, mill):
        with pytest.raises(WrongFields):
            desk.do(TransferDevice(device_id=key, customer_id=wrong, since=BOUGHT - timedelta(days=1)))


def test_srv_07_parts_are_free_under_warranty_and_cost_their_price_after_it(desk: Desk, pump: str, mill: str) -> None:
    seal = product(desk, "U-1", "12.50")
    desk.do(ListParts(product_id=pump, parts={seal: Decimal(2)}))
    key = register(desk, pump, mill, warranty_months=1)
    desk.do(FitPart(device_id=key, part_id=seal, quantity=Decimal(2), fitted_on=date(2025, 2, 28)))
    desk.do(FitPart(device_id=key, part_id=seal, fitted_on=date(2025, 3, 1)))

    found = desk.ask(device, key)

    assert [(each.unit_price, each.under_warranty) for each in found.fitted] == [
        (Decimal("12.50"), False),
        (Decimal(0), True),
    ]
    assert [(each.sku, each.quantity, each.price) for each in desk.ask(parts_of, pump)] == [
        ("U-1", Decimal(2), Decimal("12.50"))
    ]
    for wrong in (
        ListParts(product_id=pump, parts={pump: Decimal(1)}),
        FitPart(device_id=key, part_id=seal, quantity=Decimal(0)),
    ):
        with pytest.raises(WrongFields):
            desk.do(wrong)


def test_srv_04_a_contract_says_how_soon_we_answer_for_which_devices(desk: Desk, pump: str, mill: str) -> None:
    key = register(desk, pump, mill)
    others = register(desk, pump, desk.make_customer(name="Huta"), "7")
    terms = {"customer_id": mill, "name": "Złoty", "starts_on": date(2025, 1, 1), "response_hours": Decimal(4)}
    made = desk.do(SaveContract(**terms, repair_hours=Decimal(24), devices=(key,), fee=Decimal(1200)))

    (found,) = desk.ask(contracts, mill)

    assert (found.number[:3], found.devices, found.is_valid, found.repair_hours) == ("SC-", [key], True, Decimal(24))
    assert [each.id for each in desk.ask(device, key).contracts] == [made]
    for wrong in (
        {"devices": (others,)},
        {"repair_hours": Decimal(2)},
        {"hours": "sometimes"},
        {"ends_on": date(2024, 1, 1)},
        {"response_hours": Decimal("0.001")},
    ):
        with pytest.raises(WrongFields):
            desk.do(SaveContract(**terms | wrong))
    with pytest.raises(ChangedMeanwhile):
        desk.do(SaveContract(**terms, contract_id=made, expected_version=9))
    with pytest.raises(ContractNotFound):
        desk.ask(contract, "nichts")


def test_srv_06_changes_of_a_device_are_told_field_by_field(desk: Desk, pump: str, mill: str) -> None:
    key = register(desk, pump, mill, warranty_months=12)
    version = desk.do(ChangeDevice(device_id=key, changes={"extended_months": 12, "place": "Hala 2"}))

    assert desk.events[-1].payload()["changes"] == {"extended_months": [0, 12], "place": [None, "Hala 2"]}
    assert desk.ask(device, key).warranty_until == date(2027, 1, 31)
    for refused, command in (
        (ChangedMeanwhile, ChangeDevice(device_id=key, changes={"note": "x"}, expected_version=version - 1)),
        (WrongFields, ChangeDevice(device_id=key, changes={"customer_id": "x"})),
        (WrongFields, ChangeDevice(device_id=key, changes={"colour": "x"})),
        (WrongFields, ChangeDevice(device_id=key, changes={"serial_number": "--"})),
        (WrongFields, ChangeDevice(device_id=key, changes={"delivered_on": date(2020, 1, 1)})),
        (DeviceNotFound, ChangeDevice(device_id="nichts", changes={})),
    ):
        with pytest.raises(refused):
            desk.do(command)


def test_srv_06_rights_are_asked_and_a_merge_moves_devices(desk: Desk, pump: str, mill: str) -> None:
    twin = desk.make_customer(name="Młyn 2")
    register(desk, pump, twin)
    with pytest.raises(Forbidden):
        desk.do(TransferDevice(device_id="x", customer_id=mill, since=BOUGHT), actor=READER)
    with pytest.raises(Forbidden):
        desk.ask(devices, actor=STRANGER)

    desk.do(MergeCustomers(kept_id=mill, absorbed_id=twin))

    assert [each.customer_name for each in desk.ask(devices, customer_id=mill).items] == ["Młyn"]
