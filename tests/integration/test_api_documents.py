from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from typing import Any

import pytest

from core.errors import StorageFull
from tests.web import Program
from webapp.bootstrap import Application

PDF = b"%PDF-1.7\n" + bytes(range(256)) * 40 + b"\n%%EOF\n"
Make = Callable[..., Program]


def upload(
    program: Program, content: bytes = PDF, name: str = "umowa.pdf", path: str = "/documents", **fields: str
) -> Any:
    return program.post(path, data={**fields, "file": (io.BytesIO(content), name)})


@pytest.fixture
def rep(program: Make) -> Program:
    return program("rep", "sales_rep")


def test_a_document_comes_back_as_it_was_filed(rep: Program) -> None:
    filed = upload(rep, title="Umowa ramowa", type="contract")

    assert filed.status_code == 201, filed.text
    assert filed.json["digest"] == hashlib.sha256(PDF).hexdigest()
    assert filed.json["size"] == len(PDF)
    assert filed.json["media_type"] == "application/pdf"
    content = rep.get(filed.json["content"])
    assert content.data == PDF
    assert content.headers["ETag"] == f'"{filed.json["digest"]}"'
    assert content.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in content.headers["Content-Security-Policy"]


def test_the_browser_need_not_fetch_twice(rep: Program) -> None:
    filed = upload(rep).json

    again = rep.get(filed["content"], headers={"If-None-Match": f'"{filed["digest"]}"'})

    assert again.status_code == 304
    assert again.data == b""


def test_head_tells_the_length_without_the_bytes(rep: Program) -> None:
    filed = upload(rep).json

    head = rep.head(filed["content"])

    assert head.content_length == len(PDF)
    assert head.data == b""


def test_a_range_behind_the_end_is_416_with_the_length(rep: Program) -> None:
    filed = upload(rep).json

    answer = rep.get(filed["content"], headers={"Range": "bytes=99999999-"})

    assert answer.status_code == 416
    assert answer.headers["Content-Range"] == f"bytes */{len(PDF)}"


def test_versions_are_added_and_the_old_one_stays(rep: Program) -> None:
    first = upload(rep).json

    second = upload(rep, b"second", path=f"/documents/{first['id']}/versions", expected_version="1", reason="podpis")

    assert second.status_code == 201, second.text
    assert second.json["version"] == 2
    assert rep.get(first["content"]).data == PDF
    assert [each["version"] for each in rep.get(f"/documents/{first['id']}/versions").json["items"]] == [2, 1]


def test_who_worked_on_an_older_version_is_told_so(rep: Program) -> None:
    first = upload(rep).json
    upload(rep, b"second", path=f"/documents/{first['id']}/versions")

    late = upload(rep, b"third", path=f"/documents/{first['id']}/versions", expected_version="1")

    assert late.status_code == 409
    assert late.json["code"] == "version_conflict"


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("a\u202efdp.exe", "afdp.exe"),
        ("...", "file"),
    ],
)
def test_a_misleading_file_name_is_made_safe(rep: Program, sent: str, kept: str) -> None:
    filed = upload(rep, name=sent)

    assert filed.status_code == 201, filed.text
    assert filed.json["file_name"] == kept
    disposition = rep.get(filed.json["content"]).headers["Content-Disposition"]
    assert ".." not in disposition
    assert "/" not in disposition


def test_a_nul_in_a_file_name_does_not_cut_it(rep: Program) -> None:
    body = b'--x\r\nContent-Disposition: form-data; name="file"; filename="plan.pdf\0.exe"\r\n\r\n%PDF-1.7\r\n--x--\r\n'

    answer = rep.post("/documents", data=body, content_type="multipart/form-data; boundary=x")

    assert answer.status_code == 201, answer.text
    assert answer.json["file_name"] == "plan.pdf.exe"


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"--x--\r\n", "multipart/form-data; boundary=x", 422),
        (
            b'--x\r\nContent-Disposition: form-data; name="title"\r\n\r\nT\r\n--x--\r\n',
            "multipart/form-data; boundary=x",
            422,
        ),
        (
            b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nhalf',
            "multipart/form-data; boundary=x",
            400,
        ),
        (b"%PDF", "application/pdf", 415),
        (b"%PDF", "multipart/form-data", 415),
    ],
)
def test_what_is_no_upload_is_refused_and_nothing_is_kept(
    application: Application, rep: Program, body: bytes, kind: str, status: int
) -> None:
    answer = rep.post("/documents", data=body, content_type=kind)

    assert answer.status_code == status, answer.text
    assert answer.mimetype == "application/problem+json"
    assert list(application.blobs.listing()) == []
    assert rep.get("/documents").json["items"] == []


def test_an_upload_above_the_limit_is_refused_before_it_is_read(application: Application, rep: Program) -> None:
    answer = rep.post(
        "/documents",
        data=b"--x",
        content_type="multipart/form-data; boundary=x",
        environ_overrides={"CONTENT_LENGTH": str(application.settings.max_upload + (2 << 20))},
    )

    assert answer.status_code == 413
    assert answer.json["code"] == "too_large"


def test_a_full_disk_is_507_and_nothing_is_kept(
    application: Application, rep: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise StorageFull("There is no room left to store this. Nothing was kept.")

    monkeypatch.setattr(type(application.blobs), "put", full)

    answer = upload(rep)

    assert answer.status_code == 507
    assert answer.json["code"] == "storage_full"
    assert "Nothing was kept" in answer.json["detail"]


def test_other_peoples_documents_do_not_exist(program: Make, rep: Program) -> None:
    filed = upload(rep).json
    other = program("other", "sales_rep")

    for path in (f"/documents/{filed['id']}", f"/documents/{filed['id']}/versions", filed["content"]):
        assert other.get(path).status_code == 404
    assert upload(other, b"x", path=f"/documents/{filed['id']}/versions").status_code == 404
    assert filed["id"] not in other.get("/documents").text


def test_an_auditor_reads_what_was_filed_but_files_nothing(program: Make, rep: Program) -> None:
    filed = upload(rep).json
    auditor = program("auditor", "auditor")

    assert auditor.get(filed["content"]).data == PDF
    assert upload(auditor).status_code == 403


def test_reading_a_document_stands_in_the_trail(program: Make, rep: Program) -> None:
    filed = upload(rep).json
    rep.get(filed["content"])

    entries = program("auditor", "auditor").get(f"/audit/entries?stream=document:{filed['id']}").json["items"]

    assert [entry["type"] for entry in entries] == ["document.filed", "document.read"]
    assert {entry["actor"] for entry in entries} == {"rep"}
    assert entries[0]["data"]["digest"] == filed["digest"]
    assert entries[1]["previous_hash"] == entries[0]["hash"]


def test_a_document_hangs_off_a_customer(rep: Program) -> None:
    customer = rep.post("/customers", json={"name": "Meble Wschód sp. z o.o.", "country": "PL"})
    assert customer.status_code == 201, customer.text
    links = f'[{{"kind": "crm.customer", "id": "{customer.json["id"]}"}}]'

    filed = upload(rep, links=links)

    assert filed.status_code == 201, filed.text
    document = rep.get(f"/documents/{filed.json['id']}").json
    assert [(link["kind"], link["id"]) for link in document["links"]] == [("crm.customer", customer.json["id"])]


def test_cus_30_files_of_every_kind_come_back_bit_for_bit_from_a_customer(rep: Program) -> None:
    customer = rep.post("/customers", json={"name": "Meble Wschód sp. z o.o.", "country": "PL"}).json["id"]
    begins = {
        "umowa.pdf": b"%PDF-1.7\n",
        "umowa.docx": b"PK\x03\x04word/",
        "pokaz.pptx": b"PK\x03\x04ppt/",
        "hala.jpg": b"\xff\xd8\xff\xe0\x00\x10JFIF",
        "skan.tiff": b"II*\x00\x08\x00\x00\x00",
        "paczka.zip": b"PK\x05\x06",
    }
    contents = {name: begin + bytes(range(256)) * 4 + name.encode() for name, begin in begins.items()}

    for name, content in contents.items():
        filed = upload(rep, content, name, links=f'[{{"kind": "crm.customer", "id": "{customer}"}}]').json

        back = rep.get(filed["content"]).data
        assert filed["digest"] == hashlib.sha256(content).hexdigest() == hashlib.sha256(back).hexdigest(), name


@pytest.mark.parametrize("links", ["{", '[{"kind": "case"}]', '"case"'])
def test_links_that_cannot_be_read_are_named_as_the_field(rep: Program, links: str) -> None:
    answer = upload(rep, links=links)

    assert answer.status_code == 422
    assert list(answer.json["details"]["fields"]) == ["/links"]


@pytest.mark.parametrize("links", ["{", '[{"kind": "case"}]', '[{"kind": "case", "id": "nothing"}]', '"case"'])
def test_a_link_to_nothing_is_refused(rep: Program, links: str) -> None:
    answer = upload(rep, links=links)

    assert answer.status_code in {400, 403, 422}
    assert answer.json["detail"]
