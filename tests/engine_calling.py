"""What tests of calls share: a process that calls another, both with a task, and how to look at their cases."""

from __future__ import annotations

from sqlalchemy import Engine

from core.clock import FixedClock
from engine.instances import StartedInstance
from tests.engine_jobs import JobWorld
from tests.engine_stage import ROOTS, boundary, call, event
from tests.engine_world import bpmn, chain, line, person

WORK = bpmn(
    line('<userTask id="work"/>', names=("work",))
    + boundary("late", "work", "timer PT2H", interrupting=False)
    + '<endEvent id="x"/>'
    + chain("late", "x"),
    key="called",
    roots=ROOTS,
)
MAPPED = '<camunda:in variables="all"/><camunda:out source="answer" target="answer"/>'
CALLER = bpmn(line(call(inner=MAPPED), '<userTask id="after"/>', names=("call", "after")), roots=ROOTS)
BAD = event("endEvent", "end", "error e")
ANNA, BEN = person("anna"), person("ben")


def child_of(world: JobWorld, started: StartedInstance) -> str:
    ((child,),) = world.rows(f"SELECT id FROM instance WHERE parent_id = '{started.id}'")
    return str(child)


def states(world: JobWorld) -> dict[str, str]:
    return dict(map(tuple, world.rows("SELECT definition_key, state FROM instance")))


def calling_world(engine: Engine, clock: FixedClock) -> JobWorld:
    """A world with both processes deployed."""
    world = JobWorld(engine, clock)
    world.deploy(("called.bpmn", WORK), ("caller.bpmn", CALLER))
    return world
