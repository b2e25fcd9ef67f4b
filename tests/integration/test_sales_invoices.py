"""Orders from offers, invoices, credit notes and what settles them, on a real database."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from core.clock import FixedClock
from core.errors import Forbidden
from core.identity import Actor
from crm.approvals import FreezeOffer, LockOffer, MarkOfferSent
from crm.errors import OfferFrozen, WrongOfferState
from crm.offer_queries import offer
from crm.offers import UpdateOffer
from crm.orders import EnterOrder
from crm.queries import order, standing
from crm.sales.accepting import AcceptOffer, MoveOrder
from crm.sales.crediting import CreditInvoice, CreditLine
from crm.sales.errors import (
    NothingToInvoice,
    SettlesTooMuch,
    TooMuchInvoiced,
    WrongInvoiceState,
    WrongOrderState,
)
from crm.sales.issuing import InvoiceOrder, IssueInvoice, Portion
from crm.sales.queries import Invoice, InvoiceFilter, invoice, invoices
from crm.sales.settling import (
    ApplyCredit,
    DisputeInvoice,
    ResolveDispute,
    UndoSettlement,
    WriteOff,
)
from tests.crm_desk import STRANGER, Desk, make_line, open_desk

SELLER = Actor(id="iga", name="Iga Bąk", permissions=frozenset({"offer.edit"}))


@pytest.fixture
def desk(engine: Engine, clock: FixedClock) -> Desk:
    return open_desk(engine, clock)


def make_order(desk: Desk, *, customer_id: str | None = None, **values: Any) -> str:
    usual = {"lines": (make_line(),), "ordered_on": date(2026, 1, 2)}
    made: str = desk.do(EnterOrder(customer_id=customer_id or desk.make_customer(), **(usual | values)))
    return made


def make_invoice(desk: Desk, *prices: str, **values: Any) -> Invoice:
    lines = tuple(make_line(quantity=Decimal(1), unit_price=Decimal(each)) for each in prices or ("100",))
    command = IssueInvoice(
        **{"customer_id": values.pop("customer_id", None) or desk.make_customer(), "lines": lines} | values
    )
    found: Invoice = desk.ask(invoice, desk.do(command).id)
    return found


def approved(desk: Desk, *discounts: str) -> str:
    made = desk.make_offer(*discounts)
    desk.do(FreezeOffer(offer_id=made))
    desk.do(LockOffer(offer_id=made))
    return made


def test_off_01_an_accepted_offer_ends_as_an_order_with_the_same_lines(desk: Desk) -> None:
    made = approved(desk, "0", "12.5")

    accepted = desk.do(AcceptOffer(offer_id=made))

    said, ordered = desk.ask(offer, made), desk.ask(order, accepted.id)
    assert [(each.description, each.quantity, each.unit_price, each.discount, each.net) for each in ordered.lines] == [
        (each.description, each.quantity, each.unit_price, each.discount, each.net) for each in said.lines
    ]
    assert (ordered.gross, said.state) == (said.totals.gross, "accepted")


def test_off_04_an_accepted_offer_refuses_every_edit(desk: Desk) -> None:
    made = approved(desk)
    desk.do(AcceptOffer(offer_id=made))

    with pytest.raises(OfferFrozen, match="accepted"):
        desk.do(UpdateOffer(offer_id=made, terms={"payment_days": 90}))


def test_off_05_eight_messages_of_acceptance_make_one_order(desk: Desk) -> None:
    made = approved(desk)
    desk.do(MarkOfferSent(offer_id=made))

    with ThreadPoolExecutor(8) as pool:
        orders = set(pool.map(lambda _: desk.do(AcceptOffer(offer_id=made)).number, range(8)))

    assert len(orders) == 1
    assert desk.told().count("order.entered") == desk.told().count("offer.accepted") == 1


def test_off_05_an_offer_that_nobody_approved_becomes_no_order(desk: Desk) -> None:
    made = desk.make_offer()

    with pytest.raises(WrongOfferState):
        desk.do(AcceptOffer(offer_id=made))


def test_off_10_an_order_needs_no_offer(desk: Desk) -> None:
    made = make_order(desk)

    assert desk.ask(order, made).gross == Decimal("246.00")


def test_off_11_an_order_moves_through_its_states_and_not_back(desk: Desk) -> None:
    made = make_order(desk)

    desk.do(MoveOrder(order_id=made, state="partly_delivered"))
    desk.do(MoveOrder(order_id=made, state="done"))

    found = desk.ask(order, made)
    assert (found.state, found.delivered_on) == ("done", date(2026, 1, 5))
    with pytest.raises(WrongOrderState):
        desk.do(MoveOrder(order_id=made, state="cancelled"))


def test_dun_01_an_invoice_from_an_order_is_due_by_the_customers_term(desk: Desk) -> None:
    made = make_order(desk, customer_id=desk.make_customer(payment_days=21))

    issued = desk.do(InvoiceOrder(order_id=made))

    found = desk.ask(invoice, issued.id)
    assert (found.number, found.issued_on, found.due_on) == ("INV-2026-0001", date(2026, 1, 5), date(2026, 1, 26))
    assert (found.net, found.vat, found.gross, found.balance) == tuple(map(Decimal, ("200", "46", "246", "246")))
    assert found.order is not None
    assert desk.ask(standing, found.customer_id).exposure == Decimal("246.00")  # owed now, no longer ordered


def test_dun_01_numbers_have_no_gap_whoever_is_refused_between(desk: Desk) -> None:
    customer = desk.make_customer()
    done = make_order(desk, customer_id=customer)
    desk.do(InvoiceOrder(order_id=done))

    def work(turn: int) -> str | None:
        if turn % 3 == 0:
            with pytest.raises(NothingToInvoice):
                desk.do(InvoiceOrder(order_id=done))
            return None
        return make_invoice(desk, customer_id=customer).number

    with ThreadPoolExecutor(6) as pool:
        numbers = sorted(each for each in pool.map(work, range(18)) if each)

    assert numbers == [f"INV-2026-{n:04d}" for n in range(2, 14)]


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE invoice SET gross = gross + 1",
        "UPDATE invoice SET due_on = due_on + 1",
        "DELETE FROM invoice",
        "UPDATE invoice_line SET quantity = 9",
        "DELETE FROM invoice_line",
        "UPDATE invoice_vat SET vat = 0",
    ],
)
def test_dun_01_an_issued_invoice_stays_as_it_is_even_for_sql(desk: Desk, engine: Engine, change: str) -> None:
    make_invoice(desk)

    with pytest.raises(DBAPIError, match="what is issued stays"), engine.begin() as connection:
        connection.execute(text(change))


def test_dun_01_an_order_can_be_invoiced_in_parts_but_not_beyond_itself(desk: Desk) -> None:
    made = make_order(desk, lines=(make_line(quantity=Decimal(3), unit_price=Decimal("33.335")),), freight=Decimal(10))

    first = desk.do(InvoiceOrder(order_id=made, portions=(Portion(position=1, quantity=Decimal(1)),)))
    with pytest.raises(TooMuchInvoiced, match="3 is more than the 2"):
        desk.do(InvoiceOrder(order_id=made, portions=(Portion(position=1, quantity=Decimal(3)),)))
    second = desk.do(InvoiceOrder(order_id=made))

    assert [len(desk.ask(invoice, each.id).lines) for each in (first, second)] == [2, 1]  # freight goes first
    with pytest.raises(NothingToInvoice, match="all of it is invoiced"):
        desk.do(InvoiceOrder(order_id=made))
    found = desk.ask(standing, desk.ask(order, made).customer_id)
    assert found.open_orders == 0


def test_vat_is_rounded_once_per_rate_and_adds_up(desk: Desk) -> None:
    lines = tuple(
        make_line(quantity=Decimal(3), unit_price=Decimal("0.335"), vat_rate=Decimal(rate))
        for rate in ("23", "23", "8")
    )

    found = desk.ask(invoice, desk.do(IssueInvoice(customer_id=desk.make_customer(), lines=lines)).id)

    assert [(each.rate, each.net, each.vat) for each in found.shares] == [
        (Decimal(8), Decimal("1.01"), Decimal("0.08")),
        (Decimal(23), Decimal("2.01"), Decimal("0.46")),
    ]
    assert found.gross == found.net + found.vat == Decimal("3.56")


def test_credit_notes_that_take_back_everything_add_up_to_the_invoice_to_the_cent(desk: Desk) -> None:
    found = desk.ask(
        invoice,
        desk.do(
            IssueInvoice(
                customer_id=desk.make_customer(),
                lines=(make_line(quantity=Decimal(3), unit_price=Decimal("33.333")),),
            )
        ).id,
    )

    notes = [
        desk.do(
            CreditInvoice(invoice_id=found.id, reason="zwrot", lines=(CreditLine(position=1, quantity=Decimal(1)),))
        )
        for _ in range(3)
    ]

    credited = [desk.ask(invoice, each.id) for each in notes]
    assert sum(each.gross for each in credited) == -found.gross
    assert [each.number for each in credited] == ["CN-2026-0001", "CN-2026-0002", "CN-2026-0003"]
    after = desk.ask(invoice, found.id)
    assert (after.state, after.balance) == ("paid", 0)
    with pytest.raises(WrongInvoiceState, match="credited completely"):
        desk.do(CreditInvoice(invoice_id=found.id, reason="zwrot"))


def test_a_price_taken_down_leaves_the_rest_to_be_credited(desk: Desk) -> None:
    found = make_invoice(desk, "100", "50")
    cheaper = (CreditLine(position=1, quantity=Decimal(1), price_off=Decimal(30)),)

    first = desk.ask(invoice, desk.do(CreditInvoice(invoice_id=found.id, reason="rabat", lines=cheaper)).id)
    more = (CreditLine(position=1, quantity=Decimal(1)),)
    with pytest.raises(TooMuchInvoiced):
        desk.do(CreditInvoice(invoice_id=found.id, reason="zwrot", lines=more))
    rest = desk.ask(invoice, desk.do(CreditInvoice(invoice_id=found.id, reason="zwrot")).id)

    assert (first.net, rest.net) == (Decimal(-30), Decimal(-120))
    assert first.gross + rest.gross == -found.gross


def test_a_credit_note_beyond_what_is_open_is_the_customers_and_settles_another_invoice(desk: Desk) -> None:
    paid = make_invoice(desk)
    desk.do(WriteOff(invoice_id=paid.id, reason="kompensata", amount=Decimal(100)))
    note = desk.ask(invoice, desk.do(CreditInvoice(invoice_id=paid.id, reason="zwrot")).id)
    assert (note.gross, note.balance, note.state) == (Decimal(-123), Decimal(-100), "part_paid")
    other = make_invoice(desk, "50", customer_id=paid.customer_id)

    desk.do(ApplyCredit(credit_id=note.id, invoice_id=other.id))

    assert (desk.ask(invoice, other.id).state, desk.ask(invoice, note.id).balance) == ("paid", Decimal("-38.50"))
    assert desk.ask(standing, paid.customer_id).receivable == Decimal("-38.50")


def test_writing_off_can_be_taken_back_with_a_reason(desk: Desk) -> None:
    made = make_invoice(desk)
    desk.do(WriteOff(invoice_id=made.id, reason="nieściągalne"))
    (settlement,) = desk.ask(invoice, made.id).settlements
    assert desk.ask(invoice, made.id).state == "written_off"

    desk.do(UndoSettlement(settlement_id=settlement.id, reason="jednak zapłaci"))

    found = desk.ask(invoice, made.id)
    assert (found.state, found.balance, found.settlements[0].undone_reason) == ("open", found.gross, "jednak zapłaci")
    assert desk.told()[-2:] == ["invoice.settled", "invoice.unsettled"]


def test_nobody_settles_more_than_is_open_whoever_is_at_it(desk: Desk) -> None:
    made = make_invoice(desk)

    def write_off(_: int) -> bool:
        try:
            desk.do(WriteOff(invoice_id=made.id, reason="drobne", amount=Decimal(40)))
        except SettlesTooMuch:
            return False
        return True

    with ThreadPoolExecutor(6) as pool:
        done = list(pool.map(write_off, range(6)))

    assert (done.count(True), desk.ask(invoice, made.id).balance) == (3, Decimal(3))
    assert desk.ask(standing, made.customer_id).receivable == Decimal(3)


def test_a_disputed_invoice_says_why_until_it_is_resolved(desk: Desk) -> None:
    made = make_invoice(desk)

    desk.do(DisputeInvoice(invoice_id=made.id, reason="brak dostawy"))
    disputed = desk.ask(invoice, made.id)
    desk.do(ResolveDispute(invoice_id=made.id, reason="dostarczono"))

    assert (disputed.state, disputed.dispute) == ("disputed", "brak dostawy")
    assert desk.ask(invoice, made.id).state == "open"


def test_lists_go_on_where_a_page_ended_and_overdue_ones_begin_with_the_oldest(desk: Desk, clock: FixedClock) -> None:
    customer = desk.make_customer()
    made = []
    for days in (30, 7, 14):
        made.append(make_invoice(desk, customer_id=customer, payment_days=days).number)
        clock.advance(timedelta(days=1))
    clock.advance(timedelta(days=20))

    first = desk.ask(invoices, InvoiceFilter(customer_id=customer), limit=2)
    second = desk.ask(invoices, InvoiceFilter(customer_id=customer), limit=2, after=first.next)
    late = desk.ask(invoices, InvoiceFilter(overdue=True))

    assert [each.number for each in (*first.items, *second.items)] == made[::-1]
    assert (first.total, second.next) == (3, None)
    assert [(each.number, each.days_late) for each in late.items] == [(made[1], 15), (made[2], 7)]
    assert [each.number for each in desk.ask(invoices, InvoiceFilter(q="inv 2026/0002")).items] == [made[1]]


def test_who_may_not_issue_does_not(desk: Desk) -> None:
    made = make_invoice(desk)

    with pytest.raises(Forbidden):
        desk.do(IssueInvoice(customer_id=made.customer_id, lines=(make_line(),)), actor=SELLER)
    with pytest.raises(Forbidden):
        desk.do(WriteOff(invoice_id=made.id, reason="bo tak"), actor=SELLER)
    with pytest.raises(Forbidden):
        desk.ask(invoice, made.id, actor=STRANGER)
    with pytest.raises(Forbidden):
        desk.ask(invoices, InvoiceFilter(), actor=STRANGER)
