"""The process that destroys: from the list to the certificate, and what an auditor finds afterwards."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from pypdf import PdfReader

from audit.verifier import verify
from core.clock import FixedClock
from core.identity import SYSTEM, Actor
from documents.access import Target
from documents.links import DocumentLink
from documents.queries import attached
from documents.records.disposal_queries import disposal, disposal_items
from documents.records.disposals import ExcludeItem, commitment
from engine.definitions import DeployDefinitions, DeploymentFile
from engine.inbox import TaskFilter, tasks
from engine.instances import StartInstance
from engine.queries import instance
from engine.tasks import CompleteTask, NotYourTask
from processes.disposal import PACKAGE
from tests.records_office import BOARD, KEEPER, LEGAL, RecordsOffice, person
from webapp.background import make_worker
from webapp.bootstrap import Application
from webapp.cli.audit import audit_check
from webapp.evidence import export

YEARS = timedelta(days=6 * 366)
BOTH = person("Kazia", "records_manager", "legal")


@dataclass
class Disposing:
    """An office where the process is deployed."""

    office: RecordsOffice
    application: Application

    def start(self, actor: Actor = KEEPER) -> str:
        case_id: str = self.office.do(StartInstance(definition_key="disposal"), actor).id
        return case_id

    def task(self, case_id: str) -> str:
        with self.application.units.reading(SYSTEM) as view:
            (found,) = tasks(view, TaskFilter(instance_id=case_id)).items
        return found.id

    def decide(self, case_id: str, actor: Actor, decision: str, **data: Any) -> None:
        self.office.do(CompleteTask(task_id=self.task(case_id), data={"decision": decision} | data), actor)

    def disposal_of(self, case_id: str) -> str:
        ((found,),) = self.office.rows("SELECT id FROM disposal WHERE case_id = %s", case_id)
        return str(found)

    def papers(self, case_id: str) -> dict[str | None, Any]:
        with self.application.units.reading(SYSTEM) as view:
            target = Target("case", case_id)
            return {each.type: each for each in attached(view, [target])[target]}

    def text(self, digest: str) -> str:
        with self.application.blobs.open(digest) as source:
            return "".join(page.extract_text() for page in PdfReader(io.BytesIO(source.read())).pages)


@pytest.fixture
def disposing(application: Application) -> Disposing:
    office = RecordsOffice(application)
    files = tuple(DeploymentFile(name=path.name, content=path.read_bytes()) for path in PACKAGE.files())
    office.do(DeployDefinitions(files=files), SYSTEM)
    office.rule()
    return Disposing(office, application)


def test_what_is_due_is_destroyed_by_two_people_and_certified(
    disposing: Disposing, clock: FixedClock, tmp_path: Path
) -> None:
    office = disposing.office
    affected, task = office.case()
    gone, kept, held = (office.file(f"Umowa {n}", DocumentLink(kind="case", id=affected)) for n in range(3))
    office.complete(task)
    ((digest,),) = office.rows("SELECT digest FROM document_version WHERE document_id = %s", gone)
    clock.advance(YEARS)
    office.compute()

    case_id = disposing.start()
    listed = disposing.papers(case_id)["disposal_list"]
    assert "Umowa 0" in disposing.text(listed.digest)
    disposal_id = disposing.disposal_of(case_id)
    office.do(ExcludeItem(disposal_id=disposal_id, document_id=kept, reason="of historic value"))
    disposing.decide(case_id, KEEPER, "ask", remark="older than five years")
    office.hold("document", held)
    disposing.decide(case_id, LEGAL, "approve")
    make_worker(disposing.application).drain()

    with disposing.application.units.reading(KEEPER) as view:
        assert instance(view, case_id).outcome == "destroyed"
        found = disposal(view, disposal_id)
        states = {each.document_id: each.state for each in disposal_items(view, disposal_id).items}
    assert (found.state, found.counts) == ("certified", {"destroyed": 1, "excluded": 1, "kept": 1})
    assert states == {gone: "destroyed", kept: "excluded", held: "kept"}
    papers = disposing.papers(case_id)
    assert (papers["disposal_list"].n, found.list_id) == (2, papers["disposal_list"].document_id)
    certificate = disposing.text(papers["certificate_of_destruction"].digest)
    for part in (digest, gone, "Kazik Test", "Olga Test", "KC art. 118", "historic value", "Sąd 7/26"):
        assert part in certificate, part
    assert "Umowa" not in certificate
    _proves_the_title(disposing, papers["disposal_list_data"].digest, gone)
    _is_told_by_the_pack(disposing, affected, gone, tmp_path)
    assert _findings(disposing.application) == []


def _proves_the_title(disposing: Disposing, digest: str, document_id: str) -> None:
    """The list for machines can prove which title the tombstone means."""
    with disposing.application.blobs.open(digest) as source:
        item = next(each for each in json.load(source)["items"] if each["document_id"] == document_id)
    ((sealed,),) = disposing.office.rows("SELECT title_commitment FROM tombstone WHERE document_id = %s", document_id)
    assert commitment(item["salt"], item["title"]) == sealed


def _is_told_by_the_pack(disposing: Disposing, case_id: str, document_id: str, folder: Path) -> None:
    path = folder / "pack.zip"
    with path.open("wb") as out:
        export(disposing.application, SYSTEM, case_id, out)
    report = verify(path, None)
    assert report.findings == []
    assert any(f"{document_id} was destroyed under certificate 2032-00001" in each for each in report.remarks)
    with zipfile.ZipFile(path) as archive:
        (index,) = (name for name in archive.namelist() if name.endswith("/index.html"))
        assert "destroyed under certificate 2032-00001" in archive.read(index).decode()


def _findings(application: Application) -> list[dict[str, Any]]:
    told = CliRunner().invoke(audit_check, ["--json"], obj=application.settings)
    assert told.exit_code in {0, 1}, told.output
    found: list[dict[str, Any]] = json.loads(told.stdout)["findings"]
    return found


def test_the_second_must_be_another_person_and_have_the_role(disposing: Disposing, clock: FixedClock) -> None:
    disposing.office.file()
    clock.advance(YEARS)
    disposing.office.compute()
    case_id = disposing.start()
    disposing.decide(case_id, BOTH, "ask")

    for actor in (BOTH, KEEPER):
        with pytest.raises(NotYourTask):
            disposing.decide(case_id, actor, "approve")

    disposing.decide(case_id, BOARD, "approve")
    make_worker(disposing.application).drain()
    assert disposing.office.rows("SELECT state FROM disposal") == [("certified",)]


def test_a_refused_list_destroys_nothing_and_can_be_listed_again(disposing: Disposing, clock: FixedClock) -> None:
    document = disposing.office.file()
    clock.advance(YEARS)
    disposing.office.compute()
    case_id = disposing.start()
    disposing.decide(case_id, KEEPER, "ask")

    disposing.decide(case_id, BOARD, "return", comment="Why so early?")
    disposing.decide(case_id, KEEPER, "abandon", comment="Because.")

    assert disposing.office.rows("SELECT document_id FROM document_version WHERE document_id = %s", document)
    again = disposing.disposal_of(disposing.start())
    assert disposing.office.items(again) == {document: ("listed", None)}


def test_nothing_due_ends_at_once(disposing: Disposing) -> None:
    case_id = disposing.start()

    with disposing.application.units.reading(KEEPER) as view:
        assert instance(view, case_id).outcome == "nothing_due"
    assert disposing.papers(case_id) == {}


def test_the_certificate_itself_is_kept_for_ever(disposing: Disposing, clock: FixedClock) -> None:
    disposing.office.file()
    clock.advance(YEARS)
    disposing.office.rule("all", is_default=True, document_types=(), period="P1D")
    case_id = disposing.start()
    disposing.decide(case_id, KEEPER, "ask")
    disposing.decide(case_id, BOARD, "approve")
    make_worker(disposing.application).drain()

    found = disposing.office.retention(disposing.papers(case_id)["certificate_of_destruction"].document_id)

    assert (found.state, found.rule_key) == ("forever", None)


def test_a_version_that_vanished_and_a_forged_tombstone_are_found(disposing: Disposing, clock: FixedClock) -> None:
    office = disposing.office
    lost, gone = office.file("Umowa 1"), office.file("Umowa 2")
    office.hold("document", lost)
    clock.advance(YEARS)
    office.compute()
    disposal_id = office.disposal()
    office.destroy(disposal_id)
    with disposing.application.database.engine.begin() as connection:
        connection.exec_driver_sql("SET session_replication_role = replica")  # what an administrator could do
        connection.exec_driver_sql("DELETE FROM document_version WHERE document_id = %s", (lost,))
        connection.exec_driver_sql("UPDATE tombstone SET versions = '[]' WHERE document_id = %s", (gone,))
        connection.exec_driver_sql("SET session_replication_role = origin")

    sentences = [each["sentence"] for each in _findings(disposing.application)]

    assert any(lost in each and "was removed" in each for each in sentences)
    assert any(gone in each and "unknown to the trail" in each for each in sentences)
