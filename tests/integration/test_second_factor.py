"""Log-ins with a second factor: codes of a device, recovery codes, and what a thief of either alone achieves."""

from __future__ import annotations

import base64
import re
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from core.clock import FixedClock
from core.identity import SYSTEM
from tests.integration.test_auth_browser import is_in
from tests.web import PASSWORD, form_token, log_in
from webapp.accounts.people import AddAccount, SetPassword
from webapp.accounts.sealing import Sealing
from webapp.bootstrap import Application


class Device:
    """An authenticator app."""

    def __init__(self, secret: str, clock: FixedClock) -> None:
        self._totp = TOTP(base64.b32decode(secret), 6, SHA1(), 30)
        self._clock = clock

    def code(self, later: int = 0) -> str:
        return self._totp.generate(int(self._clock.now().timestamp()) + later).decode()


def send(browser: FlaskClient, address: str, **fields: str) -> Any:
    return browser.post(address, data=fields | {"csrf_token": form_token(browser)})


def set_up(browser: FlaskClient, clock: FixedClock) -> tuple[Device, list[str]]:
    """A device and the recovery codes."""
    log_in(browser)
    send(browser, "/account/second-factor")
    page = browser.get("/account/second-factor").text
    secret = re.search(r'id="secret">([A-Z2-7]+)<', page)
    assert secret, page
    device = Device(secret[1], clock)
    confirmed = send(browser, "/account/second-factor/confirm", code=device.code())
    codes = re.findall(r"<li>([a-z2-7]{5}-[a-z2-7]{5})</li>", confirmed.text)
    assert len(codes) == 10
    clock.advance(timedelta(seconds=60))
    return device, codes


def test_a_log_in_asks_for_the_code_and_the_code_opens(app: Flask, anna: FlaskClient, clock: FixedClock) -> None:
    device, _ = set_up(anna, clock)
    fresh = app.test_client()

    half = log_in(fresh, next="/cases")
    assert half.location == "/login/code?next=/cases"
    assert not is_in(fresh)
    done = send(fresh, half.location, code=device.code())

    assert done.location == "/cases"
    assert is_in(fresh)


def test_no_code_works_twice_or_long_after(app: Flask, anna: FlaskClient, clock: FixedClock) -> None:
    device, _ = set_up(anna, clock)
    used = device.code()
    first, second, third = app.test_client(), app.test_client(), app.test_client()
    for browser in (first, second, third):
        log_in(browser)
    assert send(first, "/login/code", code=f"{used[:3]} {used[3:]}").status_code == 302

    again = send(second, "/login/code", code=used)
    clock.advance(timedelta(seconds=90))
    late = send(third, "/login/code", code=device.code(later=-90))

    assert (again.status_code, late.status_code) == (422, 422)
    assert "used already" in again.text
    assert not is_in(second)
    assert not is_in(third)


def test_a_recovery_code_stands_in_for_the_device_once(
    application: Application, app: Flask, anna: FlaskClient, clock: FixedClock
) -> None:
    _, codes = set_up(anna, clock)
    first, second = app.test_client(), app.test_client()
    log_in(first)
    log_in(second)

    assert send(first, "/login/code", code=codes[3].upper()).status_code == 302
    assert send(second, "/login/code", code=codes[3]).status_code == 422

    assert is_in(first)
    assert "9 recovery codes are left" in first.get("/account").text
    with application.units.reading(SYSTEM) as view:
        kept = view.session.scalars(text("SELECT digest FROM account_recovery_code")).all()
    assert not set(codes) & set(kept)


def test_wrong_codes_make_everybody_wait(app: Flask, anna: FlaskClient, clock: FixedClock) -> None:
    device, _ = set_up(anna, clock)
    thief = app.test_client()
    log_in(thief)

    answers = [send(thief, "/login/code", code="000000").status_code for _ in range(7)]
    right = send(thief, "/login/code", code=device.code())

    assert answers[0] == 422
    assert answers[-1] == 429
    assert (right.status_code, right.headers["Retry-After"].isdigit()) == (429, True)
    clock.advance(timedelta(minutes=5))
    assert send(thief, "/login/code", code=device.code()).status_code == 302


@pytest.mark.parametrize("minutes", [None, 11])
def test_the_code_alone_opens_nothing(app: Flask, anna: FlaskClient, clock: FixedClock, minutes: int | None) -> None:
    device, _ = set_up(anna, clock)
    thief = app.test_client()
    if minutes is not None:  # the password was typed, but long ago
        log_in(thief)
        clock.advance(timedelta(minutes=minutes))

    answer = send(thief, "/login/code", code=device.code())

    assert answer.location == "/login"
    assert not is_in(thief)


def test_an_unconfirmed_secret_asks_for_nothing(app: Flask, anna: FlaskClient) -> None:
    log_in(anna)
    send(anna, "/account/second-factor")

    refused = send(anna, "/account/second-factor/confirm", code="000000")

    assert refused.status_code == 422
    assert log_in(app.test_client()).location == "/"


def test_it_is_taken_away_with_a_code_or_by_an_administrator(
    application: Application, app: Flask, anna: FlaskClient, clock: FixedClock
) -> None:
    device, _ = set_up(anna, clock)
    assert send(anna, "/account/second-factor/remove", code="000000").status_code == 422
    assert send(anna, "/account/second-factor/remove", code=device.code()).status_code == 302
    assert log_in(app.test_client()).location == "/"
    set_up(anna, clock)
    roles = frozenset({"admin"})
    application.executor.execute(AddAccount(name="root", roles=roles, password=PASSWORD), actor=SYSTEM)
    root = app.test_client()
    log_in(root, name="root")

    assert send(root, "/people/anna/second-factor").status_code == 302

    assert log_in(app.test_client()).location == "/"


def test_a_stolen_browser_cannot_guess_the_code_that_takes_it_away(anna: FlaskClient, clock: FixedClock) -> None:
    device, _ = set_up(anna, clock)

    answers = [send(anna, "/account/second-factor/remove", code="000000").status_code for _ in range(7)]

    assert answers[0] == 422
    assert answers[-1] == 429
    assert send(anna, "/account/second-factor/remove", code=device.code()).status_code == 429


def test_a_new_password_keeps_the_second_factor(
    application: Application, app: Flask, anna: FlaskClient, clock: FixedClock
) -> None:
    set_up(anna, clock)
    application.executor.execute(SetPassword(name="anna", password="inny-zamek-2026"), actor=SYSTEM)

    assert log_in(app.test_client(), "inny-zamek-2026").location == "/login/code"


def test_the_secret_is_sealed_in_the_database(application: Application, anna: FlaskClient, clock: FixedClock) -> None:
    set_up(anna, clock)

    with application.units.reading(SYSTEM) as view:
        sealed = view.session.scalar(text("SELECT sealed_secret FROM account_second_factor"))
        secret = view.port(Sealing).open(sealed)

    assert len(secret) == 20
    assert base64.b32encode(secret).decode() not in sealed
    assert secret.hex() not in sealed
