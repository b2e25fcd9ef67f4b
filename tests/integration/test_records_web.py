"""Records by REST, on the pages and on the command line."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta

import pytest
from click.testing import CliRunner
from flask import Flask
from flask.testing import FlaskClient

from core.clock import FixedClock
from tests.records_office import RecordsOffice
from tests.web import PASSWORD, Program, log_in, post
from webapp.bootstrap import Application
from webapp.cli.records import records

YEARS = timedelta(days=6 * 366)
RULE = {
    "key": "contracts",
    "name": "Contracts",
    "trigger": "filed",
    "period": "P5Y",
    "document_types": ["contract"],
    "authority": "KC art. 118",
    "reason": "the schedule begins",
}


@pytest.fixture
def office(application: Application) -> RecordsOffice:
    return RecordsOffice(application)


@pytest.fixture
def browser(app: Flask, add_account: Callable[..., str]) -> FlaskClient:
    """Of Kazik, who manages records."""
    add_account("kazik", "records_manager", password=PASSWORD, display_name="Kazik Rak")
    client = app.test_client()
    log_in(client, name="kazik")
    return client


def test_rules_holds_and_what_is_due_by_rest(
    office: RecordsOffice, program: Callable[..., Program], clock: FixedClock
) -> None:
    keeper, clerk = program("kazik", "records_manager"), program("ewa", "sales_rep")
    document, other = office.file(), office.file("Umowa 2")

    assert clerk.post("/retention-rules", json=RULE).status_code == 403
    assert keeper.post("/retention-rules", json=RULE).json == {"key": "contracts", "revision": 1}
    assert keeper.post("/retention-rules", json=RULE).status_code == 409
    assert keeper.post("/retention-rules", json=RULE | {"period": "soon", "expected": 1}).status_code == 422
    office.compute()
    assert [each["schedule"] for each in keeper.get("/retention-rules").json["items"]] == ["5 years after filing"]
    assert keeper.get("/retention-rules/contracts/history").json["items"][0]["reason"] == "the schedule begins"
    assert keeper.get("/records/runs").json["items"][0]["state"] == "finished"
    matter = {"name": "Sąd 7/26", "reason": "the court asked"}
    placed = keeper.post(f"/documents/{document}/hold", json=matter)
    assert placed.status_code == 201
    assert clerk.post(f"/documents/{document}/hold", json=matter).status_code == 403
    assert keeper.post(f"/documents/{document}/hold", json=matter).status_code == 409
    assert [each["id"] for each in keeper.get("/holds").json["items"]] == [placed.json["id"]]
    told = keeper.get(f"/documents/{document}/retention").json
    assert (told["state"], told["due_at"][:10], told["holds"][0]["name"]) == ("dated", "2031-01-06", "Sąd 7/26")

    office.compute()
    clock.advance(YEARS)
    assert [each["document_id"] for each in keeper.get("/records/due").json["items"]] == [other]
    assert keeper.get("/records/overview").json["held"] == 1
    assert keeper.post(f"/documents/{document}/release", json=matter | {"name": "x"}).status_code == 404
    assert keeper.post(f"/documents/{document}/release", json=matter).json == {"ok": True}
    office.compute()
    assert len(keeper.get("/records/due").json["items"]) == 2
    assert keeper.get("/holds?lifted=true").json["items"][0]["lift_reason"] == "the court asked"


def test_a_destroyed_document_is_gone_and_says_why(
    office: RecordsOffice, program: Callable[..., Program], browser: FlaskClient, clock: FixedClock
) -> None:
    office.rule()
    document = office.file()
    clock.advance(YEARS)
    office.compute()
    keeper = program("karol", "records_manager")
    disposal = office.disposal()
    assert [each["state"] for each in keeper.get(f"/disposals/{disposal}/items").json["items"]] == ["listed"]
    office.destroy(disposal)

    for address in (f"/documents/{document}", f"/documents/{document}/versions/1/content"):
        refused = keeper.get(address)
        assert (refused.status_code, refused.json["code"]) == (410, "document_destroyed")
    log_in(browser, name="kazik")
    page = browser.get(f"/documents/{document}")
    assert page.status_code == 410
    assert "certificate 2032-00001" in page.text
    assert keeper.get("/disposals").json["items"][0]["counts"] == {"destroyed": 1}
    assert "destroyed" in browser.get(f"/records/disposals/{disposal}").text


def test_the_pages_show_and_change_the_schedule(office: RecordsOffice, browser: FlaskClient, clock: FixedClock) -> None:
    document = office.file("Umowa ramowa")
    form = {name: value for name, value in RULE.items() if name != "document_types"} | {"document_types": "contract"}

    assert post(browser, "/records/rules", **form).status_code == 204
    assert post(browser, "/records/rules", **form | {"expected": "1", "period": "P4Y"}).status_code == 204
    office.compute()
    matter = {"kind": "document", "target": document, "name": "Sąd 7/26", "reason": "the court asked"}
    assert post(browser, "/records/holds", **matter).status_code == 204

    assert "4 years after filing" in browser.get("/records/rules/contracts").text
    page = browser.get(f"/documents/{document}").text
    for part in ("Kept until", "when its newest version was filed", "Sąd 7/26", "KC art. 118"):
        assert part in page, part
    assert "Sąd 7/26" in browser.get("/records/holds").text
    assert "Nothing is due" in browser.get("/records").text
    ((hold,),) = office.rows("SELECT id FROM legal_hold")
    assert post(browser, f"/records/holds/{hold}/lift", reason="settled").status_code == 204
    office.compute()
    clock.advance(YEARS)
    log_in(browser, name="kazik")
    assert "Umowa ramowa" in browser.get("/records").text
    disposal = office.disposal(approved=False)
    excluded = f"/records/disposals/{disposal}/exclude/{document}"
    assert post(browser, excluded, reason="of historic value").status_code == 204
    assert "of historic value" in browser.get(f"/records/disposals/{disposal}").text
    assert disposal in browser.get("/records/disposals").text


def test_who_may_not_read_records_sees_no_page_of_them(anna: FlaskClient) -> None:
    log_in(anna)

    for path in ("/records", "/records/holds", "/records/rules", "/records/disposals"):
        assert anna.get(path).status_code == 403
    assert 'href="/records"' not in anna.get("/").text


def test_what_is_due_on_the_command_line(office: RecordsOffice, application: Application) -> None:
    document = office.file()
    office.rule(period="P1D")
    runner = CliRunner()

    computed = runner.invoke(records, ["recompute"], obj=application.settings)
    told = runner.invoke(records, ["due", "--json", "--until", "2099-01-01"], obj=application.settings)

    assert "1 documents were computed" in computed.stderr
    assert [each["document_id"] for each in json.loads(told.stdout)["due"]] == [document]
    assert "1 documents are due" in told.stderr
