"""Processes that begin by the clock."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine

from core.clock import FixedClock
from core.errors import InvalidInput
from tests.engine_jobs import JobWorld
from tests.engine_world import bpmn, chain


def beginning(timer: str) -> bytes:
    return bpmn(
        f'<startEvent id="begin"><timerEventDefinition>{timer}</timerEventDefinition></startEvent>'
        '<userTask id="work"/><endEvent id="end"/>' + chain("begin", "work", "end")
    )


@pytest.fixture
def world(engine: Engine, clock: FixedClock) -> JobWorld:
    return JobWorld(engine, clock)


def started(world: JobWorld) -> int:
    return int(world.rows("SELECT count(*) FROM instance")[0][0])


def test_a_cycle_begins_a_case_as_often_as_it_says(world: JobWorld) -> None:
    world.deploy(beginning("<timeCycle>R2/P1D</timeCycle>"))

    counts = []
    for _ in range(4):
        world.pass_time(timedelta(days=1))
        counts.append(started(world))

    assert counts == [1, 2, 2, 2]


def test_a_crontab_line_begins_a_case_every_morning(world: JobWorld) -> None:
    world.deploy(beginning("<timeCycle>0 9 * * *</timeCycle>"))  # in Warsaw, where it is 8 o'clock

    world.pass_time(timedelta(minutes=59))
    assert started(world) == 0
    world.pass_time(timedelta(minutes=1))
    assert started(world) == 1
    world.pass_time(timedelta(days=1))
    assert started(world) == 2


def test_times_that_nobody_was_there_for_begin_one_case(world: JobWorld) -> None:
    world.deploy(beginning("<timeCycle>R/PT1H</timeCycle>"))

    world.pass_time(timedelta(days=3))
    world.pass_time(timedelta())

    assert started(world) == 1


def test_a_date_begins_one_case(world: JobWorld) -> None:
    world.deploy(beginning("<timeDate>2026-01-06T07:00:00Z</timeDate>"))

    world.pass_time(timedelta(days=1))
    world.pass_time(timedelta(days=1))

    assert started(world) == 1


def test_a_new_version_takes_the_place_of_the_old_one(world: JobWorld) -> None:
    world.deploy(beginning("<timeCycle>R/PT1H</timeCycle>"))
    (newest,) = world.deploy(beginning("<timeCycle>R/PT2H</timeCycle>"))

    world.pass_time(timedelta(hours=1))
    assert started(world) == 0
    world.pass_time(timedelta(hours=1))

    assert world.rows("SELECT definition_id FROM instance") == [(newest.id,)]


def test_a_start_timer_without_a_time_is_refused(world: JobWorld) -> None:
    with pytest.raises(InvalidInput, match="gives no date or time"):
        world.deploy(beginning("<timeDuration>=unknown</timeDuration>"))
