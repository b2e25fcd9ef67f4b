"""A running server that is sent hostile files: it answers others meanwhile, and its memory stays where it was."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
import requests

from documents.content import kinds
from documents.content.limits import Limits
from documents.content.readers import CannotRead, Readers
from tests import content_files as files
from tests.content_hostile import looping_pdf, nested_pdf
from tests.installations import Installation
from tests.served import Memory, Served, serving, wait_until

FOUR_GIGABYTES = 4 << 30
GROWTH = 200 << 20  # bytes that the server may grow by, whatever it is sent
PATIENCE = 120  # seconds until an answer counts as none
FAR = '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>2</v></c></row>'
NAMES = ("../../../etc/cron.d/evil.pdf", "evil\u202efdp.exe", "nul\x00l.pdf", "$(touch evil).pdf")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, installation: Installation) -> Iterator[Served]:
    data = tmp_path_factory.mktemp("hostile")
    token = installation.copy(data)
    with serving(data, "serve", OBIEG_MAX_UPLOAD="64M") as running:
        running.token = token
        yield running


def upload(served: Served, content: bytes, name: str) -> str:
    answer = served.send("POST", "/api/v1/documents", files={"file": (name, content)})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def text_of(served: Served, document: str) -> dict[str, object]:
    answer = served.send("GET", f"/api/v1/documents/{document}/versions/1/text")
    assert answer.status_code == 200, answer.text
    found: dict[str, object] = answer.json()
    return found


def is_read(served: Served, document: str) -> bool:
    steps = text_of(served, document)["steps"]
    assert isinstance(steps, list)
    return {"done", "failed"} >= {step["state"] for step in steps if step["step"] == "text"}


def test_the_server_answers_others_while_it_reads_hostile_files(served: Served, tmp_path: Path) -> None:
    hostile = {
        "bomb.docx": files.replaced(files.word("x"), {"word/bomb.bin": bytes(150 << 20)}),
        "bomb.xlsx": files.replaced(files.workbook(), {"xl/bomb.bin": bytes(150 << 20)}),
        "far.xlsx": files.workbook(FAR),
        "loop.pdf": looping_pdf(),
        "nested.pdf": nested_pdf(),
        "huge.png": files.png_that_claims(60_000, 60_000),
        "polyglot.pdf": files.pdf("both") + b"<html><script>alert(1)</script>",
    }

    with Memory(served.process) as memory:
        sent = {name: upload(served, content, name) for name, content in hostile.items()}
        sent |= {name: upload(served, files.pdf("words"), name) for name in NAMES}
        good = upload(served, files.pdf("an honest text"), "good.pdf")
        end = time.monotonic() + 120
        while not all(is_read(served, each) for each in (*sent.values(), good)):
            assert time.monotonic() < end, "something was never read"
            assert requests.get(f"{served.address}/healthz", timeout=PATIENCE).status_code == 200

    assert memory.growth < GROWTH
    assert text_of(served, good)["text"] == "an honest text"
    for name in ("bomb.docx", "bomb.xlsx", "far.xlsx"):
        assert str(text_of(served, sent[name])["finding"]).startswith("The text could not be read: "), name
    assert not (tmp_path / "evil").exists()
    for name in NAMES:
        told = served.send("GET", f"/api/v1/documents/{sent[name]}").json()["latest"]["file_name"]
        assert not set(told) & set("/\\\x00\u202e"), told


def zeros(size: int) -> Iterator[bytes]:
    """A multipart body whose file has so many zeros, made while it is sent."""
    yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="zeros.txt"\r\n\r\n'
    piece = bytes(1 << 20)
    for _ in range(size >> 20):
        yield piece
    yield b"\r\n--x--\r\n"


def test_four_gigabytes_of_zeros_are_cut_off_at_the_limit(served: Served) -> None:
    headers = {"Content-Type": "multipart/form-data; boundary=x", "Authorization": f"Bearer {served.token}"}
    folder = Path(psutil.Process(served.process.pid).environ()["OBIEG_DATA"]) / "blobs" / "unfinished"

    with Memory(served.process) as memory:
        try:
            answer = requests.post(
                f"{served.address}/api/v1/documents", data=zeros(FOUR_GIGABYTES), headers=headers, timeout=60
            )
            assert answer.status_code == 413
        except requests.ConnectionError:
            pass  # the server hung up while we were still sending, as it should

    assert memory.growth < GROWTH
    wait_until(lambda: not list(folder.glob("*")), what="half an upload is left")
    assert requests.get(f"{served.address}/healthz", timeout=PATIENCE).status_code == 200


@pytest.mark.parametrize(
    "media_type",
    [
        "text/plain",
        "text/html",
        "message/rfc822",
        "application/pdf",
        "application/zip",
        kinds.WORD,
        kinds.SHEET,
        "image/png",
    ],
)
def test_four_gigabytes_of_zeros_on_disk_are_read_within_the_limits(media_type: str) -> None:
    limits = Limits(seconds=20, processor_seconds=15)
    readers = Readers(limits)
    before = psutil.Process().memory_info().rss
    told = ""
    with tempfile.TemporaryFile() as sparse, suppress(CannotRead):
        sparse.truncate(FOUR_GIGABYTES)  # takes no room on the disk
        found = readers.text(sparse.fileno(), media_type=media_type, name="zeros")
        told = "" if found is None else found.text
    readers.close()

    assert len(told) <= limits.characters
    assert psutil.Process().memory_info().rss - before < GROWTH
