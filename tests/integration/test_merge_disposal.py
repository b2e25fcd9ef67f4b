"""What is left of a letter to many once it is destroyed: nothing, neither beside it nor in the PDF with all."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from core.clock import FixedClock
from core.identity import SYSTEM
from documents.records.holds import LiftHold
from documents.templates.mailing import write_batch
from tests.integration.test_templates import add_customers, adopt, content_of, text_of, work
from tests.records_office import RecordsOffice
from tests.web import Program
from webapp.bootstrap import Application

YEARS = timedelta(days=6 * 366)


class Mailing:
    """Letters to firms, with a rule for letters."""

    def __init__(self, application: Application, program: Program) -> None:
        self.application, self.program = application, program
        self.office = RecordsOffice(application)
        self.office.rule(document_types=("letter",))

    def start(self, *names: str, output: str = "pdf") -> str:
        add_customers(self.application, *names)
        template = adopt(self.program).json["id"]
        body = {"title": "W", "template": template, "recipients": {}, "type": "letter", "output": output}
        return str(self.program.post("/merges", json=body).json["id"])

    def merge(self, merge: str) -> dict[str, Any]:
        return dict(self.program.get(f"/merges/{merge}").json)

    def letters(self, merge: str) -> list[str]:
        return [each["document_id"] for each in self.program.get(f"/merges/{merge}/letters").json["items"]]


@pytest.fixture
def mailing(application: Application, program: Callable[..., Program]) -> Mailing:
    return Mailing(application, program("manager", "sales_manager"))


@pytest.mark.parametrize("output", ["pdf", "docx"])
def test_a_letter_that_was_destroyed_is_not_among_all_letters(
    mailing: Mailing, clock: FixedClock, monkeypatch: pytest.MonkeyPatch, output: str
) -> None:
    monkeypatch.setattr("documents.templates.mailing.BATCH", 2)
    office = mailing.office
    merge = mailing.start("Firma A", "Firma B", "Firma C", output=output)
    write_batch(mailing.application, merge)
    gone, kept, _ = mailing.letters(merge)
    ((pdf,),) = office.rows("SELECT pdf_digest FROM mail_merge_letter WHERE document_id = %s", gone)
    office.hold("document", kept)
    clock.advance(YEARS)
    office.compute()

    office.destroy(office.disposal())
    work(mailing.application)

    assert office.rows("SELECT 1 FROM blob WHERE digest = %s", pdf) == []
    finished = mailing.merge(merge)
    assert (finished["state"], finished["reason"]) == ("finished", None)
    pages = text_of(content_of(mailing.program, finished["combined_id"]))
    assert [("Firma B" in page, "Firma C" in page) for page in pages] == [(True, False), (False, True)]


def test_the_pdf_beside_a_word_letter_goes_when_all_are_joined(mailing: Mailing) -> None:
    merge = mailing.start("Firma A", "Firma B", output="docx")
    work(mailing.application)

    office = mailing.office
    assert mailing.merge(merge)["combined_id"]
    assert office.rows("SELECT 1 FROM mail_merge_letter WHERE pdf_digest IS NOT NULL") == []
    assert office.rows(
        "SELECT 1 FROM blob WHERE NOT EXISTS (SELECT FROM document_version AS v WHERE v.digest = blob.digest)"
        " AND NOT EXISTS (SELECT FROM rendition AS r WHERE r.digest = blob.digest)"
    ) == []  # fmt: skip


def test_the_same_pdf_of_somebody_else_stays(mailing: Mailing, clock: FixedClock) -> None:
    office = mailing.office
    merge = mailing.start("Firma", "Firma", output="docx")
    write_batch(mailing.application, merge)
    gone, kept = mailing.letters(merge)
    digest = "SELECT pdf_digest FROM mail_merge_letter WHERE document_id = %s"
    office.rows("UPDATE mail_merge_letter SET pdf_digest = NULL WHERE document_id = %s RETURNING 1", gone)
    same = office.rows(digest, kept)
    with office.application.units.begin(SYSTEM) as unit:
        unit.driver.execute("UPDATE mail_merge_letter SET pdf_digest = %s WHERE document_id = %s", (same[0][0], gone))
        unit.commit()
    office.hold("document", kept)
    clock.advance(YEARS)
    office.compute()

    office.destroy(office.disposal())

    assert office.rows(digest, kept) == same
    assert office.rows("SELECT 1 FROM blob WHERE digest = %s", same[0][0]) == [(1,)]


def test_all_letters_in_one_are_listed_with_the_first_letter_that_is_due(mailing: Mailing, clock: FixedClock) -> None:
    office = mailing.office
    merge = mailing.start("Firma A", "Firma B")
    work(mailing.application)
    gone, kept = mailing.letters(merge)
    combined = mailing.merge(merge)["combined_id"]
    with office.application.units.begin(SYSTEM) as unit:  # what was computed when it was filed is out of date
        unit.driver.execute("UPDATE document SET type = NULL WHERE id = %s", (combined,))
        unit.driver.execute("UPDATE retention SET state = 'waiting', due_at = NULL WHERE document_id = %s", (combined,))
        unit.commit()
    hold = office.hold("document", kept)
    clock.advance(YEARS)
    office.compute()

    disposal = office.disposal()
    office.destroy(disposal)

    assert {each: state for each, (state, _) in office.items(disposal).items()} == {
        gone: "destroyed",
        combined: "destroyed",
    }
    assert office.retention(kept).holds[0].id == hold
    office.do(LiftHold(hold_id=hold, reason="closed"))


def test_all_letters_in_one_stay_while_a_hold_keeps_every_letter_that_is_due(
    mailing: Mailing, clock: FixedClock
) -> None:
    office = mailing.office
    merge = mailing.start("Firma A")
    work(mailing.application)
    (letter,) = mailing.letters(merge)
    combined = mailing.merge(merge)["combined_id"]
    with office.application.units.begin(SYSTEM) as unit:
        unit.driver.execute("UPDATE document SET type = NULL WHERE id = %s", (combined,))
        unit.commit()
    office.hold("document", letter)
    clock.advance(YEARS)
    office.compute()

    assert office.items(office.disposal()) == {}
    assert office.retention(combined).because == "no rule covers it, so nobody may dispose of it"
