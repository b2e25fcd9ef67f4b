"""A sale from the enquiry to the order with real customers, offers, activities and messages."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import select

from core.clock import FixedClock
from core.errors import DomainError
from core.identity import SYSTEM
from core.settings import Settings
from crm.activities.content import Content, Link, Participant
from crm.activities.models import ActivityRow
from crm.activities.registering import ChangeActivity, RegisterActivity
from crm.activities.settling import HoldActivity
from crm.approvals import MarkOfferSent
from crm.blocking import BlockCustomer, UnblockCustomer
from crm.merging import MergeCustomers
from crm.models import CustomerRow, OfferRow, OrderRow
from crm.offer_queries import offer
from crm.outbox.offers import DeclineOffer
from crm.planning.rules import Rule, WriteRule
from crm.sales.accepting import AcceptOffer
from engine.errors import StepRefused
from engine.inbox import TaskFilter, tasks
from engine.models import InstanceRow
from tests.offer_case import MANAGER, REP
from tests.sales_desk import CLERK, LEAD, NEEDS, ORDER, SalesDesk
from webapp.activity_rules import apply_rules
from webapp.bootstrap import build


@pytest.fixture
def desk(database_url: str, tmp_path: Path, clock: FixedClock) -> Iterator[SalesDesk]:
    built = build(Settings(database_url=database_url, data=tmp_path / "data"), clock=clock)
    yield SalesDesk(built, clock)
    built.close()


def state_of(desk: SalesDesk, offer_id: str) -> str:
    with desk.application.units.reading(SYSTEM) as view:
        return view.session.get_one(OfferRow, offer_id).state


def subjects(desk: SalesDesk) -> list[tuple[str, str]]:
    with desk.application.units.reading(SYSTEM) as view:
        rows = view.session.scalars(select(ActivityRow).order_by(ActivityRow.id))
        return [(each.status, each.subject) for each in rows]


def test_an_enquiry_becomes_an_order_that_the_erp_confirms(desk: SalesDesk) -> None:
    case = desk.start(customer_id=desk.customer())
    offer_id = desk.to_the_offer(case)
    assert (desk.open(), desk.case(case).stage) == (["assemble_package"], "offer")
    desk.do(MarkOfferSent(offer_id=offer_id))
    desk.work()
    assert (desk.open(), desk.case(case).stage) == ([], "decision")
    order = desk.do(AcceptOffer(offer_id=offer_id))
    desk.work()

    desk.complete("check_order", CLERK, "customer_order", **ORDER)
    desk.tell("erp.order_confirmed", order_id=order.id)
    desk.fulfil(order.id)

    done = desk.case(case)
    assert (done.state, done.outcome) == ("completed", "won")
    assert {(link.entity, link.id) for link in done.links} >= {("crm.offer", offer_id), ("crm.order", order.id)}
    assert done.variables["opportunity"] == f"OPP-{desk.clock.now().year}-0001"
    assert subjects(desk) == [("planned", f"Is all well with order {order.number}?")]


def test_accepting_twice_makes_one_order(desk: SalesDesk) -> None:
    case = desk.start(customer_id=desk.customer())
    offer_id = desk.to_the_offer(case)
    desk.do(MarkOfferSent(offer_id=offer_id))
    desk.work()

    for _ in range(2):
        desk.do(AcceptOffer(offer_id=offer_id))
        desk.work()

    with desk.application.units.reading(SYSTEM) as view:
        assert len(view.session.scalars(select(OrderRow)).all()) == 1
    assert desk.open() == ["check_order"]


def test_an_enquiry_of_somebody_unknown_enters_them_and_a_second_one_joins_the_case(desk: SalesDesk) -> None:
    case = desk.start(company_name="Nowy", email="nowy@nowy.example")

    second = desk.start(email="nowy@nowy.example", need_text="Jeszcze jedna")
    other = desk.start(email="nowy@nowy.example", product_group="valves")

    with desk.application.units.reading(SYSTEM) as view:
        assert [each.name for each in view.session.scalars(select(CustomerRow))] == ["Nowy"]
    assert (desk.case(second).state, desk.case(second).outcome) == ("completed", "duplicate")
    assert desk.case(second).variables["running_case"] == case
    assert desk.case(other).state == "running"


def test_who_qualifies_a_lead_names_the_customer_that_nobody_had_named(desk: SalesDesk) -> None:
    customer_id = desk.customer()
    case = desk.start()
    found = desk.task("qualify_lead")

    with pytest.raises(DomainError) as refused:
        desk.complete("qualify_lead", customer_number="C-999999", **LEAD)
    assert refused.value.details["reason"] == "customer_not_found"
    assert desk.task("qualify_lead").id == found.id
    with desk.application.units.reading(SYSTEM) as view:
        number = view.session.get_one(CustomerRow, customer_id).number
    desk.complete("qualify_lead", customer_number=number, **LEAD)

    assert desk.case(case).variables["customer_id"] == customer_id
    assert desk.open() == ["analyse_needs"]


def test_an_offer_over_the_limits_is_decided_by_somebody_else_and_rejected_ones_are_made_anew(desk: SalesDesk) -> None:
    case = desk.start(customer_id=desk.customer())
    first = desk.to_the_offer(case, "15")
    assert desk.open() == ["approve_offer"]

    desk.complete("approve_offer", MANAGER, decision="reject", comment="Za tanio")
    desk.complete("decide_next", next_step="offer")
    second = str(desk.case(case).variables["offer_id"])

    assert state_of(desk, first) == "rejected"
    assert second != first
    assert (desk.open(), state_of(desk, second)) == (["draft_offer"], "draft")


def test_a_draft_without_lines_is_refused_to_whoever_submits_it(desk: SalesDesk) -> None:
    case = desk.start(customer_id=desk.customer())
    desk.to_the_draft(case)

    with pytest.raises(DomainError) as refused:
        desk.complete("draft_offer")

    assert refused.value.details["reason"] == "offer_incomplete"
    assert desk.open() == ["draft_offer"]


def test_the_customer_is_called_and_what_they_say_stands_in_their_file(desk: SalesDesk) -> None:
    case = desk.start(customer_id=desk.customer())
    desk.to_the_offer(case)
    desk.complete("assemble_package", sent_by="in_person")
    desk.later(5)

    desk.complete("follow_up_call", outcome="reached", attitude="4", objection="Czekają na zarząd")

    number = desk.case(case).variables["offer_number"]
    assert subjects(desk) == [("held", f"Follow-up of offer {number}: reached")]
    assert desk.case(case).variables["attempts"] == 1
    assert desk.case(case).variables["attitude"] == 4


def test_a_declined_offer_ends_as_lost_and_is_asked_about_later(desk: SalesDesk) -> None:
    case = desk.start(customer_id=desk.customer())
    offer_id = desk.to_the_offer(case)
    desk.do(MarkOfferSent(offer_id=offer_id))
    desk.work()
    desk.do(DeclineOffer(offer_id=offer_id, reason="Za drogo"))
    desk.work()

    desk.complete("record_loss", loss_reason="price", recontact_on="2027-01-11")

    assert (desk.case(case).state, desk.case(case).outcome) == ("completed", "lost")
    assert subjects(desk) == [("planned", "Ask again after a lost opportunity")]


def test_a_stop_during_the_approval_takes_the_offer_back(desk: SalesDesk) -> None:
    case = desk.start(customer_id=desk.customer())
    offer_id = desk.to_the_offer(case, "15")
    assert desk.open() == ["approve_offer"]

    desk.tell("opportunity.stop", case=case)
    desk.complete("record_loss", loss_reason="other")

    assert desk.case(case).outcome == "lost"
    assert state_of(desk, offer_id) == "withdrawn"


def test_a_complaint_holds_the_approved_offer_of_its_customer_alone(desk: SalesDesk) -> None:
    mine, other = desk.customer(), desk.customer(name="Inny", emails=())
    case = desk.start(customer_id=mine)
    desk.complete("qualify_lead", **LEAD)
    desk.complete("analyse_needs", paper="meeting_report", **NEEDS)

    desk.tell("complaint.opened", customer_id=other)
    assert desk.open() == ["draft_offer"]
    desk.tell("complaint.opened", customer_id=mine)
    assert desk.open() == []
    desk.tell("complaint.closed", customer_id=mine)

    assert desk.open() == ["draft_offer"]
    assert desk.case(case).variables["offer_version"] == 1


def test_running_sales_with_a_customer_that_was_blocked_ask_whether_they_go_on(desk: SalesDesk) -> None:
    customer = desk.customer()
    started_knowing = desk.start(customer_id=customer)
    desk.complete("qualify_lead", **LEAD)
    started_blind = desk.start(product_group="valves")
    with desk.application.units.reading(SYSTEM) as view:
        number = view.session.get_one(CustomerRow, customer).number
    desk.complete("qualify_lead", customer_number=number, **LEAD)
    elsewhere = desk.start(customer_id=desk.customer(name="Inny", emails=()), product_group="seals")

    desk.do(BlockCustomer(customer_id=customer, reason="Nothing is paid."), MANAGER)
    desk.work()

    with desk.application.units.reading(SYSTEM) as view:
        asked = {each.instance_id for each in tasks(view, TaskFilter()).items if each.element_id == "decide_blocked"}
    assert asked == {started_knowing, started_blind}
    assert desk.case(elsewhere).state == "running"


def test_a_merge_with_a_blocked_customer_asks_the_sales_of_the_other_whether_they_go_on(desk: SalesDesk) -> None:
    customer, other = desk.customer(), desk.customer(name="Żuraw bis", emails=())
    case = desk.start(customer_id=customer)
    desk.complete("qualify_lead", **LEAD)
    desk.do(BlockCustomer(customer_id=other, reason="Nothing is paid."), MANAGER)
    desk.work()
    assert "decide_blocked" not in desk.open()

    desk.do(MergeCustomers(kept_id=customer, absorbed_id=other), MANAGER)
    desk.work()

    assert desk.task("decide_blocked").instance_id == case


def test_a_sale_to_a_blocked_customer_goes_on_paid_in_advance_where_somebody_decided_so(desk: SalesDesk) -> None:
    customer = desk.customer()
    case = desk.start(customer_id=customer)
    desk.complete("qualify_lead", **LEAD)
    desk.do(BlockCustomer(customer_id=customer, reason="Nothing is paid."), MANAGER)
    desk.work()

    desk.complete("decide_blocked", MANAGER, blocked_decision="prepaid", blocked_reason="They pay first")
    desk.complete("analyse_needs", paper="meeting_report", **NEEDS)

    offer_id = str(desk.case(case).variables["offer_id"])
    with desk.application.units.reading(SYSTEM) as view:
        assert offer(view, offer_id).terms.is_prepaid


def test_a_sale_that_begins_with_a_blocked_customer_makes_no_offer_until_the_block_is_lifted(desk: SalesDesk) -> None:
    customer = desk.customer()
    desk.do(BlockCustomer(customer_id=customer, reason="Nothing is paid."), MANAGER)
    desk.start(customer_id=customer)
    desk.complete("qualify_lead", **LEAD)

    with pytest.raises(StepRefused, match="is blocked: Nothing is paid"):
        desk.complete("analyse_needs", paper="meeting_report", **NEEDS)
    desk.do(UnblockCustomer(customer_id=customer, reason="Paid."), MANAGER)
    desk.complete("analyse_needs", **NEEDS)

    assert desk.open() == ["draft_offer"]


@pytest.mark.parametrize(("limit", "next_task"), [("1229.99", ["release_credit"]), ("1230.00", [])])
def test_cus_04_an_order_over_the_credit_limit_is_released_first(
    desk: SalesDesk, limit: str, next_task: list[str]
) -> None:
    case = desk.start(customer_id=desk.customer(credit_limit=Decimal(limit), payment_days=30))
    desk.to_the_draft(case)
    offer_id = str(desk.case(case).variables["offer_id"])
    desk.draft(offer_id)
    while "approve_offer" in desk.open():
        asked = desk.task("approve_offer").candidate_groups
        actor = MANAGER if "sales_manager" in asked else _of(asked[0])
        desk.complete("approve_offer", actor, decision="approve")
    desk.complete("assemble_package", sent_by="post")
    desk.do(AcceptOffer(offer_id=offer_id))
    desk.work()

    desk.complete("check_order", CLERK, "customer_order", **ORDER)

    assert desk.open() == next_task


def test_act_28_a_sale_does_not_end_before_its_activities_do(desk: SalesDesk) -> None:
    case = desk.start(customer_id=desk.customer())
    offer_id = desk.to_the_offer(case)
    desk.do(MarkOfferSent(offer_id=offer_id))
    order = desk.do(AcceptOffer(offer_id=offer_id))
    desk.work()
    content = Content(
        employee=REP.id,
        method="phone",
        direction="outgoing",
        status="planned",
        subject="Termin dostawy",
        planned_from=desk.clock.now(),
        links=(Link(entity="case", record_id=case),),
    )
    call = desk.do(RegisterActivity(content=content))
    desk.complete("check_order", CLERK, "customer_order", **ORDER)
    desk.tell("erp.order_confirmed", order_id=order.id)
    desk.fulfil(order.id)
    assert (desk.open(), desk.case(case).state) == (["close_activities"], "running")

    desk.do(HoldActivity(activity_id=call, held_from=desk.clock.now()))
    desk.do(ChangeActivity(activity_id=call, changes={"state": "done"}))
    apply_rules(desk.application, {"activity_id": call})

    assert (desk.case(case).state, desk.case(case).outcome) == ("completed", "won")


def test_act_08_an_enquiry_starts_a_sale_and_is_what_it_began_with(desk: SalesDesk) -> None:
    rule = Rule(name="Zapytanie", type="sale", direction="incoming", effect="message", target="enquiry.received")
    desk.do(WriteRule(rule=rule), SYSTEM)
    content = Content(
        employee=REP.id,
        method="phone",
        direction="incoming",
        status="held",
        subject="Trzy pompy",
        type="sale",
        customer_id=(customer := desk.customer()),
        participants=(Participant(side="customer", name="p. Lis"),),
        held_from=desk.clock.now(),
    )
    enquiry = desk.do(RegisterActivity(content=content))

    for _ in range(2):
        apply_rules(desk.application, {"activity_id": enquiry})

    with desk.application.units.reading(SYSTEM) as view:
        (case,) = view.session.scalars(select(InstanceRow.id))
    found = desk.case(case)
    assert found.definition.key == "sales_cycle"
    assert {(link.entity, link.id) for link in found.links} >= {("crm.activity", enquiry), ("crm.customer", customer)}
    assert found.variables["activity_id"] == enquiry


def _of(role: str) -> object:
    from tests.offer_case import CREDIT, FINANCE

    return {"credit_controller": CREDIT, "finance_director": FINANCE}[role]
