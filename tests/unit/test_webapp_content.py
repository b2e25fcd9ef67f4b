from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass

import pytest
from flask import Flask, Response

from storage.blobs.memory import MemoryBlobStore
from webapp.content import disposition, is_fresh, not_modified, send_version
from webapp.errors import RangeNotSatisfiable

TEXT = bytes(range(256)) * 4


@dataclass(frozen=True)
class Paper:
    digest: str
    size: int
    media_type: str = "application/pdf"
    file_name: str = "umowa.pdf"


@pytest.fixture
def store() -> MemoryBlobStore:
    return MemoryBlobStore()


def ask(store: MemoryBlobStore, content: bytes = TEXT, *, method: str = "GET", **headers: str) -> Response:
    ref = store.put(io.BytesIO(content))
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    with Flask("test").test_request_context("/", method=method, headers=named):
        response = send_version(Paper(ref.digest, ref.size), store)
        response.get_data()
        return response


def test_the_whole_document_names_its_length_and_digest(store: MemoryBlobStore) -> None:
    answer = ask(store)

    assert answer.status_code == 200
    assert answer.get_data() == TEXT
    assert answer.content_length == len(TEXT)
    assert answer.headers["ETag"] == f'"{hashlib.sha256(TEXT).hexdigest()}"'
    assert answer.headers["Accept-Ranges"] == "bytes"


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [
        ("bytes=0-0", 0, 0),
        ("bytes=10-19", 10, 19),
        ("bytes=1000-", 1000, 1023),
        ("bytes=-5", 1019, 1023),
        ("bytes=1000-99999", 1000, 1023),
        ("bytes=-99999", 0, 1023),
        ("bytes=0-9,10-19", 0, 19),
    ],
)
def test_a_range_is_answered_with_these_bytes_only(store: MemoryBlobStore, asked: str, first: int, last: int) -> None:
    answer = ask(store, Range=asked)

    assert answer.status_code == 206
    assert answer.get_data() == TEXT[first : last + 1]
    assert answer.headers["Content-Range"] == f"bytes {first}-{last}/1024"
    assert answer.content_length == last - first + 1


def test_several_ranges_come_as_parts(store: MemoryBlobStore) -> None:
    answer = ask(store, Range="bytes=0-1,100-101,-2")

    body = answer.get_data()
    boundary = answer.mimetype_params["boundary"].encode()
    parts = body.split(b"--" + boundary)[1:-1]
    assert answer.status_code == 206
    assert answer.mimetype == "multipart/byteranges"
    assert answer.content_length == len(body)
    assert [part.split(b"\r\n\r\n", 1)[1][:-2] for part in parts] == [TEXT[0:2], TEXT[100:102], TEXT[-2:]]
    assert b"Content-Range: bytes 1022-1023/1024" in parts[2]


@pytest.mark.parametrize("asked", ["bytes=1024-", "bytes=5000-6000"])
def test_a_range_behind_the_end_is_refused_with_the_length(store: MemoryBlobStore, asked: str) -> None:
    with pytest.raises(RangeNotSatisfiable) as refusal:
        ask(store, Range=asked)

    assert refusal.value.details["size"] == 1024


@pytest.mark.parametrize(
    "asked", ["bytes=9-3", "lines=1-2", "bytes=a-b", "bytes=" + ",".join(f"{n}-{n}" for n in range(0, 200, 2))]
)
def test_a_range_that_makes_no_sense_or_too_many_bring_the_whole(store: MemoryBlobStore, asked: str) -> None:
    assert ask(store, Range=asked).status_code == 200


def test_a_range_of_another_version_brings_the_whole(store: MemoryBlobStore) -> None:
    digest = hashlib.sha256(TEXT).hexdigest()

    assert ask(store, Range="bytes=0-1", If_Range='"other"').status_code == 200
    assert ask(store, Range="bytes=0-1", If_Range=f'"{digest}"').status_code == 206
    assert ask(store, Range="bytes=0-1", If_Range=f'W/"{digest}"').status_code == 200


def test_only_get_knows_ranges(store: MemoryBlobStore) -> None:
    answer = ask(store, method="HEAD", Range="bytes=0-1")

    assert (answer.status_code, answer.content_length) == (200, len(TEXT))
    assert ask(store, method="HEAD", Range="bytes=5000-").status_code == 200


def test_an_empty_document_has_no_range(store: MemoryBlobStore) -> None:
    assert ask(store, b"").status_code == 200
    with pytest.raises(RangeNotSatisfiable):
        ask(store, b"", Range="bytes=0-")


def test_a_browser_that_has_the_bytes_is_told_so(store: MemoryBlobStore) -> None:
    paper = Paper("ab" * 32, 3)
    with Flask("test").test_request_context("/", headers={"If-None-Match": f'W/"x", "{paper.digest}"'}):
        assert is_fresh(paper.digest)
        answer = not_modified(paper)

    assert answer.status_code == 304
    assert answer.headers["ETag"] == f'"{paper.digest}"'


def test_content_cannot_run_scripts(store: MemoryBlobStore) -> None:
    answer = ask(store)

    assert answer.headers["Content-Security-Policy"].startswith("sandbox")
    assert answer.headers["Content-Disposition"].startswith("attachment")


@pytest.mark.parametrize(
    ("name", "plain", "encoded"),
    [
        ("umowa.pdf", 'filename="umowa.pdf"', "umowa.pdf"),
        ("Zażółć gęślą.pdf", 'filename="Zazolc gesla.pdf"', "Za%C5%BC%C3%B3%C5%82%C4%87%20g%C4%99%C5%9Bl%C4%85.pdf"),
        ("../../etc/passwd", 'filename="passwd"', "passwd"),
        ("in\u202evoice\u202cfdp.exe", 'filename="invoicefdp.exe"', "invoicefdp.exe"),
        ("a\0b\r\nSet-Cookie: x.txt", 'filename="ab Set-Cookie_ x.txt"', "ab%20Set-Cookie_%20x.txt"),
        ('say "hi"; x=1.txt', "", ""),
        ("文書.pdf", "", "%E6%96%87%E6%9B%B8.pdf"),
    ],
)
def test_a_file_name_cannot_mislead(name: str, plain: str, encoded: str) -> None:
    header = disposition(name, inline=False)

    assert "\r" not in header
    assert "\n" not in header
    assert plain in header
    assert f"UTF-8''{encoded}" in header
    assert header.isascii()
    assert header.count('"') == 2
