"""Texts of messages in the browser: looked at while they are written, kept in versions and languages."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.integration.test_templates_languages import customer
from tests.web import PASSWORD, form_token, log_in
from webapp.bootstrap import Application


@pytest.fixture
def manager(app: Flask, add_account: Callable[..., str]) -> FlaskClient:
    add_account("anna", "sales_manager", password=PASSWORD)
    browser = app.test_client()
    log_in(browser)
    return browser


def send(browser: FlaskClient, address: str = "/outbox/texts", **fields: str) -> tuple[int, str]:
    usual = {"key": "remind", "title": "Reminder", "subject": "Faktura {invoice.number}", "text": "Do zapłaty"}
    answer = browser.post(address, data=usual | fields | {"csrf_token": form_token(browser)})
    return answer.status_code, answer.text


def test_dms_11_a_text_is_written_in_the_browser_in_its_languages_and_keeps_what_it_said(manager: FlaskClient) -> None:
    assert send(manager, is_active="on")[0] == 302
    assert send(manager, is_active="on", text="Prosimy o zapłatę", version="1")[0] == 302
    assert send(manager, is_active="on", language="en", subject="Invoice", text="Please pay")[0] == 302

    listed, page = manager.get("/outbox/texts").text, manager.get("/outbox/texts/remind").text
    english = manager.get("/outbox/texts/remind?language=en").text
    missing = manager.get("/outbox/texts/remind?language=ro").text

    assert all(each in listed for each in ("Reminder", "English", "as it came with the product"))
    assert "Prosimy o zapłatę" in page
    assert "Version 1, anna" in page
    assert "Do zapłaty" in page
    assert "Please pay" in english
    assert "Prosimy" not in english
    assert "Not written in Romanian yet" in missing
    assert "Prosimy o zapłatę" in missing


def test_dms_11_a_text_is_looked_at_with_examples_and_with_a_customer_while_it_is_written(
    application: Application, manager: FlaskClient
) -> None:
    customer(application, "Młyn & Syn", "PL")
    number = application_number(application)
    words = {"subject": "Dla {customer.name}", "text": "Do zapłaty {invoice.balance}\nza {device.product}"}

    examples = send(manager, "/outbox/texts/preview", **words)
    theirs = send(manager, "/outbox/texts/preview", customer=number, **words)
    unknown = send(manager, "/outbox/texts/preview", customer="404", **words)
    wrong = send(manager, "/outbox/texts/preview", subject="{customer.shoe_size}", text="x")

    assert "2345.60" in examples[1]
    assert "Pump P-200" in examples[1]
    assert "Dla Młyn &amp; Syn" in theirs[1]
    assert "There is no customer 404" in unknown[1]
    assert "Nothing fills {customer.shoe_size}" in wrong[1]
    assert "/outbox/texts/remind" not in manager.get("/outbox/texts").text


def application_number(application: Application) -> str:
    with application.database.engine.connect() as connection:
        return str(connection.exec_driver_sql("SELECT number FROM customer").scalar())


def test_dms_11_what_is_wrong_with_a_text_is_told_and_what_was_typed_stays(manager: FlaskClient) -> None:
    send(manager, is_active="on")

    unknown = send(manager, text="kept words {customer.shoe_size}", version="1")
    stale = send(manager, text="kept words", version="7")
    nameless = send(manager, key="No Key!", is_first="yes")

    assert [each[0] for each in (unknown, stale, nameless)] == [422] * 3
    assert "Nothing fills {customer.shoe_size}" in unknown[1]
    assert all("kept words" in each[1] for each in (unknown, stale))
    assert "small letters, digits and underscores" in nameless[1]
    assert 'id="key"' in nameless[1]


def test_dms_11_only_who_edits_templates_writes_texts(app: Flask, add_account: Callable[..., str]) -> None:
    add_account("rep", "sales_rep", password=PASSWORD)
    browser = app.test_client()
    log_in(browser, name="rep")

    assert "Keep as next version" not in browser.get("/outbox/texts/offer").text
    refused = send(browser, is_active="on")
    assert refused[0] in {403, 422}
    assert "Reminder" not in browser.get("/outbox/texts").text
    assert browser.get("/outbox/texts/nothing").status_code == 404
