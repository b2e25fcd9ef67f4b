"""Hostile files: each costs its worker process something, and nobody else anything."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from documents.content import kinds
from documents.content.limits import Limits
from documents.content.readers import CannotRead, Readers
from documents.types import sniff
from tests import content_files as files
from tests.content_hostile import looping_pdf, nested_pdf
from tests.content_reading import draw, outcome, read, refusal, text


@pytest.fixture(scope="module")
def readers() -> Iterator[Readers]:
    pool = Readers(Limits(seconds=20, processor_seconds=10))
    yield pool
    pool.close()


def test_a_zip_bomb_in_word_is_not_unpacked(readers: Readers) -> None:
    bomb = files.replaced(files.word("x"), {"word/media/bomb.bin": bytes(200 << 20)})

    assert "zip bomb" in refusal(readers, bomb)


def test_a_zip_bomb_in_a_spreadsheet_is_not_unpacked(readers: Readers) -> None:
    bomb = files.replaced(files.workbook(), {"xl/media/bomb.bin": bytes(200 << 20)})

    assert "zip bomb" in refusal(readers, bomb)


def test_archives_in_archives_are_not_opened(readers: Readers) -> None:
    nested = files.zipped({"bomb.txt": bytes(10 << 20)})
    for number in range(20):
        nested = files.zipped({f"level{number}.zip": nested})

    assert text(readers, nested) == "level19.zip"


def test_archives_nested_in_word_are_not_opened(readers: Readers) -> None:
    inner = files.zipped({"inner.docx": files.word("hidden")})

    assert "hidden" not in text(readers, files.replaced(files.word("x"), {"word/embeddings/a.zip": inner}))


def test_an_archive_that_lies_about_its_sizes_is_damaged(readers: Readers) -> None:
    honest = files.zipped({"content.xml": b"a" * 100_000, "mimetype": b"x"})
    lying = honest.replace((100_000).to_bytes(4, "little"), (10).to_bytes(4, "little"))
    lying = lying.replace(b"mimetype", b"mimetyp_")

    with tempfile.TemporaryFile() as file:
        file.write(lying)
        file.flush()
        with pytest.raises(CannotRead, match="damaged"):
            readers.text(file.fileno(), media_type=f"{kinds.OPEN}text", name="")


def test_an_archive_of_very_many_files_is_not_looked_at(readers: Readers) -> None:
    many = files.zipped({f"word/{number}": b"" for number in range(30_000)} | {"[Content_Types].xml": b""})

    assert "30001 files" in refusal(readers, many, "a.docx")


LAUGHS = "".join(f'<!ENTITY l{number} "{f"&l{number - 1};" * 10 if number else "ha"}">' for number in range(12))


@pytest.mark.parametrize("part", ["word/document.xml", "word/styles.xml", "docProps/core.xml"])
def test_an_xml_bomb_in_word_does_not_go_off(readers: Readers, part: str) -> None:
    bomb = (
        f'<?xml version="1.0"?><!DOCTYPE x [{LAUGHS}]><w:document xmlns:w="{files.WORD}"><w:body><w:p><w:r><w:t>&l11;'
    )
    bomb += "</w:t></w:r></w:p></w:body></w:document>"

    assert "declares entities" in refusal(readers, files.replaced(files.word("x"), {part: bomb.encode()}))


def test_an_xml_bomb_in_an_open_document_does_not_go_off(readers: Readers) -> None:
    content = files.open_document("text", "<office:text><text:p>&l11;</text:p></office:text>")
    bomb = files.replaced(content, {"content.xml": f"<!DOCTYPE x [{LAUGHS}]><x>&l11;</x>".encode()})

    assert "XML inside" in refusal(readers, bomb)


def test_an_xml_bomb_in_a_spreadsheet_does_not_go_off(readers: Readers) -> None:
    sheet = f'<?xml version="1.0"?><!DOCTYPE x [{LAUGHS}]><worksheet xmlns="{files.SHEET}"><sheetData><row r="1">'
    sheet += '<c r="A1" t="inlineStr"><is><t>&l11;</t></is></c></row></sheetData></worksheet>'
    bomb = files.workbook(**{"xl/worksheets/sheet1.xml": sheet.encode()})

    assert "haha" not in outcome(readers, bomb)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_word_cannot_read_files_of_the_server(readers: Readers, tmp_path: Path, encoding: str) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("top secret")
    spy = f'<?xml version="1.0" encoding="{encoding}"?><!DOCTYPE x [<!ENTITY s SYSTEM "file://{secret}">]>'
    spy += f'<w:document xmlns:w="{files.WORD}"><w:body><w:p><w:r><w:t>&s;</w:t></w:r></w:p></w:body></w:document>'
    content = files.replaced(files.word("x"), {"word/document.xml": spy.encode(encoding)})

    assert "declares entities" in refusal(readers, content)


def test_xml_and_svg_cannot_read_files_of_the_server(readers: Readers, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("top secret")
    spy = f'<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY s SYSTEM "file://{secret}">]><svg><text>&s;</text></svg>'

    assert "declares entities" in refusal(readers, spy.encode())


def test_a_page_that_is_also_a_pdf_is_read_as_a_pdf(readers: Readers) -> None:
    polyglot = files.pdf("the text of the PDF") + b"<html><script>alert(document.cookie)</script></html>"

    assert sniff(polyglot[: 16 << 10], "offer.html") == "application/pdf"
    assert text(readers, polyglot, "offer.html") == "the text of the PDF"


def test_a_pdf_behind_a_page_is_a_page(readers: Readers) -> None:
    polyglot = b"<html><body>a page" + files.pdf("hidden")

    assert sniff(polyglot[: 16 << 10], "offer.pdf") == "text/html"


@pytest.mark.parametrize("make", [looping_pdf, nested_pdf])
def test_a_pdf_that_loops_or_nests_ends_in_time(make: Callable[[], bytes]) -> None:
    content = make()
    pool = Readers(Limits(seconds=8, processor_seconds=4))
    try:
        outcome(pool, content)
        with suppress(CannotRead):
            draw(pool, content)
        assert text(pool, files.pdf("still here")) == "still here"
    finally:
        pool.close()


@pytest.mark.parametrize("size", [(100_000, 100_000), (2_000_000_000, 1), (65_535, 65_535)])
def test_a_picture_of_enormous_size_is_refused_before_it_is_unpacked(readers: Readers, size: tuple[int, int]) -> None:
    with pytest.raises(CannotRead, match=r"pixels|damaged"):
        draw(readers, files.png_that_claims(*size))


def test_a_pdf_page_of_enormous_size_is_drawn_small_or_refused(readers: Readers) -> None:
    page = files.raw_pdf(
        "<</Type/Catalog/Pages 2 0 R>>",
        "<</Type/Pages/Kids[3 0 R]/Count 1>>",
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 9999999 9999999]>>",
    )

    drawn = draw(readers, page)

    assert drawn.width <= 240
    assert drawn.height <= 320


def test_a_spreadsheet_with_a_cell_at_the_far_end_takes_no_more_than_its_memory() -> None:
    pool = Readers(Limits(memory=600 << 20, seconds=20, processor_seconds=10))
    rows = '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>2</v></c></row>'
    try:
        assert "600 MB" in refusal(pool, files.workbook(rows))
        assert text(pool, b"still here", "a.txt") == "still here"
    finally:
        pool.close()


def test_more_text_than_is_kept_is_cut_and_said_so() -> None:
    pool = Readers(Limits(characters=1000))
    try:
        found = read(pool, b"word " * 100_000, "a.txt")
    finally:
        pool.close()

    assert found is not None
    assert (len(found.text), found.is_partial) == (1000, True)


def test_html_nested_very_deeply_is_read_or_refused(readers: Readers) -> None:
    nested = b"<html>" + b"<div><b>" * 200_000 + b"deep"

    assert isinstance(outcome(readers, nested), str)


def test_who_reads_a_hostile_file_does_not_stop_the_others() -> None:
    pool = Readers(Limits(seconds=20, processor_seconds=8), processes=2)
    hostile = nested_pdf()

    def attack() -> None:
        with suppress(CannotRead):
            draw(pool, hostile)

    thread = threading.Thread(target=attack)
    try:
        thread.start()
        assert text(pool, files.pdf("quick")) == "quick"
        assert thread.is_alive()
        for _ in range(20):
            assert text(pool, files.pdf("quick")) == "quick"
    finally:
        thread.join()
        pool.close()
