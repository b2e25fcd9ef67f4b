"""Repairs with real devices, quotes, links, orders, invoices and papers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from core.clock import FixedClock
from core.errors import Conflict, DomainError
from core.identity import SYSTEM
from core.settings import Settings
from crm.blocking import BlockCustomer
from crm.devices.models import DeviceRow
from crm.devices.registering import ListParts
from crm.erp.arriving import TakeArrival
from crm.erp.queries import HandoverFilter, handover, handovers
from crm.models import OrderRow
from crm.offers import ReviseOffer
from crm.outbox.answer_pages import by_link
from crm.outbox.offers import AnswerOffer
from crm.sales.models import InvoiceRow
from engine.reports import cohorts
from processes.service_repair.figures import RepairFigures, repair_figures
from processes.service_repair.news import AnnounceRecall
from tests.offer_case import MANAGER
from tests.post_office import KEEPER
from tests.repair_desk import DESK, FOUND, OFFICER, STORE, TAKEN, TECH, RepairDesk
from webapp.bootstrap import build
from webapp.outbox.tokens import SignedTokens

URL = "https://firm.example"
CUSTOMER = by_link("Żuraw by link")


@pytest.fixture
def desk(database_url: str, tmp_path: Path, clock: FixedClock) -> Iterator[RepairDesk]:
    settings = Settings(database_url=database_url, data=tmp_path / "data", public_url=URL)
    built = build(settings, clock=clock)
    yield RepairDesk(built, clock)
    built.close()


def device_row(desk: RepairDesk, device_id: str) -> DeviceRow:
    with desk.application.units.reading(SYSTEM) as view:
        return view.session.get_one(DeviceRow, device_id)


def figures(desk: RepairDesk) -> RepairFigures:
    with desk.application.units.reading(MANAGER) as view:
        return repair_figures(view, cohorts.Wanted(plan=cohorts.plan(view, "service_repair")))


def to_consent(desk: RepairDesk, customer_id: str) -> str:
    """A paid repair of an old device whose quote lies with the customer."""
    desk.device(customer_id, bought=date(2022, 1, 5))
    case = desk.report()
    desk.to_the_diagnosis(case, claim_basis="paid")
    desk.fill("diagnose", TECH, "diagnosis_report", **FOUND | {"cause": "wear"})
    desk.fill("prepare_quote", DESK, valid_until="2026-02-28")
    return case


def token_of(desk: RepairDesk) -> str:
    link = next(each.link_id for each in reversed(desk.messages()) if each.link_id)
    return SignedTokens(desk.application.secret_key, URL).token(str(link))


def test_srv_01_a_repair_under_guarantee_costs_nothing_and_makes_the_guarantee_longer(desk: RepairDesk) -> None:
    device = desk.device(desk.customer(), bought=date(2025, 1, 5))
    case = desk.report()
    desk.to_the_diagnosis(case)
    assert device_row(desk, device).state == "in_repair"
    desk.fill("diagnose", TECH, "diagnosis_report", **FOUND)
    desk.fill("decide_complaint", OFFICER, decided="repair", reason_text="Wada fabryczna")
    desk.clock.advance(timedelta(days=9))
    desk.repair()

    desk.send_back()

    done = desk.case(case)
    assert (done.state, done.outcome) == ("completed", "repaired_warranty")
    assert done.variables["repair"] == "RMA-2026-0001"
    assert desk.papers(case) >= {"rma_form", "complaint_answer", "guarantee_update"}
    row = device_row(desk, device)
    assert (row.state, row.extended_days, row.warranty_until) == ("in_use", 9, date(2027, 1, 14))
    with desk.application.units.reading(SYSTEM) as view:
        assert view.session.query(InvoiceRow).count() == 0


def test_srv_01_the_customer_agrees_by_the_link_and_pays_what_was_quoted(desk: RepairDesk) -> None:
    case = to_consent(desk, desk.customer())
    assert (desk.open(), desk.case(case).stage) == ([], "consent")
    assert "quote_pdf" in desk.papers(case)
    desk.clock.advance(timedelta(days=3))

    desk.do(AnswerOffer(token=token_of(desk), answer="accept"), CUSTOMER)
    desk.work()
    desk.repair()
    desk.send_back()

    done = desk.case(case)
    assert (done.state, done.outcome) == ("completed", "repaired_paid")
    with desk.application.units.reading(SYSTEM) as view:
        (invoice,) = view.session.query(InvoiceRow)
        assert (invoice.net, invoice.gross) == (Decimal(180), Decimal("221.40"))
    assert {link.entity for link in done.links} >= {"crm.device", "crm.offer", "crm.order", "crm.invoice"}
    found = figures(desk)
    assert (found.closed, found.first_time, found.tests) == (1, 1, {1: 1})
    assert (found.quotes, found.accepted, found.late_answers) == (1, 1, 0)
    assert (found.half, found.net_half, found.waiting_share) == (timedelta(days=3), timedelta(), 1)


def test_a_repair_for_a_blocked_customer_goes_on_with_its_quote_and_the_order_of_it(desk: RepairDesk) -> None:
    customer = desk.customer()
    desk.do(BlockCustomer(customer_id=customer, reason="Nothing is paid."), MANAGER)
    case = to_consent(desk, customer)

    desk.do(AnswerOffer(token=token_of(desk), answer="accept"), CUSTOMER)
    desk.work()

    assert desk.case(case).stage == "repair"
    with desk.application.units.reading(SYSTEM) as view:
        assert view.session.query(OrderRow).one().customer_id == customer


def test_the_link_of_an_earlier_version_answers_nothing(desk: RepairDesk) -> None:
    case = to_consent(desk, desk.customer())
    desk.do(ReviseOffer(offer_id=str(desk.case(case).variables["offer_id"])), MANAGER)

    with pytest.raises(DomainError) as refused:
        desk.do(AnswerOffer(token=token_of(desk), answer="accept"), CUSTOMER)

    assert refused.value.code == "offer_not_open"
    assert desk.case(case).stage == "consent"


def test_a_quote_that_is_declined_goes_back_for_the_fee(desk: RepairDesk) -> None:
    case = to_consent(desk, desk.customer())

    desk.do(AnswerOffer(token=token_of(desk), answer="reject", remark="Za drogo"), CUSTOMER)
    desk.work()
    desk.fill("return_unrepaired", DESK, refusal_reason="Klient nie chce")
    desk.send_back()

    assert desk.case(case).outcome == "rejected_returned"
    assert "refusal_note" in desk.papers(case)
    with desk.application.units.reading(SYSTEM) as view:
        assert [each.net for each in view.session.query(InvoiceRow)] == [Decimal(120)]


def test_srv_05_a_device_that_nobody_knows_needs_a_proof_and_photographs_are_two(desk: RepairDesk) -> None:
    case = desk.report(serial_number="X-9", customer_id=desk.customer())
    taken = TAKEN | {"serial_number": "X-9", "bought_on": "2025-06-01"}
    with pytest.raises(DomainError) as refused:
        desk.fill("take_in", DESK, **taken)
    assert refused.value.details["reason"] == "proof_missing"
    desk.fill("take_in", DESK, "purchase_proof", **taken)
    desk.tell("device.received", key=case)

    with pytest.raises(DomainError) as few:
        desk.fill("receive", DESK, "intake_protocol", "photo", serial_seen="X-9", serial_match=True, seal="ok")

    assert few.value.details["reason"] == "photos_missing"
    assert desk.open() == ["receive"]


def test_srv_07_parts_are_ordered_and_their_coming_goes_on_with_the_repair(desk: RepairDesk) -> None:
    desk.device(desk.customer(), bought=date(2025, 1, 5))
    case = desk.report()
    desk.to_the_diagnosis(case)
    desk.fill("diagnose", TECH, "diagnosis_report", **FOUND, other_parts="Wirnik", other_parts_price=90)
    desk.fill("decide_complaint", OFFICER, decided="repair", reason_text="Wada")
    desk.fill("reserve_parts", STORE, all_on_stock=False, missing_parts="Wirnik", parts_expected_on="2026-01-09")
    order = str(desk.case(case).variables["purchase_order"])
    assert "purchase_order" in desk.papers(case)
    desk.later(7)
    assert desk.open() == ["chase_supplier"]

    desk.do(TakeArrival(key="E-1", kind="parts", content={"order": order}), SYSTEM)  # as the ERP says it
    desk.work()

    assert desk.open() == ["chase_supplier", "repair"]


def test_srv_07_the_store_sees_what_the_erp_says_is_on_stock(desk: RepairDesk) -> None:
    device = desk.device(desk.customer(), bought=date(2025, 1, 5))
    rotor, seal = desk.product("W-1"), desk.product("U-1")
    desk.do(
        ListParts(product_id=device_row(desk, device).product_id, parts={rotor: Decimal(1), seal: Decimal(1)}), MANAGER
    )
    for key, place, quantity in (("E-1", "Gdynia", "2"), ("E-2", "Łódź", "3")):
        content = {"sku": "W-1", "place": place, "quantity": quantity}
        desk.do(TakeArrival(key=key, kind="stock", content=content), SYSTEM)
    case = desk.report()
    desk.to_the_diagnosis(case)

    desk.fill("diagnose", TECH, "diagnosis_report", **FOUND, parts=[rotor, seal])
    desk.fill("decide_complaint", OFFICER, decided="repair", reason_text="Wada")

    unsaid, said = desk.case(case).variables["stock"]
    assert (said["part"], said["quantity"], said["places"]) == ("W-1 Pompa W-1", "5", "Gdynia: 2, Łódź: 3")
    assert (unsaid["part"], unsaid["quantity"], unsaid["told"]) == ("U-1 Pompa U-1", "not known", "")


def test_srv_07_an_order_of_parts_goes_to_the_erp_by_itself(desk: RepairDesk) -> None:
    settings = replace(desk.application.settings, erp_orders=True)
    desk.application.units.ports[Settings] = settings
    desk.device(desk.customer(), bought=date(2025, 1, 5))
    case = desk.report()
    desk.to_the_diagnosis(case)
    desk.fill("diagnose", TECH, "diagnosis_report", **FOUND, other_parts="Wirnik", other_parts_price=90)
    desk.fill("decide_complaint", OFFICER, decided="repair", reason_text="Wada")

    desk.fill("reserve_parts", STORE, all_on_stock=False, missing_parts="Wirnik", parts_expected_on="2026-01-09")

    number = str(desk.case(case).variables["purchase_order"])
    with desk.application.units.reading(KEEPER) as view:
        (handed,) = handovers(view, HandoverFilter(entity="crm.parts_order")).items
        assert (handed.label, handed.state) == (number, "waiting")
        assert handover(view, handed.id).content["parts"] == "Wirnik"


def test_the_same_defect_within_ninety_days_is_ours_and_a_second_report_joins(desk: RepairDesk) -> None:
    customer_id = desk.customer()
    case = to_consent(desk, customer_id)
    second = desk.report()
    assert desk.case(second).outcome == "duplicate"
    desk.do(AnswerOffer(token=token_of(desk), answer="accept"), CUSTOMER)
    desk.work()
    desk.repair()
    desk.send_back()
    desk.clock.advance(timedelta(days=80))

    again = desk.report()
    desk.to_the_diagnosis(again, claim_basis="paid")
    desk.fill("diagnose", TECH, "diagnosis_report", **FOUND | {"cause": "wear"})

    assert desk.case(case).outcome == "repaired_paid"
    assert desk.case(again).variables["verdict"]["code"] == "REP"
    assert desk.open() == ["repair"]


def test_a_recall_reaches_every_running_repair_of_the_product(desk: RepairDesk) -> None:
    case = to_consent(desk, desk.customer())
    product = str(desk.case(case).variables["product_id"])

    told = desk.do(AnnounceRecall(product_id=product, reason="Pożar"), MANAGER)
    desk.work()

    assert told == 1
    assert desk.open() == ["repair"]
    assert desk.case(case).variables["verdict"]["code"] == "REC"


def test_nobody_tests_what_they_repaired(desk: RepairDesk) -> None:
    desk.device(desk.customer(), bought=date(2025, 1, 5))
    case = desk.report()
    desk.to_the_diagnosis(case)
    desk.fill("diagnose", TECH, "diagnosis_report", **FOUND)
    desk.fill("decide_complaint", OFFICER, decided="repair", reason_text="Wada")
    desk.fill("repair", TECH, "repair_log", work_done="x", minutes=5, old_parts="none")

    with pytest.raises((DomainError, Conflict)):
        desk.fill("test", TECH, test_result="pass", check_function="pass")

    assert desk.open() == ["test"]
