"""Uploads in pieces over REST: the tus protocol, filing, quotas, duplicates."""

from __future__ import annotations

import base64
import hashlib
import io
import os
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from core.clock import FixedClock
from tests.web import Program
from webapp.bootstrap import Application
from webapp.sweeping import sweep_uploads

Make = Callable[..., Program]
TUS = {"Tus-Resumable": "1.0.0"}
PIECE = "application/offset+octet-stream"
PDF = b"%PDF-1.7\n" + bytes(range(256)) * 40 + b"\n%%EOF\n"


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def begin(program: Program, size: int, name: str = "plan.pdf", **options: Any) -> Any:
    headers = TUS | {"Upload-Length": str(size), "Upload-Metadata": f"filename {encoded(name)}"}
    return program.post("/uploads", headers=headers | options.pop("headers", {}), **options)


def piece(program: Program, where: str, offset: int, content: bytes, **headers: str) -> Any:
    sent = TUS | {"Upload-Offset": str(offset), **headers}
    return program.patch(where, data=content, content_type=PIECE, headers=sent)


def send(program: Program, content: bytes = PDF, name: str = "plan.pdf") -> str:
    where: str = begin(program, len(content), name).headers["Location"]
    assert piece(program, where, 0, content).status_code == 204
    return where


def finish(program: Program, where: str, **wishes: Any) -> Any:
    return program.post(f"{where}/file", json=wishes)


@pytest.fixture
def rep(program: Make) -> Program:
    return program("rep", "sales_rep")


def test_a_file_in_two_pieces_becomes_a_document(rep: Program) -> None:
    where = begin(rep, len(PDF)).headers["Location"]
    first = piece(rep, where, 0, PDF[:1000])
    asked = rep.head(where, headers=TUS)
    piece(rep, where, 1000, PDF[1000:])

    filed = finish(rep, where, title="Plan", type="contract")

    assert (first.status_code, first.headers["Upload-Offset"]) == (204, "1000")
    assert (asked.status_code, asked.headers["Upload-Offset"], asked.headers["Upload-Length"]) == (
        200,
        "1000",
        str(len(PDF)),
    )
    assert asked.headers["Cache-Control"] == "no-store"
    assert filed.status_code == 201, filed.text
    assert (filed.json["title"], filed.json["file_name"], filed.json["media_type"]) == (
        "Plan",
        "plan.pdf",
        "application/pdf",
    )
    assert filed.json["digest"] == hashlib.sha256(PDF).hexdigest()
    assert rep.get(filed.json["content"]).data == PDF


def test_filing_a_second_time_answers_as_the_first(rep: Program) -> None:
    where = send(rep)
    first = finish(rep, where)

    again = finish(rep, where)

    assert again.json["id"] == first.json["id"]
    assert len(rep.get("/documents").json["items"]) == 1


def test_a_small_file_comes_with_the_beginning(rep: Program) -> None:
    begun = begin(rep, 5, data=b"hello", content_type=PIECE)

    assert begun.headers["Upload-Offset"] == "5"
    assert finish(rep, begun.headers["Location"]).status_code == 201


def test_an_empty_file_is_a_file(rep: Program) -> None:
    where = begin(rep, 0, "empty.txt").headers["Location"]

    assert finish(rep, where).json["size"] == 0


def test_the_server_tells_what_it_can_do(rep: Program) -> None:
    told = rep.options("/uploads")

    assert told.status_code == 204
    assert told.headers["Tus-Version"] == "1.0.0"
    assert set(told.headers["Tus-Extension"].split(",")) >= {"creation", "expiration", "termination", "checksum"}
    assert "sha1" in told.headers["Tus-Checksum-Algorithm"].split(",")
    assert int(told.headers["Tus-Max-Size"]) > 0


def test_another_version_of_the_protocol_is_refused(rep: Program) -> None:
    where = begin(rep, 5).headers["Location"]

    for headers in ({}, {"Tus-Resumable": "0.2.2"}):
        refused = rep.head(where, headers=headers)
        assert (refused.status_code, refused.headers["Tus-Version"]) == (412, "1.0.0")


def test_a_piece_at_the_wrong_place_is_409_and_changes_nothing(rep: Program) -> None:
    where = begin(rep, len(PDF)).headers["Location"]
    piece(rep, where, 0, PDF[:10])

    wrong = piece(rep, where, 5, PDF[5:20])

    assert (wrong.status_code, wrong.json["code"], wrong.json["details"]["offset"]) == (409, "wrong_offset", 10)
    assert rep.head(where, headers=TUS).headers["Upload-Offset"] == "10"


def test_a_piece_must_say_what_it_is(rep: Program) -> None:
    where = begin(rep, 5).headers["Location"]

    wrong = rep.patch(where, data=b"hello", content_type="text/plain", headers=TUS | {"Upload-Offset": "0"})

    assert wrong.status_code == 415


def test_a_piece_is_checked_against_its_checksum(rep: Program) -> None:
    where = begin(rep, 5).headers["Location"]
    right = "sha1 " + base64.b64encode(hashlib.sha1(b"hello").digest()).decode()

    spoilt = piece(rep, where, 0, b"hellO", **{"Upload-Checksum": right})
    unknown = piece(rep, where, 0, b"hello", **{"Upload-Checksum": "crc32 AAAA"})
    good = piece(rep, where, 0, b"hello", **{"Upload-Checksum": right})

    assert (spoilt.status_code, unknown.status_code, good.status_code) == (460, 400, 204)
    assert good.headers["Upload-Offset"] == "5"


def test_an_upload_can_be_thrown_away(rep: Program, application: Application) -> None:
    where = begin(rep, 5).headers["Location"]
    piece(rep, where, 0, b"he")

    assert rep.delete(where, headers=TUS).status_code == 204

    assert rep.head(where, headers=TUS).status_code == 404
    assert list((application.settings.data / "staging").iterdir()) == []


def test_a_client_that_can_only_post_names_the_method(rep: Program) -> None:
    where = begin(rep, 5).headers["Location"]
    headers = TUS | {"Upload-Offset": "0", "X-HTTP-Method-Override": "PATCH"}

    sent = rep.post(where, data=b"hello", content_type=PIECE, headers=headers)

    assert (sent.status_code, sent.headers["Upload-Offset"]) == (204, "5")


def test_a_piece_that_is_larger_than_the_rest_is_refused_unread(rep: Program) -> None:
    where = begin(rep, 5).headers["Location"]

    refused = rep.patch(
        where,
        input_stream=io.BytesIO(b"hello world"),
        content_length=2 << 30,
        content_type=PIECE,
        headers=TUS | {"Upload-Offset": "0"},
    )

    assert (refused.status_code, refused.json["code"]) == (413, "too_large")
    assert rep.head(where, headers=TUS).headers["Upload-Offset"] == "0"


def test_a_file_beyond_the_limit_is_refused_at_its_beginning(rep: Program, application: Application) -> None:
    refused = begin(rep, application.settings.max_upload + 1)

    assert (refused.status_code, refused.json["code"]) == (413, "too_large")


def test_nobody_takes_more_than_their_share(rep: Program, program: Make, application: Application) -> None:
    other = program("other", "sales_rep")
    for _ in range(4):
        assert begin(rep, application.settings.upload_quota // 4).status_code == 201

    refused = begin(rep, 1)

    assert (refused.status_code, refused.json["code"]) == (413, "upload_quota_exceeded")
    assert begin(other, 1).status_code == 201


@pytest.mark.parametrize("header", ["", "-1", "1e9", "٣", "9" * 30])
def test_a_length_is_a_number(rep: Program, header: str) -> None:
    refused = rep.post("/uploads", headers=TUS | {"Upload-Length": header.encode().decode("latin-1")})

    assert refused.status_code == 400


def test_an_upload_is_its_owners_alone(rep: Program, program: Make) -> None:
    other = program("other", "sales_rep")
    where = send(rep)

    assert other.head(where, headers=TUS).status_code == 404
    assert piece(other, where, 0, b"x").status_code == 404
    assert other.delete(where, headers=TUS).status_code == 404
    assert finish(other, where).status_code == 404


def test_what_has_not_arrived_is_not_filed(rep: Program) -> None:
    where = begin(rep, 5).headers["Location"]
    piece(rep, where, 0, b"he")

    refused = finish(rep, where)

    assert (refused.status_code, refused.json["code"]) == (422, "upload_unfinished")
    assert "2 of 5 bytes" in refused.json["detail"]


def test_the_digest_is_verified_at_the_end(rep: Program) -> None:
    where = send(rep)

    refused = finish(rep, where, sha256=hashlib.sha256(b"something else").hexdigest())
    filed = finish(rep, where, sha256=hashlib.sha256(PDF).hexdigest().upper())

    assert (refused.status_code, refused.json["code"]) == (422, "digest_mismatch")
    assert filed.status_code == 201


def test_what_is_filed_already_is_named_and_can_be_filed_all_the_same(rep: Program) -> None:
    first = finish(rep, send(rep), title="Umowa").json
    where = send(rep, name="copy.pdf")

    asked = finish(rep, where)
    anyway = finish(rep, where, duplicates="file")

    assert (asked.status_code, asked.json["code"]) == (409, "already_filed")
    assert "Umowa" in asked.json["detail"]
    assert asked.json["details"]["documents"][0]["id"] == first["id"]
    assert anyway.status_code == 201
    assert anyway.json["id"] != first["id"]


def test_a_document_that_one_may_not_see_is_only_hinted_at(rep: Program, program: Make) -> None:
    other = program("other", "sales_rep")
    finish(rep, send(rep), title="Geheim")

    asked = finish(other, send(other))

    assert (asked.status_code, asked.json["details"]["documents"]) == (409, [])
    assert "Geheim" not in asked.text
    assert "where you may not see it" in asked.json["detail"]


def test_an_upload_can_become_the_next_version(rep: Program) -> None:
    first = finish(rep, send(rep)).json
    where = send(rep, b"second", "plan2.pdf")

    added = finish(rep, where, document_id=first["id"], expected_version=1, reason="podpis")

    assert (added.json["id"], added.json["version"]) == (first["id"], 2)


def test_only_whoever_may_file_may_upload(program: Make) -> None:
    auditor = program("ewa", "auditor")

    assert begin(auditor, 5).status_code == 403


def test_uploads_under_way_are_listed(rep: Program) -> None:
    where = begin(rep, 5, "a.txt").headers["Location"]
    piece(rep, where, 0, b"he")
    finish(rep, send(rep))

    listed = rep.get("/uploads").json["items"]

    assert [(each["file_name"], each["offset"], each["size"]) for each in listed] == [("a.txt", 2, 5)]


def test_an_expired_upload_is_gone_with_its_pieces(rep: Program, application: Application, clock: FixedClock) -> None:
    where = begin(rep, 5).headers["Location"]
    piece(rep, where, 0, b"he")
    staging = application.settings.data / "staging"
    for path in staging.iterdir():
        os.utime(path, (clock.now().timestamp(),) * 2)
    sweep_uploads(application)
    assert len(list(staging.iterdir())) == 1

    clock.advance(timedelta(seconds=application.settings.upload_kept))
    swept = sweep_uploads(application)

    assert swept == 1
    assert rep.head(where, headers=TUS).status_code == 404
    assert list(staging.iterdir()) == []


def test_names_and_metadata_of_others_do_no_harm(rep: Program) -> None:
    where = send(rep, b"x", "../../etc/pass\u202ewd\0.txt")

    filed = finish(rep, where)

    assert filed.json["file_name"] == "passwd.txt"


def test_metadata_that_is_not_base64_is_refused(rep: Program) -> None:
    headers = TUS | {"Upload-Length": "1", "Upload-Metadata": "filename ???"}

    assert rep.post("/uploads", headers=headers).status_code == 400


def test_a_check_verifies_and_tells_of_duplicates_without_filing(rep: Program) -> None:
    where = send(rep)
    fresh = rep.post(f"{where}/check", json={"sha256": hashlib.sha256(PDF).hexdigest()})
    wrong = rep.post(f"{where}/check", json={"sha256": "0" * 64})
    first = finish(rep, where, title="Umowa").json
    again = rep.post(f"{send(rep)}/check", json={})

    assert (fresh.json["sentence"], fresh.json["documents"]) == (None, [])
    assert wrong.json["code"] == "digest_mismatch"
    assert "Umowa" in again.json["sentence"]
    assert [each["id"] for each in again.json["documents"]] == [first["id"]]
    assert len(rep.get("/documents").json["items"]) == 1
