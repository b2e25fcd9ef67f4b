"""Timers between activities and at their boundary."""

from datetime import UTC, datetime, timedelta

import pytest

from engine.runtime import Case
from engine.spiff.moments import moment
from tests.engine_stage import NOON, begin, do, waiting
from tests.engine_world import chain, line


def test_a_timer_between_activities_waits_for_its_moment() -> None:
    stage = begin(
        line(
            '<intermediateCatchEvent id="wait"><timerEventDefinition><timeDuration>PT2H</timeDuration>'
            "</timerEventDefinition></intermediateCatchEvent>",
            names=("wait",),
        )
    )

    stage.advance(NOON + timedelta(minutes=119))
    assert stage.case.state == "running"
    stage.advance(NOON + timedelta(minutes=120))

    assert stage.case.state == "completed"


@pytest.mark.parametrize(
    "date",
    ["2026-01-06T12:00:00Z", "= moment", "= today + duration(&quot;PT24H&quot;)", "2026-01-06T13:00:00+01:00"],
)
def test_a_timer_takes_dates_and_expressions(date: str) -> None:
    stage = begin(
        line(
            f'<intermediateCatchEvent id="wait"><timerEventDefinition><timeDate>{date}</timeDate>'
            "</timerEventDefinition></intermediateCatchEvent>",
            names=("wait",),
        ),
        moment=NOON + timedelta(days=1),
        today=NOON,
    )

    stage.advance(NOON + timedelta(hours=23))
    assert stage.case.state == "running"
    stage.advance(NOON + timedelta(hours=24))
    assert stage.case.state == "completed"


@pytest.mark.parametrize(
    ("text", "due"),
    [
        ("2026-07-01", datetime(2026, 6, 30, 22, tzinfo=UTC)),
        ("2026-07-01T08:00:00", datetime(2026, 7, 1, 6, tzinfo=UTC)),
        ("2026-07-01T08:00:00Z", datetime(2026, 7, 1, 8, tzinfo=UTC)),
        ("2026-07-01T08:00:00@America/New_York", datetime(2026, 7, 1, 12, tzinfo=UTC)),
    ],
)
def test_a_date_without_a_time_zone_is_meant_by_the_clock_of_the_company(text: str, due: datetime) -> None:
    assert moment(text, NOON) == due


def reminded(*, interrupting: bool, timer: str) -> str:
    return (
        '<startEvent id="start"/><userTask id="work"/><endEvent id="end" obieg:outcome="done"/>'
        f'<boundaryEvent id="late" attachedToRef="work" cancelActivity="{str(interrupting).lower()}">'
        f"<timerEventDefinition>{timer}</timerEventDefinition></boundaryEvent>"
        '<userTask id="remind"/><endEvent id="over" obieg:outcome="late"/>'
        + chain("start", "work", "end")
        + chain("late", "remind", "over")
    )


HOUR = "<timeDuration>PT1H</timeDuration>"


def test_an_interrupting_boundary_timer_takes_the_task_away() -> None:
    stage = begin(reminded(interrupting=True, timer=HOUR))

    stage.advance(NOON + timedelta(hours=1))

    assert waiting(stage) == ["remind"]
    do(stage, "remind")
    assert (stage.case.state, stage.case.outcome, stage.trace) == (
        "completed",
        "late",
        ["start", "late", "remind", "over"],
    )


def test_a_boundary_timer_is_disarmed_when_its_task_is_done() -> None:
    stage = begin(reminded(interrupting=True, timer=HOUR))

    do(stage, "work")
    stage.advance(NOON + timedelta(days=1))

    assert (stage.case.state, stage.case.outcome) == ("completed", "done")


def test_a_boundary_timer_that_does_not_interrupt_fires_beside_its_task() -> None:
    stage = begin(reminded(interrupting=False, timer=HOUR))

    stage.advance(NOON + timedelta(days=1))

    assert waiting(stage) == ["remind", "work"]


def test_a_cycle_fires_again_as_often_as_it_says_while_its_task_is_open() -> None:
    stage = begin(reminded(interrupting=False, timer="<timeCycle>R3/PT1H</timeCycle>"))

    stage.advance(NOON + timedelta(hours=2))
    assert waiting(stage) == ["remind", "remind", "work"]
    stage.advance(NOON + timedelta(days=1))

    assert waiting(stage) == ["remind", "remind", "remind", "work"]


@pytest.mark.parametrize("cycle", ["R/PT0S", "R3/P0D", "R0/PT1H", "R/PT-1H"])
def test_a_cycle_whose_period_takes_no_time_is_an_incident(cycle: str) -> None:
    stage = begin(reminded(interrupting=False, timer="<timeCycle>= period</timeCycle>"), period=cycle)

    assert [failure.reason for failure in stage.incidents] == ["timer"]


@pytest.mark.parametrize("attribute", ["dueDate", "followUpDate"])
def test_a_moment_before_all_calendars_is_an_incident(attribute: str) -> None:
    early = "=date and time(&quot;0001-01-01T00:00:00+14:00&quot;)"
    stage = begin(line(f'<userTask id="work" camunda:{attribute}="{early}"/>', names=("work",)))

    assert [failure.node.id for failure in stage.incidents] == ["work"]


def test_an_interrupted_sub_process_takes_everything_inside_it_along() -> None:
    stage = begin(
        '<startEvent id="start"/><subProcess id="sub"><startEvent id="s"/><parallelGateway id="fork"/>'
        '<userTask id="a"/><intermediateCatchEvent id="wait"><timerEventDefinition><timeDuration>PT5H</timeDuration>'
        "</timerEventDefinition></intermediateCatchEvent>"
        + chain("s", "fork", "a")
        + chain("fork", "wait")
        + '</subProcess><boundaryEvent id="late" attachedToRef="sub"><timerEventDefinition>'
        + HOUR
        + '</timerEventDefinition></boundaryEvent><endEvent id="end"/><endEvent id="over"/>'
        + chain("start", "sub", "end")
        + chain("late", "over")
    )

    stage.advance(NOON + timedelta(days=1))

    assert (stage.case.state, stage.work) == ("completed", {})
    assert stage.trace == ["start", "s", "fork", "late", "over"]


def test_a_timer_that_the_first_format_stored_still_fires() -> None:
    stage = begin(reminded(interrupting=True, timer=HOUR))
    stored = stage.case.snapshot()
    for token in stored["tokens"]:
        token[4].pop("listens", None)

    case = Case(stage.program, stage.root, stored | {"format": 1})

    assert case.fire(next(iter(stage.timers)))
    assert [task.element_id for task in case.open_tasks()] == ["remind"]
