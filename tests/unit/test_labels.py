"""Address labels: where they stand, and that nothing of an address is lost."""

from __future__ import annotations

import pypdfium2
import pytest

from core.errors import InvalidInput
from documents.templates.labels import SHEETS, draw_labels

A4 = SHEETS["3x8-70x37"]
MM = 72 / 25.4


def places(content: bytes) -> list[tuple[str, float, float]]:
    """Each line of the first page with its left edge and its middle, in millimetres from the upper left corner."""
    pdf = pypdfium2.PdfDocument(content)
    found = []
    page = pdf[0]
    text = page.get_textpage()
    for number in range(text.count_rects()):
        left, bottom, right, top = text.get_rect(number)
        words = text.get_text_bounded(left, bottom, right, top).strip()
        found.append((words, left / MM, 297 - (top + bottom) / 2 / MM))
    pdf.close()
    return found


def test_the_first_label_is_at_the_asked_place() -> None:
    drawn = draw_labels([["Żuraw sp. z o.o.", "ul. Łąkowa 5", "30-102 Kraków"]], A4, start=5)

    first = places(drawn.content)[0]
    assert first[0] == "Żuraw sp. z o.o."
    assert 70 < first[1] < 80  # second column
    assert 37 < first[2] < 74  # second row


def test_a_full_sheet_goes_on_on_the_next() -> None:
    drawn = draw_labels([[f"Firma {number}", "Kraków"] for number in range(25)], A4, start=2)

    assert (drawn.sheets, drawn.labels) == (2, 25)
    assert len(pypdfium2.PdfDocument(drawn.content)) == 2


@pytest.mark.parametrize("sheet", SHEETS.values(), ids=SHEETS)
def test_every_sheet_fits_on_its_page(sheet: object) -> None:
    each = SHEETS[sheet.key]  # type: ignore[attr-defined]

    assert each.left >= 0
    assert each.top >= 0
    assert each.left + each.across * (each.columns - 1) + each.width <= 210.01
    assert each.top + each.down * (each.rows - 1) + each.height <= 297.01


def test_a_long_text_becomes_smaller_and_loses_nothing() -> None:
    name = "Przedsiębiorstwo Produkcyjno-Usługowo-Handlowe Żółć i Synowie Spółka z ograniczoną odpowiedzialnością " * 4
    street = "x" * 300

    drawn = draw_labels([[name, street, "30-102 Kraków"]], A4)

    words = "".join(text for text, _, _ in places(drawn.content)).replace(" ", "").replace("\n", "")
    assert words.count("x") == 300 + 0
    assert words.count("Przedsiębiorstwo") == 4
    assert all(3 < left < 70 and 0 < middle < 37 for _, left, middle in places(drawn.content))
    assert drawn.remarks
    assert "points to fit" in drawn.remarks[0]


def test_letters_of_four_languages_are_in_the_font() -> None:
    lines = ["Zażółć gęślą jaźń", "Știință și țară", "Съешь ещё этих", "Ünlü Straße"]

    drawn = draw_labels([lines], A4)

    assert drawn.remarks == ()
    assert [text for text, _, _ in places(drawn.content)] == lines


def test_a_letter_that_the_font_has_not_is_told_of() -> None:
    drawn = draw_labels([["株式会社", "Tokyo"]], A4)

    assert "letters that the font has not" in drawn.remarks[0]


def test_a_start_beyond_the_sheet_is_refused() -> None:
    with pytest.raises(InvalidInput, match="1 to 24"):
        draw_labels([["x"]], A4, start=25)
