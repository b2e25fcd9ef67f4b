"""Papers: what people wrote stays text, the same data give the same bytes, and a bad template harms nobody."""

import io
import zipfile
from datetime import UTC, date, datetime
from decimal import Decimal

import docx
import pytest
from pypdf import PdfReader

from documents import papers
from documents.papers import TemplateRefused, TypesettingTimedOut, render_docx, render_pdf

AT = datetime(2026, 1, 5, 7, 0, tzinfo=UTC)
HOSTILE = 'Zażółć gęślą jaźń & <b> #panic("x") {{ 7*7 }} $x$ *y* \\ "q" \x00\x0b\ud800 ]]> €'
SHOWN = 'Zażółć gęślą jaźń & <b> #panic("x") {{ 7*7 }} $x$ *y* \\ "q"  ]]> €'


def word_template(*paragraphs: str) -> bytes:
    document = docx.Document()
    for text in paragraphs:
        document.add_paragraph(text)
    stored = io.BytesIO()
    document.save(stored)
    return stored.getvalue()


def words_of(content: bytes) -> list[str]:
    return [paragraph.text for paragraph in docx.Document(io.BytesIO(content)).paragraphs]


def pdf_text(content: bytes) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages)


PDF = """
#import "/paper.typ": *
#show: paper.with(title: data.title, company: "Obieg", made: data.made)
#facts((("Customer", data.customer), ("Net", data.net)))
== Lines
#listing(("Product", "Price"), data.lines, numbers: (1,))
"""
FIELDS = {
    "title": "Approval sheet",
    "made": date(2026, 1, 5),
    "customer": HOSTILE,
    "net": Decimal("1234.50"),
    "lines": [["Śruba", Decimal("1.20")], ["Łożysko", None]],
}


def test_a_word_template_is_filled_in() -> None:
    template = word_template("Offer {{ number }}", "{% for line in lines %}{{ line.name }}; {% endfor %}")

    filled = render_docx(template, {"number": "O/1", "lines": [{"name": "Ł"}, {"name": "B"}]}, at=AT)

    assert words_of(filled) == ["Offer O/1", "Ł; B; "]


def test_text_in_a_word_template_stays_text() -> None:
    filled = render_docx(word_template("{{ text }}"), {"text": HOSTILE}, at=AT)

    assert words_of(filled) == [SHOWN]


def test_lines_of_text_stay_lines() -> None:
    filled = render_docx(word_template("{{ text }}"), {"text": "one\ntwo"}, at=AT)

    assert words_of(filled) == ["one\ntwo"]


def test_the_same_fields_and_time_give_the_same_word_document() -> None:
    template = word_template("{{ text }}")

    first = render_docx(template, {"text": "x"}, at=AT)

    assert render_docx(template, {"text": "x"}, at=AT) == first
    assert docx.Document(io.BytesIO(first)).core_properties.created == AT
    assert {part.date_time for part in zipfile.ZipFile(io.BytesIO(first)).infolist()} == {(2026, 1, 5, 7, 0, 0)}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{{ missing }}", "missing"),
        ("{{ x.__class__.__mro__ }}", "unsafe"),
        ("{% for %}", "Expected"),
        ("{{ x.append(1) }}", "unsafe"),
    ],
)
def test_a_word_template_that_cannot_be_filled_in_is_refused(text: str, reason: str) -> None:
    with pytest.raises(TemplateRefused, match=reason):
        render_docx(word_template(text), {"x": [1]}, at=AT)


def test_what_is_not_a_word_document_is_refused() -> None:
    with pytest.raises(TemplateRefused, match="not a Word document"):
        render_docx(b"hello", {}, at=AT)


def test_text_in_a_pdf_stays_text() -> None:
    pages = pdf_text(render_pdf(PDF, FIELDS, at=AT))

    for word in ("Approval sheet", 'Zażółć gęślą jaźń & <b> #panic("x") {{ 7*7 }} $x$ *y*', "1234.50", "Śruba", "€"):
        assert word in pages


def test_the_same_fields_and_time_give_the_same_pdf() -> None:
    first = render_pdf(PDF, FIELDS, at=AT)

    assert render_pdf(PDF, FIELDS, at=AT) == first
    assert PdfReader(io.BytesIO(first)).metadata.creation_date == AT


def test_a_pdf_carries_its_fonts_and_is_made_for_archives() -> None:
    reader = PdfReader(io.BytesIO(render_pdf(PDF, FIELDS, at=AT)))

    assert "pdfaid:part" in reader.trailer["/Root"]["/Metadata"].get_data().decode()
    for font in reader.pages[0]["/Resources"]["/Font"].values():
        for descendant in font.get_object()["/DescendantFonts"]:
            assert "/FontFile3" in descendant.get_object()["/FontDescriptor"].get_object()


@pytest.mark.parametrize(
    ("template", "reason"),
    [
        ("#panic()", "panicked"),
        ('#read("/etc/passwd")', "not found"),
        ('#read("../../../../../../etc/passwd")', "escape|outside|not found|denied"),
        ('#import "@preview/cetz:0.3.1"', "package"),
        ('#import "/paper.typ": *\n#data.missing', "missing"),
    ],
)
def test_a_pdf_template_that_asks_for_too_much_is_refused(template: str, reason: str) -> None:
    with pytest.raises(TemplateRefused, match=reason):
        render_pdf(template, {"x": 1}, at=AT)


def test_a_pdf_template_that_never_ends_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(papers, "TIME", 1)

    with pytest.raises(TypesettingTimedOut, match="stopped after 1 seconds"):
        render_pdf("#for a in range(9000) { for b in range(9000) { let c = a * b } }", {}, at=AT)
