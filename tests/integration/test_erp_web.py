"""The pages and the API of the exchange with an ERP."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from flask.testing import FlaskClient

from core.identity import SYSTEM
from core.settings import Settings
from crm.customers import CreateCustomer
from crm.offer_content import Line
from crm.orders import EnterOrder
from crm.profiles import Profile
from tests.web import PASSWORD, Program, form_token, log_in
from webapp import create_app
from webapp.accounts.people import AddAccount
from webapp.bootstrap import Application


@pytest.fixture
def order_id(application: Application) -> str:
    """An order that waits for a file, behind its customer."""
    application.units.ports[Settings] = replace(application.settings, erp_orders=True)
    do = application.executor.execute
    customer = do(CreateCustomer(profile=Profile(name="Żółw Pompy", country="PL")), actor=SYSTEM).id
    line = Line(quantity=Decimal(2), description="Pompa", unit_price=Decimal(100), vat_rate=Decimal(23))
    return str(do(EnterOrder(customer_id=customer, lines=(line,), ordered_on=date(2026, 1, 5)), actor=SYSTEM))


@pytest.fixture
def director(application: Application) -> FlaskClient:
    add = AddAccount(name="olga", roles=frozenset({"sales_director"}), password=PASSWORD, display_name="Olga Dyr")
    application.executor.execute(add, actor=SYSTEM)
    browser = create_app(application).test_client()
    log_in(browser, name="olga")
    return browser


def post(browser: FlaskClient, address: str, **fields: Any) -> Any:
    return browser.post(address, data=fields | {"csrf_token": form_token(browser)}, follow_redirects=True)


def answer(browser: FlaskClient, rows: str) -> str:
    headers = {"X-CSRFToken": form_token(browser)}  # a page's script sends it so with files
    content = f"kind;handover;number;reason\n{rows}\n".encode()
    return browser.post("/erp/answers", data={"file": (io.BytesIO(content), "answers.csv")}, headers=headers).text


def test_erp_04_the_page_tells_what_waits_was_acknowledged_and_refused(order_id: str, director: FlaskClient) -> None:
    assert "Its customer must be acknowledged first." in director.get("/erp").text
    file = post(director, "/erp/batches", entity="crm.customer")
    key = file.text.splitlines()[1].partition(";")[0]

    told = answer(director, f"refusal;{key};;NIP missing")

    assert "1 taken over" in told
    refused = director.get("/erp?tab=refused").text
    assert "NIP missing" in refused
    (retry,) = re.findall(r'action="(/erp/\w+/retry)"', refused)
    assert "NIP missing" not in post(director, retry).text
    post(director, "/erp/batches", entity="crm.customer")
    answer(director, f"acknowledgement;{key};K-1;")
    assert "K-1" in director.get("/erp?tab=acknowledged").text
    assert "Waiting" in director.get(f"/orders/{order_id}").text
    assert "acknowledgement" in director.get("/erp/arrivals").text.lower()


def test_erp_06_a_program_of_the_erp_fetches_and_answers(order_id: str, program: Callable[..., Program]) -> None:
    erp = program("r3", "erp")
    (customer,) = erp.get("/api/v1/erp/handovers?state=waiting").json["items"]
    told = {"key": "A-1", "kind": "acknowledgement", "content": {"handover": customer["key"], "number": "K-1"}}

    first, second = (erp.post("/api/v1/erp/arrivals", json=told).json for _ in range(2))

    assert (first["state"], first["is_new"], second["is_new"]) == ("taken", True, False)
    (waiting,) = erp.get("/api/v1/erp/handovers?state=waiting").json["items"]
    assert waiting["record_id"] == order_id
    batch = erp.post("/api/v1/erp/batches", json={"entity": "crm.order"}).json
    assert order_id in erp.get(f"/api/v1/erp/batches/{batch['batch']}/content").text
    wrong = erp.post("/api/v1/erp/arrivals", json={"key": "D-1", "kind": "delivery", "content": {"order": "none"}})
    assert wrong.json["state"] == "refused"
    again = erp.post(f"/api/v1/erp/arrivals/{wrong.json['id']}/retry")
    assert again.json["reason"] == wrong.json["reason"]
    assert erp.get(f"/api/v1/erp/arrivals/{wrong.json['id']}").json["content"] == {"order": "none"}
    one = erp.get(f"/api/v1/erp/handovers/{waiting['id']}").json
    assert (one["after"]["erp_number"], one["content"]["lines"][0]["quantity"]) == ("K-1", "2")


def test_only_who_may_sees_the_exchange(order_id: str, program: Callable[..., Program]) -> None:
    sales = program("ewa", "sales_rep")

    answers = [
        sales.get("/api/v1/erp/handovers"),
        sales.post("/api/v1/erp/handovers", json={"entity": "crm.order", "record_id": order_id}),
        sales.get("/api/v1/erp/arrivals"),
        sales.post("/api/v1/erp/batches", json={"entity": "crm.order"}),
    ]

    assert [each.status_code for each in answers] == [403] * 4
