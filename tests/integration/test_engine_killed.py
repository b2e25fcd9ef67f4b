"""A process that is killed in the middle of a command leaves nothing behind."""

import signal
import subprocess
import sys

import pytest
from sqlalchemy import Engine

from core.clock import FixedClock
from tests.engine_world import World, bpmn, line

VICTIM = """
import os, signal, sys
from core.clock import SystemClock
from engine.tasks import CompleteTask, complete_task
from storage.engine import connect
from tests.engine_world import ADMIN, World
world = World(connect(sys.argv[1]), SystemClock())
with world.units.begin(ADMIN) as unit:
    complete_task(CompleteTask(task_id=sys.argv[2], data={"lost": True}), unit)
    unit.session.flush()
    print("written", flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def world(engine: Engine, clock: FixedClock) -> World:
    return World(engine, clock)


def test_a_process_that_is_killed_before_its_commit_leaves_nothing(world: World, database_url: str) -> None:
    world.deploy(bpmn(line('<userTask id="first"/>', '<userTask id="second"/>', names=("first", "second"))))
    started = world.start()
    before = world.rows("SELECT state, revision, snapshot FROM instance")

    victim = subprocess.run(
        [sys.executable, "-c", VICTIM, database_url, started.tasks[0].id], capture_output=True, text=True, check=False
    )

    assert (victim.stdout, victim.returncode) == ("written\n", -signal.SIGKILL), victim.stderr
    assert world.rows("SELECT state, revision, snapshot FROM instance") == before
    assert [task.element_id for task in world.complete(started.tasks[0].id).tasks] == ["second"]
    assert world.rows("SELECT snapshot->'variables' FROM instance") == [({},)]
