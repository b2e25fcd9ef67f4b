"""What an ordinary completion sends to the database, counted where nobody can hide it: in the driver's own protocol."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import pytest
from psycopg import pq
from sqlalchemy import event

from benchmarks.complete import KEY, MODEL
from core.identity import SYSTEM, Actor
from engine.definitions import DeployDefinitions, DeploymentFile
from engine.instances import StartInstance
from engine.tasks import CompleteTask
from webapp.bootstrap import Application

MOST = 12
BEGIN_AND_COMMIT = 2
WARM_UP = 5  # completions: by then statements are prepared and definitions in memory
SENT = re.compile(r"^F\s+\d+\s+(Query|Execute)\b", re.MULTILINE)
COMMITS = re.compile(r'^F\s+\d+\s+(?:Query|Parse)\s.*"COMMIT', re.MULTILINE)
PERSON = Actor(id="anna", name="Anna", roles=frozenset({"bench"}), permissions=frozenset({"task.work"}))

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="libpq traces to a file descriptor on Linux alone")


def test_a_completion_takes_at_most_twelve_statements_and_one_commit(application: Application, tmp_path: Path) -> None:
    execute = application.executor.execute
    execute(DeployDefinitions(files=(DeploymentFile(name="rounds.bpmn", content=MODEL.encode()),)), actor=SYSTEM)
    started = execute(StartInstance(definition_key=KEY, variables={"finished": False}), actor=SYSTEM)
    task = started.tasks[0].id
    for _ in range(WARM_UP):
        task = execute(CompleteTask(task_id=task, data={"remark": "done"}), actor=PERSON).tasks[0].id
    traced: list[pq.abc.PGconn] = []

    with (tmp_path / "trace").open("w+") as file:

        def trace(connection: Any, *_: Any) -> None:
            connection.pgconn.trace(file.fileno())
            connection.pgconn.set_trace_flags(pq.Trace.SUPPRESS_TIMESTAMPS)
            traced.append(connection.pgconn)

        event.listen(application.database.engine, "checkout", trace)
        execute(CompleteTask(task_id=task, data={"remark": "done"}), actor=PERSON)
        for connection in traced:
            connection.untrace()
        file.seek(0)
        told = file.read()

    statements = SENT.findall(told)
    assert len(COMMITS.findall(told)) == 1, told
    assert 2 <= len(statements) - BEGIN_AND_COMMIT <= MOST, told
