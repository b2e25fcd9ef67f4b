"""Packages and pages of approvals on a real installation."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest
from pypdf import PdfReader

from audit.queries import entries
from core.identity import SYSTEM
from engine.definitions import DeployDefinitions, DeploymentFile
from tests.engine_world import bpmn, line
from tests.signing_people import paper
from tests.web import Program
from webapp.bootstrap import Application

Make = Callable[..., Program]


@pytest.fixture
def rep(program: Make) -> Program:
    return program("rep", "sales_rep")


def file(program: Program, content: bytes, name: str, path: str = "/documents", **fields: str) -> Any:
    answer = program.post(path, data={**fields, "file": (io.BytesIO(content), name)})
    assert answer.status_code == 201, answer.text
    return answer.json


def content_of(program: Program, document: str) -> PdfReader:
    return PdfReader(io.BytesIO(program.get(f"/documents/{document}/versions/1/content").data))


def log(application: Application, document: str) -> list[Any]:
    with application.units.reading(SYSTEM) as view:
        return list(entries(view, stream=f"document:{document}").items)


def test_a_package_remembers_what_it_was_made_of(application: Application, rep: Program) -> None:
    contract = file(rep, paper("Umowa", 2), "umowa.pdf", title="Umowa")
    newer = file(rep, paper("Umowa, v2"), "umowa.pdf", path=f"/documents/{contract['id']}/versions")
    note = file(rep, "Zażółć".encode(), "notatka.txt", title="Notatka")
    body = {"title": "Komplet", "documents": [{"id": contract["id"], "version": 1}, {"id": note["id"]}]}

    made = rep.post("/packages", json=body)

    assert made.status_code == 201, made.text
    assert newer["version"] == 2
    found = rep.get(f"/documents/{made.json['id']}/versions/1/sources").json["items"]
    assert [(each["document_id"], each["n"], each["digest"], each["first_page"]) for each in found] == [
        (contract["id"], 1, contract["digest"], 3),
        (note["id"], 1, note["digest"], 5),
    ]
    bound = content_of(rep, made.json["id"])
    assert len(bound.pages) == 5
    assert bound.attachments["01 umowa.pdf"] == [rep.get(contract["content"]).data]
    told = [each.type for each in log(application, made.json["id"])]
    assert told[:2] == ["document.filed", "package.assembled"]
    assert "document.read" in [each.type for each in log(application, note["id"])]


def test_a_broken_document_is_refused_by_name_and_nothing_is_filed(rep: Program) -> None:
    good, bad = file(rep, paper(), "a.pdf"), file(rep, b"%PDF-1.7 broken", "b.pdf", title="Aneks nr 7")
    before = len(rep.get("/documents").json["items"])

    refused = rep.post("/packages", json={"title": "Komplet", "documents": [{"id": good["id"]}, {"id": bad["id"]}]})

    assert (refused.status_code, refused.json["code"]) == (422, "package_refused")
    assert "“Aneks nr 7”" in refused.json["detail"]
    assert len(rep.get("/documents").json["items"]) == before


def test_nobody_packs_what_they_may_not_see(rep: Program, program: Make) -> None:
    filed = file(rep, paper(), "a.pdf")

    other = program("legal", "legal").post("/packages", json={"title": "x", "documents": [{"id": filed["id"]}]})

    assert other.status_code == 404


def test_a_page_of_approvals_names_who_decided_on_which_digest(application: Application, rep: Program) -> None:
    task = '<userTask id="approve" name="Approve the contract" camunda:candidateGroups="sales_rep"/>'
    source = bpmn(line(task, names=("approve",)), key="approving")
    application.executor.execute(
        DeployDefinitions(files=(DeploymentFile(name="a.bpmn", content=source),)), actor=SYSTEM
    )
    started = rep.post("/instances", json={"definition_key": "approving"}).json
    task_id = started["tasks"][0]["id"]
    filed = file(rep, paper("Umowa", 2), "umowa.pdf", path=f"/tasks/{task_id}/documents", title="Umowa")
    done = rep.post(f"/tasks/{task_id}/complete", json={"data": {"decision": "approve", "remark": "Zgoda"}})
    assert done.status_code == 200, done.text

    made = rep.post(f"/documents/{filed['id']}/approvals", json={})

    assert made.status_code == 201, made.text
    bound = content_of(rep, made.json["id"])
    words = " ".join(bound.pages[2].extract_text().split())
    assert len(bound.pages) == 3
    for part in ("Approve the contract: approved", "Zgoda", f"version 1, {filed['digest'][:16]}", filed["digest"][:20]):
        assert part in words, words
    assert rep.get(f"/documents/{filed['id']}").json["latest"]["n"] == 1
    (source_row,) = rep.get(f"/documents/{made.json['id']}/versions/1/sources").json["items"]
    assert (source_row["document_id"], source_row["purpose"]) == (filed["id"], "approval")
