"""What documents say of themselves, and their locks: changed by one person at a time, and never without a trace."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Engine

from core.clock import FixedClock
from core.errors import InvalidInput
from core.identity import SYSTEM, Actor
from documents import listing
from documents.access import DocumentNotFound, Target
from documents.filing import AddVersion, DocumentLink, FiledDocument
from documents.listing import DocumentFilter, documents, tags_in_use
from documents.locks import DocumentLocked, LockDocument, UnlockDocument
from documents.metadata import DocumentMoved, EditDocument, TagDocuments, set_fields
from documents.queries import Document, document
from documents.states import ChangeState, DocumentFinal, change_state
from tests.documents_samples import ANNA, AUDITOR, BOB, FILES, Office

CASE = Target("case", "case-1")
CHIEF = Actor(
    id="chief", name="Chief", permissions=FILES | {"document.state", "document.administer", "document.read_all"}
)


@pytest.fixture
def office(engine: Engine, clock: FixedClock) -> Office:
    opened = Office(engine, clock)
    for actor in (ANNA, BOB):
        opened.rights.grant(actor, CASE)
    return opened


@pytest.fixture
def filed(office: Office) -> FiledDocument:
    return office.file(links=[DocumentLink(kind=CASE.kind, id=CASE.id)])


def found(office: Office, document_id: str) -> Document:
    with office.units.reading(AUDITOR) as view:
        return document(view, document_id)


def add(office: Office, document_id: str, **more: Any) -> AddVersion:
    return AddVersion(document_id=document_id, blob=office.upload(b"new"), file_name="new.txt", **more)


def titles(office: Office, **wanted: Any) -> list[str]:
    with office.units.reading(AUDITOR) as view:
        return [each.title for each in documents(view, DocumentFilter(**wanted)).items]


def test_who_may_see_few_of_many_documents_goes_on_where_the_look_ended(
    office: Office, filed: FiledDocument, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "BATCH", 2)
    monkeypatch.setattr(listing, "LOOKED_AT", 2)
    for _ in range(9):
        office.file(actor=CHIEF)

    pages, after = [], None
    while True:
        with office.units.reading(BOB) as view:
            page = documents(view, after=after, limit=3)
        pages.append([each.document_id for each in page.items])
        after = page.next
        if after is None:
            break

    assert pages == [[], [], [filed.id]]


def test_a_change_of_metadata_stands_in_the_trail_with_before_and_after(office: Office, filed: FiledDocument) -> None:
    change = EditDocument(
        document_id=filed.id, title="Umowa", tags=("Pilne ", "pilne", "ważne, dziś"), fields={"net": 5}, number="7"
    )

    revision = office.run(change)

    now = found(office, filed.id)
    assert (revision, now.revision, now.title, now.number) == (2, 2, "Umowa", "7")
    assert (now.tags, now.fields) == (("pilne", "ważne dziś"), {"net": 5})
    entry = office.log()[-1]
    assert (entry.type, entry.case) == ("document.changed", "case-1")
    assert entry.data["changes"] == {
        "title": ["Offer", "Umowa"],
        "tags": [[], ["pilne", "ważne dziś"]],
        "fields": [{}, {"net": 5}],
        "number": [None, "7"],
    }


def test_what_stays_the_same_is_no_change(office: Office, filed: FiledDocument) -> None:
    assert office.run(EditDocument(document_id=filed.id, title="Offer", tags=())) == 1
    assert [entry.type for entry in office.log()] == ["document.filed"]


def test_the_second_of_two_editors_is_told_and_nothing_is_lost(office: Office, filed: FiledDocument) -> None:
    office.run(EditDocument(document_id=filed.id, title="Anna's", expected_revision=1))

    with pytest.raises(DocumentMoved, match="changed by somebody else"):
        office.run(EditDocument(document_id=filed.id, title="Bob's", expected_revision=1), BOB)

    assert found(office, filed.id).title == "Anna's"


def test_what_is_signed_keeps_its_description_but_takes_tags(office: Office, filed: FiledDocument) -> None:
    office.run(ChangeState(document_id=filed.id, state="signed"), CHIEF)

    with pytest.raises(DocumentFinal, match="is signed and stays"):
        office.run(EditDocument(document_id=filed.id, title="Other"))
    with pytest.raises(DocumentFinal):
        office.run(add(office, filed.id))
    office.run(EditDocument(document_id=filed.id, tags=("archive",)))

    assert found(office, filed.id).tags == ("archive",)


def test_a_new_version_of_an_approved_document_is_a_draft_again(office: Office, filed: FiledDocument) -> None:
    office.run(ChangeState(document_id=filed.id, state="approved"), CHIEF)

    office.run(add(office, filed.id))

    assert found(office, filed.id).state == "draft"
    assert [entry.type for entry in office.log()][-2:] == ["document.version_added", "document.state_changed"]


def test_a_process_merges_fields_without_asking_for_rights(office: Office, filed: FiledDocument) -> None:
    office.run(EditDocument(document_id=filed.id, fields={"net": 5, "place": "Łódź"}))

    with office.units.begin(SYSTEM) as unit:
        set_fields(unit, filed.id, {"net": 6})
        unit.commit()

    assert found(office, filed.id).fields == {"net": 6, "place": "Łódź"}


def test_while_somebody_works_on_a_document_only_they_change_it(office: Office, filed: FiledDocument) -> None:
    office.run(LockDocument(document_id=filed.id))
    office.run(LockDocument(document_id=filed.id))

    for command in (
        add(office, filed.id),
        EditDocument(document_id=filed.id, title="Bob's"),
        LockDocument(document_id=filed.id),
        UnlockDocument(document_id=filed.id, reason="I want it"),
    ):
        with pytest.raises(DocumentLocked, match="anna has checked"):
            office.run(command, BOB)
    with pytest.raises(DocumentLocked):
        office.run(ChangeState(document_id=filed.id, state="approved"), CHIEF)
    assert found(office, filed.id).checked_out_by == "anna"


def test_checking_in_a_version_gives_the_document_back(office: Office, filed: FiledDocument) -> None:
    office.run(LockDocument(document_id=filed.id))

    office.run(add(office, filed.id, keep_lock=True))
    kept = found(office, filed.id).checked_out_by
    office.run(add(office, filed.id))

    assert (kept, found(office, filed.id).checked_out_by) == ("anna", None)
    assert [entry.type for entry in office.log()] == [
        "document.filed",
        "document.checked_out",
        "document.version_added",
        "document.version_added",
        "document.given_back",
    ]


def test_an_administrator_breaks_a_lock_with_a_reason(office: Office, filed: FiledDocument) -> None:
    office.run(LockDocument(document_id=filed.id))

    with pytest.raises(InvalidInput, match="Say why"):
        office.run(UnlockDocument(document_id=filed.id), CHIEF)
    office.run(UnlockDocument(document_id=filed.id, reason="Anna is on leave"), CHIEF)

    broken = office.log()[-1]
    said = {name: broken.data[name] for name in ("holder", "broken", "reason")}
    assert (broken.actor_id, said) == ("chief", {"holder": "anna", "broken": True, "reason": "Anna is on leave"})
    office.run(add(office, filed.id), BOB)


def test_giving_back_what_nobody_holds_changes_nothing(office: Office, filed: FiledDocument) -> None:
    office.run(UnlockDocument(document_id=filed.id), BOB)

    assert [entry.type for entry in office.log()] == ["document.filed"]


def test_processes_change_the_state_of_what_is_checked_out(office: Office, filed: FiledDocument) -> None:
    office.run(LockDocument(document_id=filed.id))

    with office.units.begin(SYSTEM) as unit:
        change_state(unit, filed.id, "approved")
        unit.commit()

    assert found(office, filed.id).state == "approved"


def test_many_documents_are_tagged_at_once_all_or_none(office: Office) -> None:
    ids = tuple(office.file(str(n), tags=("old",)).id for n in range(3))

    changed = office.run(TagDocuments(document_ids=ids, add=("New",), remove=("old", "never there")))

    assert changed == 3
    assert {found(office, each).tags for each in ids} == {("new",)}
    with pytest.raises(DocumentNotFound):
        office.run(TagDocuments(document_ids=(*ids, office.file("Bob's", actor=BOB).id), add=("more",)))
    assert {found(office, each).tags for each in ids} == {("new",)}


def test_an_order_for_too_many_documents_is_refused(office: Office) -> None:
    with pytest.raises(InvalidInput, match="200"):
        office.run(TagDocuments(document_ids=tuple(map(str, range(201))), add=("x",)))


def test_documents_are_listed_by_type_state_tag_number_and_place(office: Office) -> None:
    office.file("One", type="offer", tags=("urgent",), number="FV/1")
    two = office.file("Two", type="invoice", links=[DocumentLink(kind=CASE.kind, id=CASE.id)])
    office.run(ChangeState(document_id=two.id, state="approved"), CHIEF)
    office.run(LockDocument(document_id=two.id))

    assert titles(office, type="offer") == titles(office, tag="Urgent") == titles(office, number="fv/") == ["One"]
    assert titles(office, state="approved") == titles(office, kind="case", target="case-1") == ["Two"]
    assert titles(office, checked_out=True) == ["Two"]
    assert titles(office, state="approved", type="offer") == []
    assert titles(office) == ["Two", "One"]


def test_only_tags_of_visible_documents_are_offered(office: Office) -> None:
    office.file(tags=("shared", "mine"))
    office.file(tags=("shared",))
    office.file(tags=("secret",), actor=BOB)

    with office.units.reading(ANNA) as view:
        assert [(each.tag, each.count) for each in tags_in_use(view)] == [("shared", 2), ("mine", 1)]


def test_a_filter_survives_being_stored_as_plain_values() -> None:
    wanted = DocumentFilter(type="offer", tag="urgent", mine=True)

    assert DocumentFilter.of(wanted.values() | {"unknown": "x"}) == wanted
