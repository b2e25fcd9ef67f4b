"""Search as programs and browsers see it."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from documents.search import finding
from tests.search_desk import Desk, person
from tests.web import Program, log_in
from webapp.bootstrap import Application

Make = Callable[..., Program]


@pytest.fixture
def rep(program: Make) -> Program:
    return program("rep", "sales_rep")


def file(program: Program, title: str, **fields: str) -> Any:
    data = {"title": title, "file": (io.BytesIO(b"text"), "a.txt"), **fields}
    filed = program.post("/documents", data=data)
    assert filed.status_code == 201, filed.text
    return filed.json


def test_a_program_gets_one_list_with_marks_that_are_safe(rep: Program) -> None:
    filed = file(rep, "Umowa <b>najmu</b>", type="contract")
    file(rep, "Faktura", type="invoice")
    rep.post("/customers", json={"name": "Najem i Spółka", "country": "PL"})

    found = rep.get("/search", query_string={"q": "najmu OR spółka"})

    assert found.status_code == 200, found.text
    assert {item["kind"] for item in found.json["items"]} == {"document", "customer"}
    (document,) = [item for item in found.json["items"] if item["id"] == filed["id"]]
    assert document["title"] == "Umowa <b>najmu</b>"
    assert document["highlight"] == "Umowa &lt;b&gt;<mark>najmu</mark>&lt;/b&gt;"
    assert document["facts"]["type"] == ["contract"]
    assert (found.json["total"], found.json["is_more"], found.json["next"]) == (2, False, None)


@pytest.mark.parametrize(("kind", "count"), [("document", 2), ("invoice", 1), ("customer", 0), ("", 2)])
def test_the_type_is_a_kind_or_a_type_of_documents(rep: Program, kind: str, count: int) -> None:
    file(rep, "Pismo A", type="invoice")
    file(rep, "Pismo B")

    assert rep.get("/search", query_string={"q": "pismo", "type": kind}).json["total"] == count


def test_a_bad_query_is_a_problem_that_names_the_place(rep: Program) -> None:
    refused = rep.get("/search", query_string={"q": 'umowa "najmu'})

    assert refused.status_code == 422
    assert refused.json["code"] == "search_query_refused"
    assert refused.json["details"]["position"] == 7
    assert "/q" in refused.json["details"]["fields"]


def test_nobody_finds_what_somebody_else_filed_for_themselves(rep: Program, program: Make) -> None:
    file(rep, "Poufne")

    assert program("other", "legal").get("/search", query_string={"q": "poufne"}).json["items"] == []
    assert program("control", "auditor").get("/search", query_string={"q": "poufne"}).json["total"] == 1


def test_search_is_for_those_who_are_logged_in(anna: FlaskClient) -> None:
    assert anna.get("/api/v1/search?q=x").status_code == 401
    assert anna.get("/search?q=x").status_code in (302, 401)


def test_the_page_shows_results_marks_counts_and_how_to_ask(anna: FlaskClient, rep: Program) -> None:
    customer = rep.post("/customers", json={"name": "ACME <i>Polska</i>", "country": "PL"}).json["id"]
    links = f'[{{"kind": "crm.customer", "id": "{customer}"}}]'
    file(rep, "Umowa najmu", type="contract", links=links)
    file(rep, "Umowa sprzedaży", type="invoice", links=links)
    log_in(anna)

    page = anna.get("/search", query_string={"q": "umowy"}).text

    assert "<mark>Umowa</mark> najmu" in page
    assert "2 results" in page
    assert "umowy+type:contract" in page.replace("%3A", ":").replace("%20", "+")
    assert "ACME &lt;i&gt;Polska&lt;/i&gt;" in page
    assert 'role="search"' in page
    assert "2 results" not in anna.get("/search", query_string={"q": "umowy type:contract"}).text


def test_the_page_says_what_is_wrong_with_a_query(anna: FlaskClient) -> None:
    log_in(anna)

    page = anna.get("/search", query_string={"q": "(umowa <script>"})

    assert page.status_code == 200
    assert "never closed" in page.text
    assert "<script>" not in page.text.split("</head>")[1]


def test_the_page_leads_further_back_where_the_newest_have_nothing(
    anna: FlaskClient, application: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    log_in(anna)
    desk = Desk(application)
    desk.file("Alfa beta", actor=person("anna"))
    with application.units.engine.begin() as connection:
        connection.execute(text("SELECT setval('search_entry_seq', 4000)"))  # as if so many had come since
    desk.file("Beta alfa", actor=person("anna"))
    monkeypatch.setattr(finding, "NONE_SECONDS", 0.0)

    page = anna.get("/search", query_string={"q": '"alfa beta"'}).text
    (further,) = re.findall(r'href="([^"]+)">Look further back', page)

    assert "Nothing among the newest" in page
    assert "<mark>Alfa</mark>" in anna.get(unescape(further)).text


def test_while_somebody_types_titles_are_suggested(anna: FlaskClient, rep: Program) -> None:
    customer = rep.post("/customers", json={"name": "Żuraw Polska", "country": "PL"}).json["id"]
    log_in(anna)

    shown = anna.get("/search/suggestions", query_string={"q": "zur"}).text

    assert f"/customers/{customer}" in shown
    assert "<mark>Żuraw</mark>" in shown
    assert "Press Enter" in anna.get("/search/suggestions", query_string={"q": "xyzz"}).text
    assert "no field" in anna.get("/search/suggestions", query_string={"q": "xyzzy:1"}).text


def test_a_list_goes_on_where_it_ended(anna: FlaskClient, rep: Program) -> None:
    customer = rep.post("/customers", json={"name": "ACME", "country": "PL"}).json["id"]
    for number in range(23):
        file(rep, f"Pismo {number}", links=f'[{{"kind": "crm.customer", "id": "{customer}"}}]')
    log_in(anna)

    first = rep.get("/search", query_string={"q": "pismo"}).json
    rows = anna.get("/search", query_string={"q": "pismo", "after": first["next"]}, headers={"HX-Request": "true"}).text

    assert rows.count('class="result"') == 3
    assert "<html" not in rows
