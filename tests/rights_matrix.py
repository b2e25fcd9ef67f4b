"""Asks every route as every role, and writes down who is refused: docs/reference/routes.md."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any, TypeAlias

from flask import Flask
from werkzeug.routing import AnyConverter, IntegerConverter, Rule

from core.identity import SYSTEM
from core.ids import new_id
from tests.web import form_token
from webapp.accounts.logins import StartLogIn
from webapp.accounts.people import AddAccount
from webapp.accounts.queries import account_named
from webapp.accounts.roles import ROLE_PERMISSIONS
from webapp.api.openapi import VARIABLE
from webapp.auth import PUBLIC
from webapp.bootstrap import Application

Answers: TypeAlias = dict[tuple[str, str], dict[str, int]]  # the status of (method, rule) by role

LAST = "auth.log_out"  # the way out would end the asking
HEAD = """# Routes, and the roles that they let in

Written by `python tools/routes.py`, which asks every route of a fresh installation as every role, about things that do
not exist; a test asks again and compares. What the roles may: [rights](rights.md).

A role that is not named at a route is answered with 403. Who is let in still gets 404 for a thing that does not exist
or that they may not see. *By the thing itself*: nobody is refused before it is known what is asked for; whose
it is, whom it is offered to and what it belongs to decide then.
"""
PUBLIC_PART = """
## Without a log-in

Pages to log in, what is served to browsers as files, the description of the API, the state of the server, and two kinds
of addresses that are secrets themselves.

"""
EVERYBODY = "By the thing itself, or for everybody"


def least(schema: dict[str, Any], all_schemas: dict[str, Any]) -> Any:
    """The smallest value that a schema of the API's description allows."""
    if "$ref" in schema:
        return least(all_schemas[schema["$ref"].rsplit("/", 1)[-1]], all_schemas)
    for several in ("anyOf", "oneOf", "allOf"):
        if several in schema:
            return least(schema[several][0], all_schemas)
    if "enum" in schema or "const" in schema:
        return schema["const"] if "const" in schema else schema["enum"][0]
    kind = schema.get("type", "string")
    if kind == "object":
        named = schema.get("properties", {})
        return {name: least(named[name], all_schemas) for name in schema.get("required", ())}
    if kind == "array":
        return [least(schema.get("items", {}), all_schemas)] * schema.get("minItems", 0)
    plain = {"integer": schema.get("minimum", 1), "number": schema.get("minimum", 1), "boolean": False, "null": None}
    return plain[kind] if isinstance(kind, str) and kind in plain else _text(schema)


def _text(schema: dict[str, Any]) -> str:
    forms = {"date": "2026-05-04", "date-time": "2026-05-04T12:00:00Z", "email": "ola@example.com"}
    return forms.get(schema.get("format", ""), "x" * max(1, schema.get("minLength", 1)))


def bodies(app: Flask) -> dict[tuple[str, str], Any]:
    """The smallest right body of each call of the API, by method and path as the description writes it."""
    described = app.test_client().get("/api/v1/openapi.json").get_json()
    schemas = described["components"]["schemas"]
    return {
        (method.upper(), f"/api/v1{path}"): least(content["application/json"]["schema"], schemas)
        for path, calls in described["paths"].items()
        for method, call in calls.items()
        if "application/json" in (content := call.get("requestBody", {}).get("content", {}))
    }


def routes(app: Flask) -> Iterator[tuple[str, str, str]]:
    """Method, rule and an address of nothing that exists, of every route that asks who is there."""
    adapter = app.url_map.bind("localhost")
    for rule in app.url_map.iter_rules():
        if rule.endpoint in PUBLIC | {LAST}:
            continue
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            yield method, rule.rule, adapter.build(rule.endpoint, values(rule), method)


def values(rule: Rule) -> dict[str, Any]:
    """What nobody has, for each variable of an address."""
    return {name: _value(rule._converters[name]) for name in rule.arguments}


def _value(converter: Any) -> object:
    if isinstance(converter, AnyConverter):
        return min(converter.items)
    return 1 if isinstance(converter, IntegerConverter) else new_id()


def browser_of(application: Application, app: Flask, name: str, *roles: str) -> Any:
    """A browser in which a new person with these roles is logged in."""
    execute = application.executor.execute
    account_id = execute(AddAccount(name=name, roles=frozenset(roles)), actor=SYSTEM)
    with application.units.reading(SYSTEM) as view:
        actor = account_named(view, name).actor()
    log_in_id = execute(StartLogIn(account_id=account_id, keys=(), address=None), actor=actor)
    browser = app.test_client()
    with browser.session_transaction() as session:
        session["_user_id"] = log_in_id
    return browser


def answers(application: Application, app: Flask) -> Answers:
    """What each route answers each role, asked about nothing that exists, with the smallest right body."""
    found: Answers = defaultdict(dict)
    right = bodies(app)
    for role in sorted(ROLE_PERMISSIONS):
        browser = browser_of(application, app, f"of.{role}", role)
        headers = {"X-CSRFToken": form_token(browser), "Accept": "application/problem+json"}
        for method, rule, address in routes(app):
            body = right.get((method, VARIABLE.sub(r"{\2}", rule)))
            with browser.open(address, method=method, headers=headers, json=body) as answer:
                found[method, rule][role] = answer.status_code
    return found


def page(app: Flask, found: Answers) -> str:
    """The text of docs/reference/routes.md."""
    of: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for (method, rule), by_role in sorted(found.items(), key=lambda each: (each[0][1], each[0][0])):
        let_in = tuple(sorted(role for role, status in by_role.items() if status != HTTPStatus.FORBIDDEN))
        of[let_in].append(f"* `{method} {rule}`\n")
    parts = [f"\n## {_named(roles)}\n\n{''.join(lines)}" for roles, lines in sorted(of.items(), key=_widest_first)]
    free = sorted({f"* `{rule.rule}`\n" for rule in app.url_map.iter_rules() if rule.endpoint in PUBLIC})
    return HEAD + PUBLIC_PART + "".join(free) + "".join(parts)


def _widest_first(part: tuple[tuple[str, ...], list[str]]) -> tuple[int, tuple[str, ...]]:
    return -len(part[0]), part[0]


def _named(roles: tuple[str, ...]) -> str:
    if len(roles) == len(ROLE_PERMISSIONS):
        return EVERYBODY
    refused = sorted(ROLE_PERMISSIONS.keys() - set(roles))
    return f"All but {', '.join(refused)}" if len(refused) < len(roles) else ", ".join(roles) or "Nobody"
