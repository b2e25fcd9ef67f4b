"""The figures of dunning are those of its history: levels, money, promises, letters, and the ratios of the whole."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from core.clock import FixedClock
from core.errors import Forbidden
from core.settings import Settings
from processes.dunning.figures import Achieved, Debts, achieved, debts
from processes.dunning.models import DunningLetterRow
from processes.dunning.news import MakePromise
from tests.dunning_desk import CLERK, DunningDesk
from tests.offer_case import person
from tests.web import PASSWORD, log_in
from webapp.bootstrap import build

GROSS, FIRST = Decimal("1230.00"), date(2026, 1, 1)


@pytest.fixture
def desk(database_url: str, tmp_path: Path, clock: FixedClock) -> Iterator[DunningDesk]:
    built = build(Settings(database_url=database_url, data=tmp_path / "data", dunning_bank_days=0), clock=clock)
    yield DunningDesk(built, clock)
    built.close()


def figures_of(desk: DunningDesk) -> tuple[Achieved, Debts]:
    now = desk.clock.now()
    with desk.application.units.reading(CLERK) as view:
        return achieved(view, now - timedelta(days=90), now), debts(view, FIRST, now.date())


def test_figures_tell_what_became_of_claims(desk: DunningDesk) -> None:
    paid_in_time, reminded, kept, broken = (desk.invoice(desk.customer(name=f"Firma {each}")) for each in range(4))
    desk.clock.advance(timedelta(days=20))
    assert desk.night() == 4
    desk.clock.advance(timedelta(days=3))
    desk.fire()
    desk.pay(paid_in_time, "1230.00")  # while its letter waits
    desk.work()
    desk.print_letters()
    promised = desk.clock.now().date() + timedelta(days=10)
    for each in (kept, broken):
        desk.do(MakePromise(invoice_id=each, day=promised, amount=GROSS))
    desk.work()
    for each in (kept, reminded):
        desk.pay(each, "1230.00")
    desk.work()
    desk.clock.advance(timedelta(days=16))
    desk.fire()

    found, ratios = figures_of(desk)

    levels = [(each.reached, each.settled, each.running) for each in found.levels]
    assert levels == [(4, 1, 0), (3, 2, 1), (0, 0, 0), (0, 0, 0), (0, 0, 0), (0, 0, 0)]
    assert (found.owed, found.paid) == (4 * GROSS, 3 * GROSS)
    assert (found.levels[0].days, found.levels[1].days) == (9, 9)  # due on 19 January, paid on the 28th
    assert (found.promises_kept, found.promises_broken) == (1, 1)
    assert (found.letters, found.stopped_in_time, found.wrong_letters) == (3, 1, 0)
    assert (ratios.sales, ratios.closing, ratios.closing_current) == (4 * GROSS, GROSS, 0)
    assert ratios.collection_effectiveness == Decimal("0.75")
    assert ratios.days_sales_outstanding == Decimal(ratios.days) / 4


def test_a_letter_that_left_after_the_money_came_is_a_wrong_one(desk: DunningDesk) -> None:
    invoice = desk.invoice(desk.customer())
    desk.clock.advance(timedelta(days=20))
    desk.night()
    desk.clock.advance(timedelta(days=3))
    desk.fire()
    desk.print_letters()
    desk.pay(invoice, "1230.00")
    desk.work()
    assert figures_of(desk)[0].wrong_letters == 0

    with desk.application.units.begin(CLERK) as unit:  # as if the post had had it a day later
        for letter in unit.session.query(DunningLetterRow):
            letter.sent_at = unit.clock.now() + timedelta(days=1)
        unit.commit()

    assert figures_of(desk)[0].wrong_letters == 1


def test_only_who_sees_debts_sees_the_figures(desk: DunningDesk) -> None:
    with desk.application.units.reading(person("Rafal", "technical_reviewer")) as view, pytest.raises(Forbidden):
        debts(view, FIRST, FIRST)


def test_the_report_says_so_when_there_is_nothing(app: Flask, add_account: Callable[..., str]) -> None:
    add_account("piotr", "credit_controller", password=PASSWORD)
    browser: FlaskClient = app.test_client()
    log_in(browser, name="piotr")

    page = browser.get("/reports/dunning")

    assert page.status_code == 200
    assert "No dunning began in this time" in page.text
