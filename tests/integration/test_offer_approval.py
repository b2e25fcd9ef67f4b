"""The main job without HTTP: an offer goes through its approval, and everything that happened can be shown."""

from __future__ import annotations

import hashlib
import io
import zipfile
from pathlib import Path

import pytest
from pypdf import PdfReader

from audit.queries import trail
from core.errors import DomainError
from core.identity import SYSTEM
from crm.errors import OfferFrozen
from crm.northwind import ImportNorthwind, northwind, read_northwind
from crm.offers import UpdateOffer
from crm.queries import customer
from crm.reorders import OfferFromOrder
from documents.queries import linked_documents
from engine.errors import DocumentsMissing, FormRefused, FourEyes, TaskNotFound
from engine.instances import StartInstance
from tests.offer_case import (
    AUDITOR,
    BOARD,
    CREDIT,
    DIRECTOR,
    FINANCE,
    LEGAL,
    MANAGER,
    PDF,
    REP,
    OfferDesk,
    make_line,
    person,
)
from webapp.bootstrap import Application

NORTHWIND = Path(__file__).parents[2].parent / "shared/data/northwind/northwind.sqlite"


@pytest.fixture
def desk(application: Application) -> OfferDesk:
    return OfferDesk(application)


def read(desk: OfferDesk, digest: str) -> bytes:
    with desk.application.blobs.open(digest) as stored:
        return stored.read()


@pytest.mark.skipif(not NORTHWIND.exists(), reason=f"the Northwind sample is not there: {NORTHWIND}")
def test_a_real_order_becomes_an_approved_offer_with_a_sheet_and_a_trail(desk: OfferDesk) -> None:
    tables = read_northwind(NORTHWIND)
    order = next(row for row in tables["orders"] if row["key"] == 10250)
    buyer = [row for row in tables["customers"] if row["key"] == order["customer"]]
    for kind, rows in (("customers", buyer), ("products", tables["products"]), ("orders", [order])):
        desk.do(ImportNorthwind(kind=kind, rows=tuple(rows), mapping=northwind()), SYSTEM)
    made = desk.do(OfferFromOrder(order="northwind:order:10250"))

    started = desk.start(made.id)
    prepared = desk.prepare(started, note="Stały klient")
    done = desk.decide(prepared, MANAGER, remark="w porządku")

    assert done.state == "completed"
    assert desk.instance(started.id).outcome == "approved"
    found = desk.offer(made.id)
    assert found.state == "approved"
    assert [(each.actor_name, each.decision, each.digest) for each in found.decisions] == [
        ("Jan Test", "approve", found.digest)
    ]
    with desk.application.units.reading(AUDITOR) as view:
        sheets = [each for each in linked_documents(view, "case", started.id) if each.type == "approval_sheet"]
        told = trail(view, started.id).items
        assert customer(view, found.customer_id).profile.name == "Hanari Carnes"
    assert [each.media_type for each in sheets] == [
        "application/pdf",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ]
    text = " ".join(page.extract_text() for page in PdfReader(io.BytesIO(read(desk, sheets[0].digest))).pages)
    for expected in ("Hanari Carnes", "Jan Test", "D-O1.1", "sales manager", "Zapytanie", found.number, found.digest):
        assert expected in text
    word = zipfile.ZipFile(io.BytesIO(read(desk, sheets[1].digest))).read("word/document.xml").decode()
    assert "Jan Test" in word
    assert found.digest in word
    types = [entry.type for entry in told]
    assert [each for each in types if each in {"task.completed", "offer.frozen", "offer.decided", "offer.locked"}] == [
        "task.completed",
        "offer.frozen",
        "task.completed",
        "offer.decided",
        "offer.locked",
    ]


def test_the_task_cannot_be_completed_without_the_customer_s_request(desk: OfferDesk) -> None:
    started = desk.start(desk.make_offer())

    with pytest.raises(DocumentsMissing, match="customer_request"):
        desk.complete(started.tasks[0].id, REP, payment_days=14)


def test_an_offer_within_all_limits_is_approved_at_once(desk: OfferDesk) -> None:
    made = desk.make_offer("10")

    done = desk.prepare(desk.start(made))

    assert done.state == "completed"
    assert desk.offer(made).state == "approved"
    assert desk.offer(made).decisions == []


@pytest.mark.parametrize(
    ("discount", "asked"), [("10.01", MANAGER), ("20", MANAGER), ("20.01", DIRECTOR)], ids=["10.01", "20", "20.01"]
)
def test_the_discount_decides_who_is_asked(desk: OfferDesk, discount: str, asked: object) -> None:
    prepared = desk.prepare(desk.start(desk.make_offer(discount)))

    asking = [actor for actor in (MANAGER, DIRECTOR, FINANCE, BOARD) if desk.inbox(actor)]

    assert len(prepared.tasks) == 1
    assert asking == [asked]


def test_the_approver_sees_form_lines_customer_and_document(desk: OfferDesk) -> None:
    desk.prepare(desk.start(desk.make_offer("15")))

    (own,) = desk.inbox(MANAGER)
    found = desk.task(own.id, MANAGER)

    assert found.form is not None
    assert found.data["offer"]["customer"] == "Żuraw"
    assert [line["description"] for line in found.data["lines"]] == ["Pompa"]
    assert found.data["approver"]["reasons"] == "discount"
    assert [(need.type, need.attached) for need in found.shown_documents] == [("customer_request", 1)]


def test_an_offer_in_approval_cannot_be_edited(desk: OfferDesk) -> None:
    made = desk.make_offer("15")
    desk.prepare(desk.start(made))

    with pytest.raises(OfferFrozen):
        desk.do(UpdateOffer(offer_id=made, lines=()))


def test_terms_that_were_changed_in_the_form_reach_the_offer(desk: OfferDesk) -> None:
    made = desk.make_offer("15")

    desk.prepare(desk.start(made), payment_days=30, valid_until="2026-02-28", special_terms=True, note="pilne")

    terms = desk.offer(made).terms
    assert (terms.payment_days, str(terms.valid_until), terms.has_special_terms, terms.note) == (
        30,
        "2026-02-28",
        True,
        "pilne",
    )


def test_terms_left_alone_in_the_form_keep_what_the_page_changed_meanwhile(desk: OfferDesk) -> None:
    made = desk.make_offer("15")
    started = desk.start(made)
    desk.do(UpdateOffer(offer_id=made, terms={"payment_days": 21}))

    desk.prepare(started, payment_days=14)

    assert desk.offer(made).terms.payment_days == 21


def test_levels_are_asked_one_after_the_other(desk: OfferDesk) -> None:
    made = desk.make_offer("25", price="400000")

    prepared = desk.prepare(desk.start(made))
    assert desk.inbox(BOARD) == []
    second = desk.decide(prepared, DIRECTOR)
    done = desk.decide(second, BOARD)

    assert done.state == "completed"
    assert [(each.level, each.group) for each in desk.offer(made).decisions] == [(2, "sales_director"), (3, "board")]


def test_groups_of_one_level_are_asked_at_the_same_time(desk: OfferDesk) -> None:
    made = desk.make_offer("15")

    prepared = desk.prepare(desk.start(made), special_terms=True)
    assert len(prepared.tasks) == 2
    first = desk.decide(prepared, LEGAL)
    assert first.state == "running"
    done = desk.decide(first, MANAGER)

    assert done.state == "completed"


def test_one_rejection_ends_the_other_approvals_and_the_case(desk: OfferDesk) -> None:
    made = desk.make_offer("15")
    prepared = desk.prepare(desk.start(made), special_terms=True)

    done = desk.decide(prepared, LEGAL, "reject", comment="klauzula niedozwolona")

    assert done.state == "completed"
    assert desk.inbox(MANAGER) == []
    assert desk.instance(done.instance_id).outcome == "rejected"
    assert desk.offer(made).state == "rejected"
    assert desk.offer(made).decisions[0].comment == "klauzula niedozwolona"


def test_a_returned_offer_is_revised_and_asked_for_again(desk: OfferDesk) -> None:
    made = desk.make_offer("25")
    prepared = desk.prepare(desk.start(made))
    returned = desk.decide(prepared, DIRECTOR, "return", comment="za duży rabat")
    (revision,) = returned.tasks
    assert desk.task(revision.id, REP).data["verdict_comment"] == "za duży rabat"

    desk.do(UpdateOffer(offer_id=made, lines=(make_line("15"),)))
    revised = desk.complete(revision.id, REP, payment_days=14, next_step="resubmit", change_note="rabat 15 %")
    done = desk.decide(revised, MANAGER)

    found = desk.offer(made)
    assert done.state == "completed"
    assert [(each.n, each.state) for each in found.versions] == [(1, "returned"), (2, "approved")]
    assert [(each.version, each.decision) for each in found.decisions] == [(1, "return"), (2, "approve")]
    assert found.decisions[0].digest != found.decisions[1].digest


def test_a_returned_offer_can_be_withdrawn(desk: OfferDesk) -> None:
    made = desk.make_offer("15")
    prepared = desk.prepare(desk.start(made))
    returned = desk.decide(prepared, MANAGER, "return", comment="po co?")

    done = desk.complete(
        returned.tasks[0].id, REP, payment_days=14, next_step="withdraw", change_note="klient zrezygnował"
    )

    assert desk.instance(done.instance_id).outcome == "withdrawn"
    assert desk.offer(made).state == "withdrawn"


def test_whoever_prepared_the_offer_cannot_approve_it(desk: OfferDesk) -> None:
    both = person("Ola", "sales_rep", "sales_manager")
    prepared = desk.prepare(desk.start(desk.make_offer("15"), both), both)

    with pytest.raises(FourEyes):
        desk.complete(prepared.tasks[0].id, both, decision="approve")


def test_nobody_decides_twice_at_one_level_but_again_on_the_next_version(desk: OfferDesk) -> None:
    both = person("Ida", "sales_manager", "legal")
    made = desk.make_offer("15")
    prepared = desk.prepare(desk.start(made), special_terms=True)
    for_manager, for_legal = (
        next(task.id for task in prepared.tasks if group in desk.task(task.id, both).candidate_groups)
        for group in ("sales_manager", "legal")
    )
    desk.complete(for_manager, both, decision="approve")

    with pytest.raises(FourEyes):
        desk.complete(for_legal, both, decision="approve")

    returned = desk.complete(for_legal, LEGAL, decision="return", comment="klauzula 7")
    desk.do(UpdateOffer(offer_id=made, lines=(make_line("16"),)))
    revised = desk.complete(
        returned.tasks[0].id, REP, payment_days=14, special_terms=False, next_step="resubmit", change_note="bez niej"
    )
    assert desk.decide(revised, both).state == "completed"


def test_only_the_group_that_is_asked_decides(desk: OfferDesk) -> None:
    prepared = desk.prepare(desk.start(desk.make_offer("15")))

    with pytest.raises(TaskNotFound):
        desk.complete(prepared.tasks[0].id, CREDIT, decision="approve")


@pytest.mark.parametrize("decision", ["return", "reject"])
def test_a_return_or_rejection_needs_a_comment(desk: OfferDesk, decision: str) -> None:
    prepared = desk.prepare(desk.start(desk.make_offer("15")))

    with pytest.raises(FormRefused) as refusal:
        desk.decide(prepared, MANAGER, decision)

    assert "/comment" in refusal.value.details["fields"]


def test_without_an_offer_the_first_form_asks_for_its_number(desk: OfferDesk) -> None:
    made = desk.make_offer()
    started = desk.do(StartInstance(definition_key="offer_approval"))
    with pytest.raises(DomainError, match="offer_number"):
        desk.prepare(started)

    desk.complete(started.tasks[0].id, REP, payment_days=14, offer_number=desk.offer(made).number)

    links = {(link.entity, link.id) for link in desk.instance(started.id).links}
    assert ("crm.offer", made) in links


def test_the_document_is_in_the_trail_at_the_version_it_had(desk: OfferDesk) -> None:
    started = desk.start(desk.make_offer("15"))
    desk.prepare(started)

    with desk.application.units.reading(AUDITOR) as view:
        completed = next(each for each in trail(view, started.id).items if each.type == "task.completed")

    (listed,) = completed.data["documents"]
    assert listed["digest"] == hashlib.sha256(PDF).hexdigest()
    assert listed["version"] == 1
