"""What came by itself is sorted by people who may: over REST and on the page."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from core.identity import SYSTEM
from crm.customers import CreateCustomer
from crm.profiles import Profile
from documents.queries import linked_documents
from storage.jobs.worker import Worker
from tests.web import PASSWORD, Program, log_in, post
from webapp.bootstrap import Application
from webapp.dropped import take_files

Make = Callable[..., Program]


@pytest.fixture
def drop(application: Application, tmp_path: Path) -> Callable[..., None]:
    folder = tmp_path / "scans"
    folder.mkdir()
    application.settings = replace(application.settings, intake_folder=folder)

    def dropped(name: str, content: bytes = b"%PDF-1.7 scan") -> None:
        (folder / name).write_bytes(content)
        os.utime(folder / name, (0, 0))
        take_files(application)

    return dropped


@pytest.fixture
def customer(application: Application) -> str:
    command = CreateCustomer(profile=Profile(name="Wisła", country="PL"))
    made: str = application.executor.execute(command, actor=SYSTEM).id
    return made


@pytest.fixture
def clerk(program: Make) -> Program:
    return program("clerk", "registrar")


def filing(customer: str, **more: Any) -> dict[str, Any]:
    return {"links": [{"kind": "crm.customer", "id": customer}], **more}


def test_what_waits_is_filed_where_it_belongs(
    clerk: Program, program: Make, drop: Callable[..., None], customer: str
) -> None:
    rep = program("rep", "sales_rep")
    drop("scan.pdf")
    (waiting,) = clerk.get("/arrivals").json["items"]
    address = f"/documents/{waiting['document_id']}"
    before = rep.get(address).status_code

    filed = clerk.post(f"/arrivals/{waiting['document_id']}/file", json=filing(customer, title="Umowa"))

    assert filed.status_code == 200, filed.text
    assert before == 404
    assert rep.get(address).json["title"] == "Umowa"
    assert clerk.get("/arrivals").json == {"items": [], "next": None, "total": 0}


def test_only_one_of_two_clerks_files_it(
    clerk: Program, program: Make, drop: Callable[..., None], customer: str
) -> None:
    drop("scan.pdf")
    (waiting,) = clerk.get("/arrivals").json["items"]
    address = f"/arrivals/{waiting['document_id']}/file"
    clerk.post(address, json=filing(customer))

    second = program("second", "registrar").post(address, json=filing(customer))

    assert (second.status_code, second.json["code"]) == (409, "already_sorted")
    assert "clerk" in second.json["detail"]


def test_nobody_else_sees_or_sorts_it(program: Make, drop: Callable[..., None], customer: str, clerk: Program) -> None:
    rep = program("rep", "sales_rep")
    drop("scan.pdf")
    (waiting,) = clerk.get("/arrivals").json["items"]

    assert rep.get("/arrivals").status_code == 403
    assert rep.post(f"/arrivals/{waiting['document_id']}/file", json=filing(customer)).status_code == 403
    assert rep.get(f"/documents/{waiting['document_id']}").status_code == 404


def test_it_is_filed_only_where_the_clerk_may_see_something(clerk: Program, drop: Callable[..., None]) -> None:
    drop("scan.pdf")
    (waiting,) = clerk.get("/arrivals").json["items"]

    refused = clerk.post(f"/arrivals/{waiting['document_id']}/file", json=filing("01ARZ3NDEKTSV4RRFFQ69G5FAV"))

    assert (refused.status_code, refused.json["code"]) == (403, "link_not_allowed")
    assert clerk.get("/arrivals").json["total"] == 1


def test_what_belongs_nowhere_is_set_aside_and_stays(clerk: Program, program: Make, drop: Callable[..., None]) -> None:
    auditor = program("adam", "auditor")
    drop("advertisement.pdf")
    (waiting,) = clerk.get("/arrivals").json["items"]

    aside = clerk.post(f"/arrivals/{waiting['document_id']}/set-aside", json={"reason": "advertising"})

    assert aside.status_code == 200
    assert clerk.get("/arrivals").json["total"] == 0
    assert clerk.get(f"/documents/{waiting['document_id']}").status_code == 404
    assert auditor.get(f"/documents/{waiting['document_id']}").status_code == 200


def test_what_hangs_on_a_message_is_filed_with_it(
    clerk: Program, drop: Callable[..., None], customer: str, application: Application
) -> None:
    message = EmailMessage()
    message["From"], message["Subject"] = "jan@example.com", "Offer"
    message.set_content("See below.")
    message.add_attachment(b"%PDF-1.7", maintype="application", subtype="pdf", filename="plan.pdf")
    drop("mail.eml", bytes(message))
    Worker(application.database.engine, application).drain()
    (waiting,) = clerk.get("/arrivals").json["items"]

    clerk.post(f"/arrivals/{waiting['document_id']}/file", json=filing(customer))

    with application.units.reading(SYSTEM) as view:
        titles = [each.title for each in linked_documents(view, "crm.customer", customer)]
    assert sorted(titles) == ["mail", "plan"]


def test_a_clerk_files_on_the_page_and_goes_on_with_the_next(
    app: Flask, add_account: Any, drop: Callable[..., None], customer: str
) -> None:
    add_account("olga", "registrar", password=PASSWORD)
    browser: FlaskClient = app.test_client()
    log_in(browser, name="olga")
    drop("first.pdf")
    drop("second <b>.pdf", b"%PDF-1.7 other")
    listed = browser.get("/scan-inbox").text
    assert "first" in listed
    assert "<b>.pdf" not in listed
    first, second = (part.partition('"')[0] for part in listed.split('data-walk href="')[1:])
    assert "Wisła" in browser.get("/scan-inbox/targets?q=Wis").text
    assert "File it" in browser.get(first).text

    nothing = post(browser, f"{first}/file", title="Umowa")
    filed = post(browser, f"{first}/file", title="Umowa", links=f"crm.customer:{customer}")
    aside = post(browser, f"{second}/aside", reason="advertising")

    assert nothing.status_code == 422
    assert (filed.status_code, filed.headers["HX-Redirect"]) == (204, second)
    assert (aside.status_code, aside.headers["HX-Redirect"]) == (204, "/scan-inbox")
    assert "Nothing waits" in browser.get("/scan-inbox").text


def test_a_copy_is_said_to_be_one_before_it_is_filed(
    app: Flask, add_account: Any, drop: Callable[..., None], clerk: Program, customer: str
) -> None:
    add_account("olga", "registrar", password=PASSWORD)
    browser = app.test_client()
    log_in(browser, name="olga")
    drop("first.pdf")
    (waiting,) = clerk.get("/arrivals").json["items"]
    clerk.post(f"/arrivals/{waiting['document_id']}/file", json=filing(customer, title="Umowa"))
    drop("again.pdf")
    (copy,) = clerk.get("/arrivals").json["items"]

    page = browser.get(f"/scan-inbox/{copy['document_id']}").text

    assert "already filed as “Umowa”" in page
