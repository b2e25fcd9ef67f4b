"""One's own account and everybody's: pass-words, browsers, tokens with few rights, roles, and why something is seen."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from core.errors import InvalidInput
from core.identity import SYSTEM
from tests.integration.test_auth_browser import is_in
from tests.integration.test_second_factor import send
from tests.web import PASSWORD, Program, form_token, log_in
from webapp.accounts.people import AddAccount
from webapp.accounts.tokens import CreateToken
from webapp.bootstrap import Application

NEW = "inny-zamek-2026"


@pytest.fixture
def root(application: Application, app: Flask) -> FlaskClient:
    roles = frozenset({"admin"})
    application.executor.execute(AddAccount(name="root", roles=roles, password=PASSWORD), actor=SYSTEM)
    browser = app.test_client()
    log_in(browser, name="root")
    return browser


def make_token(browser: FlaskClient, **fields: Any) -> str:
    data = {"csrf_token": form_token(browser), "label": "nightly", "days": "30"} | fields
    page = browser.post("/account/tokens", data=data).text
    shown = re.search(r'id="new-token">(obieg_[^<]+)<', page)
    assert shown, page
    return shown[1]


def test_a_changed_password_logs_out_the_other_browsers_and_keeps_this_one(app: Flask, anna: FlaskClient) -> None:
    other = app.test_client()
    log_in(anna)
    log_in(other)

    answer = send(anna, "/account/password", current=PASSWORD, password=NEW, again=NEW)

    assert answer.status_code == 302
    assert is_in(anna)
    assert not is_in(other)
    assert log_in(app.test_client(), NEW).status_code == 302


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"current": "wrong", "password": NEW, "again": NEW}, "current password is wrong"),
        ({"current": PASSWORD, "password": NEW, "again": NEW + "x"}, "typed in two ways"),
        ({"current": PASSWORD, "password": "short", "again": "short"}, "needs at least"),
    ],
)
def test_a_password_that_cannot_be_changed_says_why(anna: FlaskClient, fields: dict[str, str], said: str) -> None:
    log_in(anna)

    answer = send(anna, "/account/password", **fields)

    assert answer.status_code == 422
    assert said in answer.text
    assert NEW not in answer.text
    assert log_in(anna).status_code == 302


def test_a_stolen_browser_cannot_guess_the_password(anna: FlaskClient) -> None:
    log_in(anna)

    answers = [
        send(anna, "/account/password", current=f"guess {number}", password=NEW, again=NEW).status_code
        for number in range(7)
    ]

    assert answers[0] == 422
    assert answers[-1] == 429


def test_browsers_are_listed_and_logged_out_one_by_one(app: Flask, anna: FlaskClient) -> None:
    phone = app.test_client()
    phone.environ_base["HTTP_USER_AGENT"] = "Mozilla/5.0 (Linux; Android 15) Chrome/141.0 Mobile Safari/537.36"
    log_in(anna)
    log_in(phone)

    page = anna.get("/account").text
    (address,) = re.findall(r'action="(/account/log-ins/[^/"]{26}/end)"', page)
    assert "Chrome on Android" in page
    assert send(anna, address).status_code == 302

    assert not is_in(phone)
    assert is_in(anna)


def test_nobody_ends_a_log_in_or_revokes_a_token_of_somebody_else(
    application: Application, app: Flask, anna: FlaskClient
) -> None:
    log_in(anna)
    token = application.executor.execute(CreateToken(name="anna"), actor=SYSTEM)
    phone = app.test_client()
    log_in(phone)
    (log_in_address,) = re.findall(r'action="(/account/log-ins/[^/"]{26}/end)"', anna.get("/account").text)
    application.executor.execute(
        AddAccount(name="ewa", roles=frozenset({"sales_rep"}), password=PASSWORD), actor=SYSTEM
    )
    ewa = app.test_client()
    log_in(ewa, name="ewa")

    assert send(ewa, f"/account/tokens/{token.id}/revoke").status_code == 404
    assert send(ewa, log_in_address).status_code == 404

    assert is_in(phone)
    assert Program(app, token.token).get("/products").status_code == 200


def test_a_token_of_ones_own_works_and_is_revoked(app: Flask, anna: FlaskClient) -> None:
    log_in(anna)
    token = make_token(anna)
    assert Program(app, token).get("/products").status_code == 200
    assert token not in anna.get("/account").text

    (address,) = re.findall(r'action="(/account/tokens/[^"]+/revoke)"', anna.get("/account").text)
    send(anna, address)

    assert Program(app, token).get("/products").status_code == 401


def test_a_limited_token_has_its_rights_alone(app: Flask, anna: FlaskClient) -> None:
    log_in(anna)

    token = make_token(anna, limited="yes", scopes=["customer.read"])

    program = Program(app, token)
    assert program.get("/products").status_code == 200
    assert program.post("/customers", json={"name": "Nowa", "country": "PL"}).status_code == 403
    full = Program(app, make_token(anna))
    assert full.post("/customers", json={"name": "Nowa", "country": "PL"}).status_code == 201


def test_a_token_gets_no_right_that_its_account_has_not(anna: FlaskClient) -> None:
    log_in(anna)

    answer = send(anna, "/account/tokens", label="more", days="30", limited="yes", scopes="account.administer")

    assert answer.status_code == 422
    assert "does not have the right account.administer" in answer.text


def test_a_token_cannot_reach_the_pages_of_its_account(app: Flask, application: Application, anna: FlaskClient) -> None:
    token = application.executor.execute(CreateToken(name="anna", scopes=frozenset()), actor=SYSTEM).token
    headers = {"Authorization": f"Bearer {token}"}

    for address in ("/account/tokens", "/account/second-factor", "/account/password"):
        assert anna.post(address, data={"label": "all rights"}, headers=headers).status_code == 403
    assert anna.get("/account", headers=headers).status_code == 403


def test_an_administrator_adds_somebody_changes_roles_and_closes(app: Flask, root: FlaskClient) -> None:
    made = root.post(
        "/people",
        data={
            "csrf_token": form_token(root),
            "name": "jan",
            "display_name": "Jan Łoś",
            "password": PASSWORD,
            "roles": ["sales_rep"],
            "more": "sales_north, sales_south",
        },
    )
    assert made.location == "/people/jan"
    jan = app.test_client()
    assert log_in(jan, name="jan").status_code == 302
    page = root.get("/people/jan").text
    assert "Jan Łoś" in page
    assert "sales_north, sales_south" in page

    send(root, "/people/jan/roles", roles="auditor")
    assert "audit.read" in root.get("/people/jan").text
    send(root, "/people/jan/close")

    assert not is_in(jan)
    assert log_in(app.test_client(), name="jan").status_code == 401
    send(root, "/people/jan/reopen")
    assert log_in(app.test_client(), name="jan").status_code == 302


def test_administrators_cannot_lock_themselves_out(root: FlaskClient) -> None:
    answer = send(root, "/people/root/close")

    assert answer.status_code == 409
    assert root.get("/people").status_code == 200


@pytest.mark.parametrize("name", ["anna", "root"])
def test_only_who_administers_accounts_sees_those_of_others(
    application: Application, anna: FlaskClient, root: FlaskClient, name: str
) -> None:
    log_in(anna)

    browser = {"anna": anna, "root": root}[name]
    answers = {browser.get(address).status_code for address in ("/people", "/people/root")}
    assert answers == ({403} if name == "anna" else {200})
    if name == "anna":
        for action in ("roles", "profile", "password", "close", "reopen", "second-factor"):
            assert send(anna, f"/people/root/{action}", password=NEW).status_code == 403


def test_it_is_explained_why_a_document_is_seen_or_not(
    application: Application, app: Flask, anna: FlaskClient, root: FlaskClient, add_account: Callable[..., str]
) -> None:
    add_account("tech", "technical_reviewer")
    log_in(anna)
    files = {"file": (io.BytesIO(b"words"), "letter.txt"), "csrf_token": form_token(anna)}
    filed = anna.post(
        "/api/v1/documents", data=files, headers={"X-CSRFToken": form_token(anna)}, content_type="multipart/form-data"
    )
    assert filed.status_code == 201, filed.text
    address = f"/documents/{filed.json['id']}"

    seen = root.get("/people/anna", query_string={"about": address}).text
    unseen = root.get("/people/tech", query_string={"about": f"https://obieg.example{address}?n=1"}).text

    assert "sees it" in seen
    assert "It was filed by anna." in seen
    assert "does not see it" in unseen
    assert "letter" not in unseen.split('id="why"')[1].split("</div>")[0]
    assert "no address of a case" in root.get("/people/anna", query_string={"about": "/nonsense"}).text


@pytest.mark.parametrize("name", ["recipient", "Recipient", "system", "anonymous"])
def test_nobody_is_called_as_the_trail_calls_those_without_an_account(application: Application, name: str) -> None:
    with pytest.raises(InvalidInput, match="what the trail calls somebody without an account"):
        application.executor.execute(AddAccount(name=name), actor=SYSTEM)
