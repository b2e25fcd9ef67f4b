"""The queue as a unit of work sees it: jobs are rows that commit together with everything else."""

import hashlib
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import field
from datetime import datetime
from itertools import groupby
from typing import Any, Protocol

import psycopg
from procrastinate import SyncPsycopgConnector
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException
from procrastinate.jobs import Job
from procrastinate.manager import JobManager
from sqlalchemy.orm import Session

from core.records import dataclass
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


class Transaction(Protocol):
    """What a queue needs of the unit of work that enqueues."""

    @property
    def session(self) -> Session:
        """The unit's session."""

    @property
    def driver(self) -> "psycopg.Connection[tuple[Any, ...]]":
        """The unit's connection."""

    def fetch(self, text: bytes, *values: Any) -> list[dict[str, Any]]:
        """All rows of a query with places such as `$1`."""

    def savepoint(self) -> AbstractContextManager[None]:
        """A part that is undone alone."""


class JobQueue(Protocol):
    """Where a unit of work puts its jobs."""

    def enqueue(self, unit: Transaction, requests: Sequence[JobRequest]) -> None:
        """Write the jobs in the unit's own transaction: no commit, no job. Raises `LookupError` for a wrong name."""


GATE = b"SELECT pg_advisory_xact_lock_shared(gate) FROM unnest($1::bigint[]) AS gate"
WAITING = b"SELECT queueing_lock FROM procrastinate_jobs WHERE queueing_lock = ANY($1::text[]) AND status = 'todo'"
NAMESPACE = b"obieg.job:"  # keeps our advisory locks apart from those of others


def gate_key(once: str) -> int:
    """The advisory lock of a job that waits once: whoever asks shares it until the commit, the job waits for it."""
    return int.from_bytes(hashlib.sha256(NAMESPACE + once.encode()).digest()[:8], signed=True)


class ProcrastinateQueue:
    """Jobs as rows of procrastinate, written on the unit's own connection."""

    def __init__(self, registry: JobRegistry = JOBS) -> None:
        self._registry = registry
        self._manager = JobManager(SyncPsycopgConnector())  # never opened: each call brings its connection

    def enqueue(self, unit: Transaction, requests: Sequence[JobRequest]) -> None:
        """Write the jobs in order; consecutive ones without `once` in one statement.

        One with `once` that waits already is enough: it may start before our commit, but does nothing until then,
        because we share a lock with all who ask for it (in one order), for which it waits. So its row stays free for
        workers, and nobody is called.
        """
        once = sorted({request.once for request in requests if request.once is not None})
        if once:
            unit.fetch(GATE, sorted(map(gate_key, once)))
        known = self._waiting(unit, once)
        for is_single, group in groupby(requests, key=lambda request: request.once is not None):
            jobs = [self._job(request) for request in group]
            if not is_single:
                self._insert(unit, jobs)
            for job in jobs if is_single else ():
                if job.queueing_lock not in known:
                    self._insert_once(unit, job)
                    known.add(job.queueing_lock)

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

    def _waiting(self, unit: Transaction, once: Sequence[str]) -> set[str | None]:
        return {row["queueing_lock"] for row in unit.fetch(WAITING, list(once))} if once else set()

    def _insert(self, unit: Transaction, jobs: list[Job]) -> None:
        try:
            self._manager.batch_defer_jobs(jobs, connection=unit.driver)
        except ConnectorException as error:
            if isinstance(error.__cause__, psycopg.Error):
                raise error.__cause__ from None  # the unit knows the driver's errors
            raise

    def _insert_once(self, unit: Transaction, job: Job) -> None:
        while True:
            try:
                with unit.savepoint():  # a duplicate must not undo the caller's transaction
                    self._insert(unit, [job])
            except AlreadyEnqueued:  # somebody was faster and has committed
                if self._waiting(unit, [job.queueing_lock or ""]):
                    return
            else:
                return


def channels(queue: str) -> list[str]:
    """Where procrastinate's workers listen for jobs of a queue (procrastinate 3.10)."""
    return ["procrastinate_any_queue_v1", f"procrastinate_queue_v1#{queue}"]
