"""A process that is killed in the middle of a command leaves nothing behind."""

import signal
import subprocess
import sys

import pytest
from sqlalchemy import Engine

from core.clock import FixedClock
from engine.migration.batches import StartMigration
from tests.engine_jobs import JobWorld
from tests.engine_world import bpmn, line

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

MOVER = """
import os, signal, sys
from core.clock import SystemClock
from engine.migration.batches import MigrateNext, migrate_next
from storage.engine import connect
from tests.engine_world import ADMIN, World
world, command = World(connect(sys.argv[1]), SystemClock()), MigrateNext(migration_id=sys.argv[2])
for _ in range(2):
    world.do(command)
with world.units.begin(ADMIN) as unit:
    assert migrate_next(command, unit)
    unit.session.flush()
    unit.send()
    print("written", flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def world(engine: Engine, clock: FixedClock) -> JobWorld:
    return JobWorld(engine, clock)


def test_a_process_that_is_killed_before_its_commit_leaves_nothing(world: JobWorld, database_url: str) -> None:
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


def test_a_batch_of_migrations_whose_worker_is_killed_in_the_middle_of_a_case_takes_each_over_once(
    world: JobWorld, database_url: str
) -> None:
    world.deploy(bpmn(line('<userTask id="first"/>', '<userTask id="second"/>', names=("first", "second"))))
    for _ in range(6):
        world.start()
    (after,) = world.deploy(bpmn(line('<userTask id="first"/>', '<userTask id="third"/>', names=("first", "third"))))
    ((before,),) = world.rows("SELECT id FROM definition WHERE version = 1")
    order = StartMigration(before_id=before, after_id=after.id, reason="paid at once", mapping={"second": "third"})
    batch = world.do(order)

    victim = subprocess.run(
        [sys.executable, "-c", MOVER, database_url, batch], capture_output=True, text=True, check=False
    )

    assert (victim.stdout, victim.returncode) == ("written\n", -signal.SIGKILL), victim.stderr
    here = "SELECT count(*), sum(revision) FROM instance WHERE definition_id = "
    once = world.rows(f"{here}'{before}'")[0][1] // 4  # the revision of a case that nobody has touched
    assert world.rows(f"{here}'{before}'") == [(4, 4 * once)]
    assert world.rows(f"{here}'{after.id}'") == [(2, 2 * (once + 1))]
    world.work()
    assert world.rows("SELECT DISTINCT state FROM migration_item") == [("done",)]
    assert world.rows("SELECT state FROM migration") == [("finished",)]
    assert world.rows(f"{here}'{after.id}'") == [(6, 6 * (once + 1))]
    tasks = [task for (task,) in world.rows("SELECT id FROM work_item")]
    assert [[each.element_id for each in world.complete(task).tasks] for task in tasks] == [["third"]] * 6
