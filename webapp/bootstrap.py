"""The composition root: settings become a database, a blob store, a queue, units of work and an executor."""

from __future__ import annotations

import importlib
import importlib.util
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from core.clock import Clock, SystemClock
from core.executor import Executor
from core.settings import Settings
from storage.blobs.store import BlobStore
from storage.engine import Database
from storage.unit_of_work import UnitFactory

if TYPE_CHECKING:
    from storage.jobs.queue import JobQueue

DOORS = (  # importing these registers their commands, handlers and tables
    "engine.definitions",
    "engine.instances",
    "engine.tasks",
    "engine.timers",
    "documents.filing",
    "audit.models",
    "crm.customers",
    "crm.products",
    "crm.offers",
    "webapp.accounts.people",
    "webapp.accounts.tokens",
    "webapp.accounts.logins",
)


@dataclass(slots=True)
class Application:
    """Everything one process works with; made once by `build`, given back by `close`."""

    settings: Settings
    database: Database
    units: UnitFactory
    executor: Executor
    blobs: BlobStore
    jobs: JobQueue
    clock: Clock
    secret_key: str = field(repr=False)

    def close(self) -> None:
        """Give the database back; an embedded server stops when this process started it."""
        self.database.close()


def load_contexts() -> None:
    """Import every module that registers commands, handlers or tables."""
    for name in DOORS:
        if importlib.util.find_spec(name) is not None:
            importlib.import_module(name)
    importlib.import_module("processes")


def build(settings: Settings, *, clock: Clock | None = None) -> Application:
    """Wire one process. Raises `Unavailable` and `StorageFull` when database or blob store cannot be used."""
    from webapp import policies, secret  # late: policies import every context

    load_contexts()
    settings.data.mkdir(parents=True, exist_ok=True)
    database = Database.open(settings)
    clock = clock or SystemClock()
    blobs = open_blobs(settings)
    jobs = open_queue()
    units = UnitFactory(
        database.engine,
        queue=jobs,
        clock=clock,
        recorders=policies.recorders(),
        ports=policies.ports(blobs, settings),
    )
    key = settings.secret_key or secret.read_or_make(settings.data / "secret.key")
    return Application(settings, database, units, Executor(units), blobs, jobs, clock, key)


def open_blobs(settings: Settings) -> BlobStore:
    """The blob store that the settings name; S3's library is loaded for S3 alone."""
    if settings.blobs == "s3":
        from storage.blobs.s3 import Bucket, S3BlobStore

        return S3BlobStore(Bucket.of(settings), spool=settings.data / "spool")
    from storage.blobs.local import LocalBlobStore

    return LocalBlobStore(settings.data / "blobs")


def open_queue() -> JobQueue:
    """The job queue."""
    module: Any = importlib.import_module("storage.jobs.queue")
    queue: JobQueue = getattr(module, "PostgresQueue", NoQueue)()
    return queue


class NoQueue:
    """Until there are jobs."""

    def enqueue(self, session: Any, requests: Any) -> None:
        """Refuse."""
        raise NotImplementedError
