"""Reading files of all kinds in the worker process: what comes out, and what the process may not do."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from documents.content.limits import Limits
from documents.content.readers import CannotRead, Readers
from documents.content.reading.plain import decoded
from tests import content_files as files
from tests.content_reading import draw, read, text

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def readers() -> Iterator[Readers]:
    pool = Readers(Limits(seconds=20, processor_seconds=10))
    yield pool
    pool.close()


def test_a_pdf_gives_the_text_of_its_pages(readers: Readers) -> None:
    found = read(readers, files.pdf("First page", "Second page"))

    assert found is not None
    assert found.text.split("\n") == ["First page", "Second page"]
    assert (found.pages, found.wants_ocr, found.is_partial) == (2, False, False)
    assert found.library.startswith("pypdfium2 ")


def test_a_scanned_pdf_wants_its_text_recognised(readers: Readers) -> None:
    found = read(readers, files.scanned_pdf())

    assert found is not None
    assert (found.text, found.wants_ocr) == ("", True)


def test_an_empty_page_wants_nothing(readers: Readers) -> None:
    found = read(readers, files.pdf(""))

    assert found is not None
    assert (found.text, found.wants_ocr) == ("", False)


def test_word_gives_paragraphs_cells_and_headers(readers: Readers) -> None:
    assert text(readers, files.word("Zażółć", "gęślą")) == "Zażółć\ngęślą\na cell\tand the next\nin the header"


def test_a_spreadsheet_gives_text_and_a_table(readers: Readers) -> None:
    found = read(readers, files.workbook())

    assert found is not None
    assert found.text == "Prices\nIlość\t12.5"
    assert found.layout is not None
    assert found.layout["sheets"] == [{"name": "Prices", "rows": [["Ilość", "12.5"]], "is_partial": False}]


def test_open_documents_give_their_text(readers: Readers) -> None:
    letter = files.open_document(
        "text", "<office:text><text:h>Tytuł</text:h><text:p>a<text:s/>b</text:p></office:text>"
    )
    sheet = files.open_document(
        "spreadsheet",
        '<office:spreadsheet><table:table table:name="S"><table:table-row>'
        '<table:table-cell office:value-type="string"><text:p>X</text:p></table:table-cell>'
        "</table:table-row></table:table></office:spreadsheet>",
    )

    assert text(readers, letter) == "Tytuł\nab"
    assert text(readers, sheet) == "S\nX"


def test_an_e_mail_gives_headers_body_and_the_names_of_attachments(readers: Readers) -> None:
    found = read(readers, files.letter(), "mail.eml")

    assert found is not None
    assert "Subject: Oferta żółta" in found.text
    assert found.layout is not None
    assert found.layout["body"] == "Please find the offer."
    assert [each["name"] for each in found.layout["attachments"]] == ["offer.pdf"]


def test_an_e_mail_in_html_gives_what_a_reader_sees(readers: Readers) -> None:
    content = files.letter(html="<p>Seen</p><script>alert('not seen')</script><style>p{}</style>", attachment=None)

    found = text(readers, content, "mail.eml")

    assert "Seen" in found
    assert "not seen" not in found


@pytest.mark.parametrize(
    "broken",
    [
        b"From: \xff\xfe\r\nSubject: =?utf-8?b?!!!?=\r\nContent-Type: multipart/mixed\r\n\r\nbody",
        b"Content-Type: text/plain; charset=nonsense\r\n\r\nbody",
        b"Date: never\r\nTo: <<<>>>, =?x?q?a?=\r\nContent-Type: ;;;\r\n\r\nbody",
        b"Content-Transfer-Encoding: base64\r\n\r\n====body",
    ],
)
def test_a_broken_e_mail_still_gives_something(readers: Readers, broken: bytes) -> None:
    assert read(readers, broken, "mail.eml") is not None


def test_html_gives_what_a_reader_sees(readers: Readers) -> None:
    page = "<!doctype html><title>Oferta</title><p>a <b>b</b><br>ż<script>x()</script><p hidden>c"

    assert text(readers, page.encode()) == "Oferta\na b\nż\nc"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1250", "iso-8859-2"])
def test_polish_text_is_read_in_the_encodings_that_it_comes_in(encoding: str) -> None:
    sentence = "Zażółć gęślą jaźń. ŻÓŁTA ŁÓDŹ, ŚNIĄCA ĆMA."

    assert decoded(sentence.encode(encoding)) == sentence.removeprefix("\ufeff")


def test_russian_text_is_read_in_the_code_page_of_windows() -> None:
    assert decoded("Договор поставки № 17".encode("cp1251")) == "Договор поставки № 17"


def test_a_table_of_text_is_shown_as_a_table(readers: Readers) -> None:
    found = read(readers, b"name;price\nbolt;2\nnut;1\n", "prices.csv")

    assert found is not None
    assert found.layout is not None
    assert found.layout["sheets"][0]["rows"] == [["name", "price"], ["bolt", "2"], ["nut", "1"]]


def test_what_nothing_reads_gives_nothing(readers: Readers) -> None:
    assert read(readers, b"\x7fELF\x02\x01\x01" + bytes(100)) is None


def test_pages_and_pictures_are_drawn_to_fit(readers: Readers) -> None:
    page, wide, clear = files.pdf("x"), files.picture(1000, 100), files.picture(50, 50, mode="RGBA")

    assert (draw(readers, page).width, draw(readers, page).height) in {(226, 320), (227, 320)}
    assert (draw(readers, wide).width, draw(readers, wide).height) == (240, 24)
    assert draw(readers, clear).content.startswith(b"\xff\xd8\xff")
    with pytest.raises(CannotRead, match="there is no page 2"):
        draw(readers, page, page=2)


def test_one_process_reads_many_files(readers: Readers) -> None:
    for _ in range(3):
        read(readers, files.pdf("again"))
    before = processes()
    for _ in range(10):
        read(readers, files.pdf("again"))

    assert processes() == before


def test_a_process_is_replaced_after_so_many_files() -> None:
    others = processes()
    pool = Readers(Limits(files_of_a_worker=2))
    try:
        read(pool, b"one", "a.txt")
        first = processes() - others
        read(pool, b"two", "a.txt")
        read(pool, b"three", "a.txt")

        assert len(first) == 1
        assert len(processes() - others) == 1
        assert processes().isdisjoint(first)
    finally:
        pool.close()


def test_a_closed_pool_leaves_no_process() -> None:
    before = processes()
    pool = Readers()
    read(pool, b"one", "a.txt")

    pool.close()

    assert processes() <= before


def test_a_process_ends_with_the_program_that_started_it() -> None:
    program = (
        "import tempfile\n"
        "from documents.content.readers import Readers\n"
        "pool = Readers()\n"
        "file = tempfile.TemporaryFile()\n"
        "file.write(b'x'); file.flush()\n"
        "pool.text(file.fileno(), media_type='text/plain', name='')\n"
        "print(pool._idle.get()._process.pid, flush=True)\n"
        "import os; os._exit(0)\n"
    )
    told = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)

    if psutil.pid_exists(int(told.stdout)):
        psutil.Process(int(told.stdout)).wait(10)  # raises when it stays


def processes() -> set[int]:
    """The worker processes of this test run."""
    found = set()
    for child in psutil.Process().children():
        if any("worker.py" in part for part in child.cmdline()):
            found.add(child.pid)
    return found


# ---- what a worker process may not do ---------------------------------------------------------------------------

CONFINED = """
import os, socket, subprocess, sys, tempfile
sys.path.insert(0, {root!r})
from documents.content.confinement import confine
confine(1 << 30)
def writes(): os.close(os.open({folder!r} + "/made", os.O_WRONLY | os.O_CREAT))
def fills(): os.write({descriptor}, b"x")
def reads(): open("/etc/passwd").read()
def connects(): socket.create_connection(("127.0.0.1", 9))
def listens(): socket.socket().bind(("127.0.0.1", 0))
def starts(): subprocess.run(["/bin/true"])
def forks(): os.fork()
def calls(): os.system("true")
def removes(): os.remove({folder!r} + "/there")
def grows(): bytearray(2 << 30)
try:
    {action}()
except (PermissionError, OSError, MemoryError) as error:
    print(type(error).__name__)
else:
    print("done")
"""


@pytest.mark.parametrize(
    "action",
    ["writes", "fills", "reads", "connects", "listens", "starts", "forks", "calls", "removes", "grows"],
)
def test_a_confined_process_can_only_answer(action: str, tmp_path: Path) -> None:
    (tmp_path / "there").write_text("x")
    with (tmp_path / "open").open("wb") as file:
        program = CONFINED.format(root=str(ROOT), folder=str(tmp_path), descriptor=file.fileno(), action=action)
        told = subprocess.run(
            [sys.executable, "-I", "-c", program], capture_output=True, text=True, pass_fds=[file.fileno()], check=True
        )

    assert told.stdout.strip() in {"Refused", "OSError", "MemoryError", "PermissionError"}, told.stderr
    assert sorted(each.name for each in tmp_path.iterdir()) == ["open", "there"]
    assert (tmp_path / "open").stat().st_size == 0


def test_a_worker_knows_no_secret_of_the_server(readers: Readers) -> None:
    read(readers, b"x", "a.txt")

    for pid in processes():
        assert "PATH" not in psutil.Process(pid).environ()
