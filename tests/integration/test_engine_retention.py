"""Finished cases go when their process keeps them no longer."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, text

from core.clock import FixedClock
from core.errors import Conflict, Forbidden, InvalidInput
from core.identity import SYSTEM
from engine.errors import DeploymentRefused, RemovalNotFound
from engine.events import HistoryRemoved, RemovalStopped
from engine.removals import RemoveNextBatch, StartRemoval, StopRemoval, removal, removals
from engine.retention import RemoveHistory, ended_before
from tests.engine_jobs import JobWorld
from tests.engine_world import World, bpmn, line, person, waits_for_a_lock

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


def test_a_case_that_somebody_holds_for_a_moment_is_waited_for(world: World) -> None:
    finish(world, 2)
    world.clock.advance(timedelta(days=31))

    with ThreadPoolExecutor(1) as beside, world.units.begin(SYSTEM) as unit:
        unit.session.execute(text("SELECT 1 FROM instance ORDER BY id DESC LIMIT 1 FOR UPDATE"))
        removing = beside.submit(world.do, RemoveHistory(), SYSTEM)
        waits_for_a_lock(world, removing)
        unit.commit()

        assert removing.result() == 2


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
        ("P1Y1M10D", datetime(2025, 2, 18, 12, tzinfo=UTC)),
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


def outlived(world: JobWorld, count: int) -> list[str]:
    """Finished cases that are kept no longer."""
    started = [world.start() for _ in range(count)]
    for each in started:
        world.complete(each.tasks[0].id)
    world.clock.advance(timedelta(days=31))
    return [each.id for each in started]


@pytest.fixture
def jobs(engine: Engine, clock: FixedClock) -> JobWorld:
    world = JobWorld(engine, clock)
    kept = 'camunda:historyTimeToLive="P30D"'
    world.deploy(bpmn(line('<userTask id="work"/>', names=("work",)), attributes=kept))
    return world


def test_a_case_whose_documents_are_held_stays_with_all_its_history(jobs: JobWorld) -> None:
    cases = outlived(jobs, 3)
    jobs.documents.held = {cases[0]}

    assert jobs.do(RemoveHistory(limit=1), SYSTEM) == 1
    assert jobs.do(RemoveHistory(limit=10), SYSTEM) == 1

    assert jobs.rows("SELECT id FROM instance") == [(cases[0],)]
    assert jobs.rows("SELECT DISTINCT instance_id FROM task_history") == [(cases[0],)]
    jobs.documents.held = set()
    assert jobs.do(RemoveHistory(), SYSTEM) == 1


def test_a_removal_runs_in_the_background_and_tells_how_far_it_is(jobs: JobWorld) -> None:
    cases = outlived(jobs, 5)
    jobs.documents.held = {cases[2]}

    started = jobs.do(StartRemoval(reason="yearly"))
    assert jobs.do(RemoveNextBatch(removal_id=started, limit=2)) is True
    with jobs.reading() as view:
        half = removal(view, started)
    jobs.work()

    assert (half.state, half.found, half.removed, half.kept) == ("running", 5, 2, 0)
    with jobs.reading() as view:
        (over,) = removals(view)
    assert (over.state, over.removed, over.kept) == ("finished", 4, 1)
    assert jobs.rows("SELECT id FROM instance") == [(cases[2],)]


def test_a_removal_is_stopped(jobs: JobWorld) -> None:
    outlived(jobs, 3)
    started = jobs.do(StartRemoval(reason="yearly"))
    jobs.do(RemoveNextBatch(removal_id=started, limit=1))

    jobs.do(StopRemoval(removal_id=started, reason="the auditor comes"))
    jobs.work()

    assert jobs.rows("SELECT count(*) FROM instance") == [(2,)]
    assert [each.removed for each in jobs.events if isinstance(each, RemovalStopped)] == [1]


def test_one_removal_at_a_time_and_none_for_nothing(jobs: JobWorld) -> None:
    assert jobs.do(StartRemoval(reason="yearly")) is None
    outlived(jobs, 1)

    assert jobs.do(StartRemoval(reason="yearly")) == jobs.do(StartRemoval(reason="again"))
    jobs.work()
    ((over,),) = jobs.rows("SELECT id FROM removal")
    with pytest.raises(Conflict, match="finished"):
        jobs.do(StopRemoval(removal_id=over, reason="x"))


def test_removals_need_a_reason_and_the_right(jobs: JobWorld) -> None:
    outlived(jobs, 1)
    clerk = person("anna")

    with pytest.raises(InvalidInput, match="Give a reason"):
        jobs.do(StartRemoval(reason=" "))
    with pytest.raises(Forbidden):
        jobs.do(StartRemoval(reason="x"), clerk)
    with pytest.raises(RemovalNotFound):
        jobs.do(StopRemoval(removal_id="none", reason="x"))
    with jobs.reading(clerk) as view, pytest.raises(Forbidden):
        removals(view)
    with jobs.reading(clerk) as view, pytest.raises(Forbidden):
        removal(view, "none")
