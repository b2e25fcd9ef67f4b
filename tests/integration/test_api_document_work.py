"""The API's work on documents: types, metadata, locks, states, versions and folders, from the outside."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest

from tests.web import WHOLE_FIRM, Program

Make = Callable[..., Program]
NOTE = b"Payment in 14 days.\n"
INVOICE = {
    "key": "invoice",
    "name": "Faktura",
    "numbering": "FV/{year}/{seq:03}",
    "form": {"type": "object", "properties": {"net": {"type": "number"}}, "required": ["net"]},
}


@pytest.fixture
def rep(program: Make) -> Program:
    return program("rep", "sales_rep")


@pytest.fixture
def designer(program: Make) -> Program:
    return program("marek", "process_designer")


@pytest.fixture
def manager(program: Make) -> Program:
    return program("boss", "board")


def upload(who: Program, content: bytes = NOTE, path: str = "/documents", **fields: str) -> Any:
    return who.post(path, data={**fields, "file": (io.BytesIO(content), "note.txt")})


def test_a_type_is_defined_read_and_changed(designer: Program, rep: Program) -> None:
    made = designer.post("/document-types", json=INVOICE)

    assert made.status_code == 201, made.text
    assert [each["key"] for each in rep.get("/document-types").json["items"]] == ["invoice"]
    changed = designer.patch("/document-types/invoice", json={"readers": ["legal"], "expected_revision": 1})
    assert (changed.json["revision"], changed.json["readers"], changed.json["name"]) == (2, ["legal"], "Faktura")
    late = designer.patch("/document-types/invoice", json={"name": "x", "expected_revision": 1})
    assert (late.status_code, late.json["code"]) == (409, "document_type_moved")


def test_types_are_not_for_everybody_to_define(rep: Program) -> None:
    assert rep.post("/document-types", json=INVOICE).status_code == 403
    assert rep.get("/document-types/none").status_code == 404


def test_a_document_is_filed_with_number_fields_and_tags(designer: Program, rep: Program) -> None:
    designer.post("/document-types", json=INVOICE)

    filed = upload(rep, type="invoice", fields='{"net": 100.5}', tags="urgent, 2026")

    assert filed.status_code == 201, filed.text
    found = rep.get(f"/documents/{filed.json['id']}").json
    assert (found["number"], found["fields"], found["tags"]) == ("FV/2026/001", {"net": 100.5}, ["2026", "urgent"])
    assert (found["state"], found["revision"]) == ("draft", 1)


@pytest.mark.parametrize("fields", ["[1]", "{", '{"net": "much"}'])
def test_fields_that_do_not_fit_are_422(designer: Program, rep: Program, fields: str) -> None:
    designer.post("/document-types", json=INVOICE)

    assert upload(rep, type="invoice", fields=fields).status_code == 422


def test_metadata_is_changed_against_the_revision_that_was_seen(rep: Program) -> None:
    path = f"/documents/{upload(rep).json['id']}"

    changed = rep.patch(path, json={"title": "Umowa", "tags": ["a"], "expected_revision": 1})
    late = rep.patch(path, json={"title": "Later", "expected_revision": 1})

    assert (changed.status_code, changed.json["title"], changed.json["revision"]) == (200, "Umowa", 2)
    assert (late.status_code, late.json["code"]) == (409, "document_moved")


def test_a_document_is_locked_unlocked_and_its_lock_is_broken(rep: Program, program: Make) -> None:
    path = f"/documents/{upload(rep).json['id']}"
    admin = program("root", *WHOLE_FIRM)

    assert rep.post(path + "/lock").json["checked_out_by"] == "rep"
    assert admin.post(path + "/lock").status_code == 409
    assert admin.post(path + "/unlock", json={}).status_code == 422
    assert admin.post(path + "/unlock", json={"reason": "ill"}).json["checked_out_by"] is None
    rep.post(path + "/lock")
    upload(rep, b"2", path + "/versions", keep_lock="true")
    assert rep.get(path).json["checked_out_by"] == "rep"
    assert rep.post(path + "/unlock", json={}).json["checked_out_by"] is None


def test_a_state_is_changed_by_right(rep: Program, manager: Program) -> None:
    path = f"/documents/{upload(rep).json['id']}"

    assert rep.post(path + "/state", json={"state": "approved"}).status_code == 403
    assert manager.post(path + "/state", json={"state": "approved", "expected": "draft"}).json["state"] == "approved"
    late = manager.post(path + "/state", json={"state": "void", "expected": "draft"})
    assert (late.status_code, late.json["code"]) == (409, "document_state_moved")
    assert manager.post(path + "/state", json={"state": "lost"}).status_code == 422


def test_versions_are_compared_and_restored(rep: Program) -> None:
    path = f"/documents/{upload(rep).json['id']}"
    upload(rep, NOTE.replace(b"14", b"30"), path + "/versions")

    compared = rep.get(path + "/comparison?before=1&after=2")

    assert compared.status_code == 200, compared.text
    (row,) = compared.json["difference"]["rows"]
    assert [each["text"] for each in row["after"] if each["is_changed"]] == ["30"]
    restored = rep.post(path + "/restore", json={"version": 1, "expected_version": 2})
    assert (restored.status_code, restored.json["version"]) == (201, 3)
    assert rep.get(path + "/comparison?before=1&after=9").status_code == 404


def test_many_documents_are_tagged_and_found_by_their_tag(rep: Program) -> None:
    ids = [upload(rep, str(n).encode()).json["id"] for n in range(3)]

    assert rep.post("/documents/tags", json={"ids": ids[:2], "add": ["Pilne"]}).json == {"changed": 2}

    assert rep.get("/documents/tags").json["items"] == [{"tag": "pilne", "count": 2}]
    assert rep.get("/documents?tag=pilne").json["total"] == 2


def test_a_folder_runs_its_search(rep: Program, program: Make) -> None:
    upload(rep, b"1", type="offer")
    upload(rep, b"2", type="contract")
    body = {"name": "Contracts", "filters": {"type": "contract"}, "is_shared": True}

    kept = rep.post("/document-folders", json=body)

    assert kept.status_code == 201, kept.text
    folder = kept.json["id"]
    assert rep.get(f"/documents?folder={folder}").json["total"] == 1
    other = program("other", "sales_rep")
    assert other.get("/document-folders").json["items"][0]["name"] == "Contracts"
    assert other.post(f"/document-folders/{folder}/remove").status_code == 403
    assert rep.patch(f"/document-folders/{folder}", json=body | {"is_shared": False}).status_code == 200
    assert other.get(f"/documents?folder={folder}").status_code == 404
    assert rep.post(f"/document-folders/{folder}/remove").json == {"ok": True}


def test_a_folder_may_hold_a_query_of_the_search_language(rep: Program) -> None:
    upload(rep, b"1", title="Umowa ramowa ACME", tags="pilne teraz")
    upload(rep, b"2", title="Umowa ramowa Bolt")
    upload(rep, b"3", title="List do ACME")
    body = {"name": "ACME", "query": "acme -title:list"}

    folder = rep.post("/document-folders", json=body).json["id"]

    titles = [each["title"] for each in rep.get(f"/documents?folder={folder}").json["items"]]
    assert titles == ["Umowa ramowa ACME"]
    assert rep.get(f"/documents?folder={folder}&tag=pilne teraz").json["total"] == 1
    assert rep.get(f"/documents?folder={folder}&state=void").json["total"] == 0
    assert rep.get("/documents?q=umowa&limit=1").json["next"]
    assert rep.get("/documents?q=acm&mine=true").json["total"] == 2


def test_a_type_for_certain_readers_hides_its_documents_from_the_api(
    designer: Program, rep: Program, program: Make
) -> None:
    designer.post("/document-types", json={"key": "opinion", "name": "Opinia", "readers": ["legal"]})
    customer = rep.post("/customers", json={"name": "ACME", "country": "PL"})
    assert customer.status_code == 201, customer.text
    links = f'[{{"kind": "crm.customer", "id": "{customer.json["id"]}"}}]'
    filed = upload(rep, type="opinion", links=links).json
    other, lawyer = program("other", "sales_rep"), program("lawyer", "legal")

    statuses = [who.get(f"/documents/{filed['id']}").status_code for who in (rep, other, lawyer)]
    contents = [who.get(filed["content"]).status_code for who in (rep, other, lawyer)]

    assert statuses == contents == [200, 404, 200]
    assert [who.get("/documents").json["total"] for who in (rep, other, lawyer)] == [1, 0, 1]
