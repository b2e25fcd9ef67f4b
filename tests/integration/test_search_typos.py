"""Somebody who mistypes a word is told what they may have meant, if they may see what that finds."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from core.identity import SYSTEM, Actor
from documents.search.indexing import index_documents
from documents.search.rebuild import rebuild
from tests.search_desk import ANNA, BOB, Desk
from webapp.bootstrap import Application


@pytest.fixture
def desk(application: Application) -> Desk:
    return Desk(application)


def file(desk: Desk, title: str, actor: Actor = ANNA) -> None:
    """File a document and have it read: then its words are known."""
    made = desk.file(title, actor=actor)
    with desk.units.begin(SYSTEM) as unit:
        index_documents(unit, [made])
        unit.commit()


def test_sea_01_typos_and_missing_diacritics_still_find(desk: Desk) -> None:
    file(desk, "Umowa najmu lokalu w Łodzi")
    file(desk, "Reklamacja przesyłki")

    assert desk.titles("lodzi umowa") == ["Umowa najmu lokalu w Łodzi"]
    assert desk.page("umowa najmu").meant is None
    assert desk.page("umwoa najmu").meant == "umowa najmu"
    assert desk.page("reklamcja OR xqzzw").meant == "reklamacja OR xqzzw"
    assert desk.page("przesylkki -umowa").meant == "przesylki -umowa"
    assert desk.page("xqzzwy").meant is None


def test_nobody_is_told_words_of_what_they_may_not_see(desk: Desk) -> None:
    file(desk, "Tajemnica", actor=ANNA)

    assert desk.page("tajemnca", ANNA).meant == "tajemnica"
    assert desk.page("tajemnca", BOB).meant is None


def test_a_rebuild_from_the_beginning_forgets_the_words_of_what_is_gone(desk: Desk) -> None:
    file(desk, "Zostaje")
    with desk.units.begin(SYSTEM) as unit:
        unit.session.execute(text("INSERT INTO search_word (word, near) VALUES ('znika', '{1}')"))
        unit.commit()

    rebuild(desk.units, lambda _done, _total: None, afresh=True)

    with desk.units.reading(SYSTEM) as view:
        words = set(view.session.scalars(text("SELECT word FROM search_word")))
    assert "zostaje" in words
    assert "znika" not in words
