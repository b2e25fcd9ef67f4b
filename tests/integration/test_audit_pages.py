"""What auditors see of the whole log: filters, pages, addresses, proofs; and the evidence of a document."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine

from audit import log
from audit.erasing import ErasePersonalData
from audit.keys import KeyFile
from audit.log import LogFilter, LogPage, RecordCheck, look
from audit.places import Publishers
from audit.sequencer import sequence
from audit.verifier import read_key, verify
from core.clock import FixedClock
from core.errors import Forbidden
from core.identity import SYSTEM, Actor
from engine.definitions import DeployDefinitions, DeploymentFile
from engine.instances import StartInstance
from storage.unit_of_work import UnitFactory
from tests.audit_samples import ANNA, AUDITOR, noted, recording, write
from tests.integration.test_evidence import MODEL
from tests.web import PASSWORD, Program, form_token, log_in
from webapp.background import publish_checkpoints, sign_checkpoint
from webapp.bootstrap import Application

JAN = Actor(id="jan", name="Jan Lis", address="10.0.0.9")


@pytest.fixture
def units(engine: Engine, clock: FixedClock) -> UnitFactory:
    """Twenty entries, an hour apart, of two people in turn."""
    found = recording(engine, clock)
    for number in range(20):
        write(found, noted(f"document:{number % 5}", note=number), actor=JAN if number % 2 else ANNA)
        clock.advance(timedelta(hours=1))
    sequence(engine)
    return found


def found(units: UnitFactory, wanted: LogFilter, *, limit: int = 50) -> list[int]:
    """The notes of all pages, newest first."""
    notes: list[int] = []
    after = None
    while True:
        with units.reading(AUDITOR) as view:
            page: LogPage = look(view, wanted, after=after, limit=limit)
        notes += [each.data["note"] for each in page.items]
        after = page.next
        if after is None:
            return notes


@pytest.mark.parametrize("limit", [1, 3, 50])
def test_the_log_is_read_newest_first_page_by_page(units: UnitFactory, limit: int) -> None:
    assert found(units, LogFilter(), limit=limit) == list(range(19, -1, -1))


@pytest.mark.parametrize("limit", [2, 50])
def test_the_log_is_narrowed_by_person_kind_object_time_and_address(
    units: UnitFactory, clock: FixedClock, limit: int
) -> None:
    since = clock.now() - timedelta(hours=5, minutes=1)

    assert found(units, LogFilter(actor="jan"), limit=limit) == list(range(19, 0, -2))
    assert found(units, LogFilter(kind="test.noted"), limit=limit) == list(range(19, -1, -1))
    assert found(units, LogFilter(kind="task.completed"), limit=limit) == []
    assert found(units, LogFilter(stream="document:3", actor="anna"), limit=limit) == [18, 8]
    assert found(units, LogFilter(since=since), limit=limit) == [19, 18, 17, 16, 15]
    assert found(units, LogFilter(since=since, until=since + timedelta(hours=2)), limit=limit) == [16, 15]
    assert found(units, LogFilter(address="10.0.0.9"), limit=limit) == list(range(19, 0, -2))
    assert found(units, LogFilter(address="10.0.0.1"), limit=limit) == []


def test_a_search_by_address_stops_and_goes_on(units: UnitFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "AT_ONCE", 2)
    monkeypatch.setattr(log, "LOOKED", 6)
    with units.reading(AUDITOR) as view:
        page = look(view, LogFilter(address="10.0.0.1"))

    assert (page.items, page.looked_to is not None, page.next is not None) == ((), True, True)
    assert found(units, LogFilter(address="10.0.0.9")) == list(range(19, 0, -2))


def test_nobody_but_auditors_looks_through_the_log(units: UnitFactory) -> None:
    with units.reading(ANNA) as view, pytest.raises(Forbidden):
        look(view, LogFilter())


@pytest.fixture
def auditor(app: Flask, add_account: Callable[..., str]) -> FlaskClient:
    add_account("ewa", "auditor", password=PASSWORD, display_name="Ewa Lis")
    browser = app.test_client()
    log_in(browser, name="ewa")
    return browser


def test_the_page_of_the_log_shows_entries_addresses_and_how_they_are_proved(
    application: Application, auditor: FlaskClient
) -> None:
    sequence(application.database.engine)
    sign_checkpoint(application)
    for each in application.units.ports[Publishers]:
        publish_checkpoints(application, each, now=True)
    application.executor.execute(RecordCheck(entries=3, findings=0, with_content=True), actor=SYSTEM)
    sequence(application.database.engine)

    page = auditor.get("/audit?kind=account.logged_in&since=2026-01-05&until=bad").text

    assert "Logged in" in page
    assert "127.0.0.1" in page
    assert "no findings in 3 entries" in page
    assert "the folder" in page
    assert "Everything was checked" in auditor.get("/audit").text


def test_the_page_is_for_auditors(app: Flask, anna: FlaskClient, auditor: FlaskClient) -> None:
    log_in(anna)

    assert anna.get("/audit").status_code == 403
    assert "/audit" not in anna.get("/").text
    assert 'href="/audit"' in auditor.get("/").text
    assert auditor.get("/audit?object=document:1&address=10.1.1.1&actor=x&until=9999-12-31").status_code == 200


def test_the_api_searches_the_log_and_tells_how_it_stands(
    application: Application, program: Callable[..., Program]
) -> None:
    auditor, clerk = program("ewa", "auditor"), program("ola", "sales_rep")
    sequence(application.database.engine)
    sign_checkpoint(application)

    first = auditor.get("/audit/log?kind=account.added&limit=1").json
    second = auditor.get(f"/audit/log?kind=account.added&limit=1&after={first['next']}").json

    assert [each["items"][0]["data"]["name"] for each in (first, second)] == ["ola", "ewa"]
    assert auditor.get("/audit/state").json["signed_size"] > 0
    assert auditor.get("/audit/log?since=yesterday").status_code == 422
    assert clerk.get("/audit/log").status_code == clerk.get("/audit/state").status_code == 403


def test_a_document_s_evidence_names_decisions_and_verifies_offline(
    application: Application, program: Callable[..., Program], auditor: FlaskClient, tmp_path: Path
) -> None:
    clerk = program("ola", "sales_rep")
    upload = {"file": (io.BytesIO(b"first"), "offer.txt"), "title": "Offer"}
    document = clerk.post("/documents", data=upload).json["id"]
    more = {"file": (io.BytesIO(b"second"), "offer.txt")}
    assert clerk.post(f"/documents/{document}/versions", data=more).status_code == 201

    page = auditor.get(f"/audit/documents/{document}").text
    answer = auditor.post(f"/documents/{document}/evidence", data={"csrf_token": form_token(auditor)})
    pack = tmp_path / "pack.zip"
    pack.write_bytes(answer.data)
    answer.close()

    assert "Verified just now" in page
    assert "no decision names it" in page
    with application.database.engine.begin() as connection:
        signer = application.units.ports[KeyFile].signer(connection, application.clock.now())
    report = verify(pack, read_key(str(signer.key)))
    assert report.findings == []
    assert f"3 entries of the document {document}." in report.remarks
    assert clerk.get(f"/documents/{document}").status_code == 200


def test_a_case_s_trail_says_when_and_by_whom_somebody_was_erased(
    application: Application, program: Callable[..., Program], auditor: FlaskClient
) -> None:
    file = DeploymentFile(name="review.bpmn", content=MODEL)
    application.executor.execute(DeployDefinitions(files=(file,)), actor=SYSTEM)
    started = application.executor.execute(StartInstance(definition_key="review"), actor=SYSTEM)
    assert program("jan", "legal").post(f"/tasks/{started.tasks[0].id}/claim").status_code == 200
    assert "Personal data were erased" not in auditor.get(f"/cases/{started.id}/trail").text

    application.executor.execute(ErasePersonalData(subject="account:jan", reason="asked in May"), actor=SYSTEM)

    page = auditor.get(f"/cases/{started.id}/trail").text
    assert "Personal data were erased" in page
    assert "account:jan" in page
    assert "asked in May" in page
    assert "Verified just now" in page


def test_erasing_an_account_reaches_both_of_its_names(application: Application, auditor: FlaskClient) -> None:
    application.executor.execute(ErasePersonalData(subject="account:ewa", reason="asked"), actor=SYSTEM)

    sequence(application.database.engine)
    with application.units.reading(SYSTEM) as view:
        found = [each for each in look(view, LogFilter()).items if each.type.startswith("account.")]
    assert {each.actor_name for each in found if each.actor_id == "ewa"} == {None}
    assert all("display_name" in each.erased for each in found if each.type == "account.added")
    assert b"Ewa Lis" not in auditor.get("/").data
