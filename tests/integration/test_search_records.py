"""One box finds records of every kind by what they say, and shows them to those who may see them."""

from __future__ import annotations

import datetime as dt
import io
from decimal import Decimal

import pytest

from crm.contacts import CreateContact, UpdateContact
from crm.customers import UpdateCustomer
from crm.offer_content import Line
from crm.orders import EnterOrder
from crm.payments.importing import PostPayment
from crm.products import Article, CreateProduct, UpdateProduct
from crm.sales.issuing import IssueInvoice
from documents.content.texts import ReadText
from documents.content.working import work_off
from documents.filing import FileDocument
from documents.intake import receive
from tests.search_desk import ANNA, BOB, READS_ALL, Desk, person, to
from webapp.bootstrap import Application

TREASURER = person("tess", permissions=ANNA.permissions | {"customer.read", "invoice.edit", "payment.edit"})
SELLER = person("sue", permissions=ANNA.permissions | {"offer.edit", "contact.private"})


@pytest.fixture
def desk(application: Application) -> Desk:
    return Desk(application)


def test_sea_01_one_box_finds_records_of_every_kind_by_criteria(desk: Desk) -> None:
    desk.deploy()
    acme = desk.customer("Zakłady Żelazne")
    desk.do(CreateContact(customer_id=acme, name="Jan Żelazny", email="jan@zelazne.example"), SELLER)
    desk.do(CreateProduct(article=Article(sku="ZEL-7", name="Kosz żelazny", price=Decimal(9))), SELLER)
    line = Line(
        sku="ZEL-7", description="Kosz żelazny", quantity=Decimal(1), unit_price=Decimal(9), vat_rate=Decimal(23)
    )
    desk.do(EnterOrder(customer_id=acme, lines=(line,), ordered_on=dt.date(2026, 1, 5)), SELLER)
    desk.start("Żelazne 2026", links=())
    desk.file("Umowa z Zakładami Żelaznymi", to("crm.customer", acme))

    kinds = [hit.kind for hit in desk.page("zelazny OR zelazne OR zelaznymi").items]

    assert sorted(kinds) == ["case", "contact", "customer", "document", "order", "product"]
    assert desk.titles("kind:contact customer:zakłady") == ["Jan Żelazny"]
    assert desk.titles("kind:contact jan@zelazne.example") == ["Jan Żelazny"]
    assert desk.titles("number:ZEL-7") == desk.titles("zel-7 kind:product") == ["Kosz żelazny"]
    assert len(desk.titles("kind:order customer:zakłady state:open")) == 1
    assert desk.titles("kosz", BOB) == []


def test_people_and_products_are_found_by_what_they_say_now(desk: Desk) -> None:
    acme = desk.customer("Pierwsza nazwa")
    jan = desk.do(CreateContact(customer_id=acme, name="Jan Dawny", family="syn Zbigniew"), SELLER)
    basket = desk.do(CreateProduct(article=Article(sku="K-1", name="Stary kosz", price=Decimal(9))), SELLER)

    desk.do(UpdateContact(contact_id=jan, changes={"name": "Jan Nowy"}), SELLER)
    desk.do(UpdateProduct(product_id=basket, changes={"name": "Nowy kosz"}), SELLER)
    desk.do(UpdateCustomer(customer_id=acme, changes={"name": "Druga nazwa"}))

    assert desk.titles("dawny") == desk.titles("stary") == []
    assert set(desk.titles("nowy -kind:customer")) == {"Jan Nowy", "Nowy kosz"}
    assert desk.titles("kind:contact druga") == ["Jan Nowy"]
    assert desk.titles("zbigniew", READS_ALL) == []


def test_invoices_and_payments_are_found_by_those_alone_who_see_what_customers_owe(desk: Desk) -> None:
    acme = desk.customer("Zakłady Żelazne")
    line = Line(description="Kosz żelazny", quantity=Decimal(1), unit_price=Decimal(100), vat_rate=Decimal(23))
    issued = desk.do(IssueInvoice(customer_id=acme, lines=(line,)), TREASURER)
    reference = f"zaplata {issued.number}"
    paid = PostPayment(amount=Decimal(123), currency="PLN", booked_on=dt.date(2026, 1, 9), reference=reference)
    desk.do(paid, TREASURER)

    assert desk.titles("kosz kind:invoice", TREASURER) == [issued.number]
    assert desk.titles("kind:invoice state:paid customer:zakłady", TREASURER) == [issued.number]
    assert desk.titles("kind:payment zaplata state:matched", TREASURER) == [reference]
    assert desk.titles("kosz OR zaplata", READS_ALL) == []


def test_cus_34_a_file_of_a_person_is_found_by_what_it_says(desk: Desk) -> None:
    jan = desk.do(CreateContact(customer_id=desk.customer("Zakłady"), name="Jan Żelazny"), SELLER)
    content = "Życiorys: rok praktyki w odlewni".encode()
    store, announce = desk.application.blobs, desk.application.staging.announce
    blob = receive(io.BytesIO(content), announced=None, limit=1 << 20, store=store, announce=announce)
    desk.do(FileDocument(title="Załącznik", blob=blob, file_name="cv.txt", links=(to("crm.contact", jan),)))
    assert desk.titles("odlewnia praktyka") == []

    work_off(desk.application, ReadText())

    assert desk.titles("odlewni praktyki") == ["Załącznik"]
