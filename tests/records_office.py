"""Documents, rules, holds and disposals in an installation, for tests of records."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

from core.identity import SYSTEM, Actor
from crm.customers import CreateCustomer
from crm.profiles import Profile
from documents.filing import FileDocument
from documents.intake import receive
from documents.links import DocumentLink
from documents.records.changes import WorkOffChanges
from documents.records.destroying import DestroyNextBatch
from documents.records.disposals import list_due, sign
from documents.records.holds import PlaceHold
from documents.records.queries import DocumentRetention, document_retention
from documents.records.recomputing import RecomputeNextBatch
from documents.records.rules import SaveRule
from engine.definitions import DeployDefinitions, DeploymentFile
from engine.instances import EntityLink, StartInstance
from engine.tasks import CompleteTask
from tests.engine_world import bpmn, line
from tests.web import WHOLE_FIRM
from webapp.accounts.roles import permissions_of
from webapp.bootstrap import Application


def person(name: str, *roles: str) -> Actor:
    return Actor(id=name.lower(), name=f"{name} Test", roles=frozenset(roles), permissions=permissions_of(roles))


EWA = person("Ewa", "sales_rep")
KEEPER = person("Kazik", "records_manager")
LEGAL = person("Olga", "legal")
BOARD = person("Zofia", "board")
ADMIN = person("Admin", *WHOLE_FIRM)
AUDITOR = person("Adam", "auditor")
PROCESS = bpmn(line('<userTask id="work"/>', names=("work",)), key="job")


@dataclass
class RecordsOffice:
    """An installation with a process of one task."""

    application: Application

    def __post_init__(self) -> None:
        files = (DeploymentFile(name="job.bpmn", content=PROCESS),)
        self.do(DeployDefinitions(files=files), SYSTEM)

    def do(self, command: Any, actor: Actor = KEEPER) -> Any:
        return self.application.executor.execute(command, actor=actor)

    def file(
        self, title: str = "Umowa", *links: DocumentLink, kind: str | None = "contract", content: bytes | None = None
    ) -> str:
        """A document with content of its own."""
        here, data = self.application, content if content is not None else f"content of {title}".encode()
        blob = receive(
            io.BytesIO(data), announced=len(data), limit=1 << 20, store=here.blobs, announce=here.staging.announce
        )
        command = FileDocument(title=title, type=kind, blob=blob, file_name="umowa.txt", links=links)
        filed: str = self.do(command, SYSTEM).id
        return filed

    def rule(self, key: str = "contracts", **values: Any) -> int:
        """A rule, at once computed for all documents."""
        usual = {
            "name": "Contracts",
            "trigger": "filed",
            "period": "P5Y",
            "document_types": ("contract",),
            "authority": "KC art. 118",
            "reason": "the schedule begins",
        }
        revision: int = self.do(SaveRule(key=key, **usual | values))
        self.compute()
        return revision

    def compute(self) -> None:
        """Work off whatever waits."""
        while self.do(WorkOffChanges(), SYSTEM):
            pass
        with self.application.units.begin(SYSTEM) as unit:
            runs = list(unit.driver.execute("SELECT id FROM retention_run WHERE state = 'running'"))
        for (run,) in runs:
            while self.do(RecomputeNextBatch(run_id=run), SYSTEM):
                pass

    def retention(self, document_id: str) -> DocumentRetention:
        with self.application.units.reading(SYSTEM) as view:
            return document_retention(view, document_id)

    def rows(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        with self.application.units.begin(SYSTEM) as unit:
            return list(unit.driver.execute(statement, values))

    def hold(self, kind: str, target: str, name: str = "Sąd 7/26", actor: Actor = LEGAL) -> str:
        hold: str = self.do(PlaceHold(name=name, kind=kind, target=target, reason="the court asked"), actor)
        return hold

    def customer(self) -> str:
        created: str = self.do(CreateCustomer(profile=Profile(name="Żuraw", country="PL")), SYSTEM).id
        return created

    def case(self, *about: tuple[str, str]) -> tuple[str, str]:
        """A running case and its task."""
        links = tuple(EntityLink(entity=entity, id=each) for entity, each in about)
        started = self.do(StartInstance(definition_key="job", links=links), SYSTEM)
        return started.id, started.tasks[0].id

    def complete(self, task_id: str) -> None:
        self.do(CompleteTask(task_id=task_id, data={}), SYSTEM)

    def disposal(self, *, approved: bool = True) -> str:
        """A list of what is due now, which two people have signed."""
        case_id, _ = self.case()
        with self.application.units.begin(KEEPER) as unit:
            row = list_due(unit, case_id=case_id, until=unit.clock.now())
            disposal_id = row.id
            unit.commit()
        for signer in (KEEPER, BOARD) if approved else ():
            with self.application.units.begin(signer) as unit:
                sign(unit, disposal_id, role="approve", signer=signer.id, name=signer.name, comment=None)
                unit.commit()
        return disposal_id

    def destroy(self, disposal_id: str) -> None:
        while self.do(DestroyNextBatch(disposal_id=disposal_id), SYSTEM):
            pass

    def items(self, disposal_id: str) -> dict[str, tuple[str, str | None]]:
        """State and reason of each document of a list."""
        rows = self.rows("SELECT document_id, state, reason FROM disposal_item WHERE disposal_id = %s", disposal_id)
        return {document_id: (state, reason) for document_id, state, reason in rows}


__all__ = ["ADMIN", "AUDITOR", "BOARD", "EWA", "KEEPER", "LEGAL", "RecordsOffice"]
