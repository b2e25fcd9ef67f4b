"""What the database cannot hold is refused with a reason, or stops one case with an incident, and nobody else."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine

from core.clock import FixedClock
from core.errors import InvalidInput
from engine.instances import StartInstance
from engine.tasks import AssignTask, CommentTask
from tests.engine_world import World, bpmn, line

HOUR = timedelta(hours=1)
LATER = (
    '<intermediateCatchEvent id="later"><timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition>'
    "</intermediateCatchEvent>"
)
KEYED = (
    '<callActivity id="work" calledElement="process"><extensionElements><camunda:in businessKey="=who"/>'
    "</extensionElements></callActivity>"
)
LONG = "x" * 300
NUL = "a\0b"


@pytest.fixture
def world(engine: Engine, clock: FixedClock) -> World:
    world = World(engine, clock)
    world.deploy(bpmn(line('<userTask id="work"/>', names=("work",))))
    return world


def deploy_later(world: World, node: str) -> None:
    """A process whose node begins behind a timer."""
    source = bpmn(line(LATER, node, names=("later", "work")), key="late", roots='<message id="m" name="paid"/>')
    world.deploy(source)


def state_of(world: World, instance: str) -> str:
    return str(world.rows(f"SELECT state FROM instance WHERE id = '{instance}'")[0][0])


def waits_in(world: World, instance: str) -> int:
    return int(world.rows(f"SELECT count(*) FROM timer WHERE instance_id = '{instance}'")[0][0])


@pytest.mark.parametrize(
    "node",
    [
        '<userTask id="work" camunda:candidateGroups="=who"/>',
        '<userTask id="work" camunda:assignee="=who"/>',
        KEYED,
        '<callActivity id="work" calledElement="=if who = &quot;process&quot; then who else who"/>',
        '<receiveTask id="work" messageRef="m" obieg:correlationKey="=who"/>',
    ],
)
def test_a_name_that_is_too_long_is_an_incident_of_its_case_and_stops_no_other_timer(world: World, node: str) -> None:
    deploy_later(world, node)
    broken, whole = world.start("late", who=LONG), world.start("late", who="process")

    world.pass_time(HOUR)

    assert state_of(world, broken.id) == "failed"
    assert (state_of(world, whole.id), waits_in(world, whole.id)) == ("running", 0)


def test_a_text_that_no_column_holds_stops_no_other_timer(world: World) -> None:
    script = '<scriptTask id="work"><script>text = if odd then "a\\u0000b" else "ab"</script></scriptTask>'
    deploy_later(world, script)
    broken, whole = world.start("late", odd=True), world.start("late", odd=False)

    world.pass_time(HOUR)

    assert (state_of(world, broken.id), waits_in(world, broken.id)) == ("failed", 0)
    assert state_of(world, whole.id) == "completed"


@pytest.mark.parametrize(
    "act",
    [
        lambda world, _: world.start(x=NUL),
        lambda world, _: world.start(x="a\ud800b"),
        lambda world, _: world.start(**{NUL: 1}),
        lambda world, _: world.do(StartInstance(definition_key="process", business_key=LONG)),
        lambda world, _: world.do(StartInstance(definition_key="process", business_key=NUL)),
        lambda world, _: world.do(StartInstance(definition_key=NUL)),
        lambda world, task: world.complete(task, x=NUL),
        lambda world, task: world.complete(task, key=NUL),
        lambda world, _: world.complete(NUL),
        lambda world, task: world.do(AssignTask(task_id=task, assignee=LONG)),
        lambda world, task: world.do(CommentTask(task_id=task, text=NUL)),
    ],
)
def test_whoever_sends_what_cannot_be_stored_is_told_so_and_nothing_changes(
    world: World, act: Callable[[World, str], Any]
) -> None:
    started = world.start()

    with pytest.raises(InvalidInput):
        act(world, started.tasks[0].id)

    assert world.rows("SELECT id FROM instance") == [(started.id,)]
    world.complete(started.tasks[0].id)
    assert state_of(world, started.id) == "completed"


@pytest.mark.parametrize(
    "node",
    [
        f'<userTask id="{LONG}"/>',
        f'<userTask id="work" name="{LONG * 2}"/>',
        f'<userTask id="work" camunda:candidateGroups="a,{LONG}"/>',
        f'<serviceTask id="work" camunda:type="external" camunda:topic="{LONG}"/>',
        f'<endEvent id="work" obieg:outcome="{LONG}"/>',
    ],
)
def test_a_diagram_with_names_that_cannot_be_stored_is_refused(world: World, node: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        world.deploy(bpmn('<startEvent id="start"/>' + node, key="long"))

    assert "too-long" in str(refused.value.details)
