"""Whoever knows or guesses the id of another group's thing learns nothing of it and changes nothing."""

from __future__ import annotations

import io
from collections import defaultdict
from datetime import timedelta
from http import HTTPStatus
from typing import Any

from flask import Flask
from sqlalchemy import text

from core.identity import SYSTEM
from crm.planning.telling import Telling, tell
from tests.rights_matrix import VARIABLE, bodies, browser_of, values
from tests.web import form_token
from webapp.accounts.people import AddAccount
from webapp.accounts.queries import account_named
from webapp.accounts.tokens import CreateToken
from webapp.auth import PUBLIC
from webapp.bootstrap import Application
from webapp.demo import Demo
from webapp.inbox.filters import KeepTaskFilter

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
TUS = {"Tus-Resumable": "1.0.0", "X-HTTP-Method-Override": "DELETE"}  # without them uploads are not looked up
OWN = {("PUT", "/tasks/<id:task_id>/draft")}  # an empty draft is one's own, and is forgotten


def test_sec_03_a_stranger_learns_and_changes_nothing_by_guessing_ids(application: Application, app: Flask) -> None:
    Demo(application, print).fill()
    ids = {name: _ids(application, where) for name, where in THINGS.items()}

    assert all(ids.values())
    assert not _told(app, browser_of(application, app, "stranger", "cleaning_crew"), ids)


def test_sec_03_what_somebody_has_for_themselves_is_out_of_reach_of_a_colleague_with_the_same_role(
    application: Application, app: Flask
) -> None:
    ids = _own_things(application, app)

    assert all(ids.values())
    assert not _told(app, browser_of(application, app, "colleague", "sales_rep"), ids)


def _own_things(application: Application, app: Flask) -> dict[str, list[str]]:
    """What a sales representative has made for herself, by the name that addresses call it."""
    browser = browser_of(application, app, "owner", "sales_rep")
    headers = {"X-CSRFToken": form_token(browser), "Accept": "application/problem+json"}

    def made(path: str, body: dict[str, Any], name: str = "id") -> str:
        answer = browser.post(f"/api/v1{path}", json=body, headers=headers)
        assert answer.status_code in {HTTPStatus.OK, HTTPStatus.CREATED, HTTPStatus.ACCEPTED}, answer.text
        found = answer.json[-1] if isinstance(answer.json, list) else answer.json
        return str(found[name])

    with application.units.reading(SYSTEM) as view:
        owner = account_named(view, "owner").actor()
    execute = application.executor.execute
    execute(AddAccount(name="deputy", roles=frozenset({"sales_rep"})), actor=SYSTEM)
    file = {"file": (io.BytesIO(b"for my eyes"), "own.txt")}
    document = browser.post("/api/v1/documents", data=file, headers=headers, content_type="multipart/form-data").json
    with application.units.begin(owner) as unit:
        tell(unit, "owner", Telling(key="k", kind="task", title="A word", address="/", due_at=unit.clock.now()))
        unit.commit()
    upload = browser.post("/api/v1/uploads", headers=headers | {"Upload-Length": "9", "Tus-Resumable": "1.0.0"})
    now = application.clock.now()
    away = {"deputy": "deputy", "starts_at": now.isoformat(), "ends_at": (now + timedelta(days=1)).isoformat()}
    token = execute(CreateToken(name="owner", label="mine"), actor=owner)
    return {
        "document_id": [document["id"]],
        "share_id": [made(f"/documents/{document['id']}/shares", {"recipient": "Jan"})],
        "upload_id": [upload.headers["Location"].rsplit("/", 1)[-1]],
        "filter_id": [
            execute(KeepTaskFilter(name="mine", look={}), actor=owner),
            made("/activity-filters", {"name": "mine", "wanted": {}}),
            made("/customer-filters", {"name": "mine", "criteria": {}}),
        ],
        "feed_id": [made("/calendar-feeds", {"label": "phone"})],
        "folder_id": [made("/document-folders", {"name": "mine", "query": "offer"})],
        "export_id": [made("/exports", {"kind": "customers"})],
        "substitution_id": [made("/substitutions", away)],
        "notification_id": _ids(application, "notification"),
        "token_id": [token.id],
        "log_in_id": _ids(application, "account_login"),
    }


def _told(app: Flask, browser: Any, ids: dict[str, list[str]]) -> dict[str, set[int]]:
    """What was answered otherwise than to somebody who may know nothing of it."""
    headers = {"X-CSRFToken": form_token(browser), "Accept": "application/problem+json", **TUS}
    right = bodies(app)
    adapter = app.url_map.bind("localhost")
    told: dict[str, set[int]] = defaultdict(set)
    asked: set[str] = set()
    for rule, method, given in _asked(app, ids):
        body = right.get((method, VARIABLE.sub(r"{\2}", rule.rule)))
        with browser.open(
            adapter.build(rule.endpoint, given, method), method=method, headers=headers, json=body
        ) as got:
            asked |= rule.arguments & ids.keys()
            if got.status_code not in NOTHING | BEFORE:
                told[f"{method} {rule.rule}"].add(got.status_code)
    assert asked == ids.keys()
    return told


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
