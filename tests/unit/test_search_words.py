"""Words as search sees them, and the vectors that it writes."""

from __future__ import annotations

import pytest

from documents.search.normalising import cleaned, folded, languages_of, stems, tokens, words_of
from documents.search.vectors import LAST, MOST_POSITIONS, ROOM, fact, quoted, vector


@pytest.mark.parametrize(
    ("written", "known"),
    [
        *(("Łódź", "lodz"), ("STRAẞE", "strasse"), ("Straße", "strasse"), ("Ørsted", "orsted"), ("naïve", "naive")),
        *(("Ёлка", "елка"), ("ЙОД", "иод"), ("înștiințare", "instiintare"), ("Æther", "aether")),
    ],
)
def test_capitals_and_diacritics_make_no_difference(written: str, known: str) -> None:
    assert folded(written) == known


@pytest.mark.parametrize(
    ("one", "other"),
    [
        *(("umowy", "umowami"), ("faktura", "faktury"), ("contracts", "contract"), ("facturilor", "factura")),
        *(
            ("договорами", "договор"),
            ("umowę", "umowe"),
            ("płatności", "platnosci"),
            ("сканированный", "сканированныи"),
        ),
    ],
)
def test_forms_of_a_word_share_a_stem_typed_with_diacritics_or_without(one: str, other: str) -> None:
    assert stems(one) & stems(other)


def test_numbers_and_short_words_have_no_stem() -> None:
    assert stems("2026") == stems("fv17") == stems("is") == frozenset()


def test_a_text_tells_its_language_and_a_title_does_not() -> None:
    polish = {token.word for token in tokens("Umowa jest zawarta na czas określony oraz dla stron z siedzibą w Łodzi")}

    assert languages_of(polish) == ("polish",)
    assert len(languages_of({"umowa", "najmu"})) == 3


def test_what_pdfs_do_to_words_is_undone() -> None:
    words = [token.word for token in tokens(cleaned("e\ufb03cient agree\u00adment Ło\u0301dz\u0301 zero\u200bwidth"))]

    assert words == ["efficient", "agreement", "lodz", "zerowidth"]


@pytest.mark.parametrize(
    ("written", "typed"),
    [
        ("за\u0301мок", "замок"),  # a stress
        ("שָׁלוֹם", "שלום"),
        ("مُحَمَّد", "محمد"),
        ("हिन्दी", "हिन्दी"),
        ("\u202efaktura\u202c", "faktura"),
        ("fak\u200ftura", "faktura"),
    ],
)
def test_signs_above_and_below_letters_leave_a_word_whole(written: str, typed: str) -> None:
    (word,) = tokens(cleaned(f"«{written}»"))
    (other,) = tokens(cleaned(typed))

    assert word.word == other.word
    assert words_of(cleaned(written)) == [word.written]
    assert f"'{other.word}':1" in vector([(written, "")], [])


def test_parts_have_positions_apart_and_the_title_its_own_marks() -> None:
    made = vector([("Umowa najmu", "A"), ("biuro", "")], [("type", "Signed Offer")])

    assert "'umowa':1A" in made
    assert "'^umowa'" in made
    assert "'^/umow'" in made
    assert "'=type=signed offer'" in made
    position = int(made.split("'biuro':")[1].split()[0])
    assert position > 10


def test_a_long_text_stays_within_what_postgresql_takes() -> None:
    made = vector([(" ".join(f"słowo{number} raz" for number in range(200_000)), "")], [])

    assert len(made.encode()) < ROOM * 1.2
    assert len(made.split("'raz':")[1].split()[0].split(",")) == MOST_POSITIONS
    assert str(LAST + 1) not in made.split("'raz':")[1].split()[0]


def test_nothing_that_people_write_pretends_to_be_a_mark() -> None:
    made = vector([("^x /y type=invoice it's a \\ back'slash", "")], [])

    assert not any(mark in made.replace("'/", "") for mark in ("^", "=", "\\"))
    assert quoted("it's \\ here") == "'it''s \\\\ here'"
    assert fact("tag", "  PILNE   Sprawy ") == "=tag=pilne sprawy"
