"""Durable completions of user tasks through executor, engine, database and trail, against a bare transaction.

The bare transaction is what the smallest possible workflow table would cost: lock a row, update it, insert one,
delete one, commit; on a connection of the same pool, one in turn with each completion, so that both see the same
machine. `ratio` compares medians; `bare_p50_ms` is psycopg alone, `pooled_p50_ms` the same through SQLAlchemy's
connection.
"""

import gc
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import click
from sqlalchemy import Engine

from core.executor import Executor
from core.identity import SYSTEM
from core.ids import new_id
from core.settings import Settings
from engine.definitions import DeployDefinitions, DeploymentFile
from engine.instances import StartInstance
from engine.tasks import CompleteTask

KEY = "bench_complete"
WARM_UP = 50  # rounds that are not measured
ROUNDS, QUICK = 2000, 200  # rounds that are
STEP = 10  # rounds between two movements of the progress bar
MODEL = f"""<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:camunda="http://camunda.org/schema/1.0/bpmn"
  xmlns:obieg="https://obieg.dev/schema/1.0/bpmn" id="bench" targetNamespace="https://obieg.dev/benchmarks">
  <process id="{KEY}" name="Benchmark: rounds of one task" isExecutable="true">
    <startEvent id="start"/>
    <userTask id="work" name="Work" camunda:candidateGroups="bench" obieg:stage="work"/>
    <exclusiveGateway id="again" default="again_work"/>
    <endEvent id="end"/>
    <sequenceFlow id="start_work" sourceRef="start" targetRef="work"/>
    <sequenceFlow id="work_again" sourceRef="work" targetRef="again"/>
    <sequenceFlow id="again_work" sourceRef="again" targetRef="work"/>
    <sequenceFlow id="again_end" sourceRef="again" targetRef="end">
      <conditionExpression>finished = true</conditionExpression>
    </sequenceFlow>
  </process>
</definitions>
"""
TABLES = """
CREATE TABLE IF NOT EXISTS bench_case (id text PRIMARY KEY, revision integer NOT NULL, snapshot jsonb NOT NULL);
CREATE TABLE IF NOT EXISTS bench_task (id text PRIMARY KEY, case_id text NOT NULL, data jsonb NOT NULL);
"""
LOCK = "SELECT revision, snapshot FROM bench_case WHERE id = %s FOR UPDATE"
UPDATE = "UPDATE bench_case SET revision = revision + 1, snapshot = %s::jsonb WHERE id = %s"
INSERT = "INSERT INTO bench_task (id, case_id, data) VALUES (%s, %s, %s::jsonb)"
DELETE = "DELETE FROM bench_task WHERE id = %s"
SNAPSHOT = json.dumps({"tokens": [["task", "work"]], "variables": {"amount": 12000, "customer": "ACME"}})


class Application(Protocol):
    """What the benchmark needs of the composition root."""

    @property
    def executor(self) -> Executor:
        """Executes commands."""

    @property
    def database(self) -> Any:
        """Has the engine."""


class _Bare:
    """The four statements, through SQLAlchemy or through psycopg alone."""

    def __init__(self, engine: Engine, *, raw: bool) -> None:
        self._engine = engine
        self._raw = raw
        self._case, self._task = new_id(), new_id()
        with engine.begin() as connection:
            connection.exec_driver_sql(TABLES)
            connection.exec_driver_sql("INSERT INTO bench_case VALUES (%s, 1, %s::jsonb)", (self._case, SNAPSHOT))
            connection.exec_driver_sql(INSERT, (self._task, self._case, "{}"))

    def __call__(self) -> None:
        following = new_id()
        with self._engine.connect() as connection:
            driver: Any = connection.connection.driver_connection
            execute = driver.execute if self._raw else connection.exec_driver_sql
            execute(LOCK, (self._case,)).fetchone()
            execute(UPDATE, (SNAPSHOT, self._case))
            execute(INSERT, (following, self._case, "{}"))
            execute(DELETE, (self._task,))
            (driver if self._raw else connection).commit()
        self._task = following


class _Completion:
    """One durable completion after the other in one case."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor
        file = DeploymentFile(name="bench_complete.bpmn", content=MODEL.encode())
        executor.execute(DeployDefinitions(files=(file,)), actor=SYSTEM)
        variables = {"amount": 12000, "customer": "ACME", "finished": False}
        started = executor.execute(StartInstance(definition_key=KEY, variables=variables), actor=SYSTEM)
        self._task = started.tasks[0].id

    def __call__(self) -> None:
        command = CompleteTask(task_id=self._task, data={"remark": "done"})
        self._task = self._executor.execute(command, actor=SYSTEM).tasks[0].id

    def finish(self) -> None:
        """End the case, so that the next run starts clean."""
        self._executor.execute(CompleteTask(task_id=self._task, data={"finished": True}), actor=SYSTEM)


def run(application: Application | None = None, rounds: int = ROUNDS, *, quick: bool = False) -> dict[str, float]:
    """The figures of one run: of this application, or of an embedded one in a folder of its own."""
    rounds = QUICK if quick else rounds
    if application is not None:
        return measure(application, rounds)
    from webapp.bootstrap import opened

    with (
        tempfile.TemporaryDirectory(prefix="obieg-bench-") as folder,
        opened(Settings(data=Path(folder)), migrated=True) as embedded,
        click.progressbar(length=WARM_UP + rounds, label="completions", file=sys.stderr) as bar,
    ):
        return measure(embedded, rounds, lambda number: bar.update(STEP) if number % STEP == 0 else None)


def measure(application: Application, rounds: int, progress: Callable[[int], None] | None = None) -> dict[str, float]:
    """Measure `rounds` completions and as many bare transactions, in turn; times are milliseconds."""
    engine: Engine = application.database.engine
    completion = _Completion(application.executor)
    contenders: dict[str, Callable[[], None]] = {
        "complete": completion,
        "bare": _Bare(engine, raw=False),
        "raw": _Bare(engine, raw=True),
    }
    times: dict[str, list[float]] = {name: [] for name in contenders}
    gc.collect()
    for number in range(WARM_UP + rounds):
        for name, act in contenders.items():
            began = time.perf_counter()
            act()
            if number >= WARM_UP:
                times[name].append((time.perf_counter() - began) * 1000)
        if progress is not None:
            progress(number)
    completion.finish()
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE bench_task, bench_case")
    return _figures(times)


def _figures(times: dict[str, list[float]]) -> dict[str, float]:
    middle = {name: statistics.median(values) for name, values in times.items()}
    figures = {
        "p50_ms": middle["complete"],
        "p95_ms": statistics.quantiles(times["complete"], n=20)[-1],
        "per_second": 1000 * len(times["complete"]) / sum(times["complete"]),
        "bare_p50_ms": middle["raw"],
        "ratio": middle["complete"] / middle["raw"],
        "pooled_p50_ms": middle["bare"],
        "pooled_ratio": middle["complete"] / middle["bare"],
    }
    return {name: round(value, 3) for name, value in figures.items()}
