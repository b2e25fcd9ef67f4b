"""The whole record of a customer says truly whether it is whole."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal

import pytest

from core.identity import SYSTEM
from crm.contacts import CreateContact, PlaceContact
from crm.devices.contracts import SaveContract
from crm.merging import MergeCustomers
from crm.offer_content import Line
from crm.orders import EnterOrder
from crm.pricing.lists import SavePriceList
from crm.sales.issuing import InvoiceOrder
from documents.links import DocumentLink
from tests.offer_case import MANAGER, OfferDesk
from webapp.bootstrap import Application
from webapp.customer_record import CustomerRecord, customer_record

DAY = date(2026, 1, 2)
Adding = Callable[[OfferDesk, str, int], object]


def add_order(desk: OfferDesk, customer: str, index: int) -> str:
    line = Line(quantity=Decimal(1), description=f"Pompa {index}", unit_price=Decimal(100), vat_rate=Decimal(23))
    made: str = desk.do(EnterOrder(customer_id=customer, lines=(line,), ordered_on=DAY, currency="PLN"), MANAGER)
    return made


def add_contract(desk: OfferDesk, customer: str, index: int) -> None:
    agreed = SaveContract(customer_id=customer, name=f"Opieka {index}", starts_on=DAY, response_hours=Decimal(8))
    desk.do(agreed, MANAGER)


def add_price_list(desk: OfferDesk, customer: str, index: int) -> None:
    made = SavePriceList(name=f"Cennik {index}", currency="PLN", valid_from=DAY, prices=(), customer_id=customer)
    desk.do(made, SYSTEM)


def add_case(desk: OfferDesk, customer: str, _: int) -> None:
    desk.start(desk.make_offer(customer_id=customer))


def add_filed_offer(desk: OfferDesk, customer: str, _: int) -> None:
    desk.file(DocumentLink(kind="crm.offer", id=desk.make_offer(customer_id=customer)))


def add_position(desk: OfferDesk, customer: str, index: int) -> None:
    """One more customer where the customer's only person is something, too."""
    (who,) = record(desk, customer).people or [None]
    person = who.id if who else desk.do(CreateContact(customer_id=customer, name="Ola Sowa"), MANAGER)
    other = desk.make_customer(name=f"Spółka {index}")
    desk.do(PlaceContact(contact_id=person, customer_id=other, role="buyer"), MANAGER)


def record(desk: OfferDesk, customer: str) -> CustomerRecord:
    with desk.application.units.reading(SYSTEM) as view:
        return customer_record(view, customer)


@pytest.mark.parametrize(
    ("limit", "add"),
    [
        ("webapp.customer_record.LONGEST", add_order),
        ("webapp.customer_record.LONGEST", add_contract),
        ("webapp.customer_record.LONGEST", add_price_list),
        ("webapp.customer_record.LONGEST", add_case),
        ("webapp.customer_record.LONGEST", add_position),
        ("webapp.customer_file.CASES_LOOKED_AT", add_case),
        ("webapp.customer_file.RECORDS_LOOKED_AT", add_filed_offer),
    ],
)
def test_cus_21_a_record_is_called_whole_as_long_as_no_list_of_it_is_cut(
    application: Application, monkeypatch: pytest.MonkeyPatch, limit: str, add: Adding
) -> None:
    desk = OfferDesk(application)
    customer = desk.make_customer()
    monkeypatch.setattr(limit, 2)

    found = []
    for index in range(3):
        add(desk, customer, index)
        found.append(record(desk, customer).is_whole)

    assert found == [True, True, False]


def test_cus_21_a_record_has_more_running_cases_than_the_page_shows(application: Application) -> None:
    desk = OfferDesk(application)
    customer = desk.make_customer()
    for index in range(21):
        add_case(desk, customer, index)

    found = record(desk, customer)

    assert (len(found.running_cases), found.is_whole) == (21, True)


def test_cus_21_a_record_has_the_invoices_of_the_customers_that_were_merged_into_it(application: Application) -> None:
    desk = OfferDesk(application)
    kept, absorbed = desk.make_customer(), desk.make_customer(name="Dźwig")
    for index, customer in enumerate((kept, absorbed)):
        desk.do(InvoiceOrder(order_id=add_order(desk, customer, index)), SYSTEM)

    desk.do(MergeCustomers(kept_id=kept, absorbed_id=absorbed), SYSTEM)

    found = record(desk, kept)
    assert [each.customer_id for each in found.invoices or ()] == [absorbed, kept]
