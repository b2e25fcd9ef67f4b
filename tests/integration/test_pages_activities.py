"""The pages of activities: registering, following up, holding, postponing and cancelling by forms."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from core.identity import SYSTEM
from crm.contacts import CreateContact
from crm.customers import CreateCustomer
from crm.profiles import Profile
from tests.web import PASSWORD, log_in, post
from webapp.bootstrap import Application

CALL = {"subject": "Oferta na pompy", "method": "phone", "direction": "outgoing", "status": "planned"}


@pytest.fixture
def seller(app: Flask, add_account: Callable[..., str]) -> FlaskClient:
    add_account("ewa", "sales_rep", password=PASSWORD)
    browser = app.test_client()
    log_in(browser, name="ewa")
    return browser


@pytest.fixture
def customer(application: Application) -> str:
    profile = Profile(name="Młyn <Łódź>", country="PL")
    made: str = application.executor.execute(CreateCustomer(profile=profile), actor=SYSTEM).id
    application.executor.execute(CreateContact(customer_id=made, name="Zofia Wójcik"), actor=SYSTEM)
    return made


def register(seller: FlaskClient, **fields: str) -> str:
    answer = post(seller, "/activities", **{"employee": "ewa", "at": "2026-03-02T10:00"} | CALL | fields)
    assert answer.status_code == 302, answer.text
    return str(answer.location)


def test_a_planned_call_is_registered_and_held(seller: FlaskClient, customer: str) -> None:
    form = seller.get(f"/activities/new?customer_id={customer}").text
    (contact,) = re.findall(r'<option value="(\w{26})">Zofia Wójcik', form)

    page = register(seller, customer_id=customer, contact_id=contact)

    assert "Młyn &lt;Łódź&gt;" in seller.get(page).text
    assert "Oferta na pompy" in seller.get("/activities").text
    assert "Oferta na pompy" in seller.get("/activities?q=pomp&show=everybody").text
    held = post(
        seller, f"{page}/hold", held_from="2026-03-02T10:05", minutes="12", state="partly_done", note="chce 5 %"
    )
    assert held.status_code == 302
    shown = seller.get(page).text
    assert "chce 5 %" in shown
    assert "12 min" in shown
    assert "It took place" not in shown


def test_a_following_one_shows_the_chain(seller: FlaskClient, customer: str) -> None:
    first = register(seller, customer_id=customer)

    second = register(seller, customer_id=customer, follows_id=first.rsplit("/", 1)[1], subject="Dosłać katalog")

    assert "What led to what" in seller.get(second).text
    assert "Dosłać katalog" in seller.get(first).text


def test_what_is_wrong_is_shown_at_its_field_and_nothing_typed_is_lost(seller: FlaskClient) -> None:
    answer = post(seller, "/activities", **CALL | {"employee": "ewa", "at": "", "note": "ważne"})
    incoming = post(seller, "/activities", **CALL | {"direction": "incoming", "at": "2026-03-02T10:00"})

    assert answer.status_code == incoming.status_code == 422
    assert "Enter a day and a time." in answer.text
    assert "ważne" in answer.text
    assert "cannot be planned" in incoming.text


def test_a_plan_is_postponed_and_cancelled_with_reasons(seller: FlaskClient) -> None:
    page = register(seller)

    post(seller, f"{page}/postpone", planned_from="2026-03-05T09:00", reason="no_budget", remark="po świętach")
    refused = post(seller, f"{page}/cancel", reason=" ")
    done = post(seller, f"{page}/cancel", reason="firma zamknięta")
    again = post(seller, f"{page}/hold", held_from="2026-03-02T10:05")

    assert (refused.status_code, done.status_code, again.status_code) == (422, 302, 409)
    shown = seller.get(page).text
    assert "po świętach" in shown
    assert "firma zamknięta" in shown
    assert "was cancelled" in again.text


def test_a_reader_sees_no_forms_and_cannot_send_them(
    app: Flask, seller: FlaskClient, add_account: Callable[..., str]
) -> None:
    page = register(seller)
    add_account("jan", "technical_reviewer", password=PASSWORD)
    reader = app.test_client()
    log_in(reader, name="jan")

    assert "It took place" not in reader.get(page).text
    assert post(reader, f"{page}/cancel", reason="nie").status_code == 403
    assert post(reader, "/activities", **CALL | {"employee": "jan", "at": "2026-03-02T10:00"}).status_code == 403
