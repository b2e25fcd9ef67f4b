"""The pages of customers in a browser without scripts: the form, its refusals, and what two people who save see."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.web import PASSWORD, WHOLE_FIRM, form_token, log_in

FIRM = {"name": "Młyn", "country": "PL", "reliability": "B", "currency": "PLN", "grace_days": "0"}


@pytest.fixture
def browser(app: Flask, add_account: Callable[..., str]) -> FlaskClient:
    add_account("root", *WHOLE_FIRM, password=PASSWORD)
    client = app.test_client()
    log_in(client, name="root")
    return client


def send(browser: FlaskClient, address: str, **fields: Any) -> Any:
    return browser.post(address, data={"csrf_token": form_token(browser)} | fields)


def hidden(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found is not None
    return html.unescape(found[1])


def test_cus_10_a_customer_is_entered_and_changed_with_the_form(browser: FlaskClient) -> None:
    own = {"entity": "crm.customer", "key": "silo", "label.en": "Silos", "type": "whole"}
    assert send(browser, "/fields", **own).status_code == 302
    rows = {"phones.kind": ["office"], "phones.number": ["22 123 45 67"], "custom.silo": "4", "industry": "food"}

    made = send(browser, "/customers", **FIRM, **rows, credit_limit="1 500,50")
    page = browser.get(made.location).text
    form = browser.get(f"{made.location}/edit").text
    seen = {name: hidden(form, name) for name in ("seen", "expected_version")}
    saved = send(browser, f"{made.location}/edit", **FIRM | {"name": "Młyn Nowy"}, **rows, **seen)

    assert "1,500.50 PLN" in page
    assert "tel:+48221234567" in page
    assert "Silos" in page
    assert "Food" in page
    assert "Młyn Nowy" in browser.get(saved.location).text


def test_cus_22_the_form_comes_back_with_a_sentence_at_every_wrong_field(browser: FlaskClient) -> None:
    wrong = FIRM | {"tax_id": "8567346216", "credit_limit": "dużo", "name": "Zły <b>Młyn</b>"}

    page = send(browser, "/customers", **wrong)
    again = send(browser, "/customers", **wrong | {"credit_limit": ""}, **{"bank_accounts.iban": "PL12"})

    assert (page.status_code, again.status_code) == (422, 422)
    assert "Credit limit: dużo is no number" in page.text
    assert "its last digit must be 5" in again.text
    assert "Zły &lt;b&gt;Młyn&lt;/b&gt;" in again.text


def test_cus_19_the_second_of_two_people_sees_both_versions(browser: FlaskClient) -> None:
    place = send(browser, "/customers", **FIRM).location
    form = browser.get(f"{place}/edit").text
    seen = {name: hidden(form, name) for name in ("seen", "expected_version")}
    send(browser, f"{place}/edit", **FIRM | {"carrier": "DHL", "region": "Łódź"}, **seen)

    late = send(browser, f"{place}/edit", **FIRM | {"carrier": "GLS"}, **seen)
    now = {name: hidden(late.text, name) for name in ("seen", "expected_version")}

    assert late.status_code == 409
    assert "Both versions" in late.text
    assert "DHL" in late.text
    assert 'value="GLS"' in late.text
    assert 'value="Łódź"' in late.text
    mine = send(browser, f"{place}/edit", **FIRM | {"carrier": "GLS", "region": "Łódź"}, **now)
    assert mine.status_code == 302


def test_cus_07_notes_and_people_are_kept_from_the_page(browser: FlaskClient) -> None:
    place = send(browser, "/customers", **FIRM).location
    send(browser, f"{place}/notes", text="Lubią <kawę>", kind="general", visibility="private")
    send(browser, f"{place}/satisfaction", level="4", source="call")
    person = send(
        browser, f"{place}/contacts", name="Anna Wąs", birthday="--05-31", is_active="on", interests=["sport"]
    )
    wrong = send(browser, f"{place}/contacts", name="", email="nic")

    page = browser.get(place).text

    assert "Lubią &lt;kawę&gt;" in page
    assert "4 of 5" in page
    assert "Anna Wąs" in page
    assert "--05-31" in browser.get(person.location).text
    assert wrong.status_code == 422
    assert "nic is not an e-mail address" in wrong.text


def test_cfg_01_lists_are_edited_in_the_browser(browser: FlaskClient) -> None:
    send(browser, "/value-lists/industry/values", code="space", **{"label.en": "Space", "label.pl": "Kosmos"})
    send(browser, "/value-lists/industry/values/food/retire")
    send(browser, "/value-lists/industry/values/space/up")

    page, form = browser.get("/value-lists/industry").text, browser.get("/customers/new").text

    assert "Kosmos" in page
    assert page.index(">space") < page.index(">other")
    assert 'value="space"' in form
    assert 'value="food"' not in form


def test_cus_10_a_search_by_fields_is_kept_under_a_name(browser: FlaskClient) -> None:
    send(browser, "/customers", **FIRM, industry="food")
    send(browser, "/customers", **FIRM | {"name": "Tartak"})

    some = browser.get("/customers?name=mlyn&industry=food").text
    kept = send(browser, "/customers/filters", filter_name="Młyny", industry="food")
    again = browser.get(kept.location).text

    assert "Młyn</a>" in some
    assert "Tartak" not in some
    assert "Filter “Młyny”" in again
    assert "Młyn</a>" in again
    assert "Tartak" not in again


def test_cus_39_two_that_look_the_same_are_merged_on_the_page(browser: FlaskClient) -> None:
    phone = {"phones.kind": ["office"], "phones.number": ["22 123 45 67"]}
    first = send(browser, "/customers", **FIRM, **phone).location
    second = send(browser, "/customers", **FIRM, **phone).location

    pairs, hint = browser.get("/customers/duplicates").text, browser.get(second).text
    merged = send(browser, f"{first}/merge", absorbed_id=second.rsplit("/", 1)[1])
    shown = browser.get(merged.location).text
    merge = re.search(r"/customers/merges/(\w+)/undo", shown)

    assert "the same phone" in pairs
    assert "Compare them" in hint
    assert merge is not None
    assert send(browser, merge[0]).status_code == 302
    assert browser.get("/customers/quality").status_code == 200


def test_act_25_a_change_of_satisfaction_asks_for_its_cause_and_the_report_shows_it(
    browser: FlaskClient,
) -> None:
    place = send(browser, "/customers", **FIRM | {"name": "<Młyn>"}).location
    send(browser, f"{place}/satisfaction", level="4", source="call")

    refused = send(browser, f"{place}/satisfaction", level="2", source="call")
    taken = send(browser, f"{place}/satisfaction", level="2", source="call", cause="delivery")
    changes = browser.get("/reports/satisfaction").text

    assert refused.status_code == 422
    assert "It was 4 of 5 before and is 2 now" in refused.text
    assert taken.status_code == 302
    assert "Delivery" in browser.get(place).text
    row = re.sub(r"<[^>]+>|\s+", " ", changes.split("<tbody>")[1].split("</tbody>")[0])
    assert re.search(r"&lt;Młyn&gt;\s+4\s+2\s+Delivery", row)
    assert browser.get("/reports/satisfaction?form=csv").text.splitlines()[1].endswith(";<Młyn>;4;2;Delivery;;;root")
