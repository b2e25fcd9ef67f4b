"""Repairs as their rows ask for it: how soon somebody answers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from audit.models import AuditEntryRow
from core.clock import FixedClock
from core.identity import SYSTEM
from core.settings import Settings
from engine.timers import FireDueTimers
from tests.repair_desk import RepairDesk
from webapp.bootstrap import build

MORNING = datetime(2026, 1, 5, 8, tzinfo=UTC)  # a Monday, nine o'clock in Warsaw


@pytest.fixture
def desk(database_url: str, tmp_path: Path) -> Iterator[RepairDesk]:
    clock = FixedClock(MORNING)
    built = build(Settings(database_url=database_url, data=tmp_path / "data"), clock=clock)
    yield RepairDesk(built, clock)
    built.close()


def reminders(desk: RepairDesk, case: str) -> list[str]:
    """What the trail tells of time that runs out, in its order."""
    wanted = select(AuditEntryRow.content).where(AuditEntryRow.case_id == case, AuditEntryRow.type == "repair.noted")
    with desk.application.units.reading(SYSTEM) as view:
        told = [json.loads(each)["data"] for each in view.session.scalars(wanted.order_by(AuditEntryRow.id))]
    return [each["facts"]["about"] for each in told if each["what"] == "reminded"]


def test_srv_09_a_report_that_nobody_takes_in_is_escalated_at_four_fifths_and_at_the_end_of_its_time(
    desk: RepairDesk,
) -> None:
    desk.device(desk.customer(abc_class="A"), bought=date(2025, 1, 5))
    case = desk.report()  # class A is to be answered within four hours of work
    told = {}
    for minutes in range(0, 300, 12):
        desk.clock.set(MORNING + timedelta(minutes=minutes))
        while desk.do(FireDueTimers(limit=10), SYSTEM):
            pass
        if (found := reminders(desk, case)) and found not in told.values():
            told[minutes] = found

    assert told == {192: ["report"], 240: ["report", "first_response_missed"]}
    assert desk.open() == ["take_in"]
