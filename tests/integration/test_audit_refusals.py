"""Refusals and failed log-ins stand in the trail, with account, address and number; nobody can flood it with them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, text

from audit.queries import Entry, entries
from audit.refusals import MOST, NOBODY, Refusal, count_refusal
from core.clock import FixedClock
from core.identity import SYSTEM
from tests.web import Program, form_token, log_in
from webapp import create_app
from webapp.accounts.people import CloseAccount
from webapp.bootstrap import Application
from webapp.refusals import tell_refusals


def told(application: Application, account: str) -> list[Entry]:
    """What the trail says after the minute is over."""
    assert isinstance(application.clock, FixedClock)
    application.clock.advance(timedelta(minutes=1))
    tell_refusals(application)
    with application.units.reading(SYSTEM) as view:
        return list(entries(view, stream=f"access:{account}").items)


def test_a_failed_log_in_is_told_with_address_and_account(
    application: Application, anna: FlaskClient, app: Flask
) -> None:
    log_in(anna, password="wrong")

    (entry,) = told(application, "anna")

    assert (entry.type, entry.actor_id, entry.actor_address) == ("access.log_in_failed", NOBODY, "127.0.0.1")
    assert (entry.data["code"], entry.data["number"]) == ("wrong_credentials", 1)


def test_what_was_typed_as_a_name_is_not_kept_when_nobody_is_called_so(
    application: Application, anna: FlaskClient
) -> None:
    log_in(anna, name="my-secret-password", password="x")

    (entry,) = told(application, NOBODY)

    assert entry.data["account"] is None
    with application.database.engine.connect() as connection:
        kept = connection.scalars(text("SELECT convert_from(content, 'UTF8') FROM audit_entry"))
        assert not any("my-secret-password" in each for each in kept)


def test_who_is_locked_out_is_told_too(application: Application, anna: FlaskClient) -> None:
    for _ in range(8):
        log_in(anna, password="wrong")

    found = {entry.data["code"]: entry.data["number"] for entry in told(application, "anna")}

    assert found == {"wrong_credentials": 5, "too_many_attempts": 3}


def test_a_missing_right_is_told_once_a_minute_with_its_number(
    application: Application, program: Callable[..., Program]
) -> None:
    clerk = program("ola", "sales_rep")
    for _ in range(5):
        assert clerk.get("/audit/entries").status_code == 403
    assert clerk.get("/audit/checkpoint").status_code == 403

    found = told(application, "ola")

    assert sorted((each.type, each.actor_id, each.data["what"], each.data["number"]) for each in found) == [
        ("access.refused", "ola", "GET /api/v1/audit/checkpoint", 1),
        ("access.refused", "ola", "GET /api/v1/audit/entries", 5),
    ]
    assert found[0].data["since"] <= found[0].data["until"]
    assert told(application, "ola") == found


def test_a_token_that_is_not_valid_is_told(application: Application, app: Flask) -> None:
    assert Program(app, "obieg_nonsense").get("/tasks").status_code == 401

    (entry,) = told(application, NOBODY)

    assert (entry.type, entry.actor_address) == ("access.token_refused", "127.0.0.1")


def test_a_calendars_address_that_opens_nothing_is_told_without_its_secret(
    application: Application, app: Flask, program: Callable[..., Program]
) -> None:
    ewa, stranger = program("ewa", "sales_rep"), app.test_client()
    made: Any = ewa.post("/calendar-feeds", json={"label": "Phone"}).json
    address = f"/calendar/feeds/{made['secret']}.ics"
    assert stranger.get(address).status_code == 200
    ewa.post(f"/calendar-feeds/{made['id']}/revoke")

    answers = [stranger.get(each).status_code for each in (address, "/calendar/feeds/guessed.ics", "/answer/guessed")]

    assert answers == [404, 404, 404]
    unknown = told(application, NOBODY)
    (revoked,) = [each for each in told(application, "ewa") if each.type.startswith("access")]
    expected = ("access.address_refused", NOBODY, "GET /calendar/feeds/<secret>.ics", "feed_not_found")
    assert (revoked.type, revoked.actor_id, revoked.data["what"], revoked.data["code"]) == expected
    assert sorted((each.data["account"], each.data["what"]) for each in unknown) == [
        (None, "GET /answer/<token>"),
        (None, "GET /calendar/feeds/<secret>.ics"),
    ]


def test_a_calendar_of_somebody_who_left_is_refused_and_told(
    application: Application, app: Flask, program: Callable[..., Program]
) -> None:
    made: Any = program("ewa", "sales_rep").post("/calendar-feeds", json={"label": "Phone"}).json
    application.executor.execute(CloseAccount(name="ewa"), actor=SYSTEM)

    answer = app.test_client().get(f"/calendar/feeds/{made['secret']}.ics")

    assert answer.status_code == 404
    assert [each.type for each in told(application, "ewa")] == ["access.address_refused"]


def test_a_command_that_is_refused_is_told(application: Application, program: Callable[..., Program]) -> None:
    auditor = program("ewa", "auditor")

    answer: Any = auditor.post("/customers", json={"name": "ACME", "country": "PL"})

    assert answer.status_code == 403
    assert [each.data["what"] for each in told(application, "ewa")] == ["POST /api/v1/customers"]


def test_a_log_out_stands_in_the_trail_with_its_address(
    application: Application, anna: FlaskClient, app: Flask
) -> None:
    log_in(anna)
    anna.post("/logout", data={"csrf_token": form_token(anna)})

    with application.units.reading(SYSTEM) as view:
        found = [each for each in entries(view, limit=1000).items if each.type.startswith("account.logged")]
    assert [(each.type, each.actor_id, each.actor_address) for each in found] == [
        ("account.logged_in", "anna", "127.0.0.1"),
        ("account.logged_out", "anna", "127.0.0.1"),
    ]


def test_a_flood_is_counted_not_stored(engine: Engine, clock: FixedClock) -> None:
    for number in range(MOST + 50):
        address = f"10.0.{number // 256}.{number % 256}"
        refusal = Refusal(kind="log_in", account=None, address=address, what="POST /login", alike="x", code="wrong")
        count_refusal(engine, clock, refusal)

    with engine.connect() as connection:
        query = "SELECT count(*), sum(number), max(number) FROM audit_refusal"
        assert tuple(connection.execute(text(query)).one()) == (MOST + 1, MOST + 50, 50)


@pytest.mark.parametrize(("proxies", "address"), [(0, "127.0.0.1"), (1, "203.0.113.9"), (2, "198.51.100.4")])
def test_the_address_is_the_one_that_trusted_proxies_tell(
    application: Application, anna: FlaskClient, proxies: int, address: str
) -> None:
    behind = create_app(replace(application, settings=replace(application.settings, trusted_proxies=proxies)))
    behind.testing = True
    headers = {"Authorization": "Bearer obieg_nonsense", "X-Forwarded-For": "198.51.100.4, 203.0.113.9"}

    behind.test_client().get("/api/v1/tasks", headers=headers)

    assert [each.actor_address for each in told(application, NOBODY)] == [address]
