"""The query language: what is understood, what is refused and how, and that nothing of it can become SQL."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from documents.search.excerpts import as_html, as_text, excerpt, marked
from documents.search.language import MOST_PARTS, Either, Every, Field, Phrase, SearchRefused, Without, Word, parse
from documents.search.questions import NOTHING, Known, Question, question


def asked(text: str, **more: bool) -> Question:
    known = Known(
        "anna",
        lambda value: {"acme": ["C1", "C2"]}.get(value.lower(), []),
        lambda value: {"umowa najmu": ["lease"]}.get(value.lower(), []),
    )
    return question(text, known, **more)


def test_words_phrases_beginnings_and_fields_are_told_apart() -> None:
    found = parse('umowa "czynsz za maj" lok* -robocza type:invoice customer:"ACME sp. z o.o."')

    assert found == Every(
        (
            Word("umowa", 1),
            Phrase("czynsz za maj", 7),
            Word("lok", 23, is_prefix=True),
            Without(Word("robocza", 29)),
            Field("type", "invoice", 37),
            Field("customer", "ACME sp. z o.o.", 50),
        )
    )


def test_or_binds_less_than_what_stands_side_by_side() -> None:
    found = parse("a b OR (c OR d) e")

    assert isinstance(found, Either)
    assert [type(part) for part in found.parts] == [Every, Every]


@pytest.mark.parametrize(
    ("text", "position", "words"),
    [
        ('umowa "czynsz', 7, "quotation mark"),
        ("(umowa", 1, "never closed"),
        ("umowa)", 6, "closes nothing"),
        ("umowa OR", 7, "one is missing"),
        ("OR umowa", 1, "one is missing"),
        ("typ:faktura", 1, "Do you mean type:"),
        ("xyzzy:1", 1, "no field"),
        ("a type:(x", 8, "wants a value"),
        ("type: invoice", 6, "right behind the colon"),
        ("umowa type:", 12, "right behind the colon"),
        ("-(", 2, "never closed"),
        ("before:yesterday", 1, "date such as"),
        ("after:2026-13", 1, "date such as"),
        ("u*", 1, "at least 2 letters"),
        ("kind:tiger", 1, "case, contact, customer"),
        ("x" * 1001, 1001, "at most 1000"),
        (" ".join(["x"] * (MOST_PARTS + 1)), 2 * MOST_PARTS + 1, "at most 60"),
        ("(" * 30, 21, "at most 20"),
    ],
)
def test_a_bad_query_is_refused_with_a_sentence_and_the_place(text: str, position: int, words: str) -> None:
    with pytest.raises(SearchRefused) as refused:
        asked(text)

    assert words in refused.value.sentence
    assert refused.value.details["position"] == position


def test_a_word_is_asked_for_in_all_its_forms_and_a_phrase_as_it_is() -> None:
    assert "'/umow'" in asked("umowy").query
    assert asked('"umowy najmu"').query == "('umowy' <-> 'najmu')"
    assert asked("FV/2026/0017").query == "('fv' <-> '2026' <-> '0017')"
    assert asked("UMOW*").query == "'umow':*"


def test_fields_become_facts() -> None:
    assert asked("customer:ACME").query == "('=customer=c1' | '=customer=c2')"
    assert asked("customer:nobody").query == NOTHING
    assert asked("by:me").query == "'=by=anna'"
    assert "'=kind=document'" in asked("type:document").query
    assert "'=type=lease'" in asked('type:"Umowa najmu"').query
    assert asked("number:FV/2026*").query == "'=number=fv/2026':*"


def test_a_stretch_of_time_is_made_of_years_months_and_days() -> None:
    before, after = asked("before:2026-02-03").query, asked("after:2026-12-30").query

    assert "'=year=2025'" in before
    assert "'=month=2026-01'" in before
    assert "'=day=2026-02-02'" in before
    assert "'=day=2026-02-03'" not in before
    assert "'=day=2026-12-30'" in after
    assert "'=month=2026-12'" not in after
    assert "'=year=2026'" not in after


def test_while_somebody_types_the_last_word_is_not_finished_and_titles_alone_count() -> None:
    assert asked("umowa na", is_unfinished=True).query.endswith("'^na':*)")
    assert asked("umowa ", is_unfinished=True).query.startswith("('^umowa'")


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("10:30", "('10' <-> '30')"),
        ("std::vector", "('std' <-> 'vector')"),
        ("C:\\Temp", "('c' <-> 'temp')"),
        ("http://a.pl/x:y", "('http' <-> 'a' <-> 'pl' <-> 'x' <-> 'y')"),
        ("tag:a\0b", "('=tag=a' & 'b')"),
        ("tag:\ud800", None),
    ],
)
def test_colons_in_words_and_what_no_database_takes(text: str, query: str | None) -> None:
    if query is None:
        with pytest.raises(SearchRefused):
            asked(text)
    else:
        assert asked(text).query == query


@pytest.mark.parametrize("text", ["a_b", "http://a.pl/x", "R2-D", "😀"])
def test_who_is_still_typing_is_not_told_of_beginnings(text: str) -> None:
    assert "*" not in asked(text, is_unfinished=True).query


def test_an_empty_query_asks_for_everything() -> None:
    assert [asked(text).query for text in ("", "  ", "()")] == [""] * 3


@pytest.mark.parametrize(
    ("text", "position"), [("!!!", 1), ("  😀", 3), ('"…"', 1), ("-😀", 2), ("(😀 OR !)", 2), ("*", 1)]
)
def test_where_there_are_signs_alone_there_is_nothing_to_look_for(text: str, position: int) -> None:
    with pytest.raises(SearchRefused, match="nothing to look for") as refused:
        asked(text)

    assert refused.value.details["position"] == position
    assert asked(text, is_unfinished=True).query == ""


@pytest.mark.parametrize("text", ["😀 vat", "vat OR 😀", "vat -😀", '"vat !" ("…")'])
def test_signs_beside_words_change_nothing(text: str) -> None:
    assert asked(text).query == asked('"vat"' if '"' in text else "vat").query


@given(st.text(max_size=60))
def test_whatever_is_typed_is_understood_or_refused(text: str) -> None:
    place = 1
    try:
        asked(text)
    except SearchRefused as refused:
        place = refused.details["position"]

    assert 1 <= place <= len(text) + 1


def test_excerpts_show_what_was_looked_for_and_cannot_be_html() -> None:
    text = "Wstęp " * 100 + "<script>alert(1)</script> a potem UMOWĘ najmu & czynsz " + "koniec " * 100

    shown = excerpt(text, asked("umowa script").marks)

    assert "<mark>script</mark>" in as_html(shown)
    assert "&lt;" in as_html(shown)
    assert "<script" not in as_html(shown)
    assert "<mark>UMOWĘ</mark> najmu &amp; czynsz" in as_html(shown)
    assert as_text(shown).startswith("… ")
    assert as_text(shown).endswith(" …")
    assert len(as_text(shown)) < 300


def test_an_excerpt_of_a_text_without_the_word_is_its_beginning() -> None:
    assert as_text(excerpt("Dzień dobry, Państwu", asked("umowa").marks)) == "Dzień dobry, Państwu"
    assert as_text(excerpt("", asked("umowa").marks)) == ""
    assert not any(piece.is_marked for piece in marked("umowa", asked("").marks))
