"""How fast timers fire that are all due at once, trail included, while others wait that are not due."""

import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from core.clock import FixedClock
from core.identity import SYSTEM
from core.settings import Settings
from engine import store
from engine.definitions import DeployDefinitions, DeploymentFile
from engine.instances import StartInstance
from engine.timers import FireDueTimers

KEY = "bench_timers"
TIMERS, QUICK = 10_000, 300
BATCH = 200  # timers in one transaction
STEP = 50  # cases between two movements of the progress bar
MODEL = f"""<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" id="bench" targetNamespace="https://obieg.dev/benchmarks">
  <process id="{KEY}" name="Benchmark: timers" isExecutable="true">
    <startEvent id="start"/>
    <intermediateCatchEvent id="wait">
      <timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition>
    </intermediateCatchEvent>
    <userTask id="after"/>
    <endEvent id="end"/>
    <sequenceFlow id="start_wait" sourceRef="start" targetRef="wait"/>
    <sequenceFlow id="wait_after" sourceRef="wait" targetRef="after"/>
    <sequenceFlow id="after_end" sourceRef="after" targetRef="end"/>
  </process>
</definitions>
"""


def run(*, quick: bool = False) -> dict[str, float]:
    """Start the cases on an installation of their own, let their timers fall due at once, and fire them."""
    from webapp.bootstrap import bring_up_to_date, build

    number = QUICK if quick else TIMERS
    clock = FixedClock(datetime(2026, 1, 5, 8, tzinfo=UTC))
    with tempfile.TemporaryDirectory(prefix="obieg-bench-") as folder:
        application = build(Settings(data=Path(folder)), clock=clock)
        try:
            bring_up_to_date(application, allowed=True)
            execute = application.executor.execute
            execute(
                DeployDefinitions(files=(DeploymentFile(name="timers.bpmn", content=MODEL.encode()),)), actor=SYSTEM
            )
            with click.progressbar(length=2 * number, label="Timers", file=sys.stderr) as bar:
                for each in range(number):
                    execute(StartInstance(definition_key=KEY, variables={"number": each}), actor=SYSTEM)
                    if each % STEP == 0:
                        bar.update(STEP)
                store.live_cases.clear()
                clock.advance(timedelta(hours=1))
                return _fire(lambda: execute(FireDueTimers(limit=BATCH), actor=SYSTEM), bar.update)
        finally:
            application.close()


def _fire(batch: Callable[[], int], progress: Callable[[int], None]) -> dict[str, float]:
    fired, longest, began = 0, 0.0, time.perf_counter()
    while True:
        batch_began = time.perf_counter()
        found = batch()
        if not found:
            break
        longest = max(longest, time.perf_counter() - batch_began)
        fired += found
        progress(found)
    seconds = time.perf_counter() - began
    return {
        "timers": fired,
        "seconds": round(seconds, 2),
        "ms_each": round(seconds / fired * 1000, 3),
        "longest_batch_seconds": round(longest, 2),
    }
