"""Somebody asks what is held about them: all of it, and nothing of others, told in the trail."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Any

import pytest
from flask import Flask

from audit.erasing import ErasePersonalData
from audit.queries import entries
from core.clock import FixedClock
from core.identity import SYSTEM
from crm.activities.content import Content, Participant
from crm.activities.registering import RegisterActivity
from crm.contacts import CreateContact
from crm.notes import WriteNote
from crm.privacy.consents import RecordConsent
from documents.links import DocumentLink, LinkDocument
from storage.jobs.worker import Worker
from tests.mailbox import Mailbox
from tests.offer_case import AUDITOR
from tests.post_office import PostOffice, open_office
from tests.web import PASSWORD, WHOLE_FIRM, Program, form_token, log_in
from webapp.bootstrap import Application

NOON = datetime(2026, 2, 28, 12, 0, tzinfo=UTC)
ORDERED = "Letter of 3 January, identity card seen"


@pytest.fixture
def office(application: Application, clock: FixedClock) -> Iterator[PostOffice]:
    clock.set(NOON)
    opened = open_office(application, Mailbox())
    yield opened
    opened.server.stop()


@pytest.fixture
def keeper(program: Callable[..., Program]) -> Program:
    return program("zofia", *WHOLE_FIRM, "records_manager")


def mail(keeper: Program, sender: str, *to: str, subject: str) -> str:
    letter = EmailMessage()
    letter["From"], letter["To"], letter["Subject"] = sender, ", ".join(to), subject
    letter.set_content("Dzień dobry")
    data = {"file": (io.BytesIO(bytes(letter)), f"{subject}.eml"), "title": subject}
    return str(keeper.post("/documents", data=data, content_type="multipart/form-data").json["id"])


@pytest.fixture
def anna(office: PostOffice) -> str:
    """Somebody of whom every kind of record tells, and a colleague of hers whom it must not tell of."""
    customer = office.customer()
    order = CreateContact(
        customer_id=customer, name="Anna <b>Nowak</b>", email="anna@wisla.example", birthday="1980-02-28"
    )
    anna = str(office.do(order, SYSTEM))
    piotr = office.do(CreateContact(customer_id=customer, name="Piotr Zima", email="piotr@wisla.example"), SYSTEM)
    office.do(WriteNote(customer_id=customer, contact_id=anna, text="Lubi żagle"), SYSTEM)
    office.do(WriteNote(customer_id=customer, contact_id=piotr, text="Gra w szachy"), SYSTEM)
    people = tuple(Participant(side="customer", contact_id=each) for each in (anna, piotr))
    call = Content(
        employee="ewa",
        method="phone",
        direction="outgoing",
        status="held",
        subject="Pompa",
        customer_id=customer,
        contact_id=anna,
        participants=people,
        held_from=NOON,
    )
    office.do(RegisterActivity(content=call))
    office.do(RecordConsent(contact_id=anna, purpose="newsletter", state="given", wording="May we write?"))
    office.queue(contact_id=anna, channel="email", subject="Do Anny", text="Witamy")
    office.queue(contact_id=piotr, channel="email", subject="Do Piotra", text="Witamy")
    office.send()
    return anna


def put_together(office: PostOffice, keeper: Program, contact: str, reason: str = ORDERED) -> zipfile.ZipFile:
    work = Worker(office.application.database.engine, office.application).drain
    work()  # what was filed is read
    ordered = keeper.post(f"/contacts/{contact}/access", json={"reason": reason})
    assert ordered.status_code == 202, ordered.json
    work()
    found = keeper.get(f"/exports/{ordered.json['export_id']}/content")
    assert (found.status_code, found.mimetype) == (200, "application/zip")
    return zipfile.ZipFile(io.BytesIO(found.data))


def test_sec_04_a_person_gets_all_that_is_held_about_them_and_nothing_of_others(
    office: PostOffice, keeper: Program, anna: str
) -> None:
    ours = mail(keeper, "Anna <anna@wisla.example>", "biuro@firma.example", subject="Prośba")
    shared = mail(keeper, "anna@wisla.example", "biuro@firma.example", "piotr@wisla.example", subject="Umowa")
    office.do(LinkDocument(document_id=shared, link=DocumentLink(kind="crm.contact", id=anna)), SYSTEM)

    file = put_together(office, keeper, anna)

    told: dict[str, Any] = json.loads(file.read("person.json"))
    parts = told["parts"]
    assert parts["Master data"][0]["birthday"] == "1980-02-28"
    assert [each["text"] for each in parts["Notes"]] == ["Lubi żagle"]
    assert [(each["subject"], each["others_who_took_part"]) for each in parts["Activities"]] == [
        ("Pompa", 1),
        ("Do Anny", 0),
    ]
    assert [(each["purpose"], each["wording"]) for each in parts["Consents"]] == [("newsletter", "May we write?")]
    assert [each["subject"] for each in parts["Messages"]] == ["Do Anny"]
    assert {"contact.created", "consent.recorded"} <= {each["type"] for each in parts["Who read and changed it"]}
    given = {each["title"]: each["path"] for each in told["documents"]}
    assert given["Prośba"] == f"documents/{ours}.eml"
    assert given["Umowa"] is None
    assert b"Prosba" in file.read(given["Prośba"]) or b"Subject:" in file.read(given["Prośba"])
    everything = "".join(file.read(each).decode(errors="replace") for each in ("index.html", "person.json"))
    assert "Gra w szachy" not in everything
    assert "Piotr Zima" not in everything
    assert "Do Piotra" not in everything


def test_sec_04_the_page_for_the_person_shows_what_was_typed_as_text(
    office: PostOffice, keeper: Program, anna: str
) -> None:
    page = put_together(office, keeper, anna).read("index.html").decode()

    assert "Anna &lt;b&gt;Nowak&lt;/b&gt;" in page
    assert "<b>Nowak" not in page
    assert "Lubi żagle" in page
    assert "None" not in page


def test_sec_04_who_put_it_together_why_and_who_fetched_it_stands_in_the_trail(
    office: PostOffice, keeper: Program, anna: str
) -> None:
    put_together(office, keeper, anna)

    with office.application.units.reading(AUDITOR) as view:
        found = {each.type: each for each in entries(view, limit=200).items}
    ordered, fetched = found["contact.access_ordered"], found["audit.data_given_out"]
    assert (ordered.actor, ordered.data["contact_id"], ordered.data["reason"]) == ("zofia", anna, ORDERED)
    assert (fetched.actor, fetched.data["what"], fetched.data["subject"]) == (
        "zofia",
        "person",
        ordered.data["export_id"],
    )


def test_sec_04_it_asks_for_a_right_and_a_reason(
    program: Callable[..., Program], office: PostOffice, keeper: Program, anna: str
) -> None:
    clerk = program("ewa", "sales_rep")
    assert clerk.post(f"/contacts/{anna}/access", json={"reason": ORDERED}).status_code == 403
    for reason in ("", "  ", "asked"):
        refused = keeper.post(f"/contacts/{anna}/access", json={"reason": reason})
        assert (refused.status_code, list(refused.json["details"]["fields"])) == (422, ["/reason"])
    assert keeper.post("/contacts/01HZZZZZZZZZZZZZZZZZZZZZZZ/access", json={"reason": ORDERED}).status_code == 404
    assert office.rows("SELECT count(*) FROM export_file") == [(0,)]


def test_sec_04_the_file_and_the_reason_go_when_the_person_is_erased(
    office: PostOffice, keeper: Program, anna: str
) -> None:
    ordered = keeper.post(f"/contacts/{anna}/access", json={"reason": ORDERED}).json["export_id"]
    Worker(office.application.database.engine, office.application).drain()

    office.do(ErasePersonalData(subject=f"contact:{anna}", reason="Asked for it too"), SYSTEM)

    assert keeper.get(f"/exports/{ordered}/content").status_code == 404
    with office.application.units.reading(AUDITOR) as view:
        found = next(each for each in entries(view, limit=200).items if each.type == "contact.access_ordered")
    assert found.data["reason"] is None


def test_sec_04_it_is_ordered_on_the_persons_page_by_who_may(
    app: Flask, add_account: Callable[..., str], office: PostOffice, anna: str
) -> None:
    add_account("zofia", "records_manager", password=PASSWORD)
    add_account("ewa", "sales_rep", password=PASSWORD)
    client, clerk = app.test_client(), app.test_client()
    log_in(client, name="zofia")
    log_in(clerk, name="ewa")
    token = {"csrf_token": form_token(client)}
    at = f"/contacts/{anna}/access"

    refused = client.post(at, data=token | {"reason": "<asked>"})
    listed = client.post(at, data=token | {"reason": ORDERED}, follow_redirects=True)

    assert refused.status_code == 422
    assert "Say why: who asked for it, when and how." in refused.text
    assert 'value="&lt;asked&gt;"' in refused.text
    assert "person-2026-02-28.zip" in listed.text
    assert "What we hold about them" not in clerk.get(f"/contacts/{anna}").text
