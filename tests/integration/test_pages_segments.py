"""The pages of segments, price lists and devices in a browser without scripts, and what they refuse."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from core.identity import SYSTEM
from crm.customers import CreateCustomer
from crm.products import Article, CreateProduct
from crm.profiles import Address, Profile
from tests.given_out import given_out
from tests.web import PASSWORD, WHOLE_FIRM, Program, form_token, log_in
from webapp.bootstrap import Application


@pytest.fixture
def browser(app: Flask, add_account: Callable[..., str]) -> FlaskClient:
    add_account("root", *WHOLE_FIRM, password=PASSWORD)
    client = app.test_client()
    log_in(client, name="root")
    return client


@pytest.fixture
def mill(application: Application) -> Any:
    address = Address(kind="registered", street="Młyńska 1", postal_code="00-001", city="Warszawa", country="PL")
    profile = Profile(name="Młyn <b>", country="PL", region="Mazowsze", addresses=(address,))
    application.executor.execute(CreateProduct(article=_pump()), actor=SYSTEM)
    return application.executor.execute(CreateCustomer(profile=profile), actor=SYSTEM)


def _pump() -> Article:
    return Article(sku="P-1", name="Pompa", unit="pc", price=Decimal(100), currency="PLN", vat_rate=Decimal(23))


def send(browser: FlaskClient, address: str, **fields: Any) -> Any:
    return browser.post(address, data={"csrf_token": form_token(browser)} | fields)


def test_seg_04_a_segment_is_made_on_the_page_and_gets_letters_labels_and_a_file(
    application: Application, browser: FlaskClient, mill: Any
) -> None:
    rule = {"field": ["region", ""], "is": ["is", "is"], "value": ["Mazowsze", ""], "any": "all"}
    made = send(browser, "/segments", name="Mazowsze", kind="rule", subject="customer", **rule)
    page = browser.get(made.location).text
    key = made.location.rpartition("/")[2]
    people = send(browser, "/letters/recipients", segment=key).text
    nobody = send(browser, "/segments", name="Nikt", kind="picked", subject="customer")
    none = send(browser, "/letters/recipients", segment=nobody.location.rpartition("/")[2]).text
    file = browser.get(f"{made.location}/members.csv")

    assert "Młyn &lt;b&gt;" in page
    assert "1 customer" in people
    assert "1 customer" not in none
    assert (file.mimetype, mill.number in file.text) == ("text/csv", True)
    assert given_out(application, what="segment") == [("segment", key, 1)]
    assert f'value="{key}" selected' in browser.get(f"/labels?segment={key}").text


def test_seg_05_labels_are_made_for_a_segment(browser: FlaskClient, mill: Any) -> None:
    made = send(browser, "/segments", name="G", kind="picked", subject="customer")
    send(browser, f"{made.location}/members", picked=mill.number)
    key = made.location.rpartition("/")[2]

    sheet = send(browser, "/labels", sheet="3x8-70x37", title="Etykiety", segment=key, start="1", copies="1")

    assert (sheet.status_code, "/documents/" in sheet.headers.get("HX-Redirect", "")) == (204, True)


def test_seg_02_what_cannot_be_kept_comes_back_on_the_form(browser: FlaskClient, mill: Any) -> None:
    rule = {"field": "bought_within_days", "is": "is", "value": "wczoraj", "any": "all"}
    wrong = send(browser, "/segments", name="X", kind="rule", subject="customer", **rule)
    group = send(browser, "/segments", name="G", kind="picked", subject="customer").location
    picked = send(browser, f"{group}/members", picked="C-999999")
    again = send(browser, "/segments", name="G", kind="picked", subject="customer")
    reason = send(browser, f"{group}/snapshots", reason=" ")

    assert [each.status_code for each in (wrong, picked, again, reason)] == [422, 422, 409, 422]
    assert "number of days" in wrong.text
    assert 'value="wczoraj"' in wrong.text
    assert "C-999999" in picked.text
    assert "Choose another name" in again.text


def test_cus_27_a_price_list_is_kept_with_a_line_for_each_price(browser: FlaskClient, mill: Any) -> None:
    form = {"name": "Dla młyna", "currency": "PLN", "valid_from": "2020-01-01", "customer": mill.number}
    made = send(browser, "/price-lists", **form, prices="P-1; 0; 95,50; 10\nP-1; 10; 90")
    page = browser.get(made.location).text
    wrong = send(browser, "/price-lists", **form | {"name": "Zły"}, prices="P-9; 1")

    assert "P-1; 0; 95.5; 10\nP-1; 10; 90; " in page
    assert wrong.status_code == 422
    assert "there is no product P-9" in wrong.text
    assert "Dla młyna" in browser.get("/price-lists").text
    offer = send(browser, "/offers", customer_id=mill.id).location.rstrip("/").removesuffix("/edit")
    assert "95.50 PLN" in browser.get(f"{offer}/products/choices?q=pompa").text


def test_srv_06_devices_are_registered_repaired_and_shown_on_the_customers_card(
    browser: FlaskClient, mill: Any
) -> None:
    form = {
        "product": "P-1",
        "customer": mill.number,
        "serial_number": "AB-1",
        "purchased_on": "2025-01-31",
        "warranty_months": "24",
        "extended_months": "0",
        "warranty_from": "purchase",
        "state": "in_use",
    }
    made = send(browser, "/devices", **form)
    twice = send(browser, "/devices", **form)
    fitted = send(browser, f"{made.location}/parts", part="P-1", quantity="1", unit_price="12,5")
    refused = send(browser, f"{made.location}/transfer", customer=mill.number, since="2025-06-01")
    contract = {"name": "Złoty", "starts_on": "2025-01-01", "response_hours": "4", "hours": "always", "currency": "PLN"}
    key = made.location.rpartition("/")[2]
    agreed = send(browser, f"/customers/{mill.id}/service-contracts", **contract, device=key)
    page = browser.get(f"/customers/{mill.id}").text

    assert (twice.status_code, refused.status_code, fitted.status_code, agreed.status_code) == (409, 422, 302, 302)
    assert "12.50 PLN" in browser.get(made.location).text
    assert "AB-1" in page
    assert "until 31" in page or "until Jan 31" in page or "2027" in page
    assert "Złoty" in page
    assert "AB-1" in browser.get("/devices?q=ab").text


def test_seg_01_programs_use_segments_prices_and_devices(program: Callable[..., Program], mill: Any) -> None:
    client = program("anna", "sales_manager")
    criteria = {"conditions": [{"field": "region", "value": "Mazowsze"}]}
    made = client.post("/segments", json={"name": "M", "criteria": criteria})
    key = made.get_json()["id"]
    members = client.get(f"/segments/{key}/members").get_json()
    taken = client.post(f"/segments/{key}/snapshots", json={"reason": "Dowód"}).get_json()
    wrong = client.post("/segments/preview", json={"criteria": {"conditions": [{"field": "shoe", "value": 1}]}})
    matrix = client.get("/segments/matrix")
    device = client.post(
        "/devices",
        json={
            "product_id": client.get("/products/P-1").get_json()["id"],
            "customer_id": mill.id,
            "serial_number": "X1",
            "purchased_on": "2025-01-31",
        },
    )

    assert (made.status_code, members["total"], taken["ids"], wrong.status_code) == (201, 1, [mill.id], 422)
    assert (matrix.status_code, device.status_code) == (200, 201)
    assert device.get_json()["warranty_until"] == "2027-01-31"
