"""Customers, contacts, products and the company through the executor, on a real database."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import Engine

from core.clock import FixedClock
from crm.company import Company, DescribeCompany
from crm.contacts import CreateContact, UpdateContact
from crm.customers import CreateCustomer, RecordBalance, UpdateCustomer
from crm.errors import (
    ChangedMeanwhile,
    CustomerExists,
    ProductExists,
    ReferenceTaken,
    WrongFields,
)
from crm.offers import CreateOffer
from crm.orders import EnterOrder
from crm.products import Article, CreateProduct, UpdateProduct
from crm.profiles import Address, Email, Phone, Profile
from crm.queries import customer, customers, products, standing
from tests.crm_desk import Desk, make_line, open_desk


@pytest.fixture
def desk(engine: Engine, clock: FixedClock) -> Desk:
    return open_desk(engine, clock)


def test_a_customer_reads_back_with_all_addresses_phones_and_mails(desk: Desk) -> None:
    profile = Profile(
        name="Zakład Łożysk „Żuraw”",
        legal_name="Żuraw Łożyska sp. z o.o.",
        country="PL",
        tax_id="PL 856-734-62-15",
        credit_limit=Decimal("50000.00"),
        payment_days=30,
        addresses=(
            Address(street="ul. Źródlana 1", postal_code="90-001", city="Łódź", country="PL"),
            Address(kind="delivery", street="Hafen 3", postal_code="18055", city="Rostock", country="DE"),
        ),
        phones=(Phone(number="22 123-45-67"), Phone(number="+49 30 1234567"), Phone(number="wewn. 12", kind="other")),
        emails=(Email(address="biuro@zuraw.example"), Email(address="faktury@zuraw.example", kind="billing")),
    )

    created = desk.do(CreateCustomer(profile=profile))

    found = desk.ask(customer, created.number)
    assert found.profile == replace(profile, tax_id="8567346215")
    assert found.dialled == ["+48221234567", "+49301234567", None]
    assert desk.told() == ["customer.created"]


def test_every_fault_of_a_customer_is_told_at_once(desk: Desk) -> None:
    profile = Profile(
        name=" ", country="Poland", reliability="E", emails=(Email(address="nobody"),), credit_limit=Decimal(-1)
    )

    with pytest.raises(WrongFields) as refusal:
        desk.do(CreateCustomer(profile=profile))

    wrong = refusal.value.details["fields"]
    assert set(wrong) == {"/name", "/country", "/reliability", "/emails/0/address", "/credit_limit"}


def test_a_mistyped_tax_number_is_refused_with_its_rule(desk: Desk) -> None:
    with pytest.raises(WrongFields, match="last digit must be 5"):
        desk.make_customer(tax_id="8567346216")


def test_the_same_tax_number_is_the_same_customer(desk: Desk) -> None:
    desk.make_customer(tax_id="8567346215")

    with pytest.raises(CustomerExists, match=r"Młyn is a customer already \(C-000001, same tax id\)"):
        desk.make_customer(name="Inny", tax_id="856-734-62-15")


def test_of_eight_who_enter_the_same_firm_at_once_one_succeeds(desk: Desk) -> None:
    def enter(_: int) -> object:
        try:
            return desk.make_customer(tax_id="8567346215")
        except CustomerExists as error:
            return error

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(enter, range(8)))

    assert sum(isinstance(each, str) for each in answers) == 1
    assert desk.ask(customers).total == 1


def test_an_external_reference_names_one_record(desk: Desk) -> None:
    key = desk.make_customer()
    desk.do(CreateOffer(customer_id=key, external_reference="x:1"))

    with pytest.raises(ReferenceTaken, match="an offer with the external reference x:1"):
        desk.do(CreateOffer(customer_id=key, external_reference="x:1"))


def test_a_change_says_what_was_and_what_is(desk: Desk) -> None:
    key = desk.make_customer(reliability="A")

    desk.do(UpdateCustomer(customer_id=key, changes={"reliability": "C", "name": "Młyn Nowy"}, expected_version=1))

    assert desk.ask(customer, key).profile.reliability == "C"
    payload = desk.events[-1].payload()
    assert payload["changes"] == {"reliability": ["A", "C"]}
    assert payload["personal_changes"] == {"name": ["Młyn", "Młyn Nowy"]}


def test_nothing_is_told_when_nothing_changes(desk: Desk) -> None:
    key = desk.make_customer()

    desk.do(UpdateCustomer(customer_id=key, changes={"name": "Młyn"}))

    assert desk.told() == ["customer.created"]


def test_the_second_to_save_the_same_customer_is_told_so(desk: Desk) -> None:
    key = desk.make_customer()
    desk.do(UpdateCustomer(customer_id=key, changes={"abc_class": "A"}, expected_version=1))

    with pytest.raises(ChangedMeanwhile):
        desk.do(UpdateCustomer(customer_id=key, changes={"abc_class": "B"}, expected_version=1))

    assert desk.ask(customer, key).profile.abc_class == "A"


def test_a_field_that_does_not_exist_is_refused_by_name(desk: Desk) -> None:
    key = desk.make_customer()

    with pytest.raises(WrongFields, match="no field colour"):
        desk.do(UpdateCustomer(customer_id=key, changes={"colour": "red"}))


@pytest.mark.parametrize("q", ["zolw", "ŻÓŁW gda", "gdansk", "856734", "C-000001", "+48583011010", "583011010"])
def test_a_customer_is_found_by_name_city_tax_number_number_and_phone(desk: Desk, q: str) -> None:
    desk.make_customer(
        name="Fabryka „Żółw”",
        tax_id="8567346215",
        addresses=(Address(street="Długa 1", city="Gdańsk", country="PL"),),
        phones=(Phone(number="58 301 10 10"),),
    )
    desk.make_customer(name="Inna")

    assert [each.name for each in desk.ask(customers, q).items] == ["Fabryka „Żółw”"]


def test_pages_continue_where_the_one_before_ended(desk: Desk) -> None:
    for index in range(5):
        desk.make_customer(name=f"Firma {index}")

    first = desk.ask(customers, "firma", limit=3)
    second = desk.ask(customers, "firma", after=first.next, limit=3)

    assert [len(first.items), len(second.items), first.total, second.next] == [3, 2, 5, None]


def test_a_contact_is_entered_and_changed(desk: Desk) -> None:
    key = desk.make_customer()
    person = desk.do(CreateContact(customer_id=key, name="Anna Wąs", email="anna@mlyn.example", phone="601 100 200"))

    desk.do(UpdateContact(contact_id=person, changes={"job_title": "Kierowniczka"}))

    (contact,) = desk.ask(customer, key).contacts
    assert (contact.name, contact.phone, contact.job_title) == ("Anna Wąs", "+48601100200", "Kierowniczka")


def test_a_product_is_entered_changed_and_found(desk: Desk) -> None:
    key = desk.do(CreateProduct(article=Article(sku="P-1", name="Łożysko kulkowe", price=Decimal("12.3456"))))

    desk.do(UpdateProduct(product_id=key, changes={"price": Decimal("13.5")}, expected_version=1))

    assert [each.price for each in desk.ask(products, "lozysko").items] == [Decimal("13.5000")]
    with pytest.raises(ProductExists):
        desk.do(CreateProduct(article=Article(sku="P-1", name="Inne", price=Decimal(1))))


def test_exposure_is_what_is_owed_and_what_is_ordered(desk: Desk) -> None:
    key = desk.make_customer()
    for state in ("open", "done"):
        desk.do(EnterOrder(customer_id=key, lines=(make_line(),), ordered_on=date(2026, 1, 2), state=state))
    desk.do(
        RecordBalance(customer_id=key, receivable=Decimal(1000), oldest_due=date(2025, 12, 5), as_of=date(2026, 1, 5))
    )

    found = desk.ask(standing, key)

    assert (found.open_orders, found.exposure, found.overdue_days) == (246, 1246, 31)
    assert found.is_overdue


def test_the_company_describes_itself(desk: Desk) -> None:
    desk.do(DescribeCompany(company=Company(name="Hurtownia Sarna", currency="EUR", country="LT")))

    assert desk.events[-1].payload()["changes"]["currency"] == ["PLN", "EUR"]
    with pytest.raises(WrongFields, match="not a time zone"):
        desk.do(DescribeCompany(company=Company(time_zone="Middle-earth/Shire")))
