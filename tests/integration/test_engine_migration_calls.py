"""Cases that call others, and those that are called, go on in another version by themselves."""

import pytest
from sqlalchemy import Engine

from core.clock import FixedClock
from engine.errors import MigrationRefused
from engine.incidents import RetryIncident
from engine.migration.instances import MigrateInstance
from tests.engine_jobs import JobWorld
from tests.engine_stage import ROOTS, boundary, call, event
from tests.engine_world import bpmn, chain, line

WORK = bpmn(line('<userTask id="work"/>', names=("work",)), key="called")
WORK_TWICE = bpmn(
    line('<userTask id="work" name="Work on"/>', '<userTask id="more"/>', names=("work", "more")), key="called"
)
MAPPED = '<camunda:in variables="all"/><camunda:out source="answer" target="answer"/>'
CALLER = bpmn(line(call(inner=MAPPED), names=("call",)))
CALLER_ON = bpmn(line(call("ask", inner=MAPPED), '<userTask id="after"/>', names=("ask", "after")))


@pytest.fixture
def world(engine: Engine, clock: FixedClock) -> JobWorld:
    return JobWorld(engine, clock)


def migrate(world: JobWorld, instance: str, target: str, **mapping: str | None) -> str:
    command = MigrateInstance(instance_id=instance, definition_id=target, reason="new", mapping=mapping)
    return str(world.do(command))


def tasks(world: JobWorld) -> dict[str, str]:
    return dict(map(tuple, world.rows("SELECT element_id, id FROM work_item")))


def test_a_caller_goes_on_in_its_new_version_when_the_called_case_is_done(world: JobWorld) -> None:
    world.deploy(("called.bpmn", WORK), ("caller.bpmn", CALLER))
    caller = world.start().id
    (target,) = world.deploy(("caller.bpmn", CALLER_ON))
    with pytest.raises(MigrationRefused, match="call"):
        migrate(world, caller, target.id)

    migrate(world, caller, target.id, call="ask")

    assert world.rows("SELECT parent_element FROM instance WHERE parent_id IS NOT NULL") == [("ask",)]
    world.complete(tasks(world)["work"], answer=7)
    assert list(tasks(world)) == ["after"]
    assert world.rows(f"SELECT snapshot->'variables'->'answer' FROM instance WHERE id = '{caller}'") == [(7,)]


def test_a_called_case_goes_on_in_its_own_new_version(world: JobWorld) -> None:
    world.deploy(("called.bpmn", WORK), ("caller.bpmn", CALLER))
    caller = world.start().id
    ((called,),) = world.rows("SELECT id FROM instance WHERE parent_id IS NOT NULL")
    (target,) = world.deploy(("called.bpmn", WORK_TWICE))

    migrate(world, called, target.id)

    world.complete(tasks(world)["work"])
    world.complete(tasks(world)["more"], answer=1)
    assert world.rows(f"SELECT state FROM instance WHERE id = '{caller}'") == [("completed",)]


def test_a_case_that_an_error_stopped_is_repaired_by_a_new_version(world: JobWorld) -> None:
    def failing(caught: str) -> bytes:
        inner = f'<startEvent id="s"/>{event("endEvent", "bad", "error e")}' + chain("s", "bad")
        return bpmn(
            line('<userTask id="ask"/>', f'<subProcess id="part">{inner}</subProcess>', names=("ask", "part")) + caught,
            roots=ROOTS,
        )

    caught = boundary("catch", "part", "error e") + '<userTask id="mend"/><endEvent id="over"/>'
    world.deploy(failing(""))
    instance = world.start().id
    world.complete(tasks(world)["ask"])
    assert world.rows("SELECT state FROM instance") == [("failed",)]
    (target,) = world.deploy(failing(caught + chain("catch", "mend", "over")))

    migrate(world, instance, target.id)
    ((incident,),) = world.rows("SELECT id FROM incident WHERE state = 'open'")
    world.do(RetryIncident(incident_id=incident, reason="it is caught now"))

    assert list(tasks(world)) == ["mend"]
