from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from itsdangerous import URLSafeTimedSerializer
from sqlalchemy import Engine, inspect, literal_column, select, text

from core.clock import FixedClock
from core.identity import SYSTEM
from tests.web import PASSWORD, form_token, log_in
from webapp import create_app
from webapp.accounts.people import CloseAccount, SetPassword, SetRoles
from webapp.accounts.tokens import CreateToken
from webapp.bootstrap import Application

JSON = {"Accept": "application/json"}


def is_in(browser: FlaskClient) -> bool:
    return bool(browser.get("/api/v1/products").status_code == 200)


def test_the_right_password_opens_the_pages(anna: FlaskClient) -> None:
    answer = log_in(anna, next="/cases?state=running")

    assert answer.status_code == 302
    assert answer.location == "/cases?state=running"
    assert is_in(anna)


@pytest.mark.parametrize(
    "target", ["//evil.example", "https://evil.example/", "/\\evil.example", "/\t/evil.example", ""]
)
def test_the_log_in_never_leads_to_another_site(anna: FlaskClient, target: str) -> None:
    answer = log_in(anna, next=target)

    assert answer.location == "/"


@pytest.mark.parametrize("name", ["anna", "nobody", "an\0na", "żółw", ""])
def test_a_wrong_password_says_the_same_for_known_and_unknown_names(anna: FlaskClient, name: str) -> None:
    answer = log_in(anna, "wrong", name=name)

    assert answer.status_code == 401
    assert "Name or password is wrong." in answer.text
    assert not is_in(anna)


def test_many_failures_make_everybody_wait_and_the_wait_ends(anna: FlaskClient, clock: FixedClock) -> None:
    for _ in range(6):
        answer = log_in(anna, "wrong")

    assert answer.status_code == 429 or log_in(anna).status_code == 429
    refused = log_in(anna)
    assert int(refused.headers["Retry-After"]) >= 1
    clock.advance(timedelta(minutes=15))
    assert log_in(anna).status_code == 302


def test_logging_out_ends_a_copied_cookie_too(app: Flask, anna: FlaskClient) -> None:
    log_in(anna)
    cookie = anna.get_cookie("obieg")
    assert cookie is not None
    thief = app.test_client()
    thief.set_cookie("obieg", cookie.value)
    assert is_in(thief)

    anna.post("/logout", data={"csrf_token": form_token(anna)})

    assert not is_in(thief)


def test_a_log_in_ends_by_itself(anna: FlaskClient, clock: FixedClock) -> None:
    log_in(anna)

    clock.advance(timedelta(hours=13))

    assert not is_in(anna)


@pytest.mark.parametrize("command", [CloseAccount(name="anna"), SetPassword(name="anna", password="inny-zamek-2026")])
def test_closing_an_account_or_changing_its_password_logs_out(
    application: Application, anna: FlaskClient, command: Any
) -> None:
    log_in(anna)

    application.executor.execute(command, actor=SYSTEM)

    assert not is_in(anna)


def test_a_change_of_roles_holds_at_the_next_request(application: Application, anna: FlaskClient) -> None:
    log_in(anna)

    application.executor.execute(SetRoles(name="anna", roles=frozenset()), actor=SYSTEM)

    assert anna.get("/api/v1/products").status_code == 403


def test_somebody_who_is_not_logged_in_is_led_to_the_log_in(anna: FlaskClient) -> None:
    answer = anna.get("/api/v1/products")

    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_form_without_a_token_changes_nothing(anna: FlaskClient) -> None:
    answer = anna.post("/login", data={"name": "anna", "password": PASSWORD})

    assert answer.status_code == 400
    assert "open for too long" in answer.text
    assert not is_in(anna)


def test_an_expired_token_is_refused_with_a_plain_sentence(app: Flask, anna: FlaskClient) -> None:
    log_in(anna)
    token = form_token(anna)
    app.config["WTF_CSRF_TIME_LIMIT"] = -1

    answer = anna.post("/api/v1/customers", json={}, headers={"X-CSRFToken": token})

    assert answer.status_code == 400
    assert answer.json["code"] == "form_expired"
    assert "Nothing was changed" in answer.json["detail"]


def test_what_was_typed_into_an_expired_form_can_be_sent_again(app: Flask, anna: FlaskClient) -> None:
    log_in(anna)
    form = {"csrf_token": form_token(anna), "text": "Długa uwaga <b>z trudem</b> napisana", "password": "secret"}
    app.config["WTF_CSRF_TIME_LIMIT"] = -1

    answer = anna.post("/logout?from=here", data=form, headers={"Sec-Fetch-Site": "same-origin"})

    assert answer.status_code == 400
    assert "Długa uwaga &lt;b&gt;z trudem" in answer.text
    assert 'action="/logout?from=here"' in answer.text
    assert "secret" not in answer.text
    assert 'name="csrf_token"' in answer.text


def test_a_form_of_another_site_is_not_offered_again(app: Flask, anna: FlaskClient) -> None:
    log_in(anna)

    answer = anna.post("/logout", data={"text": "planted"}, headers={"Sec-Fetch-Site": "cross-site"})

    assert answer.status_code == 400
    assert "planted" not in answer.text


def test_what_was_typed_survives_the_end_of_the_log_in(anna: FlaskClient) -> None:
    answer = anna.post("/offers", data={"text": "uwaga"}, headers={"Origin": "http://localhost"})

    assert answer.status_code == 401
    assert "uwaga" in answer.text
    assert 'href="/login"' in answer.text


def test_a_token_of_another_session_is_refused(anna: FlaskClient) -> None:
    log_in(anna)
    foreign = URLSafeTimedSerializer(anna.application.secret_key, salt="wtf-csrf-token").dumps("1" * 40)

    answer = anna.post("/api/v1/customers", json={}, headers={"X-CSRFToken": foreign})

    assert answer.json["code"] == "form_expired"


def test_the_browser_may_use_the_api_with_its_token_in_the_header(anna: FlaskClient) -> None:
    log_in(anna)

    answer = anna.post("/api/v1/customers", json={}, headers={"X-CSRFToken": form_token(anna)})

    assert answer.status_code == 422


def test_cookies_and_headers_are_safe(anna: FlaskClient) -> None:
    answer = log_in(anna)

    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    policy = answer.headers["Content-Security-Policy"]
    assert "script-src 'self';" in policy
    assert "frame-ancestors 'none'" in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "no-store"


def test_behind_https_cookies_never_leave_it(application: Application) -> None:
    settings = replace(application.settings, secure_cookies=True)
    browser = create_app(replace(application, settings=settings)).test_client()

    answer = browser.get("/login", base_url="https://localhost")

    assert "Secure" in answer.headers["Set-Cookie"].split("; ")
    assert "max-age=" in answer.headers["Strict-Transport-Security"]


def test_no_typed_name_password_or_token_is_readable_in_the_database(
    application: Application, anna: FlaskClient
) -> None:
    token = application.executor.execute(CreateToken(name="anna"), actor=SYSTEM).token
    log_in(anna, "typed-into-the-password", name="typed-into-the-name")
    log_in(anna)

    content = "\n".join(everything_in(application.database.engine))

    assert "Anna Nowak" in content
    for secret in (PASSWORD, token, "typed-into-the-password", "typed-into-the-name"):
        assert secret not in content


def everything_in(engine: Engine) -> Iterator[str]:
    """Each row of each table as text."""
    with engine.connect() as connection:
        for name in inspect(connection).get_table_names():
            yield from connection.scalars(select(literal_column("t::text")).select_from(text(f'"{name}" t')))
