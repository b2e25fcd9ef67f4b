"""Crontab lines: when they are due next, and what is none."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.cron import following, is_cron
from tests.engine_stage import NOON, begin, waiting
from tests.engine_world import chain

MONDAY = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "due"),
    [
        ("* * * * *", datetime(2026, 1, 5, 12, 1, tzinfo=UTC)),
        ("0 8 * * *", datetime(2026, 1, 6, 8, 0, tzinfo=UTC)),
        ("*/15 * * * *", datetime(2026, 1, 5, 12, 15, tzinfo=UTC)),
        ("30 9-17/4 * * *", datetime(2026, 1, 5, 13, 30, tzinfo=UTC)),
        ("0 6 * * mon-fri", datetime(2026, 1, 6, 6, 0, tzinfo=UTC)),
        ("0 6 * * 7", datetime(2026, 1, 11, 6, 0, tzinfo=UTC)),
        ("0 0 1 * *", datetime(2026, 2, 1, tzinfo=UTC)),
        ("0 0 31 * *", datetime(2026, 1, 31, tzinfo=UTC)),
        ("0 0 29 2 *", datetime(2028, 2, 29, tzinfo=UTC)),
        ("0 0 13 * 5", datetime(2026, 1, 9, tzinfo=UTC)),
        ("0 12 * jan,JUL *", datetime(2026, 1, 6, 12, tzinfo=UTC)),
        ("@daily", datetime(2026, 1, 6, tzinfo=UTC)),
    ],
)
def test_a_line_is_due_next(text: str, due: datetime) -> None:
    assert following(text, MONDAY) == due


def dues(text: str, after: datetime, count: int, zone: str = "Europe/Warsaw") -> list[str]:
    """The next moments of a line, in UTC."""
    found = []
    for _ in range(count):
        due = following(text, after, ZoneInfo(zone))
        assert due is not None
        found.append(f"{due:%m-%d %H:%M}")
        after = due
    return found


SINCE, UNTIL = datetime(2026, 1, 1), datetime(2027, 12, 31)  # noqa: DTZ001 -- hypothesis puts the zone to them
FORWARD, BACK = datetime(2026, 3, 28, 12, tzinfo=UTC), datetime(2026, 10, 24, 12, tzinfo=UTC)  # at 2 and 3 of the night


@pytest.mark.parametrize(
    ("text", "after", "moments"),
    [
        ("0 8 * * *", FORWARD, ["03-29 06:00", "03-30 06:00"]),
        ("30 2 * * *", FORWARD, ["03-29 01:30", "03-30 00:30"]),
        ("30 2,3 * * *", FORWARD, ["03-29 01:30", "03-30 00:30"]),
        ("0 * * * *", datetime(2026, 3, 29, 0, 15, tzinfo=UTC), ["03-29 01:00", "03-29 02:00"]),
        ("30 2 * * *", BACK, ["10-25 00:30", "10-26 01:30"]),
        ("15,45 2 * * *", BACK, ["10-25 00:15", "10-25 00:45", "10-26 01:15"]),
        ("0 * * * *", datetime(2026, 10, 24, 23, 30, tzinfo=UTC), ["10-25 00:00", "10-25 01:00", "10-25 02:00"]),
        ("*/30 2 * * *", BACK, ["10-25 00:00", "10-25 00:30", "10-25 01:00", "10-25 01:30", "10-26 01:00"]),
        ("0 0 * * 1", BACK, ["10-25 23:00", "11-01 23:00"]),
    ],
)
def test_a_line_goes_by_the_clock_of_the_company_also_when_it_is_changed(
    text: str, after: datetime, moments: list[str]
) -> None:
    assert dues(text, after, len(moments)) == moments


def test_a_moment_that_the_clocks_left_out_is_still_to_come_when_somebody_looks_right_after_the_change() -> None:
    assert dues("30 2 * * *", datetime(2026, 3, 29, 1, 10, tzinfo=UTC), 1) == ["03-29 01:30"]


@given(
    st.sampled_from(["*/7 * * * *", "0 */5 * * *", "59 23 * * *", "30 2 29 3 *", "0 3 25 10 *", "5 1,2,3 * 3,10 0"]),
    st.datetimes(SINCE, UNTIL, timezones=st.just(UTC)),
    st.sampled_from(["Europe/Warsaw", "America/Santiago", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC"]),
)
def test_the_next_moment_is_behind_and_nothing_lies_between(text: str, after: datetime, zone: str) -> None:
    due = following(text, after, ZoneInfo(zone))

    assert due is not None
    assert due > after
    assert following(text, due - timedelta(seconds=1), ZoneInfo(zone)) == due
    middle = after + (due - after) / 2
    assert following(text, middle, ZoneInfo(zone)) == due


@pytest.mark.parametrize(
    "text",
    ["", "* * * *", "60 * * * *", "* 24 * * *", "0 0 0 * *", "0 0 31 2 *", "5-1 * * * *", "*/0 * * * *", "a b c d e"],
)
def test_what_is_no_line_is_known(text: str) -> None:
    assert not is_cron(text)
    assert following(text, MONDAY) is None


def test_a_boundary_event_fires_by_the_line_while_its_task_is_open() -> None:
    stage = begin(
        '<startEvent id="start"/><userTask id="work"/><endEvent id="end"/>'
        '<boundaryEvent id="late" attachedToRef="work" cancelActivity="false"><timerEventDefinition>'
        "<timeCycle>0 8 * * *</timeCycle></timerEventDefinition></boundaryEvent>"
        '<userTask id="remind"/><endEvent id="over"/>' + chain("start", "work", "end") + chain("late", "remind", "over")
    )

    stage.advance(NOON + timedelta(hours=18, minutes=59))
    assert waiting(stage) == ["work"]
    stage.advance(NOON + timedelta(hours=19))  # it is 8 in Warsaw
    assert waiting(stage) == ["remind", "work"]
    stage.advance(NOON + timedelta(days=2))

    assert waiting(stage) == ["remind", "remind", "work"]
