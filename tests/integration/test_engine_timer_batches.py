"""Many timers that are due at once: several look for them at the same time, each case's fire in their order."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine

from core.clock import FixedClock
from core.identity import SYSTEM
from engine import store
from engine.events import TimerFired
from engine.live_cases import live_cases
from engine.timers import FireDueTimers
from tests.engine_world import World, bpmn, chain, flow, line


def waiting(name: str, duration: str) -> str:
    timer = f"<timerEventDefinition><timeDuration>{duration}</timeDuration></timerEventDefinition>"
    return f'<intermediateCatchEvent id="{name}">{timer}</intermediateCatchEvent>'


ONE = bpmn(line(waiting("wait", "PT1H"), '<userTask id="after"/>', names=("wait", "after")))
TWO = bpmn(
    '<startEvent id="start"/><parallelGateway id="fork"/><parallelGateway id="join"/><endEvent id="end"/>'
    + waiting("later", "PT2H")
    + waiting("sooner", "PT1H")
    + chain("start", "fork", "later", "join", "end")
    + flow("fork", "sooner")
    + flow("sooner", "join")
)


@pytest.fixture
def world(engine: Engine, clock: FixedClock) -> World:
    return World(engine, clock)


def test_who_looks_at_the_same_time_takes_the_others(world: World) -> None:
    world.deploy(ONE)
    for _ in range(5):
        world.start()
    now = world.clock.advance(timedelta(hours=1))

    with world.units.begin(SYSTEM) as unit:
        held = store.lock_due(unit, now, 2)
        fired_beside = world.do(FireDueTimers(limit=10), SYSTEM)
    fired_afterwards = world.do(FireDueTimers(limit=10), SYSTEM)

    assert (len(held), fired_beside, fired_afterwards) == (2, 3, 2)
    assert world.rows("SELECT count(*) FROM work_item") == [(5,)]


@pytest.mark.parametrize("limit", [1, 2, 10])
@pytest.mark.parametrize("is_restarted", [True, False])
def test_the_timers_of_a_case_fire_in_the_order_in_which_they_are_due(
    world: World, limit: int, is_restarted: bool
) -> None:
    world.deploy(TWO)
    cases = [world.start().id for _ in range(3)]
    world.clock.advance(timedelta(days=1))
    if is_restarted:
        live_cases.clear()

    while world.do(FireDueTimers(limit=limit), SYSTEM):
        pass

    fired = [event for event in world.events if isinstance(event, TimerFired)]
    for case in cases:
        assert [event.element_id for event in fired if event.instance_id == case] == ["sooner", "later"]
    assert world.rows("SELECT DISTINCT state FROM instance") == [("completed",)]
