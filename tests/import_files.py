"""Files that other programs would have written, and imports of them as a worker runs them."""

import io
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Engine

from core.clock import FixedClock
from core.identity import Actor
from crm.imports.arranging import own_fields
from crm.imports.batches import RUN, ArrangeImport, DraftImport, StartImport
from crm.imports.undoing import UNDO, run_undo
from crm.imports.working import look_at, run_import
from storage.blobs.memory import MemoryBlobStore
from storage.blobs.staging import Staging
from storage.blobs.store import BlobStore
from storage.jobs.queue import JobRequest
from tests.crm_desk import REP, Desk, open_desk


@dataclass
class KeptJobs:
    """Remembers what was enqueued; the test runs it."""

    waiting: list[JobRequest] = field(default_factory=list)

    def enqueue(self, _unit: Any, requests: Any) -> None:
        self.waiting.extend(requests)


@dataclass
class ImportDesk:
    """A desk at which files come in."""

    desk: Desk
    blobs: MemoryBlobStore
    staging: Staging
    jobs: KeptJobs
    clock: FixedClock

    @property
    def units(self) -> Any:
        return self.desk.units

    @property
    def executor(self) -> Any:
        return self.desk.executor

    def draft(self, kind: str, content: bytes, actor: Actor = REP, **changes: Any) -> str:
        blob = self.blobs.put(io.BytesIO(content), announce=self.staging.announce)
        own = self.desk.ask(own_fields, kind, actor=actor)
        looked = look_at(io.BytesIO(content), kind, own)
        command = DraftImport(
            kind=kind, blob=blob, file_name="plik.csv", arrangement=looked.arrangement, total=looked.total
        )
        made: str = self.desk.do(command, actor)
        if changes:
            self.desk.do(ArrangeImport(import_id=made, changes=changes), actor)
        return made

    def bring(self, kind: str, content: bytes, actor: Actor = REP, **changes: Any) -> str:
        made = self.draft(kind, content, actor, **changes)
        self.desk.do(StartImport(import_id=made), actor)
        self.run()
        return made

    def run(self) -> None:
        while self.jobs.waiting:
            request = self.jobs.waiting.pop(0)
            {RUN: run_import, UNDO: run_undo}[request.name](self, request.arguments)


def open_import_desk(engine: Engine, clock: FixedClock) -> ImportDesk:
    desk, blobs, jobs = open_desk(engine, clock), MemoryBlobStore(), KeptJobs()
    staging = Staging(engine, clock=clock)
    desk.units.queue = jobs
    desk.units.ports[BlobStore] = blobs
    return ImportDesk(desk, blobs, staging, jobs, clock)
