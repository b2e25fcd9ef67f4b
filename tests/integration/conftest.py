"""Fixtures of the web application: an application on a fresh database, people, browsers and programs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from core.clock import FixedClock
from core.identity import SYSTEM
from core.settings import Settings
from tests.installations import Installation, install
from tests.web import PASSWORD, Program, Templates
from webapp import create_app
from webapp.accounts.people import AddAccount
from webapp.accounts.tokens import CreateToken
from webapp.bootstrap import Application, build

Flask.jinja_options = {"bytecode_cache": Templates()}  # each test has an application, all have the same templates


@pytest.fixture(scope="session")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    return install(tmp_path_factory.mktemp("installation"))


@pytest.fixture
def application(database_url: str, tmp_path: Path, clock: FixedClock) -> Iterator[Application]:
    built = build(Settings(database_url=database_url, data=tmp_path / "data"), clock=clock)
    yield built
    built.close()


@pytest.fixture
def app(application: Application) -> Flask:
    return create_app(application)


@pytest.fixture
def add_account(application: Application) -> Callable[..., str]:
    def add(name: str, *roles: str, password: str | None = None, display_name: str = "") -> str:
        command = AddAccount(name=name, roles=frozenset(roles), password=password, display_name=display_name)
        return str(application.executor.execute(command, actor=SYSTEM))

    return add


@pytest.fixture
def program(application: Application, app: Flask, add_account: Callable[..., str]) -> Callable[..., Program]:
    """A program that acts as a new account with these roles."""

    def make(name: str, *roles: str) -> Program:
        add_account(name, *roles)
        token = application.executor.execute(CreateToken(name=name), actor=SYSTEM).token
        return Program(app, token)

    return make


@pytest.fixture
def anna(app: Flask, add_account: Callable[..., str]) -> FlaskClient:
    """A browser, not logged in, of Anna, who has an account with PASSWORD."""
    add_account("anna", "sales_rep", password=PASSWORD, display_name="Anna Nowak")
    return app.test_client()
