"""Eight processes on one database, killed at random all the time: no step twice, none lost, no lock left behind.

Each process completes tasks, runs jobs and ticks as a clock, as `obieg serve` does; none gets the chance to say
goodbye. Cases come in pairs: a sender goes through a task, a service task, a timer, a deferred service task and a
message; a receiver waits for that message and ends in a task. When the time is up the killing stops, what is left is
done, and the books are checked.
"""

import logging
import multiprocessing
import os
import random
import signal
import tempfile
import threading
import time
from datetime import timedelta
from itertools import pairwise
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, text

from audit.verify import check_chains
from core.errors import DomainError
from core.identity import SYSTEM
from core.settings import Settings
from engine.definitions import DeployDefinitions, DeploymentFile
from engine.handlers import HANDLERS, Outside, ServiceCall
from engine.instances import StartInstance
from engine.tasks import CompleteTask
from storage.engine import connect
from storage.jobs.worker import Pace, Worker
from storage.unit_of_work import UnitOfWork
from webapp.background import make_clock
from webapp.bootstrap import Application, build, opened
from webapp.cli.progress import progress_bar

PROCESSES = 8
SECONDS, QUICK = 120, 15
OPEN = 120  # cases that are kept running
PAUSE = 0.35  # seconds between two kills, on average
DOOM = 0.004  # how likely a process dies inside a step
WAIT = timedelta(seconds=2)  # of the timers in the cases
DRAIN = 180  # seconds that the rest may take at most
PACE = Pace(poll=0.5, heartbeat=1, dead_after=6, grace=5)
HEAD = (
    '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:obieg="https://obieg.dev/schema/1.0/bpmn" '
    'id="bench" targetNamespace="https://obieg.dev/benchmarks"><message id="ping" name="bench_kill.ping"/>'
)
PING = '<messageEventDefinition messageRef="ping" obieg:correlationKey="= number"/>'


def _model(key: str, content: str, *names: str) -> str:
    flows = "".join(
        f'<sequenceFlow id="{source}_{target}" sourceRef="{source}" targetRef="{target}"/>'
        for source, target in pairwise(("start", *names, "end"))
    )
    return (
        f'{HEAD}<process id="{key}" isExecutable="true"><startEvent id="start"/>{content}<endEvent id="end"/>{flows}'
        "</process></definitions>"
    )


SENDER = _model(
    "bench_sender",
    '<userTask id="first"/><serviceTask id="note" obieg:handler="bench_kill.note"/><intermediateCatchEvent id="wait">'
    f"<timerEventDefinition><timeDuration>PT{WAIT.seconds}S</timeDuration></timerEventDefinition>"
    '</intermediateCatchEvent><serviceTask id="later" obieg:handler="bench_kill.later" obieg:deferred="true"/>'
    f'<intermediateThrowEvent id="tell">{PING}</intermediateThrowEvent>',
    *("first", "note", "wait", "later", "tell"),
)
RECEIVER = _model(
    "bench_receiver",
    f'<intermediateCatchEvent id="hear">{PING}</intermediateCatchEvent><userTask id="last"/>'
    '<serviceTask id="noted" obieg:handler="bench_kill.note"/>',
    *("hear", "last", "noted"),
)
NOTES = "CREATE TABLE bench_note (key text NOT NULL, kind text NOT NULL)"
NOTE = text("INSERT INTO bench_note VALUES (:key, :kind)")
TASKS = text("SELECT id FROM work_item ORDER BY random() LIMIT 3")
outside_engine: Engine | None = None  # of a child, for what its deferred handler does
is_doomed = False  # whether this process dies inside steps now and then

# what must be nothing when all is done
NOTHING = {
    "cases_not_completed": "SELECT count(*) FROM instance WHERE state <> 'completed'",
    "steps_not_once": "SELECT count(*) FROM (SELECT 1 FROM token_log GROUP BY instance_id, element_id"
    " HAVING count(*) <> 1 OR count(left_at) <> 1) AS wrong",
    "tokens_lost_or_found": "SELECT count(*) FROM (SELECT i.id FROM instance i LEFT JOIN token_log t"
    " ON t.instance_id = i.id GROUP BY i.id, i.definition_key"
    " HAVING count(*) <> CASE i.definition_key WHEN 'bench_sender' THEN 7 ELSE 5 END) AS wrong",
    "tasks_not_once": "SELECT count(*) FROM (SELECT 1 FROM instance i LEFT JOIN task_history h ON h.instance_id = i.id"
    " AND h.state = 'completed' GROUP BY i.id HAVING count(h.id) <> 1) AS wrong",
    "handlers_not_once": "SELECT abs(count(*) - count(DISTINCT key)) + abs(count(*) - (SELECT count(*) FROM instance))"
    " FROM bench_note WHERE kind = 'note'",
    "deferred_not_done": "SELECT (SELECT count(*) FROM instance WHERE definition_key = 'bench_sender')"
    " - count(DISTINCT key) FROM bench_note WHERE kind = 'later'",
    "rows_left": "SELECT (SELECT count(*) FROM work_item) + (SELECT count(*) FROM timer)"
    " + (SELECT count(*) FROM message_subscription) + (SELECT count(*) FROM service_call)"
    " + (SELECT count(*) FROM message) + (SELECT count(*) FROM incident)",
    "jobs_left": "SELECT count(*) FROM procrastinate_jobs",
    "locks_left": "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'",
    "transactions_left": "SELECT count(*) FROM pg_stat_activity WHERE state LIKE 'idle in transaction%'",
}


@HANDLERS.service_task("bench_kill.note")
def note(unit: UnitOfWork, call: ServiceCall) -> dict[str, Any]:
    """Leaves a row in the step's own transaction: twice would be seen. Some die right behind it."""
    unit.connection.execute(NOTE, {"key": call.key, "kind": "note"})
    if is_doomed and random.random() < DOOM:  # noqa: S311 -- an accident, not a secret
        os.kill(os.getpid(), signal.SIGKILL)
    return {}


@HANDLERS.deferred_task("bench_kill.later")
def later(outside: Outside, call: ServiceCall) -> dict[str, Any]:
    """Leaves a row at once, outside any step: at least once for each key."""
    del outside
    assert outside_engine is not None
    with outside_engine.begin() as connection:
        connection.execute(NOTE, {"key": call.key, "kind": "later"})
    return {}


def run(*, quick: bool = False) -> dict[str, Any]:
    """Kill for as long as that takes, then count. Raises `RuntimeError` when the rest is not done in time."""
    seconds = QUICK if quick else SECONDS
    with tempfile.TemporaryDirectory(prefix="obieg-bench-") as folder:
        settings = Settings(data=Path(folder), log_level="CRITICAL", clock_tick=1)
        with opened(settings, migrated=True) as application:
            with application.database.engine.begin() as connection:
                connection.exec_driver_sql(NOTES)
            files = tuple(
                DeploymentFile(name=f"{name}.bpmn", content=model.encode())
                for name, model in (("sender", SENDER), ("receiver", RECEIVER))
            )
            application.executor.execute(DeployDefinitions(files=files), actor=SYSTEM)
            return _figures(application, _Crowd(application, application.database.engine.url), seconds)


class _Crowd:
    """The processes; each that dies is replaced."""

    def __init__(self, application: Application, url: Any) -> None:
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(["benchmarks.kill"])
        self._settings = application.settings
        self._url = url.render_as_string(hide_password=False)
        self._members: list[BaseProcess] = [self._born() for _ in range(PROCESSES)]
        self.deaths = 0

    def _born(self, *, doomed: bool = True) -> BaseProcess:
        process = self._context.Process(target=_live, args=(self._url, str(self._settings.data), doomed), daemon=True)
        process.start()
        return process

    def thin_out(self) -> None:
        """Kill one of them, and replace all that are dead."""
        random.choice(self._members).kill()  # noqa: S311 -- an accident, not a secret
        self.renew()

    def renew(self, *, doomed: bool = True) -> None:
        """Replace who died."""
        for number, member in enumerate(self._members):
            member.join(0.02)
            if not member.is_alive():
                self.deaths += 1
                self._members[number] = self._born(doomed=doomed)

    def calm_down(self) -> None:
        """From now on nobody dies inside a step."""
        for member in self._members:
            member.kill()
        self._members = [self._born(doomed=False) for _ in range(PROCESSES)]

    def end(self) -> None:
        """The last deaths."""
        for member in self._members:
            member.kill()
        for member in self._members:
            member.join()


def _live(url: str, folder: str, doomed: bool) -> None:  # noqa: FBT001 -- of a process
    """What each of them does until it is killed."""
    global outside_engine, is_doomed  # noqa: PLW0603 -- this process is nothing else
    is_doomed = doomed
    logging.disable(logging.WARNING)  # of who died
    random.seed()
    settings = Settings(data=Path(folder) / "children", database_url=url, log_level="CRITICAL", database_pool=4)
    application = build(settings)
    outside_engine = connect(url, pool=1)
    Worker(application.database.engine, application, threads=1, pace=PACE).start()
    make_clock(application).start()
    parent = os.getppid()
    while os.getppid() == parent:
        with application.database.engine.connect() as connection:
            found = list(connection.execute(TASKS).scalars())
        for task in found:
            try:
                application.executor.execute(CompleteTask(task_id=task, data={"by": os.getpid()}), actor=SYSTEM)
            except DomainError:
                continue  # somebody was faster
        time.sleep(0.02 if found else 0.2)
    os._exit(0)


def _figures(application: Application, crowd: _Crowd, seconds: int) -> dict[str, Any]:
    engine: Engine = application.database.engine
    pairs = 0
    ends_at = time.monotonic() + seconds
    next_kill = time.monotonic() + 3  # they come up first
    with progress_bar(f"{PROCESSES} processes, killed at random") as progress:
        while (left := ends_at - time.monotonic()) > 0:
            if _count(engine, "SELECT count(*) FROM instance WHERE ended_at IS NULL") < OPEN:
                pairs += _start_pair(application, pairs)
            if time.monotonic() > next_kill:
                crowd.thin_out()
                next_kill = time.monotonic() + random.expovariate(1 / PAUSE)
            progress(int(seconds - left), seconds)
    crowd.calm_down()
    began = time.monotonic()
    while any(_count(engine, query) for query in (NOTHING["cases_not_completed"], NOTHING["jobs_left"])):
        crowd.renew(doomed=False)
        if time.monotonic() - began > DRAIN:
            break
        threading.Event().wait(0.5)
    drained = time.monotonic() - began
    crowd.end()
    threading.Event().wait(1)  # until the database has noticed the last deaths
    wrong = {name: _count(engine, query) for name, query in NOTHING.items()}
    with application.units.reading(SYSTEM) as view:
        wrong["broken_chains"] = len(check_chains(view))
    done = _count(engine, "SELECT count(*) FROM token_log")
    return {
        "benchmark": "kill",
        "processes": PROCESSES,
        "seconds": seconds,
        "kills": crowd.deaths,
        "cases": 2 * pairs,
        "steps": done,
        "steps_per_second": round(done / (seconds + drained), 1),
        "deferred_calls_repeated": _count(
            engine, "SELECT count(*) - count(DISTINCT key) FROM bench_note WHERE kind = 'later'"
        ),
        "drained_in_seconds": round(drained, 1),
        **wrong,
        "ratio": round(sum(wrong.values()) / max(done, 1), 6),
        "within_bars": not any(wrong.values()),
    }


def _start_pair(application: Application, number: int) -> int:
    for key in ("bench_receiver", "bench_sender"):
        command = StartInstance(definition_key=key, variables={"number": f"N{number}"})
        application.executor.execute(command, actor=SYSTEM)
    return 1


def _count(engine: Engine, query: str) -> int:
    with engine.connect() as connection:
        return connection.scalar(text(query)) or 0
