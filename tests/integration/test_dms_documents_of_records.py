"""The documents of every record are near its page, and a task asks for those that its diagram names."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from html import unescape
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from core.identity import SYSTEM
from crm.campaigns.running import CampaignData, SaveCampaign
from crm.contacts import CreateContact
from crm.devices.contracts import SaveContract
from crm.devices.registering import DeviceData, RegisterDevice
from crm.offer_content import Line
from crm.offers import CreateOffer
from crm.orders import EnterOrder
from crm.payments.importing import PostPayment
from crm.products import Article, CreateProduct
from crm.sales.issuing import InvoiceOrder
from documents.filing import DocumentLink
from engine.definitions import DeployDefinitions, DeploymentFile
from tests.engine_world import bpmn, line
from tests.integration.test_pages_activities import register
from tests.search_desk import Desk
from tests.web import PASSWORD, WHOLE_FIRM, Program, log_in
from webapp.bootstrap import Application
from webapp.pages.records import FINDERS, record

PAPERS = bpmn(
    line(
        '<userTask id="sign"><dataInputAssociation id="i"><sourceRef>request</sourceRef></dataInputAssociation>'
        '<dataOutputAssociation id="a"><targetRef>offer</targetRef></dataOutputAssociation></userTask>',
        '<dataObjectReference id="request" name="Request" dataObjectRef="o" obieg:documentType="request"/>'
        '<dataObjectReference id="offer" name="Signed offer" dataObjectRef="p" obieg:documentType="signed_offer"/>'
        '<dataObject id="o"/><dataObject id="p"/>',
        names=("sign",),
    ),
    key="papers",
)


def records_of_every_kind(desk: Desk, browser: FlaskClient) -> dict[str, str]:
    """The id of one record of each kind that documents are linked to."""
    do, today = desk.do, desk.application.clock.now().date()
    customer = desk.customer("Zakład Łąka")
    lines = (Line(quantity=Decimal(2), description="Pompa", unit_price=Decimal(100), vat_rate=Decimal(23)),)
    order = do(EnterOrder(customer_id=customer, lines=lines, ordered_on=today, currency="PLN"), SYSTEM)
    paid = PostPayment(amount=Decimal(50), currency="PLN", booked_on=today, reference="Zaliczka", customer_id=customer)
    pump = Article(sku="P-1", name="Pompa", unit="pc", price=Decimal(100), currency="PLN", vat_rate=Decimal(23))
    product = do(CreateProduct(article=pump), SYSTEM)
    device = DeviceData(product_id=product, customer_id=customer, serial_number="SN-77", purchased_on=today)
    device_id = do(RegisterDevice(device=device), SYSTEM)
    care = SaveContract(
        customer_id=customer, name="Opieka", starts_on=date(2026, 1, 1), response_hours=Decimal(8), devices=(device_id,)
    )
    started = desk.start()
    return {
        "crm.customer": customer,
        "crm.contact": do(CreateContact(customer_id=customer, name="Jan Kos"), SYSTEM),
        "crm.offer": do(CreateOffer(customer_id=customer, lines=lines), SYSTEM).id,
        "crm.order": order,
        "crm.product": product,
        "crm.invoice": do(InvoiceOrder(order_id=order), SYSTEM).id,
        "crm.payment": do(paid, SYSTEM),
        "crm.activity": register(browser, customer_id=customer).rsplit("/", 1)[1],
        "crm.device": device_id,
        "crm.service_contract": do(care, SYSTEM),
        "crm.campaign": do(SaveCampaign(data=CampaignData(name="Wiosna", begins_on=today)), SYSTEM),
        "case": started.id,
        "task": started.tasks[0].id,
    }


def test_dms_07_every_record_has_its_documents_at_most_two_clicks_from_its_page(
    application: Application, app: Flask, add_account: Callable[..., str]
) -> None:
    add_account("anna", *WHOLE_FIRM, password=PASSWORD)
    browser, desk = app.test_client(), Desk(application)
    log_in(browser)
    desk.deploy()
    records = records_of_every_kind(desk, browser)
    assert records.keys() == FINDERS.keys()

    far = []
    for kind, key in records.items():
        document = desk.file(f"Papier {kind}", DocumentLink(kind=kind, id=key), actor=SYSTEM)
        with app.test_request_context(), application.units.reading(SYSTEM) as view:
            found = record(view, kind, key)
        assert found is not None, kind
        if not is_near(browser, found.address, f'href="/documents/{document}'):
            far.append(kind)

    assert far == []


def is_near(browser: FlaskClient, address: str, wanted: str) -> bool:
    """Whether it is a link on a page, or on one that a tab or a link of this page about the same record shows."""
    page = browser.get(address)
    assert page.status_code == 200, address
    main = page.text.partition("<main")[2]
    if wanted in main:
        return True
    tabs = {unescape(each) for each in re.findall(r'href="([^"#]+)"', main) if unescape(each).startswith(address)}
    return any(wanted in browser.get(each).text for each in sorted(tabs))


@pytest.fixture
def ewa(application: Application, program: Callable[..., Program]) -> Program:
    order = DeployDefinitions(files=(DeploymentFile(name="papers.bpmn", content=PAPERS),))
    application.executor.execute(order, actor=SYSTEM)
    return program("ewa", "sales_rep")


def attach(program: Program, task: str, kind: str, content: bytes) -> Any:
    data = {"file": (io.BytesIO(content), f"{kind}.txt"), "type": kind}
    answer = program.post(f"/tasks/{task}/documents", data=data)
    assert answer.status_code == 201, answer.text
    return answer.json


def test_dms_05_a_task_is_refused_without_its_document_and_keeps_the_version_that_it_was_completed_with(
    ewa: Program,
) -> None:
    case = ewa.post("/instances", json={"definition_key": "papers"}).json
    (task,) = case["tasks"]
    asked = ewa.get(f"/tasks/{task['id']}").json

    refused = ewa.post(f"/tasks/{task['id']}/complete", json={"data": {}})
    attach(ewa, task["id"], "request", b"please")
    still = ewa.post(f"/tasks/{task['id']}/complete", json={"data": {}})
    signed = attach(ewa, task["id"], "signed_offer", b"signed")
    done = ewa.post(f"/tasks/{task['id']}/complete", json={"data": {}})
    ewa.post(f"/documents/{signed['id']}/versions", data={"file": (io.BytesIO(b"later"), "signed_offer.txt")})

    assert "signed_offer" in str(asked)
    assert (refused.status_code, refused.json["code"]) == (422, "documents_missing")
    assert (still.status_code, still.json["details"]["missing"]) == (422, ["signed_offer"])
    assert done.status_code == 200, done.text
    trail = ewa.get(f"/instances/{case['id']}/trail").json["items"]
    (told,) = [each["data"]["documents"] for each in trail if each["type"] == "task.completed"]
    assert (signed["digest"], 1) in [(each["digest"], each["version"]) for each in told]
    links = ewa.get(f"/documents/{signed['id']}").json["links"]
    assert [each["version"] for each in links if each["kind"] == "task"] == [1]


def test_dms_05_a_document_that_is_void_is_none(ewa: Program, application: Application) -> None:
    from documents.states import ChangeState

    (task,) = ewa.post("/instances", json={"definition_key": "papers"}).json["tasks"]
    signed = attach(ewa, task["id"], "signed_offer", b"signed")
    application.executor.execute(ChangeState(document_id=signed["id"], state="void", reason="wrong"), actor=SYSTEM)

    refused = ewa.post(f"/tasks/{task['id']}/complete", json={"data": {}})

    assert (refused.status_code, refused.json["details"]["missing"]) == (422, ["signed_offer"])
