from __future__ import annotations

import io
import random

import pytest

from core.errors import DomainError, IncompleteUpload, TooLarge
from webapp.errors import BadRequest
from webapp.multipart import MultipartReader

BOUNDARY = b"limit"
NAME = 'form-data; name="file"; filename="plan.pdf"'


def body(*parts: tuple[str, bytes], end: bytes = b"--limit--\r\n") -> bytes:
    text = b"".join(
        b"--limit\r\nContent-Disposition: " + head.encode() + b"\r\n\r\n" + data + b"\r\n" for head, data in parts
    )
    return text + end


class Dribble:
    """Gives the bytes in pieces of random lengths, as a network does."""

    def __init__(self, content: bytes, seed: int) -> None:
        self._source = io.BytesIO(content)
        self._random = random.Random(seed)

    def read(self, size: int, /) -> bytes:
        return self._source.read(min(size, self._random.randint(1, 40)))


def parse(content: bytes, seed: int = 0) -> tuple[list[tuple[str, str | None, bytes]], dict[str, str]]:
    parsed = MultipartReader(Dribble(content, seed), BOUNDARY)
    files = []
    for part in parsed.parts():
        data = b""
        while piece := part.read(7):
            data += piece
        files.append((part.name, part.file_name, data))
    return files, parsed.fields


@pytest.mark.parametrize("seed", range(20))
def test_files_and_fields_come_out_as_they_were_sent_however_the_network_cuts_them(seed: int) -> None:
    data = b"--limi\r\n--limitless\r\n" + bytes(range(256)) + b"\r\n--\r\n"

    files, fields = parse(
        body(
            ('form-data; name="title"', "Zamówienie".encode()),
            (NAME, data),
            ('form-data; name="type"', b"order"),
        ),
        seed,
    )

    assert files == [("file", "plan.pdf", data)]
    assert fields == {"title": "Zamówienie", "type": "order"}


@pytest.mark.parametrize("seed", range(5))
def test_an_empty_file_is_a_file(seed: int) -> None:
    strict = body((NAME, b""), ('form-data; name="a"', b""))
    loose = b"--limit\r\nContent-Disposition: " + NAME.encode() + b"\r\n\r\n--limit--\r\n"

    assert parse(strict, seed) == ([("file", "plan.pdf", b"")], {"a": ""})
    assert parse(loose, seed) == ([("file", "plan.pdf", b"")], {})


def test_a_file_that_nobody_reads_is_passed_over() -> None:
    parsed = MultipartReader(io.BytesIO(body((NAME, b"x" * 100_000), ('form-data; name="a"', b"b"))), BOUNDARY)

    assert [part.name for part in parsed.parts()] == ["file"]
    assert parsed.fields == {"a": "b"}


@pytest.mark.parametrize("cut", [1, 10, 60, 100, 150, 163, 165])
def test_a_body_that_is_cut_off_anywhere_is_refused(cut: int) -> None:
    whole = body((NAME, b"x" * 80))
    assert cut < len(whole)

    with pytest.raises(DomainError) as refusal:
        parse(whole[:cut])

    assert isinstance(refusal.value, IncompleteUpload)


@pytest.mark.parametrize(
    "content",
    [b"", b"nonsense", b"--limit\r\n\r\nno head\r\n--limit--\r\n", body(("form-data", b"no name"), (NAME, b"x"))[:-4]],
)
def test_what_is_no_multipart_body_is_refused(content: bytes) -> None:
    with pytest.raises(DomainError):
        parse(content)


def test_a_field_that_is_no_text_is_refused() -> None:
    for data in (b"\xff\xfe", b"a\0b"):
        with pytest.raises(BadRequest):
            parse(body(('form-data; name="title"', data)))


def test_a_field_is_no_place_for_a_file() -> None:
    with pytest.raises(TooLarge):
        parse(body(('form-data; name="title"', b"x" * 70_000)))


def test_a_body_of_a_million_parts_is_refused() -> None:
    with pytest.raises(TooLarge):
        parse(body(*[('form-data; name="x"', b"")] * 1001))
