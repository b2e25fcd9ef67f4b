"""What recording costs: eight processes complete tasks as fast as they can, with the trail and without, in turn."""

import multiprocessing
import time
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from typing import Any

from audit.recorder import record
from benchmarks.complete import KEY, MODEL
from core.identity import SYSTEM
from core.settings import Settings
from engine.definitions import DeployDefinitions, DeploymentFile
from engine.instances import StartInstance
from engine.tasks import CompleteTask
from webapp.bootstrap import Application, build
from webapp.cli.progress import progress_bar

CLIENTS = 8
ROUNDS, QUICK_ROUNDS = 12, 4  # half of them without the trail
SECONDS, QUICK_SECONDS = 4.0, 1.0  # of a round
WARM_UP = 20  # completions of each client before the first round


def measure(application: Application, *, quick: bool = False) -> dict[str, Any]:
    """Completions a second with and without, and the part of them that recording costs.

    The rounds alternate as with, without, without, with, …, so that whatever slows the machine slows both.
    """
    file = DeploymentFile(name="bench_complete.bpmn", content=MODEL.encode())
    application.executor.execute(DeployDefinitions(files=(file,)), actor=SYSTEM)
    fresh = multiprocessing.get_context("spawn")
    url = application.database.engine.url.render_as_string(hide_password=False)
    clients = []
    for _ in range(CLIENTS):
        here, there = fresh.Pipe()
        process = fresh.Process(target=_client, args=(url, str(application.settings.data), there), daemon=True)
        process.start()
        there.close()
        clients.append((here, process))
    done = {True: 0, False: 0}
    rounds, seconds = (QUICK_ROUNDS, QUICK_SECONDS) if quick else (ROUNDS, SECONDS)
    try:
        for here, _ in clients:
            here.recv()  # warm
        with progress_bar("Rounds") as progress:
            for number in range(rounds):
                recorded = number % 4 in {0, 3}
                for here, _ in clients:
                    here.send((recorded, seconds))
                done[recorded] += sum(here.recv() for here, _ in clients)
                progress(number + 1, rounds)
    finally:
        for here, process in clients:
            process.kill()
            process.join()
            here.close()
    time_each = rounds / 2 * seconds
    return {
        "clients": CLIENTS,
        "audited_per_second": round(done[True] / time_each, 1),
        "unaudited_per_second": round(done[False] / time_each, 1),
        "audit_cost": round(1 - done[True] / max(done[False], 1), 3),
    }


def _client(url: str, data: str, there: Pipe) -> None:
    """In a process of its own: completes as long as it is told to, with or without the trail."""
    application = build(Settings(database_url=url, data=Path(data)))
    execute, recorders = application.executor.execute, application.units.recorders
    variables = {"amount": 12000, "customer": "ACME", "finished": False}
    task = execute(StartInstance(definition_key=KEY, variables=variables), actor=SYSTEM).tasks[0].id

    def complete() -> None:
        nonlocal task
        task = execute(CompleteTask(task_id=task, data={"remark": "done"}), actor=SYSTEM).tasks[0].id

    for _ in range(WARM_UP):
        complete()
    there.send("warm")
    while True:
        recorded, seconds = there.recv()
        if recorded is not (record in recorders):
            recorders.append(record) if recorded else recorders.remove(record)
        complete()  # the first one after a change looks the chain's end up
        count, until = 0, time.perf_counter() + seconds
        while time.perf_counter() < until:
            complete()
            count += 1
        there.send(count)
