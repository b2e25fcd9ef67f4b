"""The pages of invoices and payments: what people see and press."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from core.identity import SYSTEM
from crm.products import Article, CreateProduct
from tests.bank_files import Line, mt940
from tests.web import PASSWORD, WHOLE_FIRM, Program, form_token, log_in
from webapp.bootstrap import Application

LINE = {"quantity": 2, "description": "Pompa", "unit_price": 100, "vat_rate": 23}


@pytest.fixture
def piotr(app: Flask, add_account: Callable[..., str]) -> FlaskClient:
    add_account("piotr", "credit_controller", password=PASSWORD, display_name="Piotr Rak")
    browser = app.test_client()
    log_in(browser, name="piotr")
    return browser


@pytest.fixture
def ledger(program: Callable[..., Program]) -> dict[str, Any]:
    """A customer with an order, two invoices and a payment that nobody knows."""
    clerk = program("ewa_api", *WHOLE_FIRM)
    customer = clerk.post("/customers", json={"name": "Młyn", "country": "PL"}).json["id"]
    made = [clerk.post("/invoices", json={"customer_id": customer, "lines": [LINE]}).json["id"] for _ in range(2)]
    body = {"customer_id": customer, "lines": [LINE], "ordered_on": "2026-01-02"}
    order = clerk.post("/orders", json=body).json["id"]
    clerk.post("/bank-statements", data={"file": (io.BytesIO(mt940(Line("246.00", "przelew"))), "a.sta")})
    payment = clerk.get("/payments").json["items"][0]["id"]
    return {"customer": customer, "invoices": made, "order": order, "payment": payment}


def submit(browser: FlaskClient, address: str, **fields: Any) -> str:
    data = {"csrf_token": form_token(browser), **fields}
    answer = browser.post(address, data=data, follow_redirects=True)
    assert answer.status_code == 200, answer.text
    return re.sub(r"\s+", " ", answer.text)


def test_dun_10_a_customers_page_shows_invoices_payments_and_debts_by_age(
    piotr: FlaskClient, ledger: dict[str, Any]
) -> None:
    page = piotr.get(f"/customers/{ledger['customer']}").text
    part = piotr.get(f"/customers/{ledger['customer']}/money").text

    assert f'hx-get="/customers/{ledger["customer"]}/money"' in page
    assert "INV-2026-0001" in part
    assert "492.00" in part  # not due


def test_an_order_has_a_page_that_its_customer_and_its_invoices_lead_to(
    piotr: FlaskClient, ledger: dict[str, Any]
) -> None:
    address = f"/orders/{ledger['order']}"
    before = piotr.get(address).text
    file = piotr.get(f"/customers/{ledger['customer']}/file").text
    invoice = submit(piotr, f"{address}/invoices")
    after = piotr.get(address).text

    assert "Nothing of this order is invoiced yet" in before
    assert "Pompa" in before
    assert "246.00 PLN" in before
    assert "No document is filed with this order" in before
    assert f"kind=crm.order&amp;id={ledger['order']}" in before
    assert f'href="{address}"' in file
    assert f'href="{address}"' in invoice
    assert "INV-2026-0003" in after


def test_a_day_in_the_customer_file_is_the_same_in_every_zone(piotr: FlaskClient, ledger: dict[str, Any]) -> None:
    piotr.set_cookie("zone", "America/Los_Angeles")

    file = piotr.get(f"/customers/{ledger['customer']}/file?kind=purchase").text

    assert "2 Jan 2026" in file


def test_an_order_is_invoiced_with_one_press(piotr: FlaskClient, ledger: dict[str, Any]) -> None:
    page = submit(piotr, f"/orders/{ledger['order']}/invoices")

    assert "Invoice INV-2026-0003 is issued." in page
    assert "246.00 PLN" in page


def test_an_invoice_is_disputed_resolved_credited_and_written_off(piotr: FlaskClient, ledger: dict[str, Any]) -> None:
    first, second = (f"/invoices/{each}" for each in ledger["invoices"])

    disputed = submit(piotr, f"{first}/dispute", reason="brak dostawy")
    resolved = submit(piotr, f"{first}/resolve", reason="jest")
    credited = submit(piotr, f"{first}/credit", reason="zwrot")
    written = submit(piotr, f"{second}/write_off", reason="drobne", amount="6,00")

    assert "The customer does not accept it: brak dostawy" in disputed
    assert "does not accept it:" not in resolved
    assert "Credit note CN-2026-0001 is issued." in credited
    assert "240.00 PLN" in written


def test_a_payment_without_invoice_is_matched_by_hand_and_taken_off(piotr: FlaskClient, ledger: dict[str, Any]) -> None:
    waiting = piotr.get("/payments").text
    page = piotr.get(f"/payments/{ledger['payment']}").text
    assert "przelew" in waiting
    assert "same amount" in page

    matched = submit(piotr, f"/payments/{ledger['payment']}/match", invoice_id=ledger["invoices"][0], reason="telefon")
    taken = submit(piotr, f"/payments/{ledger['payment']}/unmatch", reason="pomyłka")

    assert "The payment is matched." in matched
    assert "taken back" in taken
    assert "Put aside" in taken


def test_statements_are_taken_in_on_the_page(piotr: FlaskClient, ledger: dict[str, Any]) -> None:
    headers = {"HX-Request": "true", "X-CSRFToken": form_token(piotr)}
    content = mt940(Line("246.00", "INV-2026-0002"), number="00014/001")

    done = piotr.post("/payments/statements", data={"file": (io.BytesIO(content), "a.sta")}, headers=headers)

    assert (done.status_code, done.headers["HX-Redirect"]) == (204, "/payments")
    assert "1 entries, 1 new, 1 matched by themselves" in piotr.get("/payments").text
    assert "Matched" in piotr.get("/payments", query_string={"state": "all"}).text


def test_lists_of_invoices_show_the_overdue_and_search_by_number(piotr: FlaskClient, ledger: dict[str, Any]) -> None:
    assert "INV-2026-0002" in piotr.get("/invoices").text
    assert "No invoice here" in piotr.get("/invoices", query_string={"state": "overdue"}).text
    found = piotr.get("/invoices", query_string={"q": "inv 2026 0001"}).text
    assert "INV-2026-0001" in found
    assert "INV-2026-0002" not in found


def test_off_02_three_letters_offer_products_with_price_unit_and_vat(
    application: Application, app: Flask, add_account: Callable[..., str], program: Callable[..., Program]
) -> None:
    clerk = program("ewa_api", *WHOLE_FIRM)
    kept = {"unit": "set", "price": Decimal(100), "vat_rate": Decimal(8)}
    for number in range(25):
        article = Article(sku=f"P-{number:02}", name=f"Pompa {number:02}", **kept)  # type: ignore[arg-type]  # fields
        application.executor.execute(CreateProduct(article=article), actor=SYSTEM)
    customer = clerk.post("/customers", json={"name": "Młyn", "country": "PL"}).json["id"]
    offer = clerk.post("/offers", json={"customer_id": customer}).json["id"]
    add_account("ola", "sales_rep", password=PASSWORD)
    browser = app.test_client()
    log_in(browser, name="ola")

    offered = browser.get(f"/offers/{offer}/products/choices?q=pom").text

    found = re.findall(r'data-id="(\w+)" data-name="(Pompa \d\d)" data-price="100.00" data-vat="8"', offered)
    assert 0 < len(found) <= 20
    assert offered.count("per set") == len(found)
    line = {"product_id": found[0][0], "quantity": 1}
    changed = clerk.patch(f"/offers/{offer}", json={"lines": [line]})
    assert changed.status_code == 200, changed.json
    (written,) = clerk.get(f"/offers/{offer}").json["lines"]
    assert [str(written[name]) for name in ("unit", "vat_rate", "unit_price")] == ["set", "8", "100"]
    assert [each["name"] for each in clerk.get("/customers", query_string={"q": "mły"}).json["items"]] == ["Młyn"]


def test_cus_24_the_page_of_an_order_offers_delivery_addresses_alone(
    app: Flask, add_account: Callable[..., str], program: Callable[..., Program]
) -> None:
    clerk = program("ewa_api", *WHOLE_FIRM)
    there = {"street": "Portowa 1", "postal_code": "81-350", "city": "Gdynia", "country": "PL"}
    addresses = [there | {"kind": "delivery"}, there | {"kind": "delivery", "street": "Morska 2"}]
    addresses.append(there | {"kind": "billing", "street": "Długa 3"})
    firm = {"name": "Młyn", "country": "PL", "addresses": addresses}
    customer = clerk.post("/customers", json=firm).json["id"]
    body = {"customer_id": customer, "lines": [LINE], "ordered_on": "2026-01-02", "due_on": "2026-01-03"}
    order = clerk.post("/orders", json=body).json["id"]
    add_account("ola", "sales_rep", password=PASSWORD)
    browser = app.test_client()
    log_in(browser, name="ola")

    part = browser.get(f"/orders/{order}").text.split('aria-label="Delivery"')[1].split("</section>")[0]
    data = {"csrf_token": form_token(browser), "address": "Morska 2, 81-350 Gdynia, PL"}
    page = browser.post(f"/orders/{order}/address", data=data, follow_redirects=True).text

    assert re.findall(r"<option[^>]*>([^<]+)", part) == ["Portowa 1, 81-350 Gdynia, PL", "Morska 2, 81-350 Gdynia, PL"]
    assert '<p class="wrap-anywhere">Morska 2, 81-350 Gdynia, PL</p>' in page
    late = browser.get("/orders").text
    assert "2 days late" in late
    wrong = clerk.post(f"/orders/{order}/address", json={"address": "Długa 3, 81-350 Gdynia, PL"})
    assert wrong.status_code == 422
    due = clerk.get("/orders/due", query_string={"overdue": "true"}).json["items"]
    assert [each["id"] for each in due] == [order]
