"""Crontab lines: when they are due next, and what is none."""

from datetime import UTC, datetime, timedelta

import pytest

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

    stage.advance(NOON + timedelta(hours=19))
    assert waiting(stage) == ["work"]
    stage.advance(NOON + timedelta(days=2))

    assert waiting(stage) == ["remind", "remind", "work"]
