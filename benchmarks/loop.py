"""Long cases: a loop of ten thousand rounds at constant cost, and a multi-instance task of a thousand elements.

Every round and every element is a durable completion of a user task: executor, engine, database and trail. `ratio`
compares the median of the last hundred rounds with that of the first hundred of a case that is new then.
"""

import gc
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from sqlalchemy import text

from benchmarks.complete import KEY, MODEL
from core.identity import SYSTEM
from core.settings import Settings
from engine.definitions import DeployDefinitions, DeploymentFile
from engine.instances import StartInstance
from engine.tasks import CompleteTask
from webapp.bootstrap import Application, opened
from webapp.cli.progress import progress_bar

ROUNDS, QUICK_ROUNDS = 10_000, 400
ELEMENTS, QUICK_ELEMENTS = 1000, 100
MORE = 3  # times as many elements, whose completions must not take longer
WARM_UP = 200  # rounds of another case that are not measured
ENDS = 100  # rounds that are compared
BARS = {
    "ratio": 1.2,
    "element_ms": 3.0,
    "silent_element_ms": 3.0,
    "mi_user_task_ms": 3.0,
    "mi_user_task_mean_ms": 3.0,
    "mi_user_task_more_ms": 3.0,
}
MANY = "bench_many"
SILENT = "bench_silent"
LOOP = '<multiInstanceLoopCharacteristics camunda:collection="items" camunda:elementVariable="item" {more}/>'
OUTPUT = 'obieg:outputCollection="results" obieg:outputElement="item * 2"'


def _many(key: str, activity: str) -> str:
    return (
        '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" id="bench" '
        'xmlns:camunda="http://camunda.org/schema/1.0/bpmn" xmlns:obieg="https://obieg.dev/schema/1.0/bpmn" '
        f'targetNamespace="https://obieg.dev/benchmarks"><process id="{key}" isExecutable="true">'
        '<startEvent id="start"/>'
        f'{activity}<userTask id="after"/><endEvent id="end"/>'
        '<sequenceFlow id="f1" sourceRef="start" targetRef="each"/>'
        '<sequenceFlow id="f2" sourceRef="each" targetRef="after"/>'
        '<sequenceFlow id="f3" sourceRef="after" targetRef="end"/></process></definitions>'
    )


MODELS = {
    KEY: MODEL,
    MANY: _many(MANY, f'<userTask id="each">{LOOP.format(more=OUTPUT)}</userTask>'),
    SILENT: _many(
        SILENT, f'<scriptTask id="each">{LOOP.format(more=OUTPUT)}<script>double = item * 2</script></scriptTask>'
    ),
}


def run(*, quick: bool = False) -> dict[str, Any]:
    """Measure on an installation of its own; times are milliseconds."""
    with tempfile.TemporaryDirectory(prefix="obieg-bench-") as folder:
        settings = Settings(data=Path(folder), log_level="WARNING")
        with opened(settings, migrated=True) as application:
            files = tuple(DeploymentFile(name=f"{key}.bpmn", content=model.encode()) for key, model in MODELS.items())
            application.executor.execute(DeployDefinitions(files=files), actor=SYSTEM)
            figures = {
                **_rounds(application, QUICK_ROUNDS if quick else ROUNDS),
                **_elements(application, QUICK_ELEMENTS if quick else ELEMENTS),
            }
    within = {name: figures[name] <= bar for name, bar in BARS.items()}
    is_constant = figures["snapshot_bytes"] == figures["snapshot_bytes_at_first"]
    return {"benchmark": "loop", **figures, "bars": BARS, "within_bars": all(within.values()) and is_constant}


class _Case:
    """One case that goes round in its loop, a completed user task each time."""

    def __init__(self, application: Application) -> None:
        self._execute = application.executor.execute
        variables = {"amount": 12000, "customer": "ACME", "finished": False}
        started = self._execute(StartInstance(definition_key=KEY, variables=variables), actor=SYSTEM)
        self.id, self._task = started.id, started.tasks[0].id

    def turn(self) -> float:
        """One round more; its milliseconds."""
        began = time.perf_counter()
        command = CompleteTask(task_id=self._task, data={"remark": "done"})
        self._task = self._execute(command, actor=SYSTEM).tasks[0].id
        return (time.perf_counter() - began) * 1000


def _rounds(application: Application, number: int) -> dict[str, Any]:
    """The last rounds of a long case take turns with the first ones of a new case.

    So that both see the same machine, whose speed changes while a long case runs.
    """
    warming = _Case(application)
    for _ in range(WARM_UP):
        warming.turn()
    gc.collect()
    old, times = _Case(application), []
    with progress_bar("rounds of a loop") as progress:
        for turn in range(number - ENDS):
            times.append(old.turn())
            if turn == ENDS:
                size_at_first = _size(application, old.id)
            if turn % ENDS == 0:
                progress(turn, number)
    new = _Case(application)
    pairs = [(old.turn(), new.turn()) for _ in range(ENDS)]
    last, first = (statistics.median(each) for each in zip(*pairs, strict=True))
    return {
        "rounds": number,
        "first_rounds_at_first_p50_ms": round(statistics.median(times[:ENDS]), 3),
        "first_rounds_p50_ms": round(first, 3),
        "last_rounds_p50_ms": round(last, 3),
        "ratio": round(last / first, 3),
        "snapshot_bytes_at_first": size_at_first,
        "snapshot_bytes": _size(application, old.id),
    }


def _size(application: Application, instance_id: str) -> int:
    query = text("SELECT octet_length(snapshot::text) FROM instance WHERE id = :id")
    with application.database.engine.connect() as connection:
        return connection.scalar(query, {"id": instance_id}) or 0


def _elements(application: Application, number: int) -> dict[str, Any]:
    gc.collect()
    began = time.perf_counter()
    variables = {"items": list(range(number))}
    application.executor.execute(StartInstance(definition_key=SILENT, variables=variables), actor=SYSTEM)
    silent = (time.perf_counter() - began) * 1000
    offered, times = _completions(application, number)
    _, more = _completions(application, number * MORE)
    return {
        "elements": number,
        "silent_element_ms": round(silent / number, 3),  # script tasks, one transaction
        "element_ms": round((offered + sum(times)) / number, 3),  # user tasks, each offered and completed
        "offered_ms": round(offered, 1),
        "mi_user_task_ms": round(statistics.median(times), 3),  # a completion, with its transaction
        "mi_user_task_mean_ms": round(statistics.mean(times), 3),
        "mi_user_task_more_ms": round(statistics.median(more), 3),
    }


def _completions(application: Application, number: int) -> tuple[float, list[float]]:
    """How long it took to offer so many user tasks of one multi-instance, and to complete each."""
    execute, variables = application.executor.execute, {"items": list(range(number))}
    gc.collect()
    times = []
    with progress_bar("elements of a multi-instance task") as progress:
        began = time.perf_counter()
        started = execute(StartInstance(definition_key=MANY, variables=variables), actor=SYSTEM)
        offered = (time.perf_counter() - began) * 1000
        for done, task in enumerate(started.tasks):
            began = time.perf_counter()
            answer = execute(CompleteTask(task_id=task.id, data={}), actor=SYSTEM)
            times.append((time.perf_counter() - began) * 1000)
            progress(done, number)
    if [task.element_id for task in answer.tasks] != ["after"]:
        raise RuntimeError("the multi-instance task did not end")
    return offered, times
