"""The index can be written anew at any time, and goes on where it was stopped."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from core.identity import SYSTEM
from documents.search import rebuild as module
from documents.search.rebuild import rebuild
from tests.search_desk import READS_ALL, Desk, to
from webapp.bootstrap import Application

ENTRIES = text(
    "SELECT kind, subject, title, about, facts, rights, terms::text FROM search_entry ORDER BY kind, subject"
)
NEWEST_FIRST = text("SELECT subject FROM search_entry ORDER BY seq DESC")


@pytest.fixture
def desk(application: Application) -> Desk:
    made = Desk(application)
    made.deploy()
    customer = made.customer("ACME")
    made.start("Sprawa 1")
    for number in range(5):
        made.file(f"Pismo {number}", to("crm.customer", customer))
    return made


def entries(desk: Desk) -> list[tuple[object, ...]]:
    with desk.units.reading(SYSTEM) as view:
        return [tuple(row) for row in view.session.execute(ENTRIES)]


def do(desk: Desk, statement: str) -> None:
    with desk.units.begin(SYSTEM) as unit:
        unit.session.execute(text(statement))
        unit.commit()


def test_a_rebuilt_index_is_what_it_was(desk: Desk) -> None:
    before, order = entries(desk), desk.everything("", READS_ALL)
    do(desk, "DELETE FROM search_entry")

    done = rebuild(desk.units, lambda _done, _total: None)

    assert entries(desk) == before
    assert (done.written, done.removed, done.resumed) == (len(before), 0, False)
    assert desk.everything("", READS_ALL) == sorted(order, reverse=True)


def test_entries_of_what_is_gone_are_removed_and_others_left_alone(desk: Desk) -> None:
    do(
        desk,
        "INSERT INTO search_entry (kind, subject, seq, title, about, facts, rights, terms, dated, indexed_at)"
        " SELECT kind, 'Z' || substr(subject, 2), seq + 1000, title, about, facts, rights, terms, dated, indexed_at"
        " FROM search_entry LIMIT 2",
    )
    do(desk, "UPDATE search_entry SET indexed_at = '2020-01-01'")

    done = rebuild(desk.units, lambda _done, _total: None)

    assert done.removed == 2
    with desk.units.reading(SYSTEM) as view:
        touched = view.session.scalar(text("SELECT count(*) FROM search_entry WHERE indexed_at > '2021-01-01'"))
    assert touched == 0  # what says the same as before is not written


def test_a_rebuild_that_was_stopped_goes_on(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BATCH", 2)
    before = entries(desk)
    do(desk, "DELETE FROM search_entry")

    class Stopped(Exception):
        pass

    def stop(done: int, _total: int) -> None:
        if done >= 4:
            raise Stopped

    with pytest.raises(Stopped):
        rebuild(desk.units, stop)
    done = rebuild(desk.units, lambda _done, _total: None)

    assert done.resumed
    assert done.written == len(before) - 4
    assert entries(desk) == before
