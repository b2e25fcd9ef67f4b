"""What is found, in which order, page by page, with which counts; and that the index follows every change."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from core.errors import InvalidInput
from core.identity import SYSTEM
from crm.customers import UpdateCustomer
from documents.filing import AddVersion, LinkDocument
from documents.metadata import EditDocument
from documents.search import finding
from documents.search.excerpts import as_html, as_text
from documents.search.indexing import index_documents
from documents.search.queries import suggest
from documents.states import ChangeState
from tests.search_desk import BOB, READS_ALL, Desk, person, to
from webapp.bootstrap import Application


@pytest.fixture
def desk(application: Application) -> Desk:
    return Desk(application)


def test_a_word_is_found_in_all_its_forms_and_without_its_diacritics(desk: Desk) -> None:
    desk.file("Umowa najmu lokalu w Łodzi")
    desk.file("Zestawienie faktur")

    assert desk.titles("umowy") == desk.titles("UMOWĘ lodzi") == ["Umowa najmu lokalu w Łodzi"]
    assert desk.titles("faktura") == ["Zestawienie faktur"]
    assert desk.titles("umowa faktura") == []
    assert len(desk.titles("umowa OR faktura")) == 2


def test_phrases_beginnings_and_exclusions(desk: Desk) -> None:
    desk.file("czynsz najmu za maj")
    desk.file("najmu czynsz za czerwiec")

    assert desk.titles('"czynsz najmu"') == ["czynsz najmu za maj"]
    assert desk.titles("czer*") == ["najmu czynsz za czerwiec"]
    assert desk.titles("czynsz -maj") == ["najmu czynsz za czerwiec"]
    assert desk.titles("-maj czynsz (maj OR czerwiec)") == ["najmu czynsz za czerwiec"]
    assert desk.titles('"najmu maj"') == []


def test_what_people_type_is_data(desk: Desk) -> None:
    desk.file("it's 100% \\ 'quoted' & <b>bold</b>; DROP TABLE x")

    assert len(desk.titles("it's")) == len(desk.titles("quoted' | '!")) == len(desk.titles("drop table; <b>")) == 1
    assert as_html(desk.page("bold").items[0].title).count("&lt;b&gt;<mark>bold</mark>") == 1


def test_filters_narrow_by_type_tag_state_number_person_and_day(desk: Desk) -> None:
    desk.file("Faktura za prąd", type="invoice", tags=("pilne", "media"), number="FV/2026/17")
    desk.file("Faktura za gaz", type="invoice", actor=BOB)
    desk.file("Umowa o prąd", type="contract")

    assert desk.titles("type:invoice") == ["Faktura za gaz", "Faktura za prąd"]
    assert desk.titles("type:invoice prąd") == desk.titles("tag:PILNE") == desk.titles("number:FV/2026*")
    assert desk.titles("number:fv/2026/17") == desk.titles("FV/2026/17") == ["Faktura za prąd"]
    assert desk.titles("type:invoice by:bob") == ["Faktura za gaz"]
    assert desk.titles("type:contract OR tag:media") == ["Umowa o prąd", "Faktura za prąd"]
    assert desk.titles("-type:invoice kind:document") == ["Umowa o prąd"]
    assert len(desk.titles("after:2026-01-05 before:2026-01-06")) == len(desk.titles("year:2026")) == 3
    assert desk.titles("before:2026-01-05") == desk.titles("after:2026-01-06") == []


def test_cases_customers_and_documents_stand_in_one_list_and_a_customer_narrows_all(desk: Desk) -> None:
    desk.deploy()
    acme, other = desk.customer("ACME Polska Sp. z o.o."), desk.customer("Inna firma")
    started = desk.start("ACME 2026", links=())
    desk.file("Oferta dla ACME", to("crm.customer", acme))
    desk.file("Oferta", to("crm.customer", other))

    found = desk.page("acme")

    assert {hit.kind for hit in found.items} == {"case", "customer", "document"}
    assert started.id in {hit.id for hit in found.items}
    assert set(desk.titles("customer:acme")) == {"Oferta dla ACME", "ACME Polska Sp. z o.o."}
    assert desk.titles("customer:acme type:document") == ["Oferta dla ACME"]
    assert desk.titles("customer:nobody") == []
    labels = {value.label for facet in found.facets if facet.field == "customer" for value in facet.values}
    assert labels == {"ACME Polska Sp. z o.o."}


def test_the_title_weighs_more_than_what_is_newer(desk: Desk) -> None:
    desk.file("Regulamin")
    for number in range(5):
        desk.file(f"Pismo {number}", tags=("regulamin",) if number == 3 else (), fields={"about": "regulamin"})

    assert desk.titles("regulamin")[:2] == ["Regulamin", "Pismo 3"]
    assert desk.titles("regulamin", order="newest")[0] == "Pismo 4"


def test_pages_follow_one_another_without_gap_or_repetition(desk: Desk) -> None:
    ids = [desk.file(f"Raport {'raport ' * (number % 5)}{number}") for number in range(23)]

    for order in ("best", "newest"):
        found: list[str] = []
        after = None
        while True:
            page = desk.page("raport", limit=5, after=after, order=order)
            found += [hit.id for hit in page.items]
            if (after := page.next) is None:
                break
        assert sorted(found) == sorted(ids)
        assert len(set(found)) == len(found)


def test_a_page_mark_that_nobody_gave_is_refused(desk: Desk) -> None:
    for mark in ("x", "1_2", "1_a_2", "_", "9" * 30, "9" * 30 + "_1_1", "-5"):
        with pytest.raises(InvalidInput):
            desk.page("", after=mark)
    with pytest.raises(InvalidInput):
        desk.page("", order="worst")


def test_counts_beside_the_results_tell_what_narrows_them(desk: Desk) -> None:
    for number in range(6):
        desk.file(f"Pismo {number}", type="letter" if number % 3 else "invoice", tags=("a",) if number else ())

    page = desk.page("pismo")

    facets = {facet.field: [(each.value, each.count) for each in facet.values] for facet in page.facets}
    assert facets["type"] == [("letter", 4), ("invoice", 2)]
    assert (page.total, page.is_more) == (6, False)
    assert "year" not in facets  # one value narrows nothing


def test_the_index_follows_every_change(desk: Desk) -> None:
    document = desk.file("Szkic")
    desk.do(
        ChangeState(document_id=document, state="void"),
        person("chief", permissions={"document.read_all", "document.state"}),
    )
    assert desk.titles("state:void") == ["Szkic"]

    other = desk.file("Plan")
    desk.do(EditDocument(document_id=other, title="Harmonogram", tags=("now2",)))
    assert desk.titles("harmonogram tag:now2") == ["Harmonogram"]
    assert desk.titles("plan") == []

    customer = desk.customer("Stara nazwa")
    desk.do(LinkDocument(document_id=other, link=to("crm.customer", customer)))
    desk.do(UpdateCustomer(customer_id=customer, changes={"name": "Nowa nazwa"}))
    assert desk.titles("customer:nowa kind:document") == ["Harmonogram"]

    desk.do(AddVersion(document_id=other, blob=desk.upload(b"two"), file_name="zupelnie_inny.txt"))
    assert desk.titles("zupelnie") == ["Harmonogram"]


def test_a_document_that_was_destroyed_loses_its_entry(desk: Desk) -> None:
    document = desk.file("Znika")
    with desk.units.begin(SYSTEM) as unit:
        unit.session.execute(text("UPDATE document SET destroyed_at = now() WHERE id = :id"), {"id": document})
        index_documents(unit, [document])
        unit.commit()

    assert desk.titles("znika") == []


def test_the_text_of_the_newest_version_is_found_and_shown_around_the_word(desk: Desk) -> None:
    document = desk.file("Skan")
    read = "Strony ustalają, że " * 30 + "kara umowna wynosi 5 % wartości " + "zamówienia. " * 30
    with desk.units.begin(SYSTEM) as unit:
        statement = text("INSERT INTO document_text (document_id, n, text) VALUES (:id, 1, :text)")
        unit.session.execute(statement, {"id": document, "text": read})
        index_documents(unit, [document])
        unit.commit()

    (hit,) = desk.page('"kara umowna"').items

    assert "<mark>kara</mark> <mark>umowna</mark> wynosi" in as_html(hit.excerpt)


def test_while_somebody_types_titles_are_suggested(desk: Desk) -> None:
    desk.file("Umowa najmu", tags=("biuro",))
    desk.file("Faktura", fields={"note": "umowa najmu"})

    with desk.units.reading(READS_ALL) as view:
        assert [as_text(hit.title) for hit in suggest(view, "umowa naj")] == ["Umowa najmu"]
        assert [as_text(hit.title) for hit in suggest(view, "biu")] == ["Umowa najmu"]
        assert suggest(view, "") == ()


def test_what_is_not_found_in_time_is_looked_for_further_back_by_who_asks(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = desk.file("Alfa beta")
    with desk.units.engine.begin() as connection:
        connection.execute(text("SELECT setval('search_entry_seq', 9000)"))  # as if so many had come since
    desk.file("Beta alfa")
    assert desk.titles('"alfa beta"') == ["Alfa beta"]
    monkeypatch.setattr(finding, "NONE_SECONDS", 0.0)

    first = desk.page('"alfa beta"')

    assert (first.items, first.is_more, first.meant) == ((), True, None)
    assert desk.everything('"alfa beta"', READS_ALL) == [old]


def test_a_customer_that_is_looked_for_is_known_however_far_back_their_entry_lies(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = desk.customer("Alfa Beta")
    with desk.units.engine.begin() as connection:
        connection.execute(text("SELECT setval('search_entry_seq', 9000)"))  # as if so many had come since
    desk.file("Umowa", to("crm.customer", old))
    monkeypatch.setattr(finding, "NONE_SECONDS", 0.0)

    assert desk.titles("customer:alfa type:document") == ["Umowa"]
