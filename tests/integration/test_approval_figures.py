"""The figures of approvals follow from what happened to them."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from flask.testing import FlaskClient

from core.clock import FixedClock
from core.identity import SYSTEM, Actor
from engine.reports import cohorts
from engine.tasks import Completion
from engine.timers import FireDueTimers
from processes.offer_approval.figures import ApprovalFigures, Approver, approval_figures
from tests.offer_case import BOARD, MANAGER, REP, OfferDesk
from tests.web import log_in
from webapp.bootstrap import Application


@pytest.fixture
def desk(application: Application) -> OfferDesk:
    return OfferDesk(application)


def figures(desk: OfferDesk, actor: Actor = BOARD) -> ApprovalFigures:
    with desk.application.units.reading(actor) as view:
        return approval_figures(view, cohorts.Wanted(plan=cohorts.plan(view, "offer_approval")))


def submit(desk: OfferDesk, discount: str) -> Completion:
    return desk.prepare(desk.start(desk.make_offer(discount)))


def test_what_needs_nobody_what_is_returned_and_what_is_rejected_are_counted(
    desk: OfferDesk, clock: FixedClock
) -> None:
    submit(desk, "0")
    asked = submit(desk, "15")
    clock.advance(timedelta(hours=2))
    returned = desk.decide(asked, MANAGER, "return", comment="less")
    revised = desk.complete(returned.tasks[0].id, REP, payment_days=14, next_step="resubmit", change_note="less")
    clock.advance(timedelta(hours=1))
    desk.decide(revised, MANAGER)
    desk.decide(submit(desk, "15"), MANAGER, "reject", comment="no")

    found = figures(desk)

    assert (found.begun, found.approved, found.rejected) == (3, 2, 1)
    assert (found.auto_share, found.first_pass_share) == (Decimal("0.5"), Decimal("0.5"))
    assert (found.half, found.most) == (timedelta(), timedelta(hours=3))
    assert found.versions == Decimal("1.5")
    assert found.by_group == [Approver(group="sales_manager", people=1, approved=1, returned=1, rejected=1)]


def test_who_is_silent_is_reminded_and_a_stand_in_is_asked(desk: OfferDesk, clock: FixedClock) -> None:
    submit(desk, "15")
    clock.advance(timedelta(days=4))
    while desk.do(FireDueTimers(limit=100), SYSTEM):
        pass

    found = figures(desk)

    assert (found.reminded, found.passed_on, found.approved, found.half) == (1, 1, 0, None)


def test_who_does_not_see_all_sees_figures_of_their_own_cases(desk: OfferDesk) -> None:
    submit(desk, "15")

    assert figures(desk, REP).begun == 1
    assert figures(desk, Actor(id="x", name="X", roles=frozenset(), permissions=REP.permissions)).begun == 0


def test_the_report_on_approvals_is_a_page_and_a_file(desk: OfferDesk, anna: FlaskClient) -> None:
    log_in(anna)
    nothing = anna.get("/reports/approvals")
    own = Actor(id="anna", name="Anna", roles=REP.roles, permissions=REP.permissions)
    started = desk.start(desk.make_offer("15", actor=own), own)
    desk.decide(desk.prepare(started, own), MANAGER)

    page = anna.get("/reports/approvals").text
    file = anna.get("/reports/approvals?form=csv").text

    assert "Nobody decided on an offer" in nothing.text
    assert "What each group decided" in page
    assert file.splitlines()[1] == "Sales manager;1;1;0;0"
