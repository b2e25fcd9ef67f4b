"""Webhooks in the browser, by REST, and in the description of the API."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask

from tests.https_server import Server, answer
from tests.listening import ADMIN, URL, Listening, listen
from tests.web import PASSWORD, Program, form_token, log_in
from webapp.bootstrap import Application
from webapp.policies import ENTITIES
from webapp.webhooks import queries
from webapp.webhooks.catalogue import event_types


@pytest.fixture
def receiver() -> Iterator[Server]:
    running = Server()
    running.replies["/obieg"] = answer(204)
    yield running
    running.close()


@pytest.fixture
def listening(application: Application, receiver: Server) -> Listening:
    return listen(application, receiver)


def test_erp_06_programs_set_webhooks_up_by_rest(listening: Listening, program: Callable[..., Program]) -> None:
    admin = program("terraform", "admin")
    made = admin.post("/webhooks", json={"name": "BI", "url": URL, "events": ["customer.*", "order.*"]})
    listening.id = made.json["id"]
    address = f"/webhooks/{listening.id}"

    listening.customer()
    listening.deliver()

    assert (made.status_code, made.json["secret"][:6]) == (201, "whsec_")
    assert "secret" not in admin.get(address).json
    assert admin.patch(address, json={"events": ["*"]}).json["events"] == ["*"]
    (delivered,) = admin.get(f"{address}/deliveries?state=delivered").json["items"]
    assert admin.get(f"/webhook-deliveries/{delivered['id']}").json["content"]["type"] == "customer.created"
    assert admin.post(f"/webhook-deliveries/{delivered['id']}/resend").json["state"] == "waiting"
    assert admin.post(f"{address}/resend").json["code"] == "wrong_webhook_state"
    assert admin.post(f"{address}/pause", json={"reason": "x"}).json["state"] == "paused"
    assert admin.post(f"{address}/test").status_code == 409
    assert admin.post(f"{address}/resume", json={}).json["state"] == "active"
    assert admin.post(f"{address}/test").json["type"] == "webhook.ping"
    assert admin.post(f"{address}/secret").json["secret"][:6] == "whsec_"
    assert {"type", "meaning"} == set(admin.get("/event-types").json[0])
    assert admin.delete(address).status_code == 204
    assert admin.get(address).status_code == 404
    refused = admin.post("/webhooks", json={"name": "BI", "url": "https://10.0.0.1/", "events": ["*"]})
    assert (refused.status_code, "/url" in refused.json["details"]["fields"]) == (422, True)
    assert program("clerk", "sales_rep").get("/webhooks").status_code == 403


def test_erp_06_an_administrator_sets_webhooks_up_in_the_browser(
    listening: Listening, app: Flask, add_account: Callable[..., str]
) -> None:
    add_account("adam", "admin", password=PASSWORD)
    browser = app.test_client()
    log_in(browser, name="adam")

    def post(address: str, **fields: str) -> Any:
        return browser.post(address, data=fields | {"csrf_token": form_token(browser)}, follow_redirects=True)

    wrong = post("/webhooks", name="Magazyn", url="http://example.com", events="order.*")
    made = post("/webhooks", name="Magazyn", url=URL, events="customer.*, order.*")

    assert wrong.status_code == 422
    assert "must begin with https://" in wrong.text
    assert "whsec_" in made.text
    with listening.application.units.reading(ADMIN) as view:
        listening.id = queries.webhooks(view)[0].id
    address = f"/webhooks/{listening.id}"
    assert "whsec_" not in browser.get(address).text
    listening.reply(500, b"<script>alert(1)</script>")
    assert "webhook.ping" in post(f"{address}/test").text
    listening.deliver()
    assert "&lt;script&gt;" in browser.get(f"{address}?tab=waiting").text
    assert "Paused: moving" in post(f"{address}/pause", reason="moving").text
    assert "Paused" not in post(f"{address}/skip").text
    assert "It is changed" in post(address, name="Magazyn", url=URL, events="*").text
    assert "no event wind.*" in post(address, name="Magazyn", url=URL, events="wind.*").text
    assert "Nobody listens" in post(f"{address}/remove").text


def test_erp_06_openapi_has_every_entity_and_every_event(app: Flask) -> None:
    described = app.test_client().get("/api/v1/openapi.json").json
    paths: dict[str, Any] = described["paths"]
    names = {kind: kind.rpartition(".")[2] for kind in ENTITIES}
    kept = {"crm.contact": "/contacts/{contact_id}", "crm.service_contract": "/service-contracts/{key}"}
    beside = {
        "crm.contact": "/customers/{customer_id}/contacts",
        "crm.service_contract": "/customers/{customer_id}/service-contracts",
    }
    plural = {"activity": "activities"}
    missing = []
    for entity, name in names.items():
        many = beside.get(entity, f"/{plural.get(name, name + 's')}")
        one = [path for path in paths if path == kept.get(entity) or path.rpartition("/{")[0] == many]
        if not {"get", "post"} <= paths.get(many, {}).keys() or not any("get" in paths[path] for path in one):
            missing.append(entity)
    more = ("/instances", "/tasks", "/documents", "/segments", "/price-lists", "/resources", "/outbox/messages")
    readable = {path.rpartition("/{")[0] for path in paths if "get" in paths[path]}
    missing += [many for many in more if "get" not in paths[many] or many not in readable]

    assert missing == []
    assert described["webhooks"].keys() == event_types().keys()
    heard = described["webhooks"]["order.entered"]["post"]["requestBody"]["content"]["application/cloudevents+json"]
    assert "order_id" in heard["schema"]["allOf"][1]["properties"]["data"]["properties"]["keys"]["properties"]
    assert {name.partition(".")[2] for name in ENTITIES} <= {"contact", "service_contract"} | {
        name.partition(".")[0] for name in event_types()
    }


def test_erp_06_products_are_entered_and_changed_by_rest(program: Callable[..., Program]) -> None:
    seller = program("shop", "sales_rep")

    made = seller.post("/products", json={"sku": "P-1", "name": "Pompa", "price": 100})
    changed = seller.patch(f"/products/{made.json['id']}", json={"price": "120.50", "expected_version": 1})

    assert (made.status_code, made.json["sku"], changed.json["price"]) == (201, "P-1", 120.5)
    assert changed.json["name"] == "Pompa"
    assert seller.post("/products", json={"sku": "P-1", "name": "Pompa", "price": 1}).status_code == 409
    assert seller.patch(f"/products/{made.json['id']}", json={"sku": None}).status_code == 422
