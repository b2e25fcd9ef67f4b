from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from core.identity import SYSTEM
from core.settings import Settings
from webapp import create_app
from webapp.accounts.people import AddAccount, CloseAccount, SetPassword
from webapp.bootstrap import Application, build

PASSWORD = "rzeka-latarnia-47"


@pytest.fixture
def application(database_url: str, tmp_path: Path) -> Iterator[Application]:
    built = build(Settings(database_url=database_url, data=tmp_path))
    yield built
    built.close()


@pytest.fixture
def app(application: Application) -> Flask:
    command = AddAccount(name="anna", display_name="Anna Nowak", roles=frozenset({"sales_rep"}), password=PASSWORD)
    application.executor.execute(command, actor=SYSTEM)
    return create_app(application)


@pytest.fixture
def browser(app: Flask) -> FlaskClient:
    return app.test_client()


def form_token(browser: FlaskClient) -> str:
    with browser.session_transaction() as session:
        session.setdefault("csrf_token", "0" * 40)
        raw = session["csrf_token"]
    from itsdangerous import URLSafeTimedSerializer

    return str(URLSafeTimedSerializer(browser.application.secret_key, salt="wtf-csrf-token").dumps(raw))


def log_in(browser: FlaskClient, password: str = PASSWORD, name: str = "anna", **query: str):
    data = {"name": name, "password": password, "csrf_token": form_token(browser)}
    return browser.post("/login", data=data, query_string=query)


def test_the_right_password_opens_the_pages(browser: FlaskClient) -> None:
    answer = log_in(browser, next="/cases?state=running")

    assert answer.status_code == 302
    assert answer.location == "/cases?state=running"
