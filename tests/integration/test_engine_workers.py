"""Eight workers on one database, some of them killed: no step is done twice, none is lost."""

import multiprocessing
import os
import random
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from core.clock import FixedClock, SystemClock
from core.errors import DomainError
from core.ids import new_id
from engine.handlers import HANDLERS, ServiceCall
from engine.models import TaskCommentRow
from storage.engine import connect
from storage.unit_of_work import UnitOfWork
from tests.engine_world import ADMIN, World, bpmn, line

CASES = 24
STEPS = ("one", "two", "three")
PROCESSES, THREADS = 4, 2
LONGEST = 30  # seconds for everything
KILLS = 4
DOOM = 0.3  # how likely a step dies as long as not all kills are done; 72 steps make it certain
FORK = multiprocessing.get_context("fork")
graves: Path | None = None  # the folder where each kill leaves a file; processes are forked with it


@HANDLERS.service_task("test_engine.note")
def note(unit: UnitOfWork, call: ServiceCall) -> dict[str, Any]:
    """Leaves a row: twice would be seen. Some die with it, in the middle of their transaction."""
    row = TaskCommentRow(
        instance_id=call.instance_id,
        id=new_id(),
        task_id=call.instance_id,
        author=call.element_id,
        text=call.key,
        created_at=unit.clock.now(),
    )
    unit.session.add(row)
    unit.session.flush()  # the row is on its way when the process dies
    if graves is not None and random.random() < DOOM:
        _die(graves)
    return {}


def _die(graves: Path) -> None:
    """Kill this process, unless enough were killed already."""
    for number in range(KILLS):
        try:
            (graves / str(number)).touch(exist_ok=False)
        except FileExistsError:
            continue
        os.kill(os.getpid(), signal.SIGKILL)


def chain_of_steps() -> bytes:
    nodes = []
    names = []
    for step in STEPS:
        nodes += [f'<userTask id="{step}"/>', f'<serviceTask id="note_{step}" obieg:handler="test_engine.note"/>']
        names += [step, f"note_{step}"]
    return bpmn(line(*nodes, names=tuple(names)))


def work(url: str) -> None:
    """Complete whatever task is open until there is none."""
    world = World(connect(url), SystemClock())

    def complete_tasks() -> None:
        while True:
            with world.engine.connect() as connection:
                found = list(connection.execute(text("SELECT id FROM work_item ORDER BY random() LIMIT 3")).scalars())
            if not found:
                return
            for task in found:
                try:
                    world.complete(task)
                except DomainError:
                    continue  # somebody was faster

    threads = [threading.Thread(target=complete_tasks) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    os._exit(0)


@pytest.mark.parametrize("seed", [7])
def test_no_step_is_done_twice_and_none_is_lost(
    engine: Engine,
    clock: FixedClock,
    database_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    seed: int,
) -> None:
    monkeypatch.setattr(sys.modules[__name__], "graves", tmp_path)
    world = World(engine, clock)
    world.deploy(chain_of_steps())
    for _ in range(CASES):
        world.start()
    _let_work(world, database_url, random.Random(seed))

    assert len(list(tmp_path.iterdir())) == KILLS
    assert world.rows("SELECT state, count(*) FROM instance GROUP BY 1") == [("completed", CASES)]
    assert world.rows("SELECT count(*) FROM task_history") == [(CASES * len(STEPS),)]
    assert world.rows("SELECT count(*), count(DISTINCT text) FROM task_comment") == [(CASES * len(STEPS),) * 2]
    twice = "SELECT 1 FROM token_log GROUP BY instance_id, element_id HAVING count(*) <> 1 OR count(left_at) <> 1"
    assert world.rows(twice) == []
    assert ADMIN.id in {actor for (actor,) in world.rows("SELECT DISTINCT actor FROM task_history")}


CALLED = 3  # cases that each case calls, all at once


def test_called_cases_and_their_callers_end_once_each_whoever_is_killed(
    engine: Engine, clock: FixedClock, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.modules[__name__], "graves", tmp_path)
    monkeypatch.setattr(sys.modules[__name__], "DOOM", 2 * DOOM)  # there are half as many steps
    world = World(engine, clock)
    step = '<serviceTask id="{0}" obieg:handler="test_engine.note"/>'
    inner = bpmn(line('<userTask id="work"/>', step.format("inner"), names=("work", "inner")), key="called")
    loop = f"<multiInstanceLoopCharacteristics><loopCardinality>{CALLED}</loopCardinality>"
    call = f'<callActivity id="call" calledElement="called">{loop}</multiInstanceLoopCharacteristics></callActivity>'
    outer = bpmn(line(call, step.format("outer"), '<userTask id="last"/>', names=("call", "outer", "last")))
    world.deploy(("inner.bpmn", inner), ("outer.bpmn", outer))
    for _ in range(CASES // CALLED):
        world.start()

    _let_work(world, database_url, random.Random(11))

    callers, called = CASES // CALLED, CASES // CALLED * CALLED
    assert len(list(tmp_path.iterdir())) == KILLS
    assert sorted(world.rows("SELECT definition_key, state, count(*) FROM instance GROUP BY 1, 2")) == [
        ("called", "completed", called),
        ("process", "completed", callers),
    ]
    done = world.rows(
        "SELECT element_id, count(*), count(DISTINCT instance_id) FROM task_history GROUP BY 1 ORDER BY 1"
    )
    assert done == [("last", callers, callers), ("work", called, called)]
    notes = world.rows("SELECT author, count(*), count(DISTINCT text) FROM task_comment GROUP BY 1 ORDER BY 1")
    assert notes == [("inner", called, called), ("outer", callers, callers)]
    visits = world.rows("SELECT count(*), count(left_at) FROM token_log WHERE element_id = 'call'")
    assert visits == [(callers * (CALLED + 1),) * 2]  # each call, and the activity around them
    assert world.rows("SELECT count(*) FROM incident") == [(0,)]


def _let_work(world: World, url: str, chance: random.Random) -> None:
    """Have processes complete all tasks; who was killed is replaced."""
    ends_at = time.monotonic() + LONGEST
    workers = [_started(url) for _ in range(PROCESSES)]
    while world.rows("SELECT count(*) FROM work_item") != [(0,)]:
        assert time.monotonic() < ends_at, "the workers are too slow, or stuck"
        number = chance.randrange(PROCESSES)
        workers[number].join(chance.uniform(0.01, 0.1))
        if not workers[number].is_alive():
            workers[number] = _started(url)
    for worker in workers:
        worker.join()


def _started(url: str) -> Any:
    worker = FORK.Process(target=work, args=(url,), daemon=True)
    worker.start()
    return worker
