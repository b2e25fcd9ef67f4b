"""What tests of the web application share: people, browsers and programs."""

from __future__ import annotations

from collections.abc import Callable
from types import CodeType
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from itsdangerous import URLSafeTimedSerializer
from jinja2.bccache import Bucket, BytecodeCache

PASSWORD = "rzeka-latarnia-47"
WHOLE_FIRM = (  # one person with all of this; the role of administrators alone opens no document, case or customer
    "admin",
    "operator",
    "sales_director",
    "sales_manager",
    "finance_director",
    "records_manager",
    "registrar",
    "auditor",
)


class Templates(BytecodeCache):
    """What templates were compiled to, by their name and what is in them."""

    def __init__(self) -> None:
        self._compiled: dict[tuple[str, str], CodeType] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self._compiled.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        if bucket.code is not None:
            self._compiled[bucket.key, bucket.checksum] = bucket.code


class Program:
    """A client that sends a token with every request."""

    def __init__(self, app: Flask, token: str) -> None:
        self._client = app.test_client()
        self._headers = {"Authorization": f"Bearer {token}"}

    def __getattr__(self, method: str) -> Callable[..., Any]:
        send = getattr(self._client, method)

        def call(path: str, **options: Any) -> Any:
            headers = self._headers | options.pop("headers", {})
            return send(path if path.startswith(("/api", "/healthz")) else f"/api/v1{path}", headers=headers, **options)

        return call


def form_token(browser: FlaskClient) -> str:
    """A valid token for a form of this browser."""
    with browser.session_transaction() as session:
        raw = session.setdefault("csrf_token", "0" * 40)
    return str(URLSafeTimedSerializer(browser.application.secret_key, salt="wtf-csrf-token").dumps(raw))


def log_in(browser: FlaskClient, password: str = PASSWORD, name: str = "anna", **query: str) -> Any:
    data = {"name": name, "password": password, "csrf_token": form_token(browser)}
    return browser.post("/login", data=data, query_string=query)


def post(browser: FlaskClient, address: str, **fields: Any) -> Any:
    """A form sent by a page's script."""
    headers = {"HX-Request": "true", "X-CSRFToken": form_token(browser), "Accept": "application/problem+json"}
    return browser.post(address, data=fields, headers=headers)
