"""What the ERP says beyond sales documents: master data, prices, payments, stock, parts, the cost of an hour."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask

from core.identity import SYSTEM
from crm.customers import CreateCustomer, UpdateCustomer
from crm.erp.arriving import Arrived, TakeArrival
from crm.erp.errors import MasteredElsewhere
from crm.erp.files import TakeAnswers
from crm.erp.masters import SetMasters, masters
from crm.erp.supply import OrderParts, hourly_cost, stock
from crm.models import CustomerRow, ProductRow
from crm.payments.models import PaymentRow
from crm.products import Article, CreateProduct, UpdateProduct
from crm.profiles import Profile
from tests.web import PASSWORD, form_token, log_in
from webapp.bootstrap import Application

CUSTOMER, PRODUCT = "crm.customer", "crm.product"


class Ledger:
    """An installation with a customer and a product, and what the ERP says to it."""

    def __init__(self, application: Application) -> None:
        self.application = application
        made = self.do(CreateCustomer(profile=Profile(name="Młyn", country="PL", payment_days=14)))
        self.customer_id, self.number = made.id, made.number
        article = Article(sku="P-1", name="Pompa", unit="pc", price=Decimal(100), currency="PLN")
        self.product_id = self.do(CreateProduct(article=article))
        self.said = 0

    def do(self, command: Any) -> Any:
        return self.application.executor.execute(command, actor=SYSTEM)

    def say(self, kind: str, **content: Any) -> Arrived:
        self.said += 1
        arrived: Arrived = self.do(TakeArrival(key=f"E-{self.said}", kind=kind, content=content))
        return arrived

    def ask(self, query: Any, *arguments: Any) -> Any:
        with self.application.units.reading(SYSTEM) as view:
            return query(view, *arguments)

    def row(self, table: Any, key: str) -> Any:
        with self.application.units.reading(SYSTEM) as view:
            return view.session.get_one(table, key)


@pytest.fixture
def ledger(application: Application) -> Ledger:
    return Ledger(application)


def test_erp_01_the_contract_covers_master_data_prices_payments_and_stock(ledger: Ledger) -> None:
    ledger.do(SetMasters(entity=CUSTOMER, fields=("payment_days", "credit_limit")))
    ledger.do(SetMasters(entity=PRODUCT, fields=("price", "currency", "name", "is_active")))

    states = [
        ledger.say("customer", number=ledger.number, payment_days="30", credit_limit="5000.00"),
        ledger.say("product", sku="P-1", name="Pompa 2", is_active="false"),
        ledger.say("price", sku="P-1", price="120.50", currency="PLN"),
        ledger.say("payment", payment="W-7", amount="246,00", reference="FV/1/2026", customer=ledger.number),
        ledger.say("payment", payment="W-7", amount="246,00", reference="FV/1/2026", customer=ledger.number),
        ledger.say("stock", sku="P-1", quantity="12", place="Łódź"),
        ledger.say("stock", sku="P-1", quantity="-1.5", place="Łódź"),
        ledger.say("stock", sku="P-1", quantity="3"),
    ]

    assert {(each.state, each.reason) for each in states} == {("taken", None)}
    buyer, product = ledger.row(CustomerRow, ledger.customer_id), ledger.row(ProductRow, ledger.product_id)
    assert (buyer.payment_days, buyer.credit_limit) == (30, Decimal(5000))
    assert (product.name, product.price, product.is_active) == ("Pompa 2", Decimal("120.50"), False)
    with ledger.application.units.reading(SYSTEM) as view:
        (paid,) = view.session.query(PaymentRow).all()
        assert (paid.amount, paid.customer_id, paid.account) == (Decimal(246), ledger.customer_id, "erp")
    levels = {each.place: each.quantity for each in ledger.ask(stock, ledger.product_id)}
    assert levels == {"Łódź": Decimal("-1.5"), "main": Decimal(3)}


def test_erp_03_of_payroll_only_what_an_hour_costs_is_known(ledger: Ledger) -> None:
    ledger.say("cost_rate", employee="ewa", hourly="85.00", valid_from="2026-01-01")
    ledger.say("cost_rate", employee="ewa", hourly="90.00", valid_from="2026-03-01")

    days = (date(2025, 12, 31), date(2026, 2, 28), date(2026, 3, 1))

    assert [ledger.ask(hourly_cost, "ewa", day) for day in days] == [None, Decimal(85), Decimal(90)]
    told = b"85.00"
    with ledger.application.database.engine.connect() as connection:
        contents = connection.exec_driver_sql("SELECT content FROM audit_entry WHERE type = 'erp.cost_rate_told'")
        assert not [each for (each,) in contents if told in each]  # pay is personal: only its commitment is there


def test_erp_03_the_contract_covers_orders_of_parts(ledger: Ledger) -> None:
    order = OrderParts(case_id="01CASE00000000000000000000", parts="Wirnik", expected_on=date(2026, 1, 9))
    number = ledger.do(order)

    wrong = ledger.say("parts", order="PO/none")
    first = ledger.say("parts", order=number, received_on="2026-01-08")
    again = ledger.say("parts", order=number)

    assert (wrong.state, first.state, again.state) == ("refused", "taken", "taken")
    assert "no order of parts PO/none" in (wrong.reason or "")
    with ledger.application.database.engine.connect() as connection:
        told = connection.exec_driver_sql("SELECT state, received_on FROM parts_order").all()
        events = connection.exec_driver_sql("SELECT count(*) FROM audit_entry WHERE type = 'parts.received'").scalar()
    assert (told, events) == ([("received", date(2026, 1, 8))], 1)


@pytest.mark.parametrize(
    ("kind", "content", "sentence"),
    [
        ("customer", {"number": "C-none", "payment_days": 1}, "C-none"),
        ("customer", {"payment_days": 1}, "without a number"),
        ("price", {"sku": "P-1"}, "Say the price"),
        ("price", {"sku": "P-1", "price": "a lot"}, "is no value of price"),
        ("stock", {"sku": "P-1", "quantity": "NaN"}, "quantity must be a number"),
        ("stock", {"sku": "P-9", "quantity": "1"}, "P-9"),
        ("payment", {"amount": "1"}, "The reference"),
        ("payment", {"amount": "-1", "reference": "x", "payment": "1"}, "amount must be a number"),
        ("cost_rate", {"employee": "ewa", "hourly": "9", "valid_from": "yesterday"}, "must be a day"),
        ("parts", {}, "Say the number of the order of parts"),
    ],
)
def test_what_cannot_be_taken_is_kept_with_a_sentence(
    ledger: Ledger, kind: str, content: dict[str, Any], sentence: str
) -> None:
    ledger.do(SetMasters(entity=CUSTOMER, fields=("payment_days",)))
    ledger.do(SetMasters(entity=PRODUCT, fields=("price",)))

    said = ledger.say(kind, **content)

    assert said.state == "refused"
    assert sentence in (said.reason or "")


def test_erp_07_what_the_erp_keeps_is_changed_by_it_alone(ledger: Ledger) -> None:
    ledger.do(SetMasters(entity=CUSTOMER, fields=("payment_days",)))
    ledger.do(SetMasters(entity=PRODUCT, fields=("price",)))

    with pytest.raises(MasteredElsewhere, match="master of payment days"):
        ledger.do(UpdateCustomer(customer_id=ledger.customer_id, changes={"payment_days": 60}))
    with pytest.raises(MasteredElsewhere, match="master of price"):
        ledger.do(UpdateProduct(product_id=ledger.product_id, changes={"price": Decimal(1)}))
    ledger.do(UpdateCustomer(customer_id=ledger.customer_id, changes={"payment_days": 14, "region": "Łódzkie"}))
    ours = ledger.say("customer", number=ledger.number, payment_days="30", region="Mazowsze")
    theirs = ledger.say("customer", number=ledger.number, payment_days="30")

    assert (ours.state, theirs.state) == ("refused", "taken")
    assert "The CRM is master of region" in (ours.reason or "")
    buyer = ledger.row(CustomerRow, ledger.customer_id)
    assert (buyer.payment_days, buyer.region) == (30, "Łódzkie")


def test_erp_07_masters_are_set_on_a_page_and_by_programs(
    ledger: Ledger, app: Flask, add_account: Callable[..., str]
) -> None:
    add_account("zofia", "admin", "finance_director", password=PASSWORD)
    admin = app.test_client()
    log_in(admin, name="zofia")

    page = admin.get("/erp/masters").text
    fields = {"csrf_token": form_token(admin), "entity": CUSTOMER, "field": ["payment_days", "credit_limit"]}
    admin.post("/erp/masters", data=fields)
    wrong = admin.post("/erp/masters", data=fields | {"field": "ad_source"})

    assert "Payment days" in page
    assert wrong.status_code == 422
    assert len(ledger.ask(masters_of)) == 2


def test_erp_01_stock_stands_on_the_page_of_a_product(
    ledger: Ledger, app: Flask, add_account: Callable[..., str]
) -> None:
    ledger.say("stock", sku="P-1", quantity="12.5", place="Magazyn <A>")
    add_account("ewa", "sales_rep", password=PASSWORD)
    seller = app.test_client()
    log_in(seller, name="ewa")

    page = seller.get(f"/products/{ledger.product_id}").text

    assert "Magazyn &lt;A&gt;" in page
    assert "<strong>12.5</strong>" in page


def masters_of(view: Any) -> list[str]:
    found = next(each for each in masters(view) if each.entity == CUSTOMER)
    return found.erp


def test_erp_03_a_file_tells_of_stock_and_prices(ledger: Ledger) -> None:
    ledger.do(SetMasters(entity=PRODUCT, fields=("price",)))
    rows = "kind;sku;price;quantity\nprice;P-1;99.00;\nstock;P-1;;7\n"

    done = ledger.do(TakeAnswers(content=rows.encode()))

    assert (done.taken, done.refused) == (2, [])
    assert ledger.row(ProductRow, ledger.product_id).price == Decimal(99)
