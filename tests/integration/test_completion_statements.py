"""What an ordinary completion sends to the database, counted where nobody can hide it: in the driver's own protocol."""

from __future__ import annotations

import sys

import pytest

from benchmarks.complete import KEY, MODEL
from core.identity import SYSTEM, Actor
from engine.definitions import DeployDefinitions, DeploymentFile
from engine.instances import StartInstance
from engine.tasks import CompleteTask
from tests.protocol import listening
from webapp.bootstrap import Application

MOST = 12
WARM_UP = 5  # completions: by then statements are prepared and definitions in memory
PERSON = Actor(id="anna", name="Anna", roles=frozenset({"bench"}), permissions=frozenset({"task.work"}))

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="libpq traces to a file descriptor on Linux alone")


def test_a_completion_takes_at_most_twelve_statements_and_one_commit(application: Application) -> None:
    execute = application.executor.execute
    execute(DeployDefinitions(files=(DeploymentFile(name="rounds.bpmn", content=MODEL.encode()),)), actor=SYSTEM)
    started = execute(StartInstance(definition_key=KEY, variables={"finished": False}), actor=SYSTEM)
    task = started.tasks[0].id
    for _ in range(WARM_UP):
        task = execute(CompleteTask(task_id=task, data={"remark": "done"}), actor=PERSON).tasks[0].id

    with listening(application.database.engine) as sent:
        execute(CompleteTask(task_id=task, data={"remark": "done"}), actor=PERSON)

    assert sent.commits == 1, sent.told
    assert 2 <= sent.statements <= MOST, sent.told
