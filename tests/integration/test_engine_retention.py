"""Finished cases go when their process keeps them no longer."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine

from core.clock import FixedClock
from core.identity import SYSTEM
from engine.errors import DeploymentRefused
from engine.events import HistoryRemoved
from engine.retention import RemoveHistory, ended_before
from tests.engine_world import World, bpmn, line

NOON = datetime(2026, 3, 31, 12, tzinfo=UTC)


@pytest.fixture
def world(engine: Engine, clock: FixedClock) -> World:
    world = World(engine, clock)
    kept = 'camunda:historyTimeToLive="P30D"'
    world.deploy(bpmn(line('<userTask id="work"/>', names=("work",)), attributes=kept))
    return world


def finish(world: World, number: int) -> None:
    for _ in range(number):
        world.complete(world.start().tasks[0].id)


def test_finished_cases_go_in_batches_and_open_ones_stay(world: World) -> None:
    finish(world, 3)
    still_open = world.start()

    world.clock.advance(timedelta(days=30))
    assert world.do(RemoveHistory(limit=2), SYSTEM) == 0
    world.clock.advance(timedelta(seconds=1))
    removed = [world.do(RemoveHistory(limit=2), SYSTEM) for _ in range(3)]

    assert removed == [2, 1, 0]
    assert world.rows("SELECT id FROM instance") == [(still_open.id,)]
    assert world.rows("SELECT DISTINCT instance_id FROM token_log") == [(still_open.id,)]
    assert world.rows("SELECT 1 FROM task_history") == []
    assert [len(each.instances) for each in world.events if isinstance(each, HistoryRemoved)] == [2, 1]


def test_a_process_that_says_nothing_keeps_everything(world: World) -> None:
    world.deploy(bpmn(line('<userTask id="work"/>', names=("work",)), key="kept"))
    world.complete(world.start("kept").tasks[0].id)

    world.clock.advance(timedelta(days=10_000))

    assert world.do(RemoveHistory(), SYSTEM) == 0


@pytest.mark.parametrize(
    ("text", "before"),
    [
        ("30", datetime(2026, 3, 1, 12, tzinfo=UTC)),
        ("P30D", datetime(2026, 3, 1, 12, tzinfo=UTC)),
        ("P2Y", datetime(2024, 3, 31, 12, tzinfo=UTC)),
        ("for ever", None),
    ],
)
def test_lifetimes_are_days_or_durations(text: str, before: datetime | None) -> None:
    assert ended_before(text, NOON) == before


def test_a_lifetime_that_says_nothing_is_refused(world: World) -> None:
    with pytest.raises(DeploymentRefused, match="historyTimeToLive"):
        world.deploy(
            bpmn(line('<userTask id="work"/>', names=("work",)), attributes='camunda:historyTimeToLive="for ever"')
        )
