from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import text

from core.clock import FixedClock
from core.errors import Forbidden, InvalidInput
from core.identity import SYSTEM, Actor
from tests.web import Program, log_in
from webapp.accounts.people import AddAccount, NameTaken, SetRoles
from webapp.accounts.tokens import CreateToken, RevokeToken
from webapp.bootstrap import Application


def test_a_token_works_without_cookies_and_forms(program: Callable[..., Program]) -> None:
    robot = program("robot", "sales_rep")

    assert robot.get("/products").status_code == 200


@pytest.mark.parametrize("header", ["Bearer wrong", "Bearer", "Basic cm9ib3Q6cGFzcw==", "nonsense", "Bearer obieg_ż"])
def test_a_wrong_token_is_refused_even_when_the_browser_is_logged_in(anna: object, header: str) -> None:
    log_in(anna)  # type: ignore[arg-type]

    answer = anna.get("/api/v1/products", headers={"Authorization": header.encode().decode("latin-1")})  # type: ignore[attr-defined]

    assert answer.status_code == 401
    assert answer.json["code"] == "unauthenticated"


def test_a_revoked_token_is_refused_at_once(
    application: Application, app: Flask, add_account: Callable[..., str]
) -> None:
    add_account("robot", "sales_rep")
    made = application.executor.execute(CreateToken(name="robot"), actor=SYSTEM)
    assert Program(app, made.token).get("/products").status_code == 200

    application.executor.execute(RevokeToken(token_id=made.id), actor=SYSTEM)

    assert Program(app, made.token).get("/products").status_code == 401


def test_a_token_expires(
    application: Application, app: Flask, add_account: Callable[..., str], clock: FixedClock
) -> None:
    add_account("robot", "sales_rep")
    made = application.executor.execute(CreateToken(name="robot", lifetime=timedelta(days=1)), actor=SYSTEM)

    clock.advance(timedelta(days=1))

    assert Program(app, made.token).get("/products").status_code == 401


def test_a_closed_account_ends_its_tokens_at_once(
    application: Application, app: Flask, add_account: Callable[..., str]
) -> None:
    add_account("robot", "sales_rep")
    robot = Program(app, application.executor.execute(CreateToken(name="robot"), actor=SYSTEM).token)
    assert robot.get("/products").status_code == 200

    with application.database.engine.begin() as connection:  # the token itself stays as it is
        connection.execute(text("UPDATE account SET is_active = false WHERE name = 'robot'"))

    assert robot.get("/products").status_code == 401


def test_roles_that_are_taken_away_are_gone_at_the_next_request_of_a_token(
    application: Application, program: Callable[..., Program]
) -> None:
    robot = program("robot", "sales_rep")
    assert [robot.get("/products").status_code for _ in range(3)] == [200] * 3

    application.executor.execute(SetRoles(name="robot", roles=frozenset({"worker"})), actor=SYSTEM)

    assert robot.get("/products").status_code == 403


def test_the_last_use_of_a_token_is_noted_every_ten_minutes(
    application: Application, program: Callable[..., Program], clock: FixedClock
) -> None:
    robot, first, noted = program("robot", "sales_rep"), clock.now(), []

    for minutes in (0, 9, 2):
        clock.advance(timedelta(minutes=minutes))
        robot.get("/products")
        with application.database.engine.connect() as connection:
            noted.append(connection.execute(text("SELECT used_at FROM api_token")).scalar_one() - first)

    assert noted == [timedelta(), timedelta(), timedelta(minutes=11)]


def test_only_the_digest_of_a_token_is_kept(application: Application, add_account: Callable[..., str]) -> None:
    add_account("robot")
    made = application.executor.execute(CreateToken(name="robot"), actor=SYSTEM)

    with application.database.engine.connect() as connection:
        row = connection.execute(text("SELECT row_to_json(t)::text FROM api_token t")).scalar_one()

    assert made.token not in row
    assert made.token[:12] in row


def test_accounts_are_for_administrators(application: Application) -> None:
    someone = Actor(id="anna", name="Anna", permissions=frozenset({"task.work"}))

    with pytest.raises(Forbidden):
        application.executor.execute(AddAccount(name="friend"), actor=someone)


@pytest.mark.parametrize("name", ["", "Anna Nowak", "../etc", "system", "a" * 65, "anna\0"])
def test_a_name_that_cannot_be_one_is_refused(application: Application, name: str) -> None:
    with pytest.raises(InvalidInput):
        application.executor.execute(AddAccount(name=name), actor=SYSTEM)


def test_a_name_is_given_once(application: Application, add_account: Callable[..., str]) -> None:
    add_account("anna")

    with pytest.raises(NameTaken):
        application.executor.execute(AddAccount(name="ANNA"), actor=SYSTEM)


@pytest.mark.parametrize("password", ["short", "aaaaaaaaaaaaaaaa", "xx-anna-xx-yy", "x" * 300])
def test_a_weak_password_is_refused_with_the_reason(application: Application, password: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        application.executor.execute(AddAccount(name="anna", password=password), actor=SYSTEM)

    assert "/password" in refusal.value.details["fields"]
