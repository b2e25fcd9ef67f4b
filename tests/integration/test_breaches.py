"""The register of personal-data breaches keeps the time limits of the law and closes nothing that is not done."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask

from audit.queries import entries
from core.clock import FixedClock
from tests.offer_case import AUDITOR
from tests.web import PASSWORD, Program, form_token, log_in
from webapp.bootstrap import Application

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
LOST: dict[str, Any] = {
    "title": "Laptop lost",
    "discovered_at": "2026-03-01T12:00:00+00:00",
    "happened": "It was left on the train.",
    "kinds": ["confidentiality", "availability"],
    "risk": "risk",
    "data": "Addresses of customers",
    "people": 120,
}
DONE = {"measures": "Wiped from afar", "notified_at": "2026-03-02T10:00:00+00:00", "reference": "UODO 7/26"}


@pytest.fixture
def keeper(program: Callable[..., Program], clock: FixedClock) -> Program:
    clock.set(NOON)
    return program("kazik", "records_manager")


def recorded(keeper: Program, **changes: Any) -> str:
    made = keeper.post("/breaches", json=LOST | changes)
    assert made.status_code == 201, made.json
    return str(made.json["id"])


def test_sec_04_a_breach_is_due_72_hours_after_its_discovery_unless_there_is_no_risk(
    keeper: Program, clock: FixedClock
) -> None:
    told, untold, harmless = recorded(keeper), recorded(keeper), recorded(keeper, risk="none")
    keeper.patch(f"/breaches/{told}", json=DONE)
    assert keeper.get(f"/breaches/{untold}").json["due_at"].startswith("2026-03-04T12:00:00")
    clock.advance(timedelta(hours=48))
    before = {each["id"]: each["is_overdue"] for each in keeper.get("/breaches").json["items"]}
    clock.advance(timedelta(seconds=1))
    after = {each["id"]: each["is_overdue"] for each in keeper.get("/breaches").json["items"]}

    assert before == {told: False, untold: False, harmless: False}
    assert after == {told: False, untold: True, harmless: False}
    assert [each["number"] for each in keeper.get("/breaches").json["items"]] == [3, 2, 1]


@pytest.mark.parametrize(
    ("first", "then", "wanted"),
    [
        ({}, {}, {"/measures", "/notified_at"}),
        ({"risk": "none"}, {"measures": "x"}, {"/notified_at"}),
        ({"risk": "none"}, {"measures": "x", "why_not_notified": "It was encrypted"}, set()),
        ({}, {"measures": "x", "why_not_notified": "It was encrypted"}, {"/notified_at"}),
        ({}, DONE, set()),
        ({"discovered_at": "2026-02-20T12:00:00+00:00"}, DONE, {"/why_late"}),
        ({"discovered_at": "2026-02-20T12:00:00+00:00"}, DONE | {"why_late": "Nobody knew whose it was"}, set()),
        ({"risk": "high"}, DONE, {"/informed_at"}),
        ({"risk": "high"}, DONE | {"informed_at": "2026-03-02T11:00:00+00:00"}, set()),
    ],
)
def test_sec_04_a_breach_is_closed_only_when_it_says_what_the_law_asks_for(
    keeper: Program, first: dict[str, Any], then: dict[str, Any], wanted: set[str]
) -> None:
    breach = recorded(keeper, **first)
    assert keeper.patch(f"/breaches/{breach}", json=then).status_code == 200

    closed = keeper.post(f"/breaches/{breach}/close", json={})

    assert closed.status_code == (422 if wanted else 200)
    if wanted:
        assert set(closed.json["details"]["fields"]) == wanted
    else:
        assert keeper.patch(f"/breaches/{breach}", json={"people": 3}).json["code"] == "breach_closed"
    assert (keeper.get(f"/breaches/{breach}").json["closed_at"] is None) == bool(wanted)


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"title": " "}, "/title"),
        ({"kinds": []}, "/kinds"),
        ({"kinds": ["confidentiality", "honour"]}, "/kinds"),
        ({"risk": "some"}, "/risk"),
        ({"people": -1}, "/people"),
        ({"discovered_at": "2026-03-02T12:00:01+00:00"}, "/discovered_at"),
        ({"discovered_at": "2026-03-01T12:00:00"}, "/discovered_at"),
        ({"notified_at": "2026-02-28T12:00:00+00:00"}, "/notified_at"),
        ({"happened": "x" * 10_001}, "/happened"),
    ],
)
def test_sec_04_an_entry_that_makes_no_sense_is_refused(keeper: Program, changes: dict[str, Any], pointer: str) -> None:
    refused = keeper.post("/breaches", json=LOST | changes)

    assert (refused.status_code, list(refused.json["details"]["fields"])) == (422, [pointer])
    assert keeper.get("/breaches").json["total"] == 0


def test_sec_04_every_change_of_a_breach_stands_in_the_trail_and_nobody_overwrites_another(
    application: Application, keeper: Program
) -> None:
    breach = recorded(keeper)

    keeper.patch(f"/breaches/{breach}", json={"people": 130, "expected_version": 1})
    again = keeper.patch(f"/breaches/{breach}", json={"people": 130, "expected_version": 2})
    late = keeper.patch(f"/breaches/{breach}", json={"people": 5, "expected_version": 1})

    assert (again.json["version"], late.status_code) == (2, 409)
    with application.units.reading(AUDITOR) as view:
        found = [each for each in entries(view, limit=200).items if each.stream == f"breach:{breach}"]
    assert {each.type: each.data.get("changes") for each in found} == {
        "breach.recorded": None,
        "breach.changed": {"people": [120, 130]},
    }


def test_sec_04_only_who_keeps_the_register_sees_it(program: Callable[..., Program], keeper: Program) -> None:
    breach = recorded(keeper)
    clerk = program("ewa", "sales_rep")

    assert clerk.get("/breaches").status_code == 403
    assert clerk.get(f"/breaches/{breach}").status_code == 403
    assert clerk.post("/breaches", json=LOST).status_code == 403
    assert clerk.patch(f"/breaches/{breach}", json={"people": 1}).status_code == 403
    assert clerk.post(f"/breaches/{breach}/close", json={}).status_code == 403
    assert keeper.get("/breaches/01HZZZZZZZZZZZZZZZZZZZZZZZ").status_code == 404


def test_sec_04_a_breach_is_recorded_and_closed_in_the_browser(
    app: Flask, add_account: Callable[..., str], clock: FixedClock
) -> None:
    clock.set(NOON)
    add_account("kazik", "records_manager", password=PASSWORD)
    client = app.test_client()
    log_in(client, name="kazik")
    form = {"csrf_token": form_token(client), **LOST, "discovered_at": "2026-03-01T13:00", "title": "Laptop <lost>"}

    refused = client.post("/breaches", data=form | {"happened": ""})
    made = client.post("/breaches", data=form)
    page = client.get(made.location).text
    unfinished = client.post(made.location, data=form | {"close": "1", "measures": "Wiped"})
    done = form | {"close": "1", "measures": "Wiped", "notified_at": "2026-03-02T11:00"}
    closed = client.post(made.location, data=done, follow_redirects=True)

    assert refused.status_code == 422
    assert "What happened is missing." in refused.text
    assert "Addresses of customers" in refused.text
    assert "48 hours are left" in page
    assert "Laptop &lt;lost&gt;" in page
    assert unfinished.status_code == 422
    assert "the authority has to be told" in unfinished.text
    assert "It stays as it is." in closed.text
    assert "closed" in client.get("/breaches").text
