"""Whoever sees only their own customers, or their team's, sees nothing of the others: by no route and no list."""

from __future__ import annotations

import re
from collections import defaultdict
from http import HTTPStatus
from typing import Any

from flask import Flask
from sqlalchemy import text

from core.identity import SYSTEM
from crm.access import READ
from crm.confining import paths
from tests.rights_matrix import VARIABLE, bodies, browser_of, values
from tests.web import form_token
from webapp.accounts.scopes import SetScopes
from webapp.auth import PUBLIC
from webapp.bootstrap import Application
from webapp.demo import Demo

LOOKED_AT = {"task_id", "instance_id", "document_id"}  # whoever takes an offered task sees more, so nothing is sent
EACH = 2  # rows of a table that are asked for
SAID = {HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND}
HARMLESS = SAID | {HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.UNSUPPORTED_MEDIA_TYPE, HTTPStatus.CONFLICT}
JSON = {"Accept": "application/problem+json"}


def limit(application: Application, scope: str, role: str = "sales_rep") -> None:
    application.executor.execute(SetScopes(role=role, scopes={READ: scope}), actor=SYSTEM)


def test_sec_02_no_route_tells_or_changes_anything_of_a_colleagues_customer(
    application: Application, app: Flask
) -> None:
    Demo(application, print).fill()
    limit(application, "own")
    browser = browser_of(application, app, "stranger", "sales_rep")
    ids, marks = _ids(application), _marks(application)
    before = _contents(application)

    told, asked = _told(app, browser, ids, marks)

    assert told == {}
    assert asked >= {
        "customer_id",
        "contact_id",
        "offer_id",
        "order_id",
        "activity_id",
        "device_id",
        "invoice_id",
        *LOOKED_AT,
    }
    assert _contents(application) == before


def _ids(application: Application) -> dict[str, list[str]]:
    """Ids of every confined table, by the names that addresses have for them."""
    found: dict[str, list[str]] = {}
    with application.database.engine.connect() as connection:
        for table in ["customer", *paths()]:
            columns = connection.execute(text(f"SELECT * FROM {table} LIMIT 0")).keys()
            if "id" not in columns:
                continue
            where = "WHERE customer_id IS NOT NULL" if "customer_id" in columns else ""
            rows = connection.execute(text(f"SELECT id FROM {table} {where} ORDER BY id DESC LIMIT {EACH}"))
            if ids := list(rows.scalars()):
                short = table.split("_")[-1] if table != "customer_order" else "order"
                for name in {f"{table}_id", f"{short}_id"}:
                    found.setdefault(name, ids)
        found["order_id"] = list(connection.execute(text("SELECT id FROM customer_order LIMIT 2")).scalars())
        found["key"] = found["customer_id"]
        first = "candidates @> '{group:sales_rep}' DESC"
        offered = f"SELECT id FROM work_item WHERE assignee IS NULL ORDER BY {first}, id LIMIT 2"
        found["task_id"] = list(connection.execute(text(offered)).scalars())
        for name in ("instance", "document"):
            found[f"{name}_id"] = list(connection.execute(text(f"SELECT id FROM {name} ORDER BY id LIMIT 2")).scalars())
    return found


def _marks(application: Application) -> re.Pattern[str]:
    """What nobody knows who sees no customer: names, numbers and ids of all."""
    with application.database.engine.connect() as connection:
        rows = connection.execute(text("SELECT id, name, number FROM customer")).all()
        people = connection.execute(text("SELECT id, name FROM contact")).all()
    names = {re.escape(str(value)) for row in (*rows, *people) for value in row if len(str(value)) > 5}
    return re.compile("|".join(sorted(names, key=len, reverse=True)))


def _contents(application: Application) -> dict[str, str]:
    with application.database.engine.connect() as connection:
        return {
            table: connection.execute(
                text(f"SELECT md5(coalesce(string_agg(t::text, '' ORDER BY t::text), '')) FROM {table} AS t")
            ).scalar_one()
            for table in ["customer", *paths()]
        }


def _told(
    app: Flask, browser: Any, ids: dict[str, list[str]], marks: re.Pattern[str]
) -> tuple[dict[str, Any], set[str]]:
    headers = {"X-CSRFToken": form_token(browser), **JSON}
    right = bodies(app)
    adapter = app.url_map.bind("localhost")
    told: dict[str, Any] = defaultdict(set)
    asked: set[str] = set()
    for rule in app.url_map.iter_rules():
        named = rule.arguments & ids.keys()
        if rule.endpoint in PUBLIC | {"auth.log_out"}:
            continue
        for number in range(EACH if named else 1):
            given = values(rule) | {name: ids[name][min(number, len(ids[name]) - 1)] for name in named}
            for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
                if method != "GET" and not named - LOOKED_AT:
                    continue
                body = right.get((method, VARIABLE.sub(r"{\2}", rule.rule)))
                address = adapter.build(rule.endpoint, given, method)
                accept = {} if method == "GET" else headers
                with browser.open(address, method=method, headers=accept, json=body) as answer:
                    asked |= named
                    said = answer.get_data().decode(errors="replace")
                    for value in given.values():
                        said = said.replace(str(value), "")
                    if found := marks.search(said):
                        told[f"{method} {rule.rule}"].add(f"{answer.status_code}: {found[0]}")
                    elif answer.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR and answer.status_code != 503:
                        told[f"{method} {rule.rule}"].add(answer.status_code)
    return dict(told), asked
