"""The pages and the API of the call queue."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from core.clock import SystemClock
from core.identity import SYSTEM
from crm.calls.queueing import QueueCallback
from crm.customers import CreateCustomer
from crm.profiles import Phone, Profile
from tests.web import PASSWORD, Program, form_token, log_in
from webapp import create_app
from webapp.accounts.people import AddAccount
from webapp.accounts.tokens import CreateToken
from webapp.bootstrap import Application


@pytest.fixture
def customer_id(application: Application) -> str:
    for name, role in (("kasia", "call_agent"), ("tomek", "call_agent"), ("rafal", "technical_reviewer")):
        order = AddAccount(name=name, roles=frozenset({role}), password=PASSWORD, display_name=name.title())
        application.executor.execute(order, actor=SYSTEM)
    profile = Profile(name="Żuraw Pompy", country="PL", phones=(Phone(number="+48600100200", kind="mobile"),))
    made: str = application.executor.execute(CreateCustomer(profile=profile), actor=SYSTEM).id
    return made


def browser_of(application: Application, name: str) -> FlaskClient:
    browser = create_app(application).test_client()
    log_in(browser, name=name)
    return browser


def program_of(application: Application, name: str) -> Program:
    token = application.executor.execute(CreateToken(name=name), actor=SYSTEM)
    return Program(create_app(application), token.token)


def test_call_07_a_call_is_taken_and_put_off_on_its_page(application: Application, customer_id: str) -> None:
    call = application.executor.execute(QueueCallback(customer_id=customer_id, subject="Oddzwonić"), actor=SYSTEM)
    kasia, tomek = browser_of(application, "kasia"), browser_of(application, "tomek")

    queue = kasia.get("/calls").text
    taken = kasia.post(f"/calls/{call}/take", data={"csrf_token": form_token(kasia)})
    page, other = kasia.get(taken.location).text, tomek.get(f"/calls/{call}/bar").text
    refused = tomek.post(f"/calls/{call}/take", data={"csrf_token": form_token(tomek)})
    later = {"csrf_token": form_token(kasia), "reason": "po południu", "call_at": "2099-01-05T14:00"}
    put_off = kasia.post(f"/calls/{call}/give-back", data=later)

    assert "Żuraw Pompy" in queue
    assert re.search(r"tel:\+48\s?600", page)
    assert "You have" in page
    assert "Kasia" in other
    assert refused.status_code == 409
    assert put_off.location.endswith("/calls")
    assert "promised" in kasia.get("/calls").text


def test_a_call_is_asked_for_on_the_page_of_the_customer(application: Application, customer_id: str) -> None:
    kasia, rafal = browser_of(application, "kasia"), browser_of(application, "rafal")
    address = f"/customers/{customer_id}/callback"
    asked = {"subject": "Zmiana terminu", "note": "po 14:00", "call_at": "2099-01-05T14:00"}

    form = kasia.get(f"/customers/{customer_id}").text
    sent = kasia.post(address, data=asked | {"csrf_token": form_token(kasia)})
    refused = rafal.post(address, data=asked | {"csrf_token": form_token(rafal)})

    assert f'action="{address}"' in form
    assert sent.location == f"/customers/{customer_id}"
    assert refused.status_code == 403
    assert "Zmiana terminu" in kasia.get("/calls").text
    assert address not in rafal.get(f"/customers/{customer_id}").text


def test_programs_take_calls_too(application: Application, customer_id: str) -> None:
    kasia, rafal = program_of(application, "kasia"), program_of(application, "rafal")
    moment = SystemClock().now() + timedelta(days=400)

    made = kasia.post("/api/v1/calls", json={"customer_id": customer_id, "subject": "Oddzwonić"})
    call = made.get_json()["id"]

    assert made.status_code == 201
    assert kasia.post(f"/api/v1/calls/{call}/take").get_json()["id"] == call
    assert kasia.get(f"/api/v1/calls/{call}").get_json()["held_by"] == "kasia"
    assert kasia.post(f"/api/v1/calls/{call}/keep").status_code == 200
    later = {"reason": "urlop", "call_at": moment.isoformat()}
    assert kasia.post(f"/api/v1/calls/{call}/give-back", json=later).status_code == 200
    assert kasia.post("/api/v1/calls/next").get_json()["code"] == "no_call_waits"
    assert (
        kasia.post(f"/api/v1/calls/{call}/finish", json={"outcome": "reached"}).get_json()["code"] == "call_lease_over"
    )
    assert rafal.get("/api/v1/calls").status_code == 403


def test_cus_14_what_was_told_in_a_call_is_shown_in_the_next_one(application: Application, customer_id: str) -> None:
    def taken(name: str) -> tuple[FlaskClient, str, str]:
        order = QueueCallback(customer_id=customer_id, subject="Oddzwonić")
        call, browser = application.executor.execute(order, actor=SYSTEM), browser_of(application, name)
        browser.post(f"/calls/{call}/take", data={"csrf_token": form_token(browser)})
        return browser, call, browser.get(f"/calls/{call}").text

    kasia, call, page = taken("kasia")
    assert "Tylko pompy ciche" not in page
    said = {"outcome": "reached", "note": "Rozmowa", "needs": "Tylko pompy ciche"}
    kasia.post(f"/calls/{call}/finish", data={"csrf_token": form_token(kasia), **said})

    _, _, page = taken("tomek")

    assert "Tylko pompy ciche" in page
