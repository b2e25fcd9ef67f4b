"""Control of what was planned with customers and of what came in: what is left to do, unanswered, held and overdue."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine

from core.clock import FixedClock
from crm.activities.content import Link
from crm.activities.queries import ActivityFilter, activities
from crm.activities.registering import ChangeActivity
from crm.activities.settling import CancelActivity, HoldActivity
from crm.errors import WrongFields
from crm.planning.reports import plans, responses
from crm.planning.rules import open_items
from tests.crm_desk import CASE, TEN, Desk, open_desk, register

HOUR = timedelta(hours=1)


@pytest.fixture
def desk(engine: Engine, clock: FixedClock) -> Desk:
    return open_desk(engine, clock)


def unanswered(desk: Desk) -> list[str]:
    return [each.subject for each in desk.ask(activities, ActivityFilter(unanswered=True)).items]


def test_act_20_what_is_partly_done_keeps_the_case_open(desk: Desk) -> None:
    case: dict[str, Any] = {"status": "held", "held_from": TEN, "links": (Link(entity="case", record_id=CASE),)}
    made = {state: register(desk, state=state, **case) for state in ("not_needed", "not_done", "done", "partly_done")}

    with pytest.raises(WrongFields, match="state"):
        register(desk, state="somehow", **case)
    assert desk.ask(open_items, CASE) == 2

    desk.do(ChangeActivity(activity_id=made["not_done"], changes={"state": "partly_done"}))
    assert desk.ask(open_items, CASE) == 2
    for state in ("not_done", "partly_done"):
        desk.do(ChangeActivity(activity_id=made[state], changes={"state": "done"}))
    assert desk.ask(open_items, CASE) == 0


def test_act_29_what_came_in_and_is_overdue_to_be_answered_is_listed(desk: Desk, clock: FixedClock) -> None:
    came_in: dict[str, Any] = {"direction": "incoming", "status": "held", "held_from": TEN, "state": "not_done"}
    register(desk, subject="pilne", priority="high", **came_in)
    answered = register(desk, subject="odebrane", priority="high", **came_in)
    register(desk, subject="zwykłe", **came_in)
    register(desk, subject="oddzwonienie", status="held", held_from=TEN + HOUR, follows_id=answered)

    clock.set(TEN + 4 * HOUR)
    assert unanswered(desk) == []

    clock.advance(timedelta(seconds=1))
    assert unanswered(desk) == ["pilne"]
    report = desk.ask(responses, TEN - HOUR, TEN + HOUR)
    assert (report.received, report.answered, report.overdue, report.median_seconds) == (3, 1, 1, 3600)


def test_act_31_plans_are_counted_by_employee_and_day(desk: Desk, clock: FixedClock) -> None:
    clock.set(TEN + HOUR)
    for employee, at in (("ewa", TEN), ("ewa", TEN + 2 * HOUR), ("jan", TEN + 24 * HOUR)):
        register(desk, employee=employee, planned_from=at)
    desk.do(HoldActivity(activity_id=register(desk, employee="ewa"), held_from=TEN))
    desk.do(CancelActivity(activity_id=register(desk, employee="jan"), reason="Klient chory"))

    found = desk.ask(plans, TEN - 24 * HOUR, TEN + 48 * HOUR)

    assert [(each.employee, each.day.day, each.planned, each.overdue, each.held, each.cancelled) for each in found] == [
        ("ewa", 5, 1, 1, 1, 0),
        ("jan", 5, 0, 0, 0, 1),
        ("jan", 6, 1, 0, 0, 0),
    ]
