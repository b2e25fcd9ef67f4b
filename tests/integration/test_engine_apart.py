"""`camunda:asyncBefore`: what was done before is durable, and what comes behind it is another transaction."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine

from core.clock import FixedClock
from core.identity import SYSTEM
from engine import runtime
from engine.events import TimerFired
from engine.incidents import RetryIncident
from engine.instances import CancelInstance, SetVariables, StartInstance
from engine.live_cases import live_cases
from engine.migration.instances import MigrateInstance
from engine.operations import MoveTokens, ResumeInstance, SuspendInstance
from engine.queries import instance
from tests.engine_stage import boundary
from tests.engine_world import ADMIN, World, bpmn, chain, flow, line

SUM = '<scriptTask id="sum" camunda:asyncBefore="true"><script>total = 10 / part</script></scriptTask>'
MODEL = line('<userTask id="work"/>', SUM, '<userTask id="after"/>', names=("work", "sum", "after"))
NOW = timedelta()


@pytest.fixture
def world(engine: Engine, clock: FixedClock) -> World:
    return World(engine, clock)


def begin(world: World, content: str = MODEL, **variables: Any) -> Any:
    """A case whose first task is done: it stands before the element that begins apart."""
    world.deploy(bpmn(content))
    started = world.start(**variables)
    done = world.complete(started.tasks[0].id)
    assert done.tasks == ()
    return started


def tokens(world: World, started: Any) -> list[tuple[str, str]]:
    with world.reading() as view:
        return [(token.element_id, token.state) for token in instance(view, started.id).tokens]


def open_tasks(world: World) -> list[str]:
    return [row[0] for row in world.rows("SELECT element_id FROM work_item ORDER BY element_id")]


def test_what_was_done_before_is_durable_and_the_rest_comes_by_itself(world: World) -> None:
    started = begin(world, part=2)
    live_cases.clear()
    before = tokens(world, started)

    fired = world.pass_time(NOW)

    assert before == [("sum", "waiting")]
    assert fired == 1
    assert open_tasks(world) == ["after"]
    assert world.rows("SELECT count(*) FROM timer") == [(0,)]
    with world.reading() as view:
        assert instance(view, started.id).variables["total"] == 5
    assert not [event for event in world.events if isinstance(event, TimerFired)]
    assert world.pass_time(NOW) == 0


def test_a_failure_behind_it_is_an_incident_there_and_undoes_nothing(world: World) -> None:
    started = begin(world, part=0)

    world.pass_time(NOW)

    ((incident, element),) = world.rows("SELECT id, element_id FROM incident WHERE state = 'open'")
    assert element == "sum"
    assert world.rows("SELECT element_id, state FROM task_history") == [("work", "completed")]
    world.do(SetVariables(instance_id=started.id, variables={"part": 5}, reason="it was 0"), ADMIN)
    world.do(RetryIncident(incident_id=incident, reason="the part is known now"), ADMIN)
    assert open_tasks(world) == ["after"]


def test_a_case_begins_without_waiting_for_its_first_element(world: World) -> None:
    world.deploy(bpmn(line(SUM, names=("sum",))))

    started = world.do(StartInstance(definition_key="process", variables={"part": 1}))

    assert (started.state, started.tasks) == ("running", ())
    world.pass_time(NOW)
    with world.reading() as view:
        assert instance(view, started.id).state == "completed"


def test_a_suspended_case_stays_before_it(world: World) -> None:
    started = begin(world, part=2)

    world.do(SuspendInstance(instance_id=started.id, reason="a question"))
    held = world.pass_time(NOW)
    world.do(ResumeInstance(instance_id=started.id, reason="answered"))
    world.pass_time(NOW)

    assert held == 0
    assert open_tasks(world) == ["after"]


@pytest.mark.parametrize("how", ["cancelled", "its scope is left", "moved on"])
def test_who_is_taken_away_before_it_leaves_nothing_behind(world: World, how: str) -> None:
    inside = (
        '<startEvent id="in"/><userTask id="work"/>' + SUM + '<endEvent id="out"/>' + chain("in", "work", "sum", "out")
    )
    started = begin(world, line(f'<subProcess id="part">{inside}</subProcess>', names=("part",)), part=2)
    before = world.rows("SELECT count(*) FROM timer")

    match how:
        case "cancelled":
            world.do(CancelInstance(instance_id=started.id, reason="no longer wanted"))
        case "moved on":
            world.do(MoveTokens(instance_id=started.id, source="sum", target="out", reason="not needed"))
        case _:
            world.do(MoveTokens(instance_id=started.id, source="part", target="end", reason="not needed"))

    assert (before, world.rows("SELECT count(*) FROM timer")) == ([(1,)], [(0,)])
    assert world.pass_time(NOW) == 0
    assert world.rows("SELECT count(*) FROM token_log WHERE left_at IS NULL") == [(0,)]


def test_moved_there_a_token_stands_before_it(world: World) -> None:
    world.deploy(bpmn(MODEL))
    started = world.start(part=2)

    world.do(MoveTokens(instance_id=started.id, source="work", target="sum", reason="the work is done"))

    assert tokens(world, started) == [("sum", "waiting")]
    world.pass_time(NOW)
    assert open_tasks(world) == ["after"]


def test_its_boundary_events_are_armed_when_it_begins(world: World) -> None:
    part = '<userTask id="part" camunda:asyncBefore="true"/>'
    begin(
        world,
        line('<userTask id="work"/>', part, boundary("late", "part", "timer PT1H"), names=("work", "part"))
        + flow("late", "end"),
    )
    before = world.rows("SELECT element_id FROM timer")

    world.pass_time(timedelta(minutes=30))

    assert before == [("part",)]
    assert world.rows("SELECT element_id FROM timer") == [("late",)]
    assert world.pass_time(timedelta(minutes=59)) == 0
    assert world.pass_time(timedelta(minutes=1)) == 1
    assert open_tasks(world) == []


def test_an_activity_of_many_instances_stands_before_all_of_them_once(world: World) -> None:
    many = (
        '<userTask id="vote" camunda:asyncBefore="true"><multiInstanceLoopCharacteristics '
        'camunda:collection="people" camunda:elementVariable="one"/></userTask>'
    )
    begin(world, line('<userTask id="work"/>', many, names=("work", "vote")), people=[1, 2, 3])

    assert world.pass_time(NOW) == 1

    assert open_tasks(world) == ["vote"] * 3


def test_each_of_many_instances_has_its_own_inside(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runtime, "ROUND_TRIPS", False)
    inside = (
        '<startEvent id="in"/><userTask id="vote"/><task id="book" camunda:asyncBefore="true"/><endEvent id="out"/>'
        + chain("in", "vote", "book", "out")
    )
    many = (
        f'<subProcess id="each">{inside}<multiInstanceLoopCharacteristics camunda:collection="people" '
        'camunda:elementVariable="one"/></subProcess>'
    )
    world.deploy(bpmn(line(many, names=("each",))))
    started = world.start(people=list(range(80)))
    for number, task in enumerate(started.tasks):
        world.complete(task.id)
        if number == 40:
            live_cases.clear()

    assert world.rows("SELECT count(*) FROM timer WHERE element_id = 'book'") == [(80,)]
    fired = world.pass_time(NOW)

    assert fired == 80
    with world.reading(SYSTEM) as view:
        assert instance(view, started.id).state == "completed"
    assert world.rows("SELECT count(*) FROM token_log WHERE left_at IS NULL") == [(0,)]


@pytest.mark.parametrize("still", ["true", "false"])
def test_a_case_that_stands_before_it_is_taken_to_another_version(world: World, still: str) -> None:
    started = begin(world, part=2)
    new = MODEL.replace("10 / part", "20 / part").replace('asyncBefore="true"', f'asyncBefore="{still}"')
    (target,) = world.deploy(bpmn(new))

    world.do(MigrateInstance(instance_id=started.id, definition_id=target.id, reason="it is 20 now"))
    world.pass_time(NOW)

    assert open_tasks(world) == ["after"]
    with world.reading() as view:
        assert instance(view, started.id).variables["total"] == 10
