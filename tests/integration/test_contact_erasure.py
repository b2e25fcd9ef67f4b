"""A person at a customer is erased: in the record, its notes, the search and the trail, and the chains still verify."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from email.message import EmailMessage

import pytest
from flask import Flask
from sqlalchemy import select, text

from audit.erasing import ErasePersonalData, ErasureRefused
from audit.queries import entries
from audit.verify import check_chains
from core.errors import Forbidden
from core.identity import SYSTEM
from crm.contacts import CreateContact, UpdateContact
from crm.customers import CreateCustomer
from crm.erasing import remains
from crm.imports.arranging import import_row, one_import
from crm.imports.batches import ArrangeImport, DraftImport, StartImport
from crm.imports.exporting import OrderExport, export_content
from crm.imports.models import ExportRow
from crm.imports.working import head_of, look_at
from crm.notes import WriteNote
from crm.outbox.models import MessageRow
from crm.outbox.queueing import QueueMessage
from crm.people import person
from crm.profiles import Profile
from documents.links import DocumentLink, LinkDocument
from documents.records.holds import LiftHold, PlaceHold
from storage.jobs.worker import Worker
from storage.models import BlobRow
from tests.offer_case import AUDITOR, REP
from tests.web import PASSWORD, WHOLE_FIRM, Program, form_token, log_in
from webapp.bootstrap import Application

ORDERED = "Wniosek z 3 stycznia"


@pytest.fixture
def ola(application: Application) -> str:
    run = application.executor.execute
    customer = run(CreateCustomer(profile=Profile(name="Młyn", country="PL")), actor=SYSTEM).id
    key: str = run(CreateContact(customer_id=customer, name="Ola Sowa", email="ola@mlyn.pl"), actor=SYSTEM)
    run(UpdateContact(contact_id=key, changes={"job_title": "Prezes"}), actor=SYSTEM)
    run(WriteNote(customer_id=customer, contact_id=key, text="Lubi żagle"), actor=SYSTEM)
    return key


def test_sec_04_an_erased_person_is_nowhere_and_the_chains_verify(application: Application, ola: str) -> None:
    application.executor.execute(ErasePersonalData(subject=f"contact:{ola}", reason=ORDERED), actor=SYSTEM)

    with application.units.reading(AUDITOR) as view:
        told = str([each.data for each in entries(view, limit=200).items])
        broken = list(check_chains(view))
    with application.units.reading(REP) as view:
        found = person(view, ola)
    assert (found.name, found.email, found.job_title, found.is_active) == ("Erased person", None, None, False)
    assert "Ola Sowa" not in told
    assert "Prezes" not in told
    assert ORDERED in told
    assert broken == []


def test_sec_04_no_table_keeps_who_an_erased_person_was(application: Application, ola: str) -> None:
    run = application.executor.execute
    with application.units.reading(REP) as view:
        customer = person(view, ola).customer_id
    waiting = run(
        QueueMessage(
            customer_id=customer, contact_id=ola, channel="email", subject="Do pani Oli Sowy", text="Dzień dobry"
        ),
        actor=SYSTEM,
    )
    before = keeping(application, "ola@mlyn.pl", "Ola Sowa", "Oli Sowy")

    run(ErasePersonalData(subject=f"contact:{ola}", reason=ORDERED), actor=SYSTEM)

    with application.units.reading(SYSTEM) as view:
        row = view.session.get_one(MessageRow, waiting)
        broken = list(check_chains(view))
    assert {"audit_personal", "contact", "outbox_message", "search_entry"} <= before
    assert keeping(application, "ola@mlyn.pl", "Ola Sowa", "Oli Sowy") == set()
    assert row.state == "cancelled"
    assert broken == []


@pytest.mark.parametrize("kind", ["crm.customer", "crm.contact"])
def test_sec_04_a_legal_hold_on_the_customer_keeps_its_people(application: Application, ola: str, kind: str) -> None:
    run = application.executor.execute
    with application.units.reading(REP) as view:
        customer = person(view, ola).customer_id
    target = customer if kind == "crm.customer" else ola
    hold = run(PlaceHold(name="Spór z Młynem", kind=kind, target=target, reason="Pozew"), actor=SYSTEM)
    erase = ErasePersonalData(subject=f"contact:{ola}", reason=ORDERED)

    with pytest.raises(ErasureRefused, match="Spór z Młynem"):
        run(erase, actor=SYSTEM)
    run(LiftHold(hold_id=hold, reason="Ugoda"), actor=SYSTEM)
    run(erase, actor=SYSTEM)

    with application.units.reading(REP) as view:
        assert person(view, ola).name == "Erased person"


def keeping(application: Application, *texts: str) -> set[str]:
    """The tables in which some row has one of the texts, written as text or as bytes."""
    wanted = [f"%{form}%" for each in texts for form in (each, each.encode().hex())]
    with application.database.engine.connect() as connection:
        names = connection.execute(text("SELECT relname FROM pg_stat_user_tables WHERE schemaname = current_schema()"))
        return {
            name
            for name in names.scalars().all()
            if connection.scalar(
                text(f'SELECT EXISTS (SELECT FROM "{name}" AS r WHERE r::text ILIKE ANY (:wanted))'),
                {"wanted": wanted},
            )
        }


PEOPLE = "Name,Firm,E-mail\nOla Sowa,Młyn,ola@mlyn.pl\nJan Lis,Młyn,jan@mlyn.pl\n,,ola@mlyn.pl\n"


def brought_in(application: Application) -> str:
    """A file with the person is brought in; one of its rows is refused and names them."""
    run, content = application.executor.execute, PEOPLE.encode()
    blob = application.blobs.put(io.BytesIO(content), announce=application.staging.announce)
    looked = look_at(io.BytesIO(content), "contacts", ())
    draft = DraftImport(
        kind="contacts", blob=blob, file_name="Ludzie.csv", arrangement=looked.arrangement, total=looked.total
    )
    made: str = run(draft, actor=SYSTEM)
    columns = {"columns": ["name", "customer", "email"]}
    run(ArrangeImport(import_id=made, changes=columns), actor=SYSTEM)
    run(StartImport(import_id=made), actor=SYSTEM)
    return made


def claimed(application: Application, content: bytes) -> bool:
    digest = hashlib.sha256(content).hexdigest()
    with application.units.reading(SYSTEM) as view:
        return view.session.get(BlobRow, digest) is not None


def test_sec_04_files_of_imports_and_exports_go_with_the_person(application: Application, ola: str) -> None:
    run, work = application.executor.execute, Worker(application.database.engine, application).drain
    made = brought_in(application)
    order = run(OrderExport(kind="contacts", format="csv"), actor=SYSTEM)
    work()
    waiting = run(OrderExport(kind="contacts", format="csv"), actor=SYSTEM)
    with application.units.reading(SYSTEM) as view:
        digest = export_content(view, order)[1]
    with application.units.reading(SYSTEM) as view:
        before = remains(view, ola)
        assert one_import(view, made).state == "finished"
    assert claimed(application, PEOPLE.encode())

    run(ErasePersonalData(subject=f"contact:{ola}", reason=ORDERED), actor=SYSTEM)
    work()

    assert [(each.file_name, each.goes) for each in before.imports] == [("Ludzie.csv", True)]
    assert before.exports == 1
    assert not claimed(application, PEOPLE.encode())
    with application.units.reading(SYSTEM) as view:
        assert view.session.get(BlobRow, digest) is None
        states = {each.id: (each.state, each.digest) for each in view.session.scalars(select(ExportRow))}
        row = import_row(view, made)
        after = remains(view, ola)
        broken = list(check_chains(view))
        (told,) = [each for each in entries(view, limit=500).items if each.type == "contact.erased"]
    assert states == {order: ("expired", None), waiting: ("refused", None)}
    assert (after.imports, after.exports) == ([], 0)
    assert "Ola Sowa" not in str(head_of(application.blobs, row))
    assert (told.data["imports"], told.data["exports"]) == ([made], 1)
    assert keeping(application, "ola@mlyn.pl", "Ola Sowa") == set()
    assert broken == []


def test_sec_04_documents_that_name_the_person_are_listed_before_and_after(
    application: Application, app: Flask, add_account: Callable[..., str], program: Callable[..., Program], ola: str
) -> None:
    add_account("root", *WHOLE_FIRM, password=PASSWORD)
    client = app.test_client()
    log_in(client, name="root")
    letter = EmailMessage()
    letter["From"], letter["To"], letter["Subject"] = "Ola Sowa <Ola@mlyn.pl>", "biuro@example.org", "Pytanie o pompy"
    letter.set_content("Proszę o ofertę.")
    clerk = program("jan", "sales_rep")
    filed = [
        clerk.post("/documents", data={"file": (io.BytesIO(letter.as_bytes()), "mail.eml")}),
        clerk.post("/documents", data={"file": (io.BytesIO(b"x"), "Pełnomocnictwo.txt")}),
        clerk.post("/documents", data={"file": (io.BytesIO(b"y"), "Cennik.txt")}),
    ]
    mail, mandate, _ = (each.json["id"] for each in filed)
    link = DocumentLink(kind="crm.contact", id=ola)
    application.executor.execute(LinkDocument(document_id=mandate, link=link), actor=SYSTEM)
    Worker(application.database.engine, application).drain()

    before = client.get(f"/contacts/{ola}/erasure").text
    client.post(f"/contacts/{ola}/erase", data={"csrf_token": form_token(client), "reason": ORDERED})
    after = client.get(f"/contacts/{ola}/erasure").text

    for page in (before, after):
        assert f"/documents/{mail}" in page
        assert "Pełnomocnictwo" in page
        assert "Cennik" not in page
    assert "What is left of this person" in after
    assert "Ola Sowa" not in after
    with application.units.reading(SYSTEM) as view:
        (told,) = [each for each in entries(view, limit=500).items if each.type == "contact.erased"]
    assert sorted(told.data["documents"]) == sorted([mail, mandate])
    assert clerk.get(f"/contacts/{ola}/erasure").json["documents"] == []
    other = app.test_client()
    add_account("kasia", "sales_rep", password=PASSWORD)
    log_in(other, name="kasia")
    assert other.get(f"/contacts/{ola}/erasure").status_code == 403


def test_sec_04_erasing_asks_for_a_right_and_a_reason(
    application: Application, app: Flask, add_account: Callable[..., str], ola: str
) -> None:
    add_account("kazik", "records_manager", password=PASSWORD)
    client = app.test_client()
    log_in(client, name="kazik")
    form = {"csrf_token": form_token(client)}

    before = client.get(f"/contacts/{ola}").text
    refused = client.post(f"/contacts/{ola}/erase", data=form | {"reason": " "})
    done = client.post(f"/contacts/{ola}/erase", data=form | {"reason": ORDERED})
    after = client.get(f"/contacts/{ola}").text

    assert "Erase this person" in before
    assert (refused.status_code, done.status_code) == (422, 302)
    assert "Say why the data are erased" in refused.text
    assert "Ola Sowa" not in after
    assert "Ola Sowa" not in client.get("/search?q=sowa").text
    with pytest.raises(Forbidden):
        application.executor.execute(ErasePersonalData(subject=f"contact:{ola}", reason=ORDERED), actor=REP)


def test_cus_07_an_empty_note_and_a_wrong_level_come_back_on_the_page(
    application: Application, app: Flask, add_account: Callable[..., str], ola: str
) -> None:
    add_account("root", *WHOLE_FIRM, password=PASSWORD)
    client = app.test_client()
    log_in(client, name="root")
    with application.units.reading(REP) as view:
        customer = person(view, ola).customer_id
    form = {"csrf_token": form_token(client)}

    note = client.post(f"/customers/{customer}/notes", data=form | {"text": "x" * 20_001})
    level = client.post(f"/customers/{customer}/satisfaction", data=form | {"level": "9"})

    assert (note.status_code, level.status_code) == (422, 422)
    assert "longer than 20000" in note.text
    assert "from 1" in level.text
