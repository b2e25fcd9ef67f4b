from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from core.errors import Unavailable
from core.settings import Settings
from crm.customers import CreateCustomer
from crm.profiles import Profile
from tests.web import Program
from webapp import create_app
from webapp.bootstrap import build
from webapp.web import run

NOWHERE = "postgresql://nobody@127.0.0.1:1/none"


def test_without_its_database_a_process_lives_but_is_not_ready(tmp_path: Path) -> None:
    application = build(Settings(database_url=NOWHERE, data=tmp_path))
    browser = create_app(application).test_client()

    ready = browser.get("/readyz", headers={"Accept": "*/*"})  # as monitors ask
    asked = browser.get("/api/v1/tasks", headers={"Authorization": "Bearer obieg_x"})
    page = browser.get("/", headers={"Accept": "text/html"})

    assert browser.get("/healthz").status_code == 200
    assert ready.status_code == 503
    assert "does not answer" in ready.json["details"]["parts"]["database"]
    assert (asked.status_code, asked.json["code"]) == (503, "unavailable")
    assert int(asked.headers["Retry-After"]) > 0
    assert "Traceback" not in page.text
    application.close()


def test_a_surprise_shows_a_reference_and_no_stack_trace(tmp_path: Path, database_url: str) -> None:
    application = build(Settings(database_url=database_url, data=tmp_path))
    app = create_app(application)
    app.view_functions["auth.log_in"] = lambda: 1 / 0

    for accept in ("application/json", "text/html"):
        answer = app.test_client().get("/login", headers={"Accept": accept})

        assert answer.status_code == 500
        assert "reference" in answer.text
        assert "ZeroDivisionError" not in answer.text
        assert "Traceback" not in answer.text
    application.close()


@pytest.mark.parametrize("trouble", [Unavailable("The database is away. Nothing was changed."), ZeroDivisionError()])
def test_what_was_saved_is_not_called_unchanged(
    app: Flask, program: Callable[..., Program], trouble: Exception
) -> None:
    rep = program("ewa", "sales_rep")
    rules = [rule for rule in app.url_map.iter_rules() if rule.rule == "/api/v1/customers" and "POST" in rule.methods]

    def lose_the_answer(**_: Any) -> None:
        run(CreateCustomer(profile=Profile(name="Tartak", country="PL")))
        raise trouble

    app.view_functions[rules[0].endpoint] = lose_the_answer
    answer = rep.post("/customers", json={})

    assert answer.status_code in {500, 503}
    assert "What you sent was saved" in answer.json["detail"]
    assert "Nothing was changed" not in answer.json["detail"]
    assert "Retry-After" not in answer.headers
    assert rep.get("/customers").json["total"] == 1


def test_the_secret_key_is_made_once_and_readable_by_its_owner_alone(tmp_path: Path, database_url: str) -> None:
    first = build(Settings(database_url=database_url, data=tmp_path))
    second = build(Settings(database_url=database_url, data=tmp_path))

    assert first.secret_key == second.secret_key
    assert len(first.secret_key) > 40
    assert (tmp_path / "secret.key").stat().st_mode & 0o777 == 0o600
    first.close()
    second.close()
