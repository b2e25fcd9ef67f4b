"""Types of documents: defining them, their fields and numbers, and who may read and write what is filed under them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Engine

from core.clock import FixedClock
from core.errors import DomainError, Forbidden, InvalidInput
from core.identity import SYSTEM, Actor
from documents.access import DocumentNotFound, Target
from documents.document_types import (
    DefineDocumentType,
    DocumentType,
    TypeMoved,
    TypeNotFound,
    TypeNotWritable,
    TypeRetired,
    document_type,
    document_types,
    unknown_types,
)
from documents.fields import FieldsRefused
from documents.filing import AddVersion, DocumentLink
from documents.listing import documents
from documents.metadata import EditDocument
from documents.queries import document, linked_documents
from documents.reading import ReadDocument
from documents.states import ChangeState
from tests.documents_samples import ANNA, AUDITOR, BOB, FILES, Office

CASE = Target("case", "case-1")
DESIGNER = Actor(id="marek", name="Marek", permissions=frozenset({"document.administer"}))
LAWYER = Actor(id="olga", name="Olga", roles=frozenset({"legal"}), permissions=FILES | {"document.state"})
INVOICE = {
    "type": "object",
    "required": ["net"],
    "properties": {
        "net": {"type": "number", "title": "Net amount", "minimum": 0},
        "due": {"type": "string", "format": "date"},
        "kind": {"type": "string", "enum": ["goods", "services"]},
    },
}


@pytest.fixture
def office(engine: Engine, clock: FixedClock) -> Office:
    opened = Office(engine, clock)
    for actor in (ANNA, BOB, LAWYER):
        opened.rights.grant(actor, CASE)
    return opened


def define(office: Office, key: str, actor: Actor = DESIGNER, **values: Any) -> int:
    revision: int = office.run(DefineDocumentType(**{"key": key, "name": key.capitalize(), **values}), actor)
    return revision


def defined(office: Office, key: str) -> DocumentType:
    with office.units.reading(ANNA) as view:
        return document_type(view, key)


def fields_of(office: Office, document_id: str) -> dict[str, Any]:
    with office.units.reading(ANNA) as view:
        return document(view, document_id).fields


def in_case(**more: Any) -> dict[str, Any]:
    return {"links": [DocumentLink(kind=CASE.kind, id=CASE.id)], **more}


def test_a_type_is_defined_changed_and_stands_in_the_trail(office: Office) -> None:
    assert define(office, "invoice", form=INVOICE, numbering="FV/{year}/{seq:04}") == 1

    revision = define(office, "invoice", name="Faktura", form=INVOICE, numbering=" ", expected_revision=1)

    found = defined(office, "invoice")
    assert (revision, found.revision, found.name, found.numbering) == (2, 2, "Faktura", None)
    changed = office.log(stream="document_type:invoice")[-1]
    assert changed.data["changes"] == {"name": ["Invoice", "Faktura"], "numbering": ["FV/{year}/{seq:04}", None]}


def test_the_same_definition_again_is_no_change(office: Office) -> None:
    define(office, "invoice")

    assert define(office, "invoice", expected_revision=1) == 1
    assert len(office.log()) == 1


def test_types_need_the_right_to_administer_them(office: Office) -> None:
    with pytest.raises(Forbidden, match=r"document\.administer"):
        define(office, "invoice", actor=ANNA)


def test_who_changes_an_older_revision_is_told_so(office: Office) -> None:
    define(office, "invoice")

    with pytest.raises(TypeMoved, match="defined already"):
        define(office, "invoice", name="Other")
    with pytest.raises(TypeMoved, match="at revision 1"):
        define(office, "invoice", name="Other", expected_revision=7)
    with pytest.raises(TypeNotFound):
        define(office, "other", expected_revision=1)


@pytest.mark.parametrize(
    ("values", "where"),
    [
        ({"key": "Faktura VAT"}, "/key"),
        ({"name": "  "}, "/name"),
        ({"numbering": "FV/{year}"}, "/numbering"),
        ({"numbering": "{seq}/{seq}"}, "/numbering"),
        ({"numbering": "{seq}/{customer}"}, "/numbering"),
        ({"readers": ["Sales Rep"]}, "/readers"),
        ({"form": {"components": [{"type": "riddle", "key": "x"}]}}, "/form"),
        ({"form": {"components": [{"type": "textfield"}]}}, "/form"),
        ({"form": {"properties": {"x": {"type": "object"}}}}, "/schema/properties/x"),
        ({"form": {"properties": {"x": {"type": "string", "not": {}}}}}, "/schema/properties/x"),
        ({"form": {"properties": {}, "required": ["x"]}}, "/schema/required"),
    ],
)
def test_what_cannot_be_a_type_is_refused_with_its_place(office: Office, values: dict[str, Any], where: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        define(office, **{"key": "invoice", **values})

    assert list(refused.value.details["fields"]) == [where]


def test_fields_are_checked_as_the_forms_of_tasks_are(office: Office) -> None:
    define(office, "invoice", form=INVOICE)

    with pytest.raises(FieldsRefused) as refused:
        office.file(type="invoice", fields={"net": -5, "kind": "goods", "colour": "red"})

    assert refused.value.details["fields"] == {
        "/fields/net": "Net amount must be at least 0.",
        "/fields/colour": "The form does not ask for this.",
    }


def test_a_draft_may_lack_what_an_approved_document_needs(office: Office) -> None:
    define(office, "invoice", form=INVOICE)
    filed = office.file(type="invoice", fields={"due": "2026-02-01"}, **in_case())

    with pytest.raises(FieldsRefused, match="Net amount is needed"):
        office.run(ChangeState(document_id=filed.id, state="approved"), LAWYER)
    office.run(EditDocument(document_id=filed.id, fields={"due": "2026-02-01", "net": 12.5}))

    assert office.run(ChangeState(document_id=filed.id, state="approved"), LAWYER) == "approved"
    assert fields_of(office, filed.id) == {"due": "2026-02-01", "net": 12.5}


def test_a_form_js_schema_serves_as_well(office: Office) -> None:
    form = {"components": [{"type": "textfield", "key": "place", "label": "Place", "validate": {"maxLength": 5}}]}
    define(office, "protocol", form=form)

    with pytest.raises(FieldsRefused, match="at most 5"):
        office.file(type="protocol", fields={"place": "Warszawa"})


def test_a_document_without_a_type_takes_any_fields_of_bounded_size(office: Office) -> None:
    filed = office.file(fields={"weight": 3, "note": "a\0b"})

    assert fields_of(office, filed.id) == {"weight": 3, "note": "ab"}
    with pytest.raises(FieldsRefused, match="64 KiB"):
        office.file(fields={"note": "x" * 70_000})


def test_numbers_count_within_the_year_of_the_office(office: Office, clock: FixedClock) -> None:
    define(office, "invoice", numbering="FV/{year}/{seq:04}")
    clock.set(datetime(2026, 12, 31, 22, 30, tzinfo=UTC))
    first, second = (office.file(type="invoice") for _ in range(2))
    clock.set(datetime(2026, 12, 31, 23, 30, tzinfo=UTC))  # it is 2027 in Warsaw
    third = office.file(type="invoice")

    with office.units.reading(ANNA) as view:
        numbers = [document(view, each.id).number for each in (first, second, third)]
    assert numbers == ["FV/2026/0001", "FV/2026/0002", "FV/2027/0001"]


def test_eight_people_at_once_get_numbers_without_gap_and_twin(office: Office) -> None:
    define(office, "invoice", numbering="FV/{seq}")
    define(office, "picky", numbering="FV/{seq}", form=INVOICE)

    def work(n: int) -> None:
        try:  # every third attempt fails after it was given a number
            office.file(type="invoice", content=str(n).encode(), **(in_case() if n % 3 else _broken_link()))
        except DomainError:
            return

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(48)))

    with office.units.reading(AUDITOR) as view:
        numbers = [str(each.number) for each in documents(view, limit=200).items]
    assert sorted(numbers, key=lambda text: int(text[3:])) == [f"FV/{n + 1}" for n in range(32)]


def _broken_link() -> dict[str, Any]:
    return {"links": [DocumentLink(kind=CASE.kind, id=CASE.id, version=7)]}


def test_a_number_of_a_type_that_counts_is_not_written_by_hand(office: Office) -> None:
    define(office, "invoice", numbering="FV/{seq}")

    with pytest.raises(InvalidInput, match="numbered by themselves"):
        office.file(type="invoice", number="FV/99")
    filed = office.file(number=" 17/2026 ")
    office.run(EditDocument(document_id=filed.id, type="invoice"))

    with office.units.reading(ANNA) as view:
        assert document(view, filed.id).number == "17/2026"


def test_a_document_that_becomes_of_a_counted_type_gets_a_number(office: Office) -> None:
    define(office, "invoice", numbering="FV/{seq}")
    filed = office.file()

    office.run(EditDocument(document_id=filed.id, type="invoice"))
    office.run(EditDocument(document_id=filed.id, type=""))
    office.run(EditDocument(document_id=filed.id, type="invoice"))

    with office.units.reading(ANNA) as view:
        assert document(view, filed.id).number == "FV/1"


def test_a_type_for_certain_readers_hides_its_documents_everywhere(office: Office) -> None:
    define(office, "opinion", readers=["legal"])
    filed = office.file(type="opinion", **in_case())

    def seen(actor: Actor) -> tuple[int, int]:
        with office.units.reading(actor) as view:
            return len(documents(view).items), len(linked_documents(view, CASE.kind, CASE.id))

    assert {actor.id: seen(actor) for actor in (ANNA, BOB, LAWYER)} == {"anna": (1, 1), "bob": (0, 0), "olga": (1, 1)}
    for command in (
        ReadDocument(document_id=filed.id, n=1),
        EditDocument(document_id=filed.id, title="mine"),
        AddVersion(document_id=filed.id, blob=office.upload(b"x"), file_name="x"),
    ):
        with pytest.raises(DocumentNotFound):
            office.run(command, BOB)


def test_a_document_hidden_by_its_type_is_found_again_when_the_type_opens(office: Office) -> None:
    define(office, "opinion", readers=["legal"])
    filed = office.file(type="opinion", **in_case())

    define(office, "opinion", readers=[], expected_revision=1)

    assert office.run(ReadDocument(document_id=filed.id, n=1), BOB).size == 5


def test_only_the_writers_of_a_type_file_and_change_its_documents(office: Office) -> None:
    define(office, "opinion", writers=["legal"])
    filed = office.file(type="opinion", actor=LAWYER, **in_case())
    other = office.file(actor=ANNA)

    for command in (
        AddVersion(document_id=filed.id, blob=office.upload(b"x"), file_name="x"),
        EditDocument(document_id=filed.id, type=""),
        EditDocument(document_id=other.id, type="opinion"),
    ):
        with pytest.raises(TypeNotWritable, match="Only legal"):
            office.run(command, ANNA)
    with pytest.raises(TypeNotWritable):
        office.file(type="opinion")
    assert office.file(type="opinion", actor=SYSTEM).version == 1


def test_a_type_out_of_use_takes_nothing_new_and_keeps_what_it_has(office: Office) -> None:
    define(office, "telex")
    filed = office.file(type="telex")
    define(office, "telex", is_active=False, expected_revision=1)

    with pytest.raises(TypeRetired):
        office.file(type="telex")
    office.run(EditDocument(document_id=filed.id, title="Telex 1"))

    with office.units.reading(ANNA) as view:
        assert document_types(view) == []
        assert [each.key for each in document_types(view, all_of_them=True)] == ["telex"]
        assert unknown_types(view, ["telex", "fax"]) == ["fax"]


def test_words_that_name_no_type_stay_free_words(office: Office) -> None:
    office.file(type="anything at all")

    with office.units.reading(ANNA) as view:
        assert unknown_types(view, ["anything at all"]) == []
