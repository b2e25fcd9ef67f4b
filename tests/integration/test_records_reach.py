"""What a hold keeps beside documents, and what goes with a document: values of the trail, texts, pictures."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from audit.erasing import ErasePersonalData, ErasureRefused
from core.clock import FixedClock
from core.identity import SYSTEM
from documents.document_types import DefineDocumentType
from documents.links import DocumentLink
from documents.records.holds import LiftHold
from tests.records_office import ADMIN, EWA, LEGAL, RecordsOffice
from tests.web import log_in
from webapp.background import make_worker, work_off_changes
from webapp.bootstrap import Application

YEARS = timedelta(days=6 * 366)


@pytest.fixture
def office(application: Application) -> RecordsOffice:
    return RecordsOffice(application)


def erase(office: RecordsOffice, subject: str) -> int:
    number: int = office.do(ErasePersonalData(subject=subject, reason="asked on Monday"), ADMIN)
    return number


def test_nothing_of_what_is_held_is_erased_from_the_trail(office: RecordsOffice) -> None:
    customer = office.customer()
    case_id, task = office.case(("crm.customer", customer))
    document = office.file("Umowa", DocumentLink(kind="case", id=case_id))
    hold = office.hold("crm.customer", customer)

    for subject in (f"customer:{customer}", f"case:{case_id}", f"document:{document}"):
        with pytest.raises(ErasureRefused, match="Sąd 7/26"):
            erase(office, subject)
    office.do(LiftHold(hold_id=hold, reason="settled"), LEGAL)

    assert erase(office, f"document:{document}") == 3  # title, file name and what describes it
    assert erase(office, f"customer:{customer}") >= 1
    office.complete(task)


def test_who_acted_on_what_is_held_is_not_erased(office: RecordsOffice) -> None:
    document = office.file()
    held = office.hold("document", document)
    other, _ = office.case()
    office.do(LiftHold(hold_id=held, reason="wrong one"), LEGAL)
    hold = office.hold("case", other)

    assert erase(office, f"account:{EWA.id}") == 0
    office.do(LiftHold(hold_id=hold, reason="settled"), LEGAL)
    assert erase(office, f"account:{LEGAL.id}") > 0


def test_text_pictures_and_search_go_with_the_document(office: RecordsOffice, clock: FixedClock) -> None:
    office.rule()
    document = office.file("Umowa ramowa", content=b"Termin dostawy wynosi siedem dni roboczych.")
    make_worker(office.application).drain()
    before = office.rows("SELECT 1 FROM search_entry WHERE subject = %s", document)
    texts = office.rows("SELECT 1 FROM document_text WHERE document_id = %s", document)
    clock.advance(YEARS)
    work_off_changes(office.application)

    office.destroy(office.disposal())

    assert before
    assert texts
    for table in ("document_text", "rendition", "extraction", "retention"):
        assert office.rows(f"SELECT 1 FROM {table} WHERE document_id = %s", document) == []
    assert office.rows("SELECT 1 FROM search_entry WHERE subject = %s", document) == []
    assert office.rows("SELECT 1 FROM blob") == []


def test_a_type_that_names_another_rule_has_its_documents_computed_anew(office: RecordsOffice) -> None:
    office.rule("short", period="P1Y", document_types=())
    document = office.file(kind="memo")
    office.compute()
    assert office.retention(document).state == "unscheduled"

    office.do(DefineDocumentType(key="memo", name="Memo", retention="short"), SYSTEM)
    office.compute()

    assert office.rows("SELECT state, rule_key FROM retention WHERE document_id = %s", document) == [("dated", "short")]


def test_the_page_of_a_case_tells_what_was_destroyed(
    office: RecordsOffice, clock: FixedClock, anna: FlaskClient, add_account: Callable[..., str]
) -> None:
    add_account("zofia", "board", password="rzeka-latarnia-47")
    office.rule()
    case_id, task = office.case()
    office.file("Umowa", DocumentLink(kind="case", id=case_id))
    office.complete(task)
    clock.advance(YEARS)
    office.compute()

    office.destroy(office.disposal())

    log_in(anna, name="zofia")
    assert "Contract  destroyed under certificate 2032-00001" in anna.get(f"/cases/{case_id}").text
