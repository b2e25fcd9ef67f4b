"""A document is seen and found by whoever sees the record that it is linked to, whatever kind of record that is."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask

from core.identity import SYSTEM, Actor
from crm.activities.content import Content
from crm.activities.registering import ChangeActivity, RegisterActivity
from crm.devices.registering import DeviceData, RegisterDevice
from crm.offer_content import Line
from crm.orders import EnterOrder
from crm.payments.importing import PostPayment
from crm.products import Article, CreateProduct
from crm.sales.issuing import InvoiceOrder
from documents.access import DocumentNotFound
from documents.filing import DocumentLink
from documents.queries import document
from tests.search_desk import FILES, Desk, person
from tests.web import PASSWORD, log_in
from webapp.bootstrap import Application

REVIEWER = person("rita", permissions=FILES | {"customer.read"})
CONTROLLER = person("karol", permissions=FILES | {"customer.read", "customer.finance"})
EWA = person("ewa", permissions=FILES | {"customer.read", "activity.edit"})


@pytest.fixture
def desk(application: Application) -> Desk:
    return Desk(application)


def is_seen(desk: Desk, document_id: str, actor: Actor) -> tuple[bool, bool]:
    """Whether somebody may open a document, and whether a search shows it to them."""
    found = document_id in desk.everything("kind:document", actor)
    with desk.units.reading(actor) as view:
        try:
            document(view, document_id)
        except DocumentNotFound:
            return False, found
    return True, found


def sold(desk: Desk) -> dict[str, str]:
    """A customer with an invoice, a payment and a device, by kind."""
    customer = desk.customer("Zakład Łąka")
    today = desk.application.clock.now().date()
    line = Line(quantity=Decimal(2), description="Pompa", unit_price=Decimal(100), vat_rate=Decimal(23))
    order = desk.do(
        EnterOrder(customer_id=customer, lines=(line,), ordered_on=today - timedelta(days=9), currency="PLN"), SYSTEM
    )
    paid = PostPayment(amount=Decimal(50), currency="PLN", booked_on=today, reference="Zaliczka", customer_id=customer)
    pump = Article(sku="P-1", name="Pompa", unit="pc", price=Decimal(100), currency="PLN", vat_rate=Decimal(23))
    product = desk.do(CreateProduct(article=pump), SYSTEM)
    device = DeviceData(product_id=product, customer_id=customer, serial_number="SN-77", purchased_on=today)
    return {
        "crm.customer": customer,
        "crm.invoice": desk.do(InvoiceOrder(order_id=order), SYSTEM).id,
        "crm.payment": desk.do(paid, SYSTEM),
        "crm.device": desk.do(RegisterDevice(device=device), SYSTEM),
    }


@pytest.mark.parametrize("kind", ["crm.invoice", "crm.payment"])
def test_papers_of_invoices_and_payments_are_for_those_who_see_money(desk: Desk, kind: str) -> None:
    filed = desk.file("Ugoda", DocumentLink(kind=kind, id=sold(desk)[kind]), actor=SYSTEM)

    assert is_seen(desk, filed, REVIEWER) == (False, False)
    assert is_seen(desk, filed, CONTROLLER) == (True, True)


def test_papers_of_a_private_activity_are_for_those_who_take_part(desk: Desk) -> None:
    values: dict[str, Any] = {
        "employee": "ewa",
        "method": "phone",
        "direction": "outgoing",
        "status": "held",
        "state": "done",
        "subject": "U lekarza",
        "held_from": desk.application.clock.now(),
    }
    made = desk.do(RegisterActivity(content=Content(**values, is_private=True)), EWA)
    filed = desk.file("Zwolnienie", DocumentLink(kind="crm.activity", id=made), actor=EWA)

    before = is_seen(desk, filed, REVIEWER), is_seen(desk, filed, EWA)
    desk.do(ChangeActivity(activity_id=made, changes={"is_private": False}), EWA)

    assert before == ((False, False), (True, True))
    assert is_seen(desk, filed, REVIEWER) == (True, True)


def test_a_document_is_linked_to_any_record_on_its_page(
    desk: Desk, app: Flask, add_account: Callable[..., str]
) -> None:
    records = sold(desk)
    filed = desk.file("Protokół", *(DocumentLink(kind=kind, id=key) for kind, key in records.items()), actor=SYSTEM)
    other = desk.file("Inne", DocumentLink(kind="crm.customer", id=records["crm.customer"]), actor=SYSTEM)
    add_account("anna", "finance_director", password=PASSWORD)
    browser = app.test_client()
    log_in(browser)

    page = browser.get(f"/documents/{filed}").text

    for kind, place in (("crm.invoice", "invoices"), ("crm.payment", "payments"), ("crm.device", "devices")):
        text = "SN-77" if kind == "crm.device" else "Zakład"
        offered = browser.get(f"/documents/{other}/link-choices", query_string={"kind": kind, "target": text}).text
        assert f'"id": "{records[kind]}"' in offered
        assert f'href="/{place}/{records[kind]}"' in page
