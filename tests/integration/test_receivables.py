"""Exposure, ageing and claims of a seeded ledger."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import Engine

from core.clock import FixedClock
from crm.company import SetCurrencyRate
from crm.errors import RateMissing
from crm.orders import EnterOrder
from crm.payments.errors import InterestRateMissing
from crm.payments.importing import PostPayment
from crm.payments.receivables import (
    SetInterestRate,
    ageing,
    claim,
    interest_rates,
    receivables,
)
from crm.sales.crediting import CreditInvoice
from crm.sales.issuing import InvoiceOrder, IssueInvoice
from crm.sales.settling import WriteOff
from tests.crm_desk import Desk, make_line, open_desk


@pytest.fixture
def desk(engine: Engine, clock: FixedClock) -> Desk:
    return open_desk(engine, clock)


def bill(desk: Desk, customer: str, price: str, *, days: int = 0) -> str:
    line = make_line(quantity=Decimal(1), unit_price=Decimal(price), vat_rate=Decimal(0))
    made: str = desk.do(IssueInvoice(customer_id=customer, lines=(line,), payment_days=days)).id
    return made


def pay(desk: Desk, customer: str, amount: str, said: str = "zaliczka") -> None:
    day = date(2026, 1, 5) + timedelta(days=40)
    desk.do(PostPayment(amount=Decimal(amount), currency="PLN", booked_on=day, reference=said, customer_id=customer))


def test_dun_10_ageing_of_a_seeded_ledger_equals_the_control_sum(desk: Desk, clock: FixedClock) -> None:
    customer, other = desk.make_customer(), desk.make_customer(name="Tartak")
    for late, price in enumerate((1000, 200, 30, 4, 5), 0):
        bill(desk, customer, str(price), days=late * 30)  # due days 0, 30, 60, 90 and 120
    bill(desk, other, "777")
    clock.advance(timedelta(days=121))
    bill(desk, customer, "60000", days=14)
    credited = bill(desk, customer, "9000", days=14)
    pay(desk, customer, "9000", "INV-2026-0008")
    desk.do(CreditInvoice(invoice_id=credited, reason="zwrot"))
    pay(desk, customer, "11")

    found = desk.ask(ageing, customer_id=customer)

    assert [(each.first, each.last, each.amount) for each in found.buckets] == [
        (1, 30, Decimal(5)),
        (31, 60, Decimal(4)),
        (61, 90, Decimal(30)),
        (91, 120, Decimal(200)),
        (121, None, Decimal(1000)),
    ]
    assert found.not_due == Decimal(60000)
    assert (found.credits, found.unallocated) == (Decimal(-9000), Decimal(-11))
    assert found.overdue == sum(each.amount for each in found.buckets) == Decimal(1239)
    assert found.total == desk.ask(receivables, customer).receivable == Decimal(60000 + 1239 - 9000 - 11)
    assert desk.ask(ageing).overdue == Decimal(1239 + 777)


@pytest.mark.parametrize(
    ("late", "place"), [(0, None), (1, 0), (30, 0), (31, 1), (60, 1), (61, 2), (91, 3), (120, 3), (121, 4)]
)
def test_dun_10_a_debt_is_in_the_bucket_of_its_age(desk: Desk, clock: FixedClock, late: int, place: int | None) -> None:
    customer = desk.make_customer()
    bill(desk, customer, "100")
    clock.advance(timedelta(days=late))

    found = desk.ask(ageing, customer_id=customer)

    assert [n for n, each in enumerate(found.buckets) if each.amount] == ([] if place is None else [place])
    assert found.not_due == (Decimal(100) if place is None else 0)


def test_what_is_left_of_the_limit_counts_orders_and_invoices_once(desk: Desk) -> None:
    customer = desk.make_customer(credit_limit=Decimal(1000))
    order = desk.do(EnterOrder(customer_id=customer, lines=(make_line(),), ordered_on=date(2026, 1, 2)))
    before = desk.ask(receivables, customer)

    desk.do(InvoiceOrder(order_id=order))

    after = desk.ask(receivables, customer)
    assert (before.open_orders, before.receivable) == (Decimal(246), 0)
    assert (after.open_orders, after.receivable) == (0, Decimal(246))
    assert before.available == after.available == Decimal(754)


def test_a_claim_has_interest_and_compensation_at_the_rate_of_the_law(desk: Desk, clock: FixedClock) -> None:
    customer = desk.make_customer()
    made = bill(desk, customer, "12300", days=14)  # due on 19 January 2026
    clock.advance(timedelta(days=60))
    with pytest.raises(InterestRateMissing):
        desk.ask(claim, made)
    for day, percent in ((date(2025, 7, 1), "15.25"), (date(2026, 1, 1), "14.25")):
        desk.do(SetInterestRate(currency="PLN", valid_from=day, percent=Decimal(percent), source="M.P."))
    with pytest.raises(RateMissing, match="EUR"):
        desk.ask(claim, made)
    desk.do(SetCurrencyRate(currency="EUR", valid_from=date(2025, 12, 30), rate=Decimal("4.20"), source="NBP"))
    desk.do(SetCurrencyRate(currency="EUR", valid_from=date(2026, 1, 2), rate=Decimal(9), source="NBP"))
    pay(desk, customer, "5000", "INV-2026-0001")  # on 14 February

    found = desk.ask(claim, made, as_of=date(2026, 2, 28))

    by_hand = (Decimal(12300) * 26 + Decimal(7300) * 14) * Decimal("0.1425") / 365
    assert found.interest.total == by_hand.quantize(Decimal("0.01"))
    assert (found.compensation_eur, found.compensation, found.compensation_rate_on) == (
        70,
        Decimal("294.00"),
        date(2025, 12, 31),
    )
    assert [each.percent for each in desk.ask(interest_rates, "PLN")] == [Decimal("14.25"), Decimal("15.25")]


def test_writing_off_does_not_make_a_debt_smaller_for_the_law(desk: Desk, clock: FixedClock) -> None:
    made = bill(desk, desk.make_customer(), "100")
    desk.do(SetInterestRate(currency="PLN", valid_from=date(2026, 1, 1), percent=Decimal("36.5"), source="M.P."))
    desk.do(SetCurrencyRate(currency="EUR", valid_from=date(2025, 12, 30), rate=Decimal("4.20"), source="NBP"))
    desk.do(WriteOff(invoice_id=made, reason="drobne"))
    clock.advance(timedelta(days=10))

    assert desk.ask(claim, made).interest.total == Decimal("1.00")
