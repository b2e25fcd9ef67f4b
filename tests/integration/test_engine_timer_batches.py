"""Many timers that are due at once: several look for them at the same time, each case's fire in their order."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

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


@pytest.mark.parametrize("statement", [store.LOCK_DUE, store.LOCK_CALLED_DUE])
def test_a_batch_reads_as_many_timers_as_it_fires_however_many_are_due(world: World, statement: str) -> None:
    with world.engine.connect() as connection:
        run = connection.exec_driver_sql
        run("SET LOCAL session_replication_role = replica")  # there is no definition
        run(
            "INSERT INTO instance (id, definition_id, definition_key, state, revision, snapshot, started_by, "
            "started_at, root_id) SELECT lpad(n::text, 26, '0'), 'D', 'd', 'running', 1, '{}', 's', now(), "
            "CASE WHEN n %% 2 = 0 THEN lpad((n - n %% 20 + 1)::text, 26, '0') END FROM generate_series(0, 3999) n"
        )
        run(
            "INSERT INTO timer (instance_id, id, element_id, due_at, is_called) SELECT lpad(n::text, 26, '0'), "
            "'T' || n, 'e', now() - n * interval '1 second', n %% 2 = 0 FROM generate_series(0, 3999) n"
        )
        run("ANALYZE instance")
        run("ANALYZE timer")
        run("SET LOCAL plan_cache_mode = force_generic_plan")
        run(f"PREPARE batch (timestamptz, bigint) AS {statement}")
        plan = connection.exec_driver_sql("EXPLAIN (ANALYZE, FORMAT JSON) EXECUTE batch (now(), 10)").scalar_one()
        connection.rollback()

    scans = [node for node in nodes(plan[0]["Plan"]) if node.get("Relation Name") == "timer"]
    assert [scan["Node Type"] for scan in scans] == ["Index Scan"]
    assert [scan["Actual Rows"] for scan in scans] == [10]


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A plan's node with all that are inside it."""
    yield plan
    for inner in plan.get("Plans", ()):
        yield from nodes(inner)


def test_timers_of_called_cases_are_told_from_others(world: World) -> None:
    call = '<callActivity id="call" calledElement="called"/>'
    inner = bpmn(line(waiting("wait", "PT1H"), names=("wait",)), key="called")
    world.deploy(("inner.bpmn", inner), ("outer.bpmn", bpmn(line(call, waiting("own", "PT1H"), names=("call", "own")))))
    world.start()

    called = world.rows("SELECT element_id, is_called FROM timer")
    world.pass_time(timedelta(hours=1))
    own = world.rows("SELECT element_id, is_called FROM timer")

    assert (called, own) == ([("wait", True)], [("own", False)])


def test_a_look_that_finds_nothing_is_not_planned_anew_however_many_wait(world: World) -> None:
    with world.engine.begin() as connection:
        run = connection.exec_driver_sql
        run("SET LOCAL session_replication_role = replica")  # there are no instances
        run(
            "INSERT INTO timer (instance_id, id, element_id, due_at) SELECT lpad(n::text, 26, '0'), 'T', 'e', "
            "TIMESTAMPTZ '2100-01-01' + n * interval '1 second' FROM generate_series(1, 5000) n"
        )
        run("ANALYZE timer")
    looks = 20

    for _ in range(looks):
        world.do(FireDueTimers(limit=200), SYSTEM)

    counted = "SELECT generic_plans, custom_plans FROM pg_prepared_statements WHERE statement ~ 'FROM timer t'"
    plans = world.rows(counted)
    assert [known + anew for known, anew in plans] == [looks - 1] * 2
    assert all(anew <= 6 for _, anew in plans)
