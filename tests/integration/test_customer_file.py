"""The customer file: everything that happened with a customer in one list by time, as far as the reader may see it."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from core.errors import Forbidden
from core.identity import SYSTEM, Actor
from crm.activities.content import Content
from crm.activities.models import ActivityRow
from crm.activities.registering import RegisterActivity
from crm.contacts import CreateContact
from crm.customer_file.entries import FileEntry, FileFilter, FilePage, customer_file
from crm.errors import WrongFields
from crm.models import OfferRow
from crm.notes import WriteNote
from crm.offer_content import Line
from crm.orders import EnterOrder
from crm.payments.importing import PostPayment
from crm.sales.issuing import InvoiceOrder
from crm.sales.models import InvoiceRow
from crm.satisfaction import RecordSatisfaction
from documents.filing import FileDocument
from documents.intake import receive
from documents.links import DocumentLink
from engine.instances import CancelInstance
from tests.offer_case import CREDIT, FINANCE, PDF, REP, OfferDesk, person
from tests.web import PASSWORD, Program, log_in
from webapp.accounts.roles import ROLE_PERMISSIONS
from webapp.bootstrap import Application
from webapp.customer_file import running_cases

CLERK = person("Kinga", "sales_rep")
WHOEVER = person("Iga", "finance_director", "sales_manager", "auditor")
METHODS = ("phone", "post", "meeting", "email", "enquiry")


@dataclass
class Filled:
    """A customer with one of everything."""

    desk: OfferDesk
    customer_id: str
    contact_id: str
    case_id: str

    def file(self, actor: Actor = WHOEVER, **wanted: Any) -> FilePage:
        paging = {name: wanted.pop(name) for name in ("after", "limit") if name in wanted}
        wanted["kinds"] = frozenset(wanted.get("kinds", ()))
        with self.desk.application.units.reading(actor) as view:
            return customer_file(view, self.customer_id, FileFilter(**wanted), **paging)

    def kinds(self, actor: Actor = WHOEVER, **wanted: Any) -> list[str]:
        return [each.kind for each in self.file(actor, **wanted).items]


@pytest.fixture
def filled(application: Application) -> Filled:
    desk = OfferDesk(application)
    customer_id = desk.make_customer()
    desk.make_customer(name="Inny")
    contact_id = desk.do(CreateContact(customer_id=customer_id, name="Ola Sowa"))
    other = desk.do(CreateContact(customer_id=customer_id, name="Piotr Lis"))
    now = application.clock.now()
    for age, method in enumerate(METHODS, 1):
        held = now - timedelta(days=age)
        content = Content(
            employee=REP.id,
            method=method,
            direction="incoming",
            status="held",
            subject=f"Sprawa {method}",
            customer_id=customer_id,
            contact_id=contact_id if method == "phone" else other,
            state="done",
            held_from=held,
        )
        desk.do(RegisterActivity(content=content))
    today = now.date()
    line = Line(quantity=Decimal(2), description="Pompa", unit_price=Decimal(100), vat_rate=Decimal(23))
    order = desk.do(
        EnterOrder(customer_id=customer_id, lines=(line,), ordered_on=today - timedelta(days=9), currency="PLN")
    )
    desk.do(InvoiceOrder(order_id=order), SYSTEM)
    desk.do(
        PostPayment(
            amount=Decimal(50),
            currency="PLN",
            booked_on=today - timedelta(days=8),
            reference="Zaliczka",
            customer_id=customer_id,
        ),
        SYSTEM,
    )
    desk.do(WriteNote(customer_id=customer_id, text="Woli kontakt rano"))
    desk.do(RecordSatisfaction(customer_id=customer_id, level=4, source="call"))
    started = desk.start(desk.make_offer("20", customer_id=customer_id))
    desk.prepare(started)
    return Filled(desk, customer_id, contact_id, started.id)


def test_cus_16_everything_that_happened_stands_in_one_list_by_time(filled: Filled) -> None:
    found = filled.file(limit=200).items

    assert {each.kind for each in found} >= {
        *("call", "letter", "meeting", "email", "purchase", "document", "case", "task"),
        *("contact", "offer", "invoice", "payment", "note", "satisfaction"),
    }
    assert [each.moment for each in found] == sorted((each.moment for each in found), reverse=True)
    assert len({(each.record, each.id) for each in found}) == len(found)


def test_cus_16_pages_of_any_length_have_every_entry_once(filled: Filled) -> None:
    whole = filled.file(limit=200).items

    for size in (1, 2, 3, 7):
        met: list[FileEntry] = []
        after = None
        while True:
            page = filled.file(limit=size, after=after)
            met += page.items
            after = page.next
            if after is None:
                break

        assert met == whole


@pytest.mark.parametrize(
    ("kind", "titles"),
    [
        ("call", ["Sprawa phone"]),
        ("letter", ["Sprawa post"]),
        ("meeting", ["Sprawa meeting"]),
        ("email", ["Sprawa email"]),
        ("contact", ["Sprawa enquiry"]),
    ],
)
def test_cus_17_each_kind_of_contact_is_found_alone(filled: Filled, kind: str, titles: list[str]) -> None:
    assert [each.title for each in filled.file(kinds=[kind]).items] == titles


def test_cus_17_purchases_name_what_was_bought(filled: Filled) -> None:
    (bought,) = filled.file(kinds=["purchase"]).items

    assert (bought.detail, bought.amount) == ("Pompa", Decimal("246.00"))


def test_cus_16_kinds_time_and_person_narrow_the_list(filled: Filled) -> None:
    now = filled.desk.application.clock.now()
    days = {"since": now - timedelta(days=3, hours=1), "until": now - timedelta(hours=23)}

    assert filled.kinds(**days) == ["call", "letter", "meeting"]
    assert filled.kinds(contact_id=filled.contact_id) == ["call"]
    assert set(filled.kinds(employee=CREDIT.id)) == set()
    assert filled.kinds(kinds=["letter", "email"]) == ["letter", "email"]


def test_cus_12_who_may_not_see_money_gets_no_invoices_and_payments(filled: Filled) -> None:
    blind = Actor(id="ola", name="Ola", permissions=frozenset({"customer.read", "case.read_all"}))

    assert not {"invoice", "payment"} & set(filled.kinds(blind, limit=200))
    assert {"invoice", "payment"} <= set(filled.kinds(FINANCE, limit=200))


def test_cus_16_what_is_private_stands_in_the_list_of_who_takes_part(filled: Filled) -> None:
    values = {"employee": REP.id, "method": "phone", "direction": "outgoing", "status": "held", "state": "done"}
    held = filled.desk.application.clock.now() - timedelta(hours=1)
    private = Content(
        **values,
        subject="Osobiste",
        customer_id=filled.customer_id,
        contact_id=filled.contact_id,
        held_from=held,
        is_private=True,
    )
    filled.desk.do(RegisterActivity(content=private))

    assert "Osobiste" in [each.title for each in filled.file(REP, limit=200).items]
    assert "Osobiste" not in [each.title for each in filled.file(limit=200).items]


def test_cus_41_cases_tasks_and_documents_show_to_those_who_see_the_case(filled: Filled) -> None:
    assert {"case", "task", "document"} <= set(filled.kinds(REP, limit=200))
    assert not {"case", "task", "document"} & set(filled.kinds(CLERK, limit=200))


@pytest.mark.parametrize("role", sorted(ROLE_PERMISSIONS))
def test_cus_41_every_role_sees_the_same_history_within_its_rights(filled: Filled, role: str) -> None:
    reader = person("Rola", role)
    if not reader.may("customer.read"):
        with pytest.raises(Forbidden):
            filled.file(reader, limit=200)
        return

    seen, whole = filled.file(reader, limit=200).items, filled.file(limit=200).items

    hidden = {each.kind for each in whole} - {each.kind for each in seen}
    assert hidden <= {"invoice", "payment", "case", "task", "document"}
    assert ("invoice" in hidden) == (not reader.may("customer.finance"))
    assert [each for each in whole if each.kind not in hidden] == seen


def test_cus_05_a_document_of_a_task_shows_once_with_its_origin(filled: Filled) -> None:
    found = [each for each in filled.file(REP, kinds=["document"]).items if each.title == "Zapytanie"]

    assert [each.detail for each in found] == ["task"]


def test_cus_05_a_document_of_any_record_shows_once_with_its_origin(
    filled: Filled, app: Flask, add_account: Callable[..., str]
) -> None:
    desk = filled.desk
    with desk.application.units.reading(SYSTEM) as view:
        key = {
            "crm.invoice": view.session.scalars(select(InvoiceRow.id)).one(),
            "crm.offer": view.session.scalars(select(OfferRow.id)).one(),
            "crm.activity": view.session.scalars(select(ActivityRow.id).where(ActivityRow.method == "post")).one(),
        }
    customer = DocumentLink(kind="crm.customer", id=filled.customer_id)
    links = {kind: (DocumentLink(kind=kind, id=id_),) for kind, id_ in key.items()}
    links["crm.customer"] = (customer,)
    links["crm.offer"] += (customer,)  # filed with both, shown once
    for kind, wanted in links.items():
        file(desk, f"Pismo {kind}", wanted)

    found = [each for each in filled.file(REP, kinds=["document"]).items if each.title != "Zapytanie"]
    origins = {each.title: each.detail for each in found if each.title.startswith("Pismo")}
    add_account("ewa", "sales_rep", password=PASSWORD)
    browser = app.test_client()
    log_in(browser, name="ewa")
    panel = browser.get(f"/customers/{filled.customer_id}").text.split('aria-label="Documents"')[1]

    assert origins == {f"Pismo {kind}": kind for kind in links}
    for title in (*origins, "Zapytanie"):
        assert panel.count(f">{title}<") == 1
    assert "filed with a task" in panel
    assert "filed with an activity" in panel


def file(desk: OfferDesk, title: str, links: tuple[DocumentLink, ...]) -> None:
    here = desk.application
    blob = receive(io.BytesIO(PDF), announced=None, limit=1 << 20, store=here.blobs, announce=here.staging.announce)
    desk.do(FileDocument(title=title, blob=blob, file_name="a.pdf", links=links))


def test_cus_13_the_stage_follows_the_case(filled: Filled) -> None:
    with filled.desk.application.units.reading(REP) as view:
        (running,) = running_cases(view, filled.customer_id)
    filled.desk.do(CancelInstance(instance_id=filled.case_id, reason="Rezygnacja"), SYSTEM)
    with filled.desk.application.units.reading(REP) as view:
        after = running_cases(view, filled.customer_id)

    assert running.stage in running.stages
    assert ("is-now" in dict(running.marks).values(), after) == (True, [])


def test_cus_13_two_cases_of_a_customer_show_two_stages(filled: Filled) -> None:
    filled.desk.start(filled.desk.make_offer(customer_id=filled.customer_id))

    with filled.desk.application.units.reading(REP) as view:
        running = running_cases(view, filled.customer_id)

    assert len({each.id for each in running}) == 2
    assert all(each.stage in each.stages for each in running)


def test_the_file_of_strangers_and_broken_addresses_is_refused(filled: Filled) -> None:
    with pytest.raises(Forbidden):
        filled.file(Actor(id="x", name="X"))
    for wrong in ({"after": "gestern"}, {"after": "2026-01-01~a~b"}, {"kinds": ["dreams"]}):
        with pytest.raises(WrongFields):
            filled.file(**wrong)


def test_cus_16_the_file_is_read_by_programs(filled: Filled, program: Callable[..., Program]) -> None:
    client = program("anna", "sales_manager")

    found = client.get(f"/customers/{filled.customer_id}/file?kinds=call,meeting&limit=1").get_json()
    stages = client.get(f"/customers/{filled.customer_id}/stages")
    wrong = client.get(f"/customers/{filled.customer_id}/file?kinds=dreams")

    assert [each["kind"] for each in found["items"]] == ["call"]
    assert found["next"]
    assert (stages.status_code, wrong.status_code) == (200, 422)
