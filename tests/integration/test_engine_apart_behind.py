"""`camunda:asyncAfter`: an activity that is done is durable before anything comes behind it."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine

from core.clock import FixedClock
from engine import runtime
from engine.events import TimerFired
from engine.incidents import RetryIncident, SkipIncident
from engine.instances import CancelInstance, SetVariables
from engine.live_cases import live_cases
from engine.migration.instances import MigrateInstance
from engine.operations import MoveTokens
from engine.queries import instance
from engine.timers import FireDueTimers
from tests.engine_stage import boundary, event
from tests.engine_world import World, bpmn, chain, flow, line

AFTER = 'camunda:asyncAfter="true"'
MODEL = line(f'<userTask id="work" {AFTER}/>', '<userTask id="next"/>', names=("work", "next"))
CHOICE = (
    f'<startEvent id="start"/><userTask id="work" {AFTER}/><userTask id="next"/><userTask id="late"/>'
    '<endEvent id="end"/>'
    + chain("start", "work")
    + flow("work", "next", "part > 1")
    + chain("next", "end")
    + boundary("slow", "work", "timer PT1H")
    + chain("slow", "late", "end")
)
NOW = timedelta()


@pytest.fixture
def world(engine: Engine, clock: FixedClock) -> World:
    return World(engine, clock)


def begin(world: World, content: str = MODEL, **variables: Any) -> Any:
    """A case whose first task is done: it stands behind it."""
    world.deploy(bpmn(content))
    started = world.start(**variables)
    done = world.complete(started.tasks[0].id, remark="done")
    assert (done.state, done.tasks) == ("running", ())
    live_cases.clear()
    return started


def tokens(world: World, started: Any) -> list[tuple[str, str]]:
    with world.reading() as view:
        return [(token.element_id, token.state) for token in instance(view, started.id).tokens]


def variables(world: World, started: Any) -> dict[str, Any]:
    with world.reading() as view:
        return instance(view, started.id).variables


def open_tasks(world: World) -> list[str]:
    return [row[0] for row in world.rows("SELECT element_id FROM work_item ORDER BY element_id")]


def timers(world: World) -> list[str]:
    return [row[0] for row in world.rows("SELECT element_id FROM timer ORDER BY element_id")]


def test_what_is_done_is_durable_and_what_comes_behind_it_comes_by_itself(world: World) -> None:
    started = begin(world)
    before = tokens(world, started), open_tasks(world), variables(world, started)
    visits = world.rows("SELECT count(*) FROM token_log WHERE left_at IS NULL")

    fired = world.pass_time(NOW)

    assert before == ([("work", "waiting")], [], {"remark": "done"})
    assert visits == [(1,)]
    assert fired == 1
    assert open_tasks(world) == ["next"]
    assert world.rows("SELECT element_id, state FROM task_history") == [("work", "completed")]
    assert world.rows("SELECT element_id FROM token_log WHERE left_at IS NULL") == [("next",)]
    assert not [each for each in world.events if isinstance(each, TimerFired)]
    assert timers(world) == []


def test_an_element_begins_and_is_left_in_a_transaction_of_its_own(world: World) -> None:
    both = f'<scriptTask id="count" camunda:asyncBefore="true" {AFTER}><script>total = total + 1</script></scriptTask>'
    world.deploy(bpmn(line(both, '<userTask id="next"/>', names=("count", "next"))))
    started = world.start(total=0)

    before = variables(world, started)["total"]
    fired = world.do(FireDueTimers(limit=1))
    between = variables(world, started)["total"], timers(world), open_tasks(world)
    fired_again = world.do(FireDueTimers(limit=1))

    assert (before, fired, fired_again) == (0, 1, 1)
    assert between == (1, ["count"], [])
    assert variables(world, started)["total"] == 1
    assert (timers(world), open_tasks(world)) == ([], ["next"])


@pytest.mark.parametrize("how", ["tried again", "skipped"])
def test_a_way_out_that_fails_is_an_incident_and_undoes_nothing(world: World, how: str) -> None:
    started = begin(world, CHOICE, part=0)

    world.pass_time(NOW)

    ((incident, element, code),) = world.rows("SELECT id, element_id, code FROM incident WHERE state = 'open'")
    assert (element, code) == ("work", "no_way_out")
    assert world.rows("SELECT element_id, state FROM task_history") == [("work", "completed")]
    live_cases.clear()
    world.do(SetVariables(instance_id=started.id, variables={"part": 5}, reason="it was 0"))
    command = RetryIncident if how == "tried again" else SkipIncident
    world.do(command(incident_id=incident, reason="the part is known now"))
    assert open_tasks(world) == ["next"]
    assert timers(world) == []


def test_its_boundary_events_are_gone_when_it_is_done(world: World) -> None:
    begin(world, CHOICE, part=2)

    assert timers(world) == ["work"]
    world.pass_time(timedelta(hours=2))
    assert open_tasks(world) == ["next"]


@pytest.mark.parametrize("how", ["cancelled", "moved on"])
def test_who_is_taken_away_behind_it_leaves_nothing(world: World, how: str) -> None:
    started = begin(world)

    if how == "cancelled":
        world.do(CancelInstance(instance_id=started.id, reason="no longer wanted"))
    else:
        world.do(MoveTokens(instance_id=started.id, source="work", target="end", reason="not needed"))

    assert timers(world) == []
    assert world.pass_time(NOW) == 0
    assert world.rows("SELECT count(*) FROM token_log WHERE left_at IS NULL") == [(0,)]
    assert world.rows("SELECT state FROM task_history") == [("completed",)]


@pytest.mark.parametrize(
    "loop",
    [
        '<multiInstanceLoopCharacteristics camunda:collection="people"/>',
        '<multiInstanceLoopCharacteristics camunda:collection="people" isSequential="true"/>',
        '<standardLoopCharacteristics loopMaximum="2"/>',
    ],
)
def test_an_activity_of_many_instances_is_left_once(world: World, loop: str) -> None:
    many = f'<userTask id="vote" {AFTER}>{loop}</userTask>'
    world.deploy(bpmn(line(many, '<userTask id="next"/>', names=("vote", "next"))))
    started = world.start(people=[1, 2])

    while open_tasks(world):
        (first, *_) = world.rows("SELECT id FROM work_item ORDER BY id")
        world.complete(first[0])
        live_cases.clear()

    assert tokens(world, started) == [("vote", "waiting")]
    assert timers(world) == ["vote"]
    world.pass_time(NOW)
    assert open_tasks(world) == ["next"]


def test_it_can_be_undone_once_it_is_done(world: World) -> None:
    undo = (
        f'<scriptTask id="book" {AFTER}><script>booked = 1</script></scriptTask>'
        '<boundaryEvent id="back" attachedToRef="book"><compensateEventDefinition/></boundaryEvent>'
        '<scriptTask id="cancel" isForCompensation="true"><script>undone = undone + 1</script></scriptTask>'
        '<association id="way" associationDirection="One" sourceRef="back" targetRef="cancel"/>'
    )
    throw = event("intermediateThrowEvent", "undo", "compensate")
    world.deploy(bpmn(line(undo, throw, '<userTask id="next"/>', names=("book", "undo", "next"))))
    started = world.start(undone=0)
    live_cases.clear()

    before = variables(world, started)
    world.pass_time(NOW)

    assert before == {"booked": 1, "undone": 0}
    assert variables(world, started)["undone"] == 1
    assert open_tasks(world) == ["next"]


def test_outputs_are_mapped_before_and_not_again_behind_it(world: World) -> None:
    mapped = (
        f'<scriptTask id="count" {AFTER}><extensionElements><camunda:inputOutput>'
        '<camunda:outputParameter name="total">=total + 1</camunda:outputParameter>'
        "</camunda:inputOutput></extensionElements><script>other = 1</script></scriptTask>"
    )
    world.deploy(bpmn(line(mapped, '<userTask id="next"/>', names=("count", "next"))))
    started = world.start(total=0)

    before = variables(world, started)["total"]
    world.pass_time(NOW)

    assert (before, variables(world, started)["total"]) == (1, 1)
    assert open_tasks(world) == ["next"]


def test_each_of_very_many_is_left_by_itself(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runtime, "ROUND_TRIPS", False)
    inside = f'<startEvent id="in"/><userTask id="vote" {AFTER}/><endEvent id="out"/>' + chain("in", "vote", "out")
    many = f'<subProcess id="each">{inside}<multiInstanceLoopCharacteristics camunda:collection="people"/></subProcess>'
    world.deploy(bpmn(line(many, names=("each",))))
    started = world.start(people=list(range(80)))
    first, *others = started.tasks

    done = world.complete(first.id)
    assert {task.id for task in done.tasks} == {task.id for task in others}
    for number, task in enumerate(others):
        world.complete(task.id)
        if number == 40:
            live_cases.clear()

    assert timers(world) == ["vote"] * 80
    assert world.pass_time(NOW) == 80
    with world.reading() as view:
        assert instance(view, started.id).state == "completed"
    assert world.rows("SELECT count(*) FROM token_log WHERE left_at IS NULL") == [(0,)]


@pytest.mark.parametrize("still", ["true", "false"])
def test_a_case_that_stands_behind_it_is_taken_to_another_version(world: World, still: str) -> None:
    started = begin(world)
    new = MODEL.replace(AFTER, f'camunda:asyncAfter="{still}"') + boundary("slow", "work", "timer PT1H")
    (target,) = world.deploy(bpmn(new + flow("slow", "end")))

    world.do(MigrateInstance(instance_id=started.id, definition_id=target.id, reason="it has an hour"))
    assert timers(world) == ["work"]
    world.pass_time(NOW)

    assert open_tasks(world) == ["next"]


def test_another_version_arms_nothing_at_what_is_done_but_cannot_be_left(world: World) -> None:
    started = begin(world, CHOICE, part=0)
    world.pass_time(NOW)
    new = CHOICE + boundary("other", "work", "timer PT2H") + flow("other", "late")
    (target,) = world.deploy(bpmn(new))

    world.do(MigrateInstance(instance_id=started.id, definition_id=target.id, reason="there is more time"))

    assert timers(world) == []
    ((incident,),) = world.rows("SELECT id FROM incident WHERE state = 'open'")
    world.do(SetVariables(instance_id=started.id, variables={"part": 5}, reason="it was 0"))
    world.do(RetryIncident(incident_id=incident, reason="there is a way now"))
    assert open_tasks(world) == ["next"]
