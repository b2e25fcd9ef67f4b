"""Who may see few of very many documents gets all of them in the list, page by page, and nobody else's."""

from __future__ import annotations

import pytest

from documents.listing import documents
from tests.search_desk import ANNA, BOB, Desk, to
from webapp.bootstrap import Application


@pytest.fixture
def desk(application: Application, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.setattr("documents.listing.BATCH", 3)  # so that a dozen documents are very many
    return Desk(application)


def all_pages(desk: Desk, limit: int) -> list[str]:
    found: list[str] = []
    after: str | None = None
    while True:
        with desk.units.reading(BOB) as view:
            page = documents(view, after=after, limit=limit)
        found += [each.document_id for each in page.items]
        if page.next is None:
            return found
        after = page.next


def test_who_sees_few_of_many_documents_gets_them_all_newest_first(desk: Desk) -> None:
    desk.deploy()
    case = desk.start("Bob's", actor=BOB).id
    theirs = desk.start("Anna's").id
    own = desk.file("own", actor=BOB)
    of_case = desk.file("of the case", to("case", case))
    attached = desk.file("attached", to("document", of_case))
    for n in range(9):
        desk.file(f"not theirs {n}", to("case", theirs))

    assert all_pages(desk, 50) == [attached, of_case, own]
    assert all_pages(desk, 1) == [attached, of_case, own]


def test_the_list_of_who_sees_more_than_a_few_is_the_same(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("documents.search.holdings.MOST", 1)
    own = [desk.file(f"own {n}", actor=BOB) for n in range(2)]
    for n in range(7):
        desk.file(f"not theirs {n}", actor=ANNA)

    assert all_pages(desk, 50) == own[::-1]
