"""Every route is asked as every role; who is let in is what the reference says."""

from __future__ import annotations

from http import HTTPStatus
from pathlib import Path

from flask import Flask

from tests.rights_matrix import answers, page, routes
from webapp.bootstrap import Application

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "routes.md"
REFUSED = {
    HTTPStatus.FOUND,
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.UNAUTHORIZED,
}  # to the log-in, no form's token, no token


def test_sec_03_every_route_lets_in_the_roles_of_the_reference_and_no_others(
    application: Application, app: Flask
) -> None:
    found = answers(application, app)

    broken = {
        (route, role): code for route, by in found.items() for role, code in by.items() if code >= HTTPStatus(500)
    }
    assert set(broken.values()) <= {HTTPStatus.SERVICE_UNAVAILABLE}, broken
    assert page(app, found) == PAGE.read_text(), (
        "python tools/routes.py writes the reference anew; look at what changed"
    )


def test_nobody_reaches_a_route_without_being_logged_in(app: Flask) -> None:
    browser = app.test_client()
    headers = {"Accept": "application/problem+json"}

    let_in = [
        f"{method} {rule}"
        for method, rule, address in routes(app)
        if (code := browser.open(address, method=method, headers=headers).status_code) not in REFUSED
        or (code == HTTPStatus.BAD_REQUEST and method == "GET")
    ]

    assert not let_in
