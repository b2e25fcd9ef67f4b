"""The pages of templates, letters, labels, packages and signatures, as a browser gets them."""

from __future__ import annotations

import io
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from core.identity import SYSTEM
from crm.customers import CreateCustomer
from crm.profiles import Address, Profile
from tests.signing_people import paper
from tests.template_samples import letter
from tests.web import PASSWORD, form_token, log_in, post
from webapp.background import make_worker
from webapp.bootstrap import Application


@pytest.fixture
def browser(app: Flask, add_account: Callable[..., str]) -> FlaskClient:
    add_account("anna", "sales_manager", password=PASSWORD, display_name="Anna Nowak")
    client = app.test_client()
    log_in(client)
    return client


def upload(browser: FlaskClient, path: str, content: bytes, name: str, **fields: str) -> Any:
    headers = {"HX-Request": "true", "X-CSRFToken": form_token(browser)}
    return browser.post(path, data={**fields, "file": (io.BytesIO(content), name)}, headers=headers)


def adopt(browser: FlaskClient, text: str = "{{ customer.name }}") -> Any:
    return upload(browser, "/templates", letter(text), "a.docx", title="Wezwanie", kind="crm.customer")


def add_customer(application: Application) -> str:
    address = Address(street="ul. Łąkowa 5", postal_code="30-102", city="Kraków", country="PL")
    profile = Profile(name="Żuraw", country="PL", credit_limit=Decimal(1), addresses=(address,))
    return str(application.executor.execute(CreateCustomer(profile=profile), actor=SYSTEM).id)


def test_findings_of_a_template_are_shown_where_it_was_sent(browser: FlaskClient) -> None:
    answer = adopt(browser, "{{ custmer.name }}")

    assert answer.status_code == 200
    assert "There is no field custmer; did you mean customer?" in answer.text


def test_a_right_template_leads_to_its_page_with_a_preview(browser: FlaskClient) -> None:
    where = adopt(browser).headers["HX-Redirect"]

    assert "Wezwanie" in browser.get(where).text
    shown = browser.get(f"{where}/preview")
    assert (shown.status_code, shown.content_type) == (200, "application/pdf")
    assert browser.get("/templates?kind=case").status_code == 200


def test_letters_are_started_watched_and_finished_on_pages(application: Application, browser: FlaskClient) -> None:
    add_customer(application)
    template = adopt(browser).headers["HX-Redirect"].rpartition("/")[2]
    who = post(browser, "/letters/recipients", q="Żuraw")

    started = post(browser, "/letters", title="Cennik", template=template, q="Żuraw", save_as="Ptaki")
    make_worker(application).drain()

    assert "1 customer" in who.text
    page = browser.get(started.headers["HX-Redirect"]).text
    assert "Finished" in page
    assert "All letters in one PDF" in page
    assert "Cennik" in browser.get("/letters").text
    assert "Ptaki" in browser.get("/letters/new").text


def test_labels_lead_to_their_document_and_tell_what_to_look_at(application: Application, browser: FlaskClient) -> None:
    add_customer(application)

    made = post(browser, "/labels", title="Naklejki", sheet="3x8-70x37", start="3", copies="2")

    shown = browser.get(made.headers["HX-Redirect"]).text
    assert "2 labels on 1 sheets." in shown
    assert browser.get("/labels").status_code == 200


def test_a_package_is_put_together_on_its_page(browser: FlaskClient) -> None:
    ids = []
    for name in ("a", "b"):
        filed = upload(browser, "/api/v1/documents", paper(name), f"{name}.pdf", title=f"Umowa {name}")
        ids.append(filed.json["id"])
    chosen = post(browser, "/packages/choose", ids=ids)
    page = browser.get(chosen.headers["HX-Redirect"]).text
    assert "Umowa a" in page

    fields = {f"position.{ids[0]}": "2", f"position.{ids[1]}": "1", f"version.{ids[0]}": "1"}
    made = post(browser, "/packages", title="Komplet", ids=ids, stamps="on", attach="on", **fields)

    shown = browser.get(made.headers["HX-Redirect"]).text
    assert shown.index("Umowa b") < shown.index("Umowa a")
    assert post(browser, "/packages/choose").status_code == 422


def test_the_panel_of_signatures_asks_a_worker_and_shows_what_it_found(
    application: Application, browser: FlaskClient
) -> None:
    filed = upload(browser, "/api/v1/documents", paper(), "a.pdf").json
    address = f"/documents/{filed['id']}/1/signatures"

    assert "Looking" in browser.get(address).text
    assert "being looked at" in post(browser, address).text
    make_worker(application).drain()

    assert "This PDF carries no signature." in browser.get(address).text


def test_a_page_of_approvals_is_filed_from_the_documents_page(browser: FlaskClient) -> None:
    filed = upload(browser, "/api/v1/documents", paper(), "a.pdf", title="Umowa").json

    made = post(browser, f"/documents/{filed['id']}/approvals")

    assert "approvals of version 1" in browser.get(made.headers["HX-Redirect"]).text
