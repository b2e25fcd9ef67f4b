"""The worker: takes jobs as they are committed and runs their functions in threads, here or on another machine."""

import asyncio
import json
import logging
import signal
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from types import FrameType
from typing import Any

import procrastinate
import psycopg
from procrastinate.connector import Notify
from procrastinate.exceptions import ConnectorException, UniqueViolation
from procrastinate.jobs import Job, Status
from procrastinate.manager import JobManager
from procrastinate.retry import BaseRetryStrategy, RetryDecision
from procrastinate.worker import Worker as ProcrastinateWorker
from sqlalchemy import Engine, func, select

from core.records import dataclass
from storage.jobs.queue import channels, gate_key
from storage.jobs.registry import JOBS, JobKind, JobRegistry

logger = logging.getLogger(__name__)
# procrastinate logs each job with its arguments, several times; we log each job once, without
logging.getLogger("procrastinate").setLevel(logging.WARNING)
logging.getLogger("procrastinate.worker").addFilter(lambda record: getattr(record, "action", "") != "job_error")

RECOVERY_LOCK = 7_203_110_002  # advisory lock: one worker at a time looks for jobs of dead ones
WAKE = "SELECT pg_notify(channel, %(payload)s) FROM unnest(%(channels)s::text[]) AS channel"
LOOK = 0.5  # seconds between looks whether a signal came
LONGEST_PAUSE = 10  # seconds between attempts to reach the database again


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How often a worker looks and tells that it lives; seconds."""

    poll: float = 2  # for jobs whose time has come; new ones wake the worker at once
    heartbeat: float = 5
    dead_after: float = 30  # without a heartbeat: then others take its jobs over
    grace: float = 20  # that running jobs get to finish when the worker is stopped


class Worker:
    """Runs jobs in `threads` threads; `start` and `stop` for a program that does more, `run` for one that does not."""

    def __init__(
        self,
        engine: Engine,
        context: Any,
        *,
        registry: JobRegistry = JOBS,
        threads: int = 2,
        queues: Iterable[str] | None = None,
        pace: Pace | None = None,
    ) -> None:
        self._engine = engine
        self._url = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
        self._context = context
        self._registry = registry
        self._threads = threads
        self._queues = None if queues is None else list(queues)
        self._pace = pace or Pace()
        self._asked_to_stop = threading.Event()
        self._wake: Callable[[], object] | None = None
        self._wake_lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._tries = 0

    def start(self) -> None:
        """Work in a thread of its own until `stop`; when the database goes away the worker waits for it."""
        self._thread = threading.Thread(target=self._work_until_stopped, name="obieg-worker", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Take no more jobs and let the running ones finish, for as long as the grace period.

        A job that still runs then is not lost: its worker's heartbeat ends with the process, and another worker
        runs it again.
        """
        self._asked_to_stop.set()
        with self._wake_lock:
            if self._wake is not None:
                self._wake()
        if self._thread is not None:
            self._thread.join(self._pace.grace)
            if self._thread.is_alive():
                logger.warning("a job still runs", extra={"action": "worker_stopped"})

    def run(self) -> None:
        """Work until SIGINT or SIGTERM; the main of a process that does nothing else."""
        stopped = threading.Event()

        def stop(_number: int, _frame: FrameType | None) -> None:
            stopped.set()

        before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            self.start()
            while not stopped.wait(LOOK):
                pass  # a signal that another thread took does not wake a bare wait
            self.stop()
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def drain(self) -> None:
        """Run what is due and return when nothing is left; for tests and maintenance."""
        before = -1
        while self._tries > before:  # a finished job may make room for one of the same lock
            before = self._tries
            with ThreadPoolExecutor(1, "obieg-drain") as thread:  # the caller's own may have an event loop already
                thread.submit(lambda: asyncio.run(self._work(wait=False))).result()

    def _work_until_stopped(self) -> None:
        pause = 0.2
        while not self._asked_to_stop.is_set():
            started = time.monotonic()
            try:
                asyncio.run(self._work(wait=True))
            except (ConnectorException, psycopg.Error) as error:
                extra = {"action": "worker_lost_database", "error": str(error.__cause__ or error)}
                logger.warning("the worker waits for the database", extra=extra)
            except Exception:
                logger.exception("the worker stumbled", extra={"action": "worker_stumbled"})
            pause = 0.2 if time.monotonic() - started > LONGEST_PAUSE else min(pause * 2, LONGEST_PAUSE)
            self._asked_to_stop.wait(pause)

    async def _work(self, *, wait: bool) -> None:
        loop = asyncio.get_running_loop()
        loop.set_default_executor(ThreadPoolExecutor(self._threads, "obieg-job"))
        app = self._app()
        asked = asyncio.Event()
        with self._wake_lock:
            self._wake = lambda: loop.call_soon_threadsafe(asked.set)
        if self._asked_to_stop.is_set():
            return
        try:
            async with app.open_async():
                await _recover(app, self._registry, self._pace)
                worker = self._worker(app, wait=wait)
                beside = [
                    asyncio.create_task(self._recover_for_ever(app)),
                    asyncio.create_task(_stop_when(asked, worker)),
                ]
                try:
                    await worker.run()  # type: ignore[no-untyped-call]
                finally:
                    await _cancel(beside)
        finally:
            with self._wake_lock:
                self._wake = None

    def _app(self) -> procrastinate.App:
        connector = _Connector(
            conninfo=self._url,
            kwargs={"connect_timeout": 3, "application_name": "obieg worker"},
            min_size=1,
            max_size=self._threads + 3,
            timeout=5,
        )
        app = procrastinate.App(connector=connector)
        app.job_manager = _Manager(connector)
        for kind in self._registry:
            app.task(name=kind.name, retry=_BackOff(kind), pass_context=True)(self._function(kind))
        return app

    def _function(self, kind: JobKind) -> Callable[..., None]:
        def run(context: procrastinate.JobContext, arguments: dict[str, Any]) -> None:
            self._tries += 1
            extra: dict[str, Any] = {"action": kind.name, "job": context.job.id, "tried": context.job.attempts + 1}
            started = time.perf_counter()
            try:
                if context.job.queueing_lock is not None:
                    self._wait_for_askers(context.job.queueing_lock)
                kind.function(self._context, arguments)
            except Exception as error:
                given_up = kind.pause(error, context.job.attempts + 1) is None
                level = logging.ERROR if given_up else logging.WARNING
                text = "job given up" if given_up else "job failed, to be tried again"
                logger.log(level, text, extra={**extra, "error": str(error)}, exc_info=given_up)
                raise
            extra["milliseconds"] = round((time.perf_counter() - started) * 1000, 2)
            logger.info("job done", extra=extra)

        return run

    def _wait_for_askers(self, once: str) -> None:
        """Until everybody has committed who found this job waiting; they ask at the end of their transactions."""
        with self._engine.begin() as connection:
            connection.execute(select(func.pg_advisory_xact_lock(gate_key(once))))

    def _worker(self, app: procrastinate.App, *, wait: bool) -> ProcrastinateWorker:
        return _Listener(
            app,
            queues=self._queues,
            name="obieg",
            concurrency=self._threads,
            wait=wait,
            fetch_job_polling_interval=self._pace.poll,
            delete_jobs="successful",
            install_signal_handlers=False,
            listen_notify=wait,
            update_heartbeat_interval=self._pace.heartbeat,
            stalled_worker_timeout=self._pace.dead_after,
        )

    async def _recover_for_ever(self, app: procrastinate.App) -> None:
        while True:
            await asyncio.sleep(self._pace.dead_after / 3)
            try:
                await _recover(app, self._registry, self._pace)
            except (ConnectorException, psycopg.Error):  # the worker beside notices too
                logger.warning("no look for jobs of dead workers", extra={"action": "recover_jobs"})


async def _cancel(tasks: Iterable[asyncio.Task[None]]) -> None:
    """End them; again and again, for a cancellation is lost when it meets a connection that is being lost."""
    pending = set(tasks)
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=LOOK)


async def _stop_when(asked: asyncio.Event, worker: ProcrastinateWorker) -> None:
    await asked.wait()
    worker.stop()  # type: ignore[no-untyped-call]


async def _recover(app: procrastinate.App, registry: JobRegistry, pace: Pace) -> None:
    """Give back the jobs whose worker died; under a lock, or two workers could take the same job from each other."""
    connector = app.connector
    assert isinstance(connector, procrastinate.PsycopgConnector)
    async with connector.pool.connection() as connection, connection.transaction():
        cursor = await connection.execute("SELECT pg_try_advisory_xact_lock(%s)", [RECOVERY_LOCK])
        row = await cursor.fetchone()
        if row is None or not row[0]:
            return
        for job in await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=pace.dead_after):
            extra = {"action": "recover_jobs", "job": job.id, "kind": job.task_name, "tried": job.attempts + 1}
            if job.attempts + 1 >= registry.attempts(job.task_name):  # it may be what kills the workers
                await app.job_manager.finish_job(job, Status.FAILED, delete_job=False)
                logger.error("job given up: its worker died each time", extra=extra)
            else:
                await app.job_manager.retry_job(job)
                logger.warning("job of a dead worker to be tried again", extra=extra)


class _Connector(procrastinate.PsycopgConnector):
    """Has the worker look once it listens: what was committed before that called in vain."""

    async def _loop_notify(self, on_notification: Notify, *arguments: Any, **options: Any) -> None:
        await on_notification(channel="", payload=json.dumps({"type": "job_inserted", "job_id": 0}))
        await super()._loop_notify(on_notification, *arguments, **options)


class _Listener(ProcrastinateWorker):
    """Two things more that procrastinate 3.10 leaves to chance: calls while it fetches, and its tasks' deaths."""

    async def _monitor_side_tasks(self, side_tasks: list[asyncio.Task[Any]]) -> None:
        """Watch the tasks that must live; it watches until the first ends, and the deferrer ends at once.

        Without this a worker whose heartbeat or listener died with a connection went on, deaf, until others took
        it for dead and ran its jobs a second time.
        """
        await super()._monitor_side_tasks([task for task in side_tasks if task.get_name() != "deferrer"])

    async def _handle_notification(self, *, channel: str, notification: Any) -> None:
        assert isinstance(self.app.job_manager, _Manager)
        self.app.job_manager.calls_heard += 1
        await super()._handle_notification(channel=channel, notification=notification)


class _Manager(JobManager):
    """Three things that procrastinate 3.10 leaves to chance."""

    calls_heard = 0

    async def fetch_job(self, queues: Iterable[str] | None, worker_id: int) -> Job | None:
        """Look again when somebody called meanwhile: the search may have begun before that job was committed."""
        while True:
            before = self.calls_heard
            job = await super().fetch_job(queues, worker_id)
            if job is not None or self.calls_heard == before:
                return job

    async def finish_job(self, job: Job, status: Status, delete_job: bool) -> None:  # noqa: FBT001 -- its signature
        """Wake a worker for the next job of the same lock; else it would wait for somebody to poll."""
        await super().finish_job(job, status, delete_job)
        if job.lock is not None:
            payload = json.dumps({"type": "job_inserted", "job_id": job.id})
            await self.connector.execute_query_async(WAKE, payload=payload, channels=channels(job.queue))

    async def retry_job(self, job: Job, *arguments: Any, **options: Any) -> None:
        """Make room when another with the same `once` waits already; else this one would count as running for ever."""
        try:
            await super().retry_job(job, *arguments, **options)
        except UniqueViolation:
            await self.finish_job(job, Status.FAILED, delete_job=True)


class _BackOff(BaseRetryStrategy):
    def __init__(self, kind: JobKind) -> None:
        self._kind = kind

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        pause = self._kind.pause(exception, job.attempts + 1)
        return None if pause is None else RetryDecision(retry_in={"seconds": pause})
