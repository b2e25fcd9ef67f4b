"""What tests of documents share: uploads in memory, rights that a test names, and units of work that record."""

from __future__ import annotations

import io
from collections.abc import Collection, Iterable
from typing import Any

from sqlalchemy import Engine

from audit.queries import Entry, TrailRights, entries
from audit.recorder import record
from core.clock import Clock
from core.executor import Executor
from core.identity import Actor
from core.messages import Command
from core.settings import Settings
from documents import filing
from documents.access import LinkRights, Target
from documents.fields import FieldForms
from documents.intake import Received, receive
from documents.search.ports import Held, Others, SearchRights
from storage.blobs.memory import MemoryBlobStore
from storage.blobs.staging import Staging
from storage.blobs.store import BlobStore
from storage.unit_of_work import Reading, UnitFactory
from webapp.document_fields import FormJs

FILES = frozenset({"document.file"})
ANNA = Actor(id="anna", name="Anna Kowalska", permissions=FILES)
BOB = Actor(id="bob", name="Bob Nowak", permissions=FILES)
AUDITOR = Actor(id="auditor", name="Ewa Lis", permissions=frozenset({"audit.read", "document.read_all"}))


class NoJobs:
    def enqueue(self, unit: object, requests: object) -> None:
        raise AssertionError("no jobs here")


class Rights:
    """Grants targets to actors, and counts how often it is asked."""

    def __init__(self) -> None:
        self.granted: set[tuple[str, Target]] = set()
        self.task_cases: dict[str, str] = {}
        self.questions = 0

    def grant(self, actor: Actor, *targets: Target) -> None:
        self.granted |= {(actor.id, target) for target in targets}

    def visible(self, reading: Reading, targets: Collection[Target]) -> Collection[Target]:
        self.questions += 1
        return {target for target in targets if (reading.actor.id, target) in self.granted}

    def cases(self, reading: Reading, targets: Collection[Target]) -> dict[Target, str]:
        return {target: self.task_cases[target.id] for target in targets if target.id in self.task_cases}

    def may_see_case(self, reading: Reading, case_id: str) -> bool:
        return (reading.actor.id, Target("case", case_id)) in self.granted


class UnlistedRights:
    """Rights that are too many to be listed, so that each document is asked for."""

    unlabelled: tuple[str, ...] = ()

    def held(self, _reading: Reading) -> Held:
        return Held(labels=frozenset(), others=Others("false", {}, "cases"))


class Office:
    """An application of documents and audit alone."""

    def __init__(self, engine: Engine, clock: Clock, *, store: Any = None) -> None:
        self.rights = Rights()
        self.store = store or MemoryBlobStore(clock)
        self.staging = Staging(engine, clock=clock)
        ports: dict[type, Any] = {BlobStore: self.store, Staging: self.staging}
        ports |= {LinkRights: self.rights, TrailRights: self.rights, FieldForms: FormJs(), Settings: Settings()}
        ports[SearchRights] = UnlistedRights()
        self.units = UnitFactory(engine, queue=NoJobs(), clock=clock, recorders=[record], ports=ports)
        self.executor = Executor(self.units)

    def upload(self, content: bytes = b"hello") -> Received:
        return receive(
            io.BytesIO(content), announced=None, limit=1 << 20, store=self.store, announce=self.staging.announce
        )

    def run(self, command: Command, actor: Actor = ANNA) -> Any:
        return self.executor.execute(command, actor=actor)

    def file(
        self,
        title: str = "Offer",
        *,
        content: bytes = b"hello",
        links: Iterable[filing.DocumentLink] = (),
        actor: Actor = ANNA,
        **values: Any,
    ) -> filing.FiledDocument:
        command = filing.FileDocument(
            title=title, blob=self.upload(content), file_name="offer.txt", links=tuple(links), **values
        )
        filed: filing.FiledDocument = self.run(command, actor)
        return filed

    def log(self, **where: Any) -> tuple[Entry, ...]:
        with self.units.reading(AUDITOR) as view:
            return entries(view, **where).items
