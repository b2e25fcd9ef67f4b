"""Letters tell of every kind of record, and are written in the customer's language."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from audit.log import LogFilter, look
from audit.sequencer import sequence
from core.identity import SYSTEM
from crm.contacts import CreateContact
from crm.customers import CreateCustomer
from crm.errors import WrongFields
from crm.offer_content import Line
from crm.orders import EnterOrder
from crm.outbox.errors import TextNotFound
from crm.outbox.queueing import About, QueueMessage
from crm.outbox.texts import WriteText
from crm.profiles import Profile
from crm.sales.issuing import InvoiceOrder
from documents.packages.models import DocumentSourceRow
from documents.templates.mailing import write_batch
from tests.integration.test_templates import adopt, content_of, start, text_of, work
from tests.template_samples import letter
from tests.web import PASSWORD, Program, log_in
from webapp.bootstrap import Application

Make = Callable[..., Program]
LINES = (Line(quantity=Decimal(2), description="Pompa", unit_price=Decimal("1234.50"), vat_rate=Decimal(23)),)


@pytest.fixture
def manager(program: Make) -> Program:
    return program("manager", "sales_manager", "finance_director")


def customer(application: Application, name: str, country: str) -> str:
    made: str = application.executor.execute(
        CreateCustomer(profile=Profile(name=name, country=country)), actor=SYSTEM
    ).id
    return made


def test_dms_11_templates_tell_of_every_kind_of_record(application: Application, manager: Program) -> None:
    do, today = application.executor.execute, application.clock.now().date()
    mill = customer(application, "Młyn", "PL")
    order = do(EnterOrder(customer_id=mill, lines=LINES, ordered_on=today, currency="PLN"), actor=SYSTEM)
    invoice = do(InvoiceOrder(order_id=order), actor=SYSTEM).id
    contact = do(CreateContact(customer_id=mill, name="Jan Kos", job_title="Prezes"), actor=SYSTEM)
    document = adopt(manager, letter("{{ today }}"), title="Pismo").json["id"]
    whose = "of {{ customer.name }}"
    wanted = {
        "crm.contact": (
            contact,
            f"{{{{ contact.name }}}} {{{{ contact.job_title }}}} {whose}",
            "Jan Kos Prezes of Młyn",
        ),
        "crm.order": (order, f"{{{{ order.lines[0].description }}}} {whose}", "Pompa of Młyn"),
        "crm.invoice": (invoice, f"{{{{ invoice.gross|money(invoice.currency) }}}} {whose}", "3 036,87 PLN of Młyn"),
        "document": (document, "{{ document.title }}, version {{ document.version }}", "Pismo, version 1"),
    }

    for kind, (record, words, expected) in wanted.items():
        template = adopt(manager, letter(words), kind=kind)
        assert template.status_code == 201, (kind, template.text)
        shown = manager.get(f"/templates/{template.json['id']}/preview?record={record}")
        assert shown.status_code == 200, (kind, shown.text)
        assert expected in text_of(shown.data)[0].replace("\xa0", " "), kind
        filed = manager.post(f"/templates/{template.json['id']}/documents", json={"record": record})
        assert filed.status_code == 201, (kind, filed.text)


def test_dms_11_a_customer_gets_the_letter_in_their_language_and_the_document_names_that_version(
    application: Application, manager: Program
) -> None:
    first = adopt(manager, letter("Szanowni Państwo, {{ today|date('long') }}"), language="pl").json["id"]
    english = {"variant_of": first, "language": "en", "title": "Reminder"}
    variant = adopt(manager, letter("Dear Sirs"), **english).json["id"]
    adopt(manager, letter("Dear Sir or Madam, {{ today|date('long') }}"), f"/templates/{variant}/versions")
    texts, sources = {}, {}

    for country in ("PL", "GB", "DE"):
        record = customer(application, f"Firm {country}", country)
        made = manager.post(f"/templates/{first}/documents", json={"record": record}).json["id"]
        texts[country] = text_of(content_of(manager, made))[0]
        with application.units.reading(SYSTEM) as view:
            wanted = select(DocumentSourceRow).where(DocumentSourceRow.document_id == made)
            sources[country] = [(each.source_id, each.source_n) for each in view.session.scalars(wanted)]

    assert "Dear Sir or Madam" in texts["GB"]
    assert "January" in texts["GB"]
    assert all("Szanowni Państwo" in texts[each] and "stycznia" in texts[each] for each in ("PL", "DE"))
    assert sources == {"PL": [(first, 1)], "GB": [(variant, 2)], "DE": [(first, 1)]}


def test_dms_11_letters_to_many_are_in_the_language_of_each_and_keep_to_the_versions_of_their_beginning(
    application: Application, manager: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("documents.templates.mailing.BATCH", 2)
    first = adopt(manager, letter("Szanowni Państwo {{ customer.name }}, {{ today|date('long') }}"), language="pl")
    first = first.json["id"]
    english = {"variant_of": first, "language": "en", "title": "Reminder"}
    variant = adopt(manager, letter("Dear Sirs of {{ customer.name }}, {{ today|date('long') }}"), **english).json["id"]
    customers = [customer(application, f"Firma {country}", country) for country in ("PL", "GB", "DE", "IE", "RO")]

    started = start(manager, first, ids=customers).json["id"]
    write_batch(application, started)
    adopt(manager, letter("Dear all"), f"/templates/{variant}/versions")
    romanian = {"variant_of": first, "language": "ro", "title": "Somație"}
    adopt(manager, letter("Stimate domn"), **romanian)
    work(application)

    assert manager.get(f"/merges/{started}").json["done"] == 5
    made = [each["document_id"] for each in manager.get(f"/merges/{started}/letters").json["items"]]
    texts = [" ".join(text_of(content_of(manager, each))) for each in made]
    with application.units.reading(SYSTEM) as view:
        rows = view.session.scalars(select(DocumentSourceRow).where(DocumentSourceRow.document_id.in_(made)))
        sources = {each.document_id: (each.source_id, each.source_n) for each in rows}
    begins = {"PL": "Szanowni", "GB": "Dear Sirs of", "DE": "Szanowni", "IE": "Dear Sirs of", "RO": "Szanowni"}
    for words, (country, begin) in zip(texts, begins.items(), strict=True):
        assert f"{begin} " in words
        assert f"Firma {country}" in words
        assert ("January" if begin != "Szanowni" else "stycznia") in words
    assert [sources[each] for each in made] == [(first, 1), (variant, 1), (first, 1), (variant, 1), (first, 1)]
    pages = text_of(content_of(manager, manager.get(f"/merges/{started}").json["combined_id"]))
    assert [f"Firma {country}" in page for country, page in zip(begins, pages, strict=True)] == [True] * 5
    sequence(application.database.engine)
    with application.units.reading(SYSTEM) as view:
        (entry,) = look(view, LogFilter(stream=f"merge:{started}", kind="merge.started")).items
    assert entry.data["variants"] == {"en": {"id": variant, "n": 1}}


def test_dms_11_a_variant_that_would_leave_two_for_one_language_is_refused(manager: Program) -> None:
    first = adopt(manager, language="pl").json["id"]
    english = adopt(manager, letter("Dear Sirs"), variant_of=first, language="en")
    assert english.status_code == 201

    second = adopt(manager, letter("Dear all"), variant_of=first, language="en")
    same = adopt(manager, letter("Witam"), variant_of=first, language="pl")
    of_variant = adopt(manager, letter("Buna"), variant_of=english.json["id"], language="ro")
    unknown = adopt(manager, letter("Hi"), language="xx")

    assert [each.status_code for each in (second, same, of_variant, unknown)] == [422] * 4
    assert "already" in second.json["detail"]
    assert len(manager.get("/templates").json["items"]) == 2


def test_dms_11_a_template_is_looked_at_with_a_real_record_before_it_is_used(
    application: Application, manager: Program, app: Flask, add_account: Callable[..., str]
) -> None:
    add_account("anna", "sales_manager", password=PASSWORD)
    first = adopt(manager, letter("Dobrego dnia, {{ customer.name }}"), language="pl").json["id"]
    adopt(manager, letter("Good day, {{ customer.name }}"), variant_of=first, language="en", title="Greeting")
    mill = customer(application, "The Mill", "GB")
    browser = app.test_client()
    log_in(browser)
    before = len(browser.get("/api/v1/documents").json["items"])

    page = browser.get(f"/templates/{first}?record={mill}").text
    shown = browser.get(f"/templates/{first}/preview?record={mill}")
    missing = browser.get(f"/templates/{first}?record=404")

    assert f"/templates/{first}/preview?record={mill}" in page
    assert "English: Greeting, version 1" in page
    assert "Good day, The Mill" in text_of(shown.data)[0]
    assert len(browser.get("/api/v1/documents").json["items"]) == before
    assert (missing.status_code, "There is no customer 404" in missing.text) == (200, True)


def write(application: Application, language: str = "", **words: Any) -> int:
    usual = {"title": "Reminder", "subject": "Faktura {invoice.number}", "text": "Do zapłaty {invoice.balance}"}
    made: int = application.executor.execute(WriteText(key="remind", language=language, **usual | words), actor=SYSTEM)
    return made


def test_dms_11_texts_of_mails_follow_the_language_of_the_customer_and_the_trail_names_the_version(
    application: Application, manager: Program
) -> None:
    do, today = application.executor.execute, application.clock.now().date()
    write(application)
    write(application, "en", subject="Invoice {invoice.number}", text="draft")
    write(application, "en", subject="Invoice {invoice.number}", text="To pay: {invoice.balance} {invoice.currency}")
    shown, told = {}, {}

    for country in ("GB", "PL", "DE"):
        firm = customer(application, f"Firm {country}", country)
        order = do(EnterOrder(customer_id=firm, lines=LINES, ordered_on=today, currency="PLN"), actor=SYSTEM)
        invoice = do(InvoiceOrder(order_id=order), actor=SYSTEM).id
        about = f"crm.invoice:{invoice}"
        answer = manager.get(f"/outbox/texts/remind/preview?customer={firm}&about={about}")
        assert answer.status_code == 200, answer.text
        shown[country] = (answer.json["text"], answer.json["language"], answer.json["version"])
        sent = QueueMessage(
            customer_id=firm,
            channel="email",
            recipient="office@firm.example",
            template="remind",
            about=About(entity="crm.invoice", id=invoice),
        )
        message = do(sent, actor=SYSTEM)
        sequence(application.database.engine)
        with application.units.reading(SYSTEM) as view:
            (entry,) = look(view, LogFilter(stream=f"message:{message}", kind="message.queued")).items
        told[country] = (entry.data["template"], entry.data["template_language"], entry.data["template_version"])

    polish = ("Do zapłaty 3036.87", "", 1)
    assert shown == {"GB": ("To pay: 3036.87 PLN", "en", 2), "PL": polish, "DE": polish}
    assert told == {"GB": ("remind", "en", 2), "PL": ("remind", "", 1), "DE": ("remind", "", 1)}
    kept = manager.get("/outbox/texts/remind/versions?language=en").json
    assert [(each["language"], each["n"], each["text"]) for each in kept] == [
        ("en", 2, "To pay: {invoice.balance} {invoice.currency}"),
        ("en", 1, "draft"),
    ]
    at = "/outbox/texts/remind/versions?language=en&limit=1"
    assert [each["n"] for each in manager.get(at).json] == [2]
    assert [each["n"] for each in manager.get(f"{at}&before=2").json] == [1]
    assert [each["language"] for each in manager.get("/outbox/texts/remind/versions").json] == [""]
    write(application, is_active=False)
    with pytest.raises(TextNotFound):
        do(replace(sent, customer_id=customer(application, "Firm IE", "GB")), actor=SYSTEM)


def test_dms_11_a_variant_needs_its_text_and_a_language_that_we_write(application: Application, program: Make) -> None:
    with pytest.raises(TextNotFound):
        write(application, "en")
    write(application)
    with pytest.raises(WrongFields, match="en, pl, ro, ru"):
        write(application, "xx")

    nobody = program("max", "worker").get("/outbox/texts/remind/preview")
    unknown = program("ewa", "sales_rep").get(f"/outbox/texts/offer/preview?about=crm.offer:{'0' * 26}")

    assert (nobody.status_code, unknown.status_code) == (403, 404)
