"""Seals and signatures on a real installation: by REST, by a process, by a worker."""

from __future__ import annotations

import io
import logging
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from audit.queries import entries
from core.clock import SystemClock
from core.identity import SYSTEM
from core.settings import Settings
from documents.filing import FileDocument
from documents.links import DocumentLink
from documents.queries import versions
from engine.definitions import DeployDefinitions, DeploymentFile
from engine.instances import StartInstance
from tests.engine_world import bpmn, line
from tests.operation_tasks import calls
from tests.signing_people import PASSWORD, Authority, Identity, paper, time_stamps
from tests.web import Program
from webapp.background import make_worker
from webapp.bootstrap import Application, build

Make = Callable[..., Program]


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture(scope="module")
def office(authority: Authority) -> Identity:
    return authority.issue("Pieczęć Wisła Pompy")


@pytest.fixture
def application(database_url: str, tmp_path: Path, authority: Authority, office: Identity) -> Iterator[Application]:
    """With a seal; certificates are valid by the computer's clock, so it counts here."""
    settings = Settings(
        database_url=database_url,
        data=tmp_path / "data",
        seal_file=office.file(tmp_path / "seal.p12"),
        seal_password=PASSWORD,
        trust_folder=authority.folder(tmp_path / "trust"),
    )
    built = build(settings, clock=SystemClock())
    yield built
    built.close()


@pytest.fixture
def director(program: Make) -> Program:
    return program("director", "sales_director")


def file(program: Program, content: bytes, name: str = "umowa.pdf", **fields: str) -> Any:
    answer = program.post("/documents", data={**fields, "file": (io.BytesIO(content), name)})
    assert answer.status_code == 201, answer.text
    return answer.json


def work(application: Application) -> None:
    make_worker(application).drain()


def looked_at(application: Application, program: Program, document: str, n: int) -> Any:
    address = f"/documents/{document}/versions/{n}/signatures"
    assert program.post(address).status_code == 202
    work(application)
    return program.get(address).json


def log(application: Application, document: str) -> list[Any]:
    with application.units.reading(SYSTEM) as view:
        return list(entries(view, stream=f"document:{document}").items)


def test_a_sealed_document_has_a_signed_version_and_the_old_one_stays(
    application: Application, director: Program
) -> None:
    filed = file(director, paper(), title="Umowa")

    sealed = director.post(f"/documents/{filed['id']}/seal", json={"reason": "Zatwierdzone przez zarząd"})

    assert sealed.status_code == 201, sealed.text
    assert sealed.json["version"] == 2
    assert director.get(sealed.json["content"]).data.startswith(director.get(filed["content"]).data)
    states = [each.data["state"] for each in log(application, filed["id"]) if each.type == "document.state_changed"]
    assert states == ["signed"]
    told = next(each for each in log(application, filed["id"]) if each.type == "document.sealed")
    assert told.data["signer"] == "Pieczęć Wisła Pompy"
    assert (told.data["sealed_version"], told.data["sealed_digest"]) == (1, filed["digest"])
    assert told.data["level"] == "PAdES B-B"


def test_a_worker_seals_for_who_does_not_wait(application: Application, director: Program) -> None:
    filed = file(director, paper(), title="Umowa")

    ordered = director.post(f"/documents/{filed['id']}/seal", json={}, headers={"Prefer": "respond-async"})
    work(application)

    assert ordered.status_code == 202, ordered.text
    found = director.get(ordered.headers["Location"]).json
    assert (found["state"], found["document_id"], found["version"]) == ("done", filed["id"], 2)
    assert [each.type for each in log(application, filed["id"])].count("document.sealed") == 1


def test_signatures_of_what_was_uploaded_are_told_in_plain_words(application: Application, director: Program) -> None:
    filed = file(director, paper())
    director.post(f"/documents/{filed['id']}/seal", json={})

    report = looked_at(application, director, filed["id"], 2)

    assert (report["state"], report["level"], report["sentence"]) == ("done", "good", "The signature is valid.")
    (signature,) = report["signatures"]
    assert signature["signer"] == "Pieczęć Wisła Pompy"
    assert signature["covers_all"] is True
    assert signature["sentence"].startswith(
        "Signed by Pieczęć Wisła Pompy, unchanged since. An authority that we trust"
    )


def test_a_changed_upload_is_called_void(application: Application, director: Program) -> None:
    filed = file(director, paper(pages=3))
    sealed = director.post(f"/documents/{filed['id']}/seal", json={}).json
    changed = director.get(sealed["content"]).data.replace(b"/Count 3", b"/Count 2", 1)

    uploaded = file(director, changed, "zmieniona.pdf")

    report = looked_at(application, director, uploaded["id"], 1)
    assert report["level"] == "bad"
    assert "the signature is void" in report["signatures"][0]["sentence"]


def test_a_signed_document_can_be_sealed_once_more_and_both_seals_count(
    application: Application, director: Program
) -> None:
    filed = file(director, paper())
    director.post(f"/documents/{filed['id']}/seal", json={})

    again = director.post(f"/documents/{filed['id']}/seal", json={"expected_version": 2, "visible": False})
    late = director.post(f"/documents/{filed['id']}/seal", json={"expected_version": 2})

    assert (again.status_code, again.json["version"]) == (201, 3), again.text
    assert (late.status_code, late.json["code"]) == (409, "version_conflict")
    report = looked_at(application, director, filed["id"], 3)
    assert (report["level"], report["sentence"]) == ("good", "All 2 signatures are valid.")
    assert [each["covers_all"] for each in report["signatures"]] == [False, True]


def test_a_time_stamp_makes_it_b_t(
    database_url: str, tmp_path: Path, authority: Authority, office: Identity, application: Application
) -> None:
    from documents.signatures.sealing import SealOrder, seal

    with time_stamps(authority.issue("Zegar", stamps=True)) as address:
        object.__setattr__(application.settings, "seal_timestamps", address)
        filed = _filed(application, paper())
        seal(application, SealOrder(document_id=filed), actor=SYSTEM)

    told = next(each for each in log(application, filed) if each.type == "document.sealed")
    assert told.data["level"] == "PAdES B-T"


def test_without_the_right_nothing_is_sealed(director: Program, program: Make) -> None:
    filed = file(director, paper())

    answer = program("rep", "sales_rep").post(f"/documents/{filed['id']}/seal", json={})

    assert (answer.status_code, answer.json["code"]) == (403, "forbidden")


def test_what_is_no_pdf_is_not_sealed(director: Program) -> None:
    filed = file(director, b"plain text", "notatka.txt", title="Notatka")

    answer = director.post(f"/documents/{filed['id']}/seal", json={})

    assert (answer.status_code, answer.json["code"]) == (422, "seal_refused")
    assert "“Notatka” is no PDF" in answer.json["detail"]


def test_an_installation_without_a_seal_says_what_to_do(application: Application, director: Program) -> None:
    object.__setattr__(application.settings, "seal_file", None)
    filed = file(director, paper())

    answer = director.post(f"/documents/{filed['id']}/seal", json={})

    assert (answer.status_code, answer.json["code"]) == (503, "seal_not_set_up")
    assert "OBIEG_SEAL_FILE" in answer.json["detail"]


def test_the_password_of_the_seal_is_in_no_log_and_no_answer(
    application: Application, director: Program, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    object.__setattr__(application.settings, "seal_password", "falsches-passwort")
    filed = file(director, paper())

    answer = director.post(f"/documents/{filed['id']}/seal", json={})

    assert answer.status_code == 503
    assert "falsches" not in answer.text + caplog.text + repr(application.settings)


def test_a_hostile_pdf_is_a_finding_and_nothing_else(application: Application, director: Program) -> None:
    bomb = zlib.compress(b"0" * 200_000_000, 9)
    objects = b"".join(
        b"%d 0 obj\n<</Type/ObjStm/N 9999999/First 9/Filter/FlateDecode/Length %d>>stream\n%s\nendstream\nendobj\n"
        % (number, len(bomb), bomb)
        for number in (1, 2)
    )
    hostile = (
        b"%PDF-1.7\n" + objects + b"xref\n0 1\n0000000000 65535 f \ntrailer <</Root 1 0 R/Prev 9>>\nstartxref\n9\n"
    )
    filed = file(director, hostile, "bomba.pdf")

    report = looked_at(application, director, filed["id"], 1)

    assert report["state"] == "failed"
    assert report["level"] == "attention"
    assert report["sentence"]


def test_a_plain_pdf_carries_no_signature(application: Application, director: Program) -> None:
    filed = file(director, paper())

    assert looked_at(application, director, filed["id"], 1)["sentence"] == "This PDF carries no signature."


def test_who_may_not_see_a_document_cannot_have_it_looked_at(director: Program, program: Make) -> None:
    filed = file(director, paper())
    rep = program("rep", "sales_rep")

    assert rep.post(f"/documents/{filed['id']}/versions/1/signatures").status_code == 404
    assert rep.get(f"/documents/{filed['id']}/versions/1/signatures").status_code == 404


def test_a_process_seals_its_document_once(application: Application) -> None:
    seal_it = calls("document.seal", type="contract", reason="Approved")
    user = '<userTask id="wait" name="Wait"/>'
    case = bpmn(line(user, seal_it, names=("wait", "call")), key="sealing")
    application.executor.execute(DeployDefinitions(files=(DeploymentFile(name="s.bpmn", content=case),)), actor=SYSTEM)
    started = application.executor.execute(StartInstance(definition_key="sealing", variables={}), actor=SYSTEM)
    filed = _filed(application, paper(), type="contract", links=(DocumentLink(kind="case", id=started.id),))
    from engine.tasks import CompleteTask

    application.executor.execute(CompleteTask(task_id=started.tasks[0].id, data={}), actor=SYSTEM)
    work(application)

    with application.units.reading(SYSTEM) as view:
        assert [each.n for each in versions(view, filed)] == [2, 1]
        assert versions(view, filed)[0].created_by == "process"


def _filed(application: Application, content: bytes, **more: Any) -> str:
    from documents.intake import receive

    blob = receive(
        io.BytesIO(content),
        announced=None,
        limit=1 << 24,
        store=application.blobs,
        announce=application.staging.announce,
    )
    command = FileDocument(title="Umowa", blob=blob, file_name="umowa.pdf", **more)
    return str(application.executor.execute(command, actor=SYSTEM).id)
