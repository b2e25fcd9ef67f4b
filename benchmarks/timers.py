"""Timers: what waiting ones cost, how fast many fire that are due at once, and how late one fires on a running clock.

Three parts on an installation of its own. *idle*: a look for due timers, with none waiting and with very many: time,
and the pages that its query touches. *burst*: cases with two timers each, all due at once, fired by two processes,
trail included; afterwards each case's timers must have fired in the order in which they were due. *lateness*: a clock
process as it is delivered, very many timers waiting, some of which fall due one after the other.
"""

import multiprocessing
import os
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from multiprocessing.queues import SimpleQueue
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any

from psycopg import RawCursor
from sqlalchemy import Engine, TextClause, text

from benchmarks._processor import Spent, Stopwatch, server_seconds, summary
from core.clock import Clock, FixedClock, SystemClock
from core.identity import SYSTEM
from core.loading import loaded
from core.settings import Settings
from engine import store
from engine.definitions import DeployDefinitions, DeploymentFile
from engine.instances import StartInstance
from engine.live_cases import live_cases
from engine.timers import FireDueTimers
from storage.jobs.clock import LOCK as CLOCK_LOCK
from webapp.bootstrap import Application, bring_up_to_date, build
from webapp.cli.progress import progress_bar

KEY = "bench_timers"
WAITING, QUICK_WAITING = 100_000, 5000
TIMERS, QUICK_TIMERS = 10_000, 400
LATE, QUICK_LATE = 600, 60  # timers that fall due while the clock runs
APART = 0.04  # seconds from one of them to the next
LOOKS = 200  # of an idle clock
BATCH = 200  # timers in one transaction
LOOK = FireDueTimers(limit=BATCH)
WORKERS = 2
AHEAD = timedelta(seconds=2)  # from arming such a timer to its moment
LONGEST = 120  # seconds
BARS = {"burst_seconds": 60.0, "late_p95_seconds": 1.0}
EPOCH = datetime(2026, 1, 5, 8, tzinfo=UTC)
OBIEG = (sys.executable, "-c", "from webapp.cli import main; main()")
MODEL = f"""<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" id="bench" targetNamespace="https://obieg.dev/benchmarks">
  <process id="{KEY}" name="Benchmark: timers" isExecutable="true">
    <startEvent id="start"/><parallelGateway id="fork"/><parallelGateway id="join"/><userTask id="after"/>
    <intermediateCatchEvent id="later"><timerEventDefinition><timeDate>=second</timeDate></timerEventDefinition>
    </intermediateCatchEvent>
    <intermediateCatchEvent id="sooner"><timerEventDefinition><timeDate>=first</timeDate></timerEventDefinition>
    </intermediateCatchEvent><endEvent id="end"/>
    <sequenceFlow id="f1" sourceRef="start" targetRef="fork"/><sequenceFlow id="f2" sourceRef="fork" targetRef="later"/>
    <sequenceFlow id="f3" sourceRef="fork" targetRef="sooner"/>
    <sequenceFlow id="f4" sourceRef="later" targetRef="join"/>
    <sequenceFlow id="f5" sourceRef="sooner" targetRef="join"/>
    <sequenceFlow id="f6" sourceRef="join" targetRef="after"/><sequenceFlow id="f7" sourceRef="after" targetRef="end"/>
  </process>
</definitions>
"""
FILL = text(
    "INSERT INTO timer (instance_id, id, element_id, due_at) SELECT '0WAITING' || lpad(n::text, 18, '0'), 'w' || n,"
    " 'wait', CAST(:from AS timestamptz) + n * interval '1 second' FROM generate_series(1, CAST(:number AS int)) AS n"
)
DISORDER = """
SELECT count(*) FROM (
    SELECT content->'data'->>'due_at' AS due_at,
        lag(content->'data'->>'due_at') OVER (PARTITION BY stream ORDER BY stream_seq) AS before
    FROM (SELECT stream, stream_seq, convert_from(content, 'UTF8')::jsonb AS content FROM audit_entry
        WHERE type = 'timer.fired') AS fired) AS paired
WHERE due_at < before
"""
LATENESS = """
SELECT extract(epoch FROM at - (convert_from(content, 'UTF8')::jsonb->'data'->>'due_at')::timestamptz)::float
FROM audit_entry WHERE type = 'timer.fired' AND at > :since
"""


def run(*, quick: bool = False) -> dict[str, Any]:
    """All three parts; times are milliseconds where a name does not say seconds."""
    with tempfile.TemporaryDirectory(prefix="obieg-bench-") as folder:
        settings = Settings(data=Path(folder), log_level="WARNING")
        clock = FixedClock(EPOCH)
        application = build(settings, clock=clock)
        try:
            bring_up_to_date(application, allowed=True)
            file = DeploymentFile(name="timers.bpmn", content=MODEL.encode())
            application.executor.execute(DeployDefinitions(files=(file,)), actor=SYSTEM)
            figures = {
                **idle(application, QUICK_WAITING if quick else WAITING),
                **_burst(application, clock, settings, QUICK_TIMERS if quick else TIMERS),
                **_late(application, settings, QUICK_LATE if quick else LATE),
            }
        finally:
            application.close()
    within = {name: figures[name] <= bar for name, bar in BARS.items()}
    return {"benchmark": "timers", **figures, "bars": BARS, "within_bars": all(within.values())}


def idle(application: Application, number: int) -> dict[str, Any]:
    """A look that finds nothing: without waiting timers, with very many, and without again."""
    engine = application.database.engine
    watch = Stopwatch(engine)

    def looks() -> list[Spent]:
        return [watch.spent(lambda: application.executor.execute(LOOK, actor=SYSTEM)) for _ in range(LOOKS)]

    looks()  # not measured: statements are prepared, caches filled
    none = looks()
    _execute(engine, FILL, {"from": EPOCH + timedelta(days=365), "number": number})
    _tidy(engine)
    waiting, pages = looks(), _pages(engine)
    _execute(engine, text("CREATE TABLE bench_waiting AS SELECT * FROM timer"))
    _execute(engine, text("TRUNCATE timer"))
    none += looks()  # the machine may be busier now than it was at first
    _execute(engine, text("INSERT INTO timer SELECT * FROM bench_waiting"))
    _execute(engine, text("DROP TABLE bench_waiting"))
    _tidy(engine)
    with_many, with_none = summary(waiting), summary(none)
    return {
        "waiting": number,
        "idle_ms": with_many["p50"],
        "idle_ms_with_none_waiting": with_none["p50"],
        "idle_processor_ms": with_many["processor_p50"],
        "idle_processor_ms_with_none_waiting": with_none["processor_p50"],
        "ratio": round(with_many["processor_p50"] / with_none["processor_p50"], 2),
        "pages_of_an_idle_look": pages,
    }


def _execute(engine: Engine, statement: TextClause, values: dict[str, Any] | None = None) -> None:
    with engine.begin() as connection:
        connection.execute(statement, values or {})


def _tidy(engine: Engine) -> None:
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE timer"))


def _pages(engine: Engine) -> int:
    with engine.connect() as connection:
        driver: Any = connection.connection.driver_connection
        query = f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {store.LOCK_DUE}"
        ((plans,),) = RawCursor(driver).execute(query, (EPOCH, BATCH)).fetchall()
        plan = plans[0]["Plan"]
        return int(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"])


def _burst(application: Application, clock: FixedClock, settings: Settings, number: int) -> dict[str, Any]:
    """Two timers in each case, the second armed first; all due at once."""
    execute, cases = application.executor.execute, number // 2
    with progress_bar(f"{cases} cases with two timers") as progress:
        for each in range(cases):
            first = EPOCH + timedelta(minutes=1 + each % 97)
            moments = {"first": first.isoformat(), "second": (first + timedelta(minutes=30)).isoformat()}
            execute(StartInstance(definition_key=KEY, variables=moments), actor=SYSTEM)
            progress(each, cases)
    live_cases.clear()
    at = clock.advance(timedelta(days=1))
    fresh = multiprocessing.get_context("spawn")
    ready, spent = fresh.Barrier(WORKERS + 1), fresh.SimpleQueue()
    workers = [fresh.Process(target=_fire, args=(settings, at, ready, spent)) for _ in range(WORKERS)]
    for worker in workers:
        worker.start()
    ready.wait()
    began = time.perf_counter()
    ready.wait()  # until nothing is left to fire
    seconds = time.perf_counter() - began
    processor = sum(spent.get() for _ in workers)
    for worker in workers:
        worker.join()
    with application.database.engine.connect() as connection:
        fired = connection.scalar(text("SELECT count(*) FROM audit_entry WHERE type = 'timer.fired'")) or 0
        disorder = connection.scalar(text(DISORDER))
        arrived = connection.scalar(text("SELECT count(*) FROM work_item"))
    if (fired, disorder, arrived) != (2 * cases, 0, cases):
        raise RuntimeError(f"{fired} of {2 * cases} fired, {disorder} out of order, {arrived} cases arrived")
    return {
        "burst": fired,
        "burst_seconds": round(seconds, 2),
        "burst_ms_each": round(seconds / fired * 1000, 3),
        "burst_processor_ms_each": round(processor / fired * 1000, 3),
        "out_of_order": disorder,
    }


def _fire(settings: Settings, at: datetime, ready: Barrier, spent: "SimpleQueue[float]") -> None:
    """One of the processes that fire until nothing is left, as it is delivered; tells its processor seconds.

    Those of the server are what it took for all of them, in equal parts.
    """
    application = build(settings, clock=FixedClock(at))
    loaded()
    left = text("SELECT count(*) FROM timer WHERE due_at <= :at")
    ready.wait()
    before = time.process_time() + server_seconds(application.database) / WORKERS
    while application.executor.execute(LOOK, actor=SYSTEM) or _count(application, left, at):
        pass
    spent.put(time.process_time() + server_seconds(application.database) / WORKERS - before)
    ready.wait()
    application.close()


def _count(application: Application, query: Any, at: datetime) -> int:
    with application.database.engine.connect() as connection:
        return connection.scalar(query, {"at": at}) or 0


def _until_it_ticks(engine: Engine) -> None:
    """Wait for the clock process to hold the clock's lock."""
    query = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = :number")
    ends_at = time.monotonic() + LONGEST
    while time.monotonic() < ends_at:
        with engine.connect() as connection:
            if connection.scalar(query, {"number": CLOCK_LOCK & 0xFFFFFFFF}):
                return
        time.sleep(0.1)
    raise RuntimeError("the clock does not tick")


def _late(application: Application, settings: Settings, number: int) -> dict[str, Any]:
    """Timers that fall due one after the other while a clock process runs; each case has one of them."""
    clock: Clock = SystemClock()
    ours = {name: value for name, value in os.environ.items() if not name.startswith("OBIEG_")}
    environment = ours | {"OBIEG_DATA": str(settings.data), "OBIEG_LOG_LEVEL": "WARNING"}
    with (
        progress_bar("timers on a running clock") as progress,
        subprocess.Popen([*OBIEG, "clock"], env=environment, stdout=subprocess.DEVNULL) as process,
    ):
        _until_it_ticks(application.database.engine)
        since = clock.now()
        never = (since + timedelta(days=300)).isoformat()
        try:
            for _ in range(number):
                moments = {"first": (clock.now() + AHEAD).isoformat(), "second": never}
                application.executor.execute(StartInstance(definition_key=KEY, variables=moments), actor=SYSTEM)
                time.sleep(APART)
            ends_at = time.monotonic() + LONGEST
            found: list[float] = []
            while len(found) < number:
                if time.monotonic() > ends_at or process.poll() is not None:
                    raise RuntimeError(f"only {len(found)} of {number} timers fired")
                time.sleep(1)
                with application.database.engine.connect() as connection:
                    found = [late for (late,) in connection.execute(text(LATENESS), {"since": since})]
                progress(len(found), number)
        finally:
            process.terminate()
    return {
        "late": number,
        "late_p50_seconds": round(statistics.median(found), 3),
        "late_p95_seconds": round(statistics.quantiles(found, n=20)[-1], 3),
        "late_most_seconds": round(max(found), 3),
    }
