"""Limits and deputies of approvals are set in the browser and hold at once, in running cases, too."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from core.clock import FixedClock
from core.errors import Forbidden
from core.identity import SYSTEM
from crm.errors import ChangedMeanwhile, WrongFields
from engine.timers import FireDueTimers
from processes.offer_approval.parameters import (
    DEPUTIES,
    LIMITS,
    SetApprovalParameters,
    in_force,
)
from tests.offer_case import DIRECTOR, LEGAL, MANAGER, REP, OfferDesk, person
from tests.web import PASSWORD, form_token, log_in
from webapp.bootstrap import Application

DESIGNER = person("Dana", "process_designer")


@pytest.fixture
def desk(application: Application) -> OfferDesk:
    return OfferDesk(application)


def order(*, limits: dict[str, Any] | None = None, deputies: dict[str, str] | None = None, **more: Any) -> Any:
    known = {name: value for name, (_, value) in LIMITS.items()}
    given = {"reason": "agreed by the board"} | more
    return SetApprovalParameters(limits=known | (limits or {}), deputies=DEPUTIES | (deputies or {}), **given)


def test_a_limit_holds_for_the_next_decision_of_a_running_case_without_a_deployment(desk: OfferDesk) -> None:
    started = desk.start(desk.make_offer("15"))

    assert desk.do(order(limits={"discount": "15"}), DESIGNER) == 1

    assert desk.prepare(started).state == "completed"
    assert desk.prepare(desk.start(desk.make_offer("15.01"))).state == "running"


def test_a_deputy_who_is_named_while_an_approver_is_silent_is_asked(desk: OfferDesk, clock: FixedClock) -> None:
    desk.prepare(desk.start(desk.make_offer("15")))
    desk.do(order(deputies={"sales_manager": "legal"}), DESIGNER)

    clock.advance(timedelta(days=1))
    while desk.do(FireDueTimers(limit=100), SYSTEM):
        pass

    assert [each.element_id for each in desk.inbox(LEGAL)] == ["approve_offer"]
    assert desk.inbox(DIRECTOR) == []


def test_only_whoever_may_deploy_sets_them_and_the_trail_has_the_reason(desk: OfferDesk) -> None:
    for actor in (REP, MANAGER):
        with pytest.raises(Forbidden):
            desk.do(order(limits={"discount": 99}), actor)
    desk.do(order(limits={"discount": 12}), DESIGNER)

    with desk.application.database.engine.connect() as connection:
        statement = "SELECT actor_id, content FROM audit_entry WHERE type = 'offer.approval_parameters_set'"
        ((actor, content),) = connection.exec_driver_sql(statement).all()
    data = json.loads(bytes(content))["data"]
    assert (actor, data["changes"], data["reason"]) == ("dana", {"discount": ["10", "12"]}, "agreed by the board")


@pytest.mark.parametrize(
    ("given", "pointer"),
    [
        ({"limits": {"discount": 21}}, "/limits/high_discount"),
        ({"limits": {"discount": "ten"}}, "/limits/discount"),
        ({"limits": {"discount": "-1"}}, "/limits/discount"),
        ({"deputies": {"legal": "legal"}}, "/deputies/legal"),
        ({"deputies": {"legal": "x' or 1=1"}}, "/deputies/legal"),
        ({"reason": " "}, "/reason"),
    ],
)
def test_what_cannot_be_is_told_beside_its_field(desk: OfferDesk, given: dict[str, Any], pointer: str) -> None:
    with pytest.raises(WrongFields) as refused:
        desk.do(order(**given), DESIGNER)

    assert list(refused.value.details["fields"]) == [pointer]
    with desk.application.units.reading(SYSTEM) as view:
        assert in_force(view).version == 0


def test_of_two_who_change_them_at_once_the_second_is_told(desk: OfferDesk) -> None:
    desk.do(order(limits={"discount": 12}, expected_version=0), DESIGNER)

    with pytest.raises(ChangedMeanwhile):
        desk.do(order(limits={"discount": 13}, expected_version=0), DESIGNER)


def test_the_page_keeps_what_was_typed_and_shows_who_set_what(
    app: Flask, application: Application, add_account: Callable[..., str]
) -> None:
    add_account("dana", "process_designer", password=PASSWORD)
    add_account("ewa", "sales_rep", password=PASSWORD)
    browser, stranger = app.test_client(), app.test_client()
    log_in(browser, name="dana")
    log_in(stranger, name="ewa")
    form = {f"limit.{name}": str(value) for name, (_, value) in LIMITS.items()}
    form |= {f"deputy.{group}": deputy for group, deputy in DEPUTIES.items()}
    form |= {"version": "0", "csrf_token": form_token(browser), "reason": "<b>board</b>"}

    wrong = browser.post("/approval-limits", data=form | {"limit.discount": "33"})
    right = browser.post("/approval-limits", data=form | {"limit.discount": "12,5"}, follow_redirects=True)

    assert (wrong.status_code, 'value="33"' in wrong.text) == (422, True)
    assert "must not be below 33" in wrong.text
    assert 'value="12.5"' in right.text
    assert "&lt;b&gt;board&lt;/b&gt;" in right.text
    assert stranger.get("/approval-limits").status_code == 403
