"""Whoever knows or guesses the id of another group's thing learns nothing of it and changes nothing."""

from __future__ import annotations

from collections import defaultdict
from http import HTTPStatus
from typing import Any

from flask import Flask
from sqlalchemy import text

from tests.rights_matrix import VARIABLE, bodies, browser_of, values
from tests.web import form_token
from webapp.auth import PUBLIC
from webapp.bootstrap import Application
from webapp.demo import Demo

EACH = 3  # things of a kind that are asked for
OF_CASES = """SELECT document_id FROM document_link GROUP BY document_id
    HAVING every(kind IN ('case', 'task')) ORDER BY document_id DESC LIMIT 3"""
THINGS = {  # what an id in an address names, and where such ids are; customers and what is theirs are for everybody
    "instance_id": "instance",
    "task_id": "work_item",
    "document_id": OF_CASES,
    "hold_id": "legal_hold",
    "payment_id": "payment",
    "invoice_id": "invoice",
    "template_id": "definition",
}
NOTHING = {HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND}
BEFORE = {  # what is wrong with the request is said before anything is looked up
    HTTPStatus.UNPROCESSABLE_ENTITY,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
}
OWN = {("PUT", "/tasks/<id:task_id>/draft")}  # an empty draft is one's own, and is forgotten


def test_sec_03_a_stranger_learns_and_changes_nothing_by_guessing_ids(application: Application, app: Flask) -> None:
    Demo(application, print).fill()
    ids = {name: _ids(application, where) for name, where in THINGS.items()}
    browser = browser_of(application, app, "stranger", "cleaning_crew")
    headers = {"X-CSRFToken": form_token(browser), "Accept": "application/problem+json"}
    right = bodies(app)
    adapter = app.url_map.bind("localhost")

    told: dict[str, set[int]] = defaultdict(set)
    asked = 0
    for rule, method, given in _asked(app, ids):
        body = right.get((method, VARIABLE.sub(r"{\2}", rule.rule)))
        with browser.open(
            adapter.build(rule.endpoint, given, method), method=method, headers=headers, json=body
        ) as got:
            asked += 1
            if got.status_code not in NOTHING | BEFORE:
                told[f"{method} {rule.rule}"].add(got.status_code)

    assert all(ids.values())
    assert asked > len(ids) * EACH
    assert not told


def _asked(app: Flask, ids: dict[str, list[str]]) -> Any:
    for rule in app.url_map.iter_rules():
        named = rule.arguments & ids.keys()
        if rule.endpoint in PUBLIC or not named:
            continue
        for number in range(min(len(ids[name]) for name in named)):
            given = values(rule) | {name: ids[name][number] for name in named}
            for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
                if (method, rule.rule) not in OWN:
                    yield rule, method, given


def _ids(application: Application, where: str) -> list[str]:
    query = where if " " in where else f"SELECT id FROM {where} ORDER BY id DESC LIMIT {EACH}"
    with application.database.engine.connect() as connection:
        return list(connection.execute(text(query)).scalars())
