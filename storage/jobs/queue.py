"""The queue as a unit of work sees it: jobs are rows that commit together with everything else."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from typing import Any, Protocol

import psycopg
from procrastinate import SyncPsycopgConnector
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException
from procrastinate.jobs import Job
from procrastinate.manager import JobManager
from sqlalchemy import text
from sqlalchemy.orm import Session

from storage.jobs.registry import JOBS, JobRegistry


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRequest:
    """A job to run after the commit.

    `name` is that of a registered job; `arguments` are JSON values; jobs with the same `lock` never run at the same
    time and run in order; of jobs with the same `once` only one waits at a time, and that one starts after the commit
    of everybody who asked for it.
    """

    name: str
    arguments: dict[str, Any] = field(default_factory=dict)
    at: datetime | None = None
    lock: str | None = None
    once: str | None = None
    queue: str = "default"
    priority: int = 0


class JobQueue(Protocol):
    """Where a unit of work puts its jobs."""

    def enqueue(self, session: Session, requests: Sequence[JobRequest]) -> None:
        """Write the jobs in the session's own transaction: no commit, no job. Raises `LookupError` for a wrong name."""


WAITING = text(
    "SELECT id, queue_name FROM procrastinate_jobs WHERE queueing_lock = :once AND status = 'todo' FOR SHARE"
)
WAKE = text("SELECT pg_notify(channel, :payload) FROM unnest(CAST(:channels AS text[])) AS channel")


class ProcrastinateQueue:
    """Jobs as rows of procrastinate, written on the unit's own connection."""

    def __init__(self, registry: JobRegistry = JOBS) -> None:
        self._registry = registry
        self._manager = JobManager(SyncPsycopgConnector())  # never opened: each call brings its connection

    def enqueue(self, session: Session, requests: Sequence[JobRequest]) -> None:
        """Write the jobs in order; consecutive ones without `once` in one statement."""
        for is_single, group in groupby(requests, key=lambda request: request.once is not None):
            jobs = [self._job(request) for request in group]
            if not is_single:
                self._insert(session, jobs)
            for job in jobs if is_single else ():
                self._insert_once(session, job)

    def _job(self, request: JobRequest) -> Job:
        self._registry.of(request.name)
        return Job(
            queue=request.queue,
            task_name=request.name,
            task_kwargs={"arguments": request.arguments},
            scheduled_at=request.at,
            lock=request.lock,
            queueing_lock=request.once,
            priority=request.priority,
        )

    def _insert(self, session: Session, jobs: list[Job]) -> None:
        connection = session.connection().connection.driver_connection
        try:
            self._manager.batch_defer_jobs(jobs, connection=connection)
        except ConnectorException as error:
            if isinstance(error.__cause__, psycopg.Error):
                raise error.__cause__ from None  # the unit knows the driver's errors
            raise

    def _insert_once(self, session: Session, job: Job) -> None:
        """Insert unless one waits already; then hold that one back until our commit.

        A waiting job that started before our commit would not see what we are about to commit, and nobody would look
        again. Its row lock keeps workers away; since they may skip it meanwhile, the commit wakes them once more.
        """
        while True:
            waiting = session.execute(WAITING, {"once": job.queueing_lock}).first()
            if waiting is not None:
                payload = f'{{"type": "job_inserted", "job_id": {waiting.id}}}'
                session.execute(WAKE, {"payload": payload, "channels": channels(waiting.queue_name)})
                return
            try:
                with session.begin_nested():  # a duplicate must not undo the caller's transaction
                    self._insert(session, [job])
            except AlreadyEnqueued:  # somebody was faster and has committed
                continue
            return


def channels(queue: str) -> list[str]:
    """Where procrastinate's workers listen for jobs of a queue (procrastinate 3.10)."""
    return ["procrastinate_any_queue_v1", f"procrastinate_queue_v1#{queue}"]
