"""Files come in through pages and API."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from core.identity import SYSTEM
from crm.imports.exporting import make_export
from crm.imports.models import ExportRow
from crm.imports.undoing import run_undo
from crm.imports.working import run_import
from tests.given_out import given_out
from tests.web import PASSWORD, WHOLE_FIRM, Program, form_token, log_in
from webapp.bootstrap import Application

ROWS = "Kod;Nazwa;NIP;Miasto;Ulica\nA1;Zakład Łąka;5260250274;Łódź;Prosta 1\nA2;Gęś;123;Kraków;Krzywa 2\n"
FIRMS = ROWS.encode("cp1250")


@pytest.fixture
def anna(app: Flask, add_account: Callable[..., str]) -> FlaskClient:
    add_account("anna", *WHOLE_FIRM, password=PASSWORD, display_name="Anna Wilk")
    browser = app.test_client()
    log_in(browser)
    return browser


def submit(browser: FlaskClient, address: str, **fields: Any) -> Any:
    headers = {"X-CSRFToken": form_token(browser)}  # a page's script sends it so with files
    answer = browser.post(address, data=fields, headers=headers, follow_redirects=True)
    assert answer.status_code in {200, 204}, answer.text
    return re.sub(r"\s+", " ", answer.text)


def test_imp_02_a_file_is_looked_at_and_comes_in_by_pages(anna: FlaskClient, application: Application) -> None:
    assert "No imports yet" in anna.get("/imports").text

    wizard = submit(anna, "/imports", kind="customers", file=(io.BytesIO(FIRMS), "firmy.csv"))
    made = re.search(r"/imports/(\w{26})/arrange", wizard)
    assert made is not None
    address = f"/imports/{made[1]}"
    columns = ["external_reference", "name", "tax_id", "city", "street"]
    started = submit(anna, f"{address}/arrange", column=columns, name="Stary program", start="1")
    run_import(application, {"import_id": made[1]})
    finished = anna.get(address).text
    report = anna.get(f"{address}/rejected")

    assert "cp1250</option>" in wizard
    assert "Zakład Łąka" in wizard
    assert "123" in wizard
    assert "Coming in" in started
    assert "Finished" in finished
    assert report.text.startswith("\ufeffline;why;Kod;Nazwa")
    assert given_out(application, what="rejected_rows") == [("rejected_rows", made[1], None)]
    assert "Stary program" in submit(anna, "/imports", kind="customers", file=(io.BytesIO(FIRMS), "firmy.csv"))


def test_imp_03_a_program_brings_a_file_in_and_takes_it_back(
    program: Callable[..., Program], application: Application
) -> None:
    clerk = program("erp", *WHOLE_FIRM)

    made = clerk.post("/imports", data={"kind": "customers", "file": (io.BytesIO(FIRMS), "firmy.csv")})
    address = f"/imports/{made.json['id']}"
    arranged = clerk.patch(address, json={"country": "PL", "skips_duplicates": False})
    tried = clerk.get(f"{address}/preview").json
    clerk.post(f"{address}/start")
    run_import(application, {"import_id": made.json["id"]})
    after = clerk.get(address).json
    undone = clerk.post(f"{address}/undo", json={"reason": "wrong file"})
    run_undo(application, {"import_id": made.json["id"]})

    assert (made.status_code, arranged.status_code, undone.status_code) == (201, 200, 202)
    assert [each["outcome"] for each in tried["rows"]] == ["created", "rejected"]
    assert (after["state"], after["counts"]["created"]) == ("finished", 1)
    assert clerk.get(address).json["state"] == "undone"
    assert [each["outcome"] for each in clerk.get(f"{address}/rows").json["items"]] == ["undone", "rejected"]
    assert clerk.get("/customers").json["items"] == []


def test_an_export_is_ordered_and_fetched_by_pages(anna: FlaskClient, application: Application) -> None:
    headers = {"X-CSRFToken": form_token(anna)}

    anna.post("/exports", data={"what": "csv:customers"}, headers=headers)
    with application.units.reading(SYSTEM) as view:
        export_id = str(view.session.scalar(select(ExportRow.id)))
    make_export(application, {"export_id": export_id})
    page = anna.get("/exports").text
    content = anna.get(f"/exports/{export_id}/content")

    assert f"/exports/{export_id}/content" in page
    assert content.text.startswith("\ufeffnumber;external_reference;name")
    assert content.headers["Content-Disposition"].startswith("attachment")
    assert given_out(application, what="customers") == [("customers", export_id, 0)]


def test_whoever_may_edit_nothing_brings_nothing_in(program: Callable[..., Program]) -> None:
    reader = program("czytelnik", "auditor")

    answer = reader.post("/imports", data={"kind": "customers", "file": (io.BytesIO(FIRMS), "firmy.csv")})

    assert answer.status_code == 403
