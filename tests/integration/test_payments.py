"""Statements and payments through the executor, on a real database."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Engine

from core.clock import FixedClock
from core.errors import Forbidden
from core.identity import Actor
from crm.payments.allocating import MatchPayment, NamePayer, Portion, PutPaymentAside, UnmatchPayment
from crm.payments.errors import PaymentTooSmall, WrongPaymentState
from crm.payments.importing import ImportStatements, PostPayment
from crm.payments.queries import Payment, PaymentSummary, payment, payments
from crm.profile_parts import BankAccount
from crm.queries import standing
from crm.sales.crediting import CreditInvoice
from crm.sales.errors import SettledByPayment, SettlesTooMuch
from crm.sales.issuing import IssueInvoice
from crm.sales.queries import Invoice, invoice
from crm.sales.settling import UndoSettlement
from tests.bank_files import MILL, STRANGE, Line, camt, mt940
from tests.crm_desk import STRANGER, Desk, make_line, open_desk


@pytest.fixture
def desk(engine: Engine, clock: FixedClock) -> Desk:
    return open_desk(engine, clock)


@pytest.fixture
def mill(desk: Desk) -> str:
    return desk.make_customer()


def make_invoice(desk: Desk, customer: str, price: str = "200") -> Invoice:
    line = make_line(quantity=Decimal(1), unit_price=Decimal(price))
    found: Invoice = desk.ask(invoice, desk.do(IssueInvoice(customer_id=customer, lines=(line,))).id)
    return found


def bring(desk: Desk, *lines: Line, **values: Any) -> Any:
    return desk.do(ImportStatements(content=mt940(*lines, **values)))


def all_payments(desk: Desk, state: str | None = None) -> list[PaymentSummary]:
    found: list[PaymentSummary] = desk.ask(payments, state=state).items
    return found


def only_payment(desk: Desk, state: str | None = None) -> Payment:
    (one,) = all_payments(desk, state)
    found: Payment = desk.ask(payment, one.id)
    return found


def test_dun_04_a_named_invoice_is_paid_by_the_statement(desk: Desk, mill: str) -> None:
    made = make_invoice(desk, mill)

    (result,) = bring(desk, Line("246.00", "ZAPLATA INV/2026/0001DZIEKUJEMY"))

    found = desk.ask(invoice, made.id)
    assert (result.posted, result.matched) == (1, 1)
    assert (found.state, found.balance) == ("paid", 0)
    assert [(each.kind, each.rule, each.effective_on) for each in found.settlements] == [
        ("payment", "reference", date(2026, 1, 6))
    ]
    assert desk.ask(standing, mill).receivable == 0
    assert desk.told()[-5:] == [
        "payment.posted",
        "payment.payer_named",
        "invoice.settled",
        "payment.matched",
        "bank_statement.imported",
    ]


@pytest.mark.parametrize("write", [mt940, camt])
def test_dun_04_the_same_statement_twice_is_nothing_twice(desk: Desk, mill: str, write: Any) -> None:
    make_invoice(desk, mill)
    content = write(Line("100.00", "INV-2026-0001"), Line("-12.00", "opłata", None))
    desk.do(ImportStatements(content=content))
    before = len(desk.events)

    (again,) = desk.do(ImportStatements(content=content))

    assert (again.posted, len(all_payments(desk)), len(desk.events)) == (0, 2, before)


def test_dun_04_eight_at_once_with_the_same_statement_post_it_once(desk: Desk, mill: str) -> None:
    make_invoice(desk, mill)

    with ThreadPoolExecutor(8) as pool:
        posted = list(pool.map(lambda _: bring(desk, Line("246.00", "INV-2026-0001"))[0].posted, range(8)))

    assert sorted(posted) == [0] * 7 + [1]


def test_dun_04_a_statement_of_the_month_brings_only_what_that_of_the_day_did_not(desk: Desk) -> None:
    bring(desk, Line("10.00", "a"), Line("10.00", "a"))

    (month,) = bring(desk, Line("10.00", "a"), Line("10.00", "a"), Line("10.00", "a"), number="00013/001")

    assert (month.entries, month.posted, len(all_payments(desk))) == (3, 1, 3)


def test_dun_04_a_partial_payment_lowers_the_balance(desk: Desk, mill: str) -> None:
    made = make_invoice(desk, mill)

    bring(desk, Line("100.00", "INV-2026-0001"))

    found = desk.ask(invoice, made.id)
    assert (found.state, found.balance) == ("part_paid", Decimal(146))


def test_an_overpayment_stays_the_customers_until_it_is_used(desk: Desk, mill: str) -> None:
    make_invoice(desk, mill)
    bring(desk, Line("300.00", "INV-2026-0001"))
    rest = only_payment(desk, "part_matched")
    assert (rest.unallocated, desk.ask(standing, mill).receivable) == (Decimal(54), Decimal(-54))
    other = make_invoice(desk, mill)

    desk.do(MatchPayment(payment_id=rest.id, portions=(Portion(invoice_id=other.id),)))

    assert desk.ask(invoice, other.id).balance == Decimal(192)
    assert desk.ask(payment, rest.id).state == "matched"


def test_one_payment_of_several_named_invoices_pays_the_oldest_debt_first(desk: Desk, mill: str) -> None:
    first, second = make_invoice(desk, mill), make_invoice(desk, mill)

    bring(desk, Line("300.00", "INV-2026-0002 i INV-2026-0001"))

    assert [desk.ask(invoice, each.id).balance for each in (first, second)] == [0, Decimal(192)]


def test_a_longer_number_is_not_taken_for_a_shorter_one(desk: Desk, mill: str) -> None:
    made = make_invoice(desk, mill)

    bring(desk, Line("246.00", "INV-2026-00012"))

    assert desk.ask(invoice, made.id).state == "open"


def test_an_account_that_somebody_matched_by_hand_is_known_from_then_on(desk: Desk, mill: str) -> None:
    make_invoice(desk, mill, "50")
    made, later = make_invoice(desk, mill), make_invoice(desk, mill, "300")
    bring(desk, Line("246.00", "przelew"))
    unknown = only_payment(desk, "unmatched")
    assert unknown.customer_id is None
    assert [(each.invoice.id, each.because) for each in unknown.proposals] == [(made.id, ("amount", "name"))]
    desk.do(MatchPayment(payment_id=unknown.id, portions=(Portion(invoice_id=made.id),), reason="kwota i nazwa"))

    bring(desk, Line("369.00", "przelew"), number="00013/001")

    found = desk.ask(invoice, later.id)
    assert (found.state, found.settlements[0].rule) == ("paid", "iban")


def test_a_known_account_with_a_sum_that_fits_nothing_waits_with_proposals(desk: Desk, mill: str) -> None:
    made = make_invoice(desk, mill)
    bring(desk, Line("1.00", "x"))
    desk.do(NamePayer(payment_id=only_payment(desk).id, customer_id=mill))

    bring(desk, Line("99.00", "przelew"), number="00013/001")

    waiting = desk.ask(payment, desk.ask(payments, customer_id=mill).items[0].id)
    assert (waiting.state, waiting.unallocated, waiting.customer_id) == ("unmatched", Decimal(99), mill)
    assert [each.invoice.id for each in waiting.proposals] == [made.id]


def test_a_number_that_contradicts_the_account_is_left_to_people(desk: Desk, mill: str) -> None:
    bring(desk, Line("1.00", "x"))
    desk.do(NamePayer(payment_id=only_payment(desk).id, customer_id=mill))
    made = make_invoice(desk, desk.make_customer(name="Tartak"))

    bring(desk, Line("246.00", "INV-2026-0001"), number="00013/001")

    assert desk.ask(invoice, made.id).state == "open"
    assert desk.ask(payments, state="unmatched").total == 2


def test_an_amount_alone_decides_nothing(desk: Desk, mill: str) -> None:
    made = make_invoice(desk, mill)

    bring(desk, Line("246.00", "przelew", STRANGE, "NIEZNANY"))

    assert desk.ask(invoice, made.id).state == "open"
    assert [each.because for each in only_payment(desk).proposals] == [("amount",)]


def test_dun_04_a_reversed_payment_opens_its_invoice_again(desk: Desk, mill: str) -> None:
    made = make_invoice(desk, mill)
    bring(desk, Line("246.00", "INV-2026-0001"))

    bring(desk, Line("-246.00", "INV-2026-0001", is_reversal=True, day=9), number="00013/001")

    found = desk.ask(invoice, made.id)
    assert (found.state, found.balance, found.settlements[0].undone_reason) == (
        "open",
        Decimal(246),
        "the bank took the payment back",
    )
    assert {each.state for each in all_payments(desk)} == {"reversed"}
    assert desk.ask(standing, mill).receivable == Decimal(246)


def test_money_paid_back_settles_the_credit_note_that_it_names(desk: Desk, mill: str) -> None:
    made = make_invoice(desk, mill)
    bring(desk, Line("246.00", "INV-2026-0001"))
    note = desk.do(CreditInvoice(invoice_id=made.id, reason="zwrot"))

    bring(desk, Line("-246.00", "zwrot CN/2026/0001", None), number="00013/001")

    assert desk.ask(invoice, note.id).state == "paid"
    assert desk.ask(standing, mill).receivable == 0


def test_unmatching_asks_for_a_reason_and_leaves_a_trace(desk: Desk, mill: str) -> None:
    made = make_invoice(desk, mill)
    bring(desk, Line("246.00", "INV-2026-0001"))
    paid = only_payment(desk)
    with pytest.raises(SettledByPayment):
        desk.do(UndoSettlement(settlement_id=paid.uses[0].settlement_id, reason="pomyłka"))

    desk.do(UnmatchPayment(payment_id=paid.id, reason="pomyłka"))

    assert desk.ask(invoice, made.id).state == "open"
    after = desk.ask(payment, paid.id)
    assert (after.state, after.unallocated, after.uses[0].undone_reason) == ("unmatched", Decimal(246), "pomyłka")
    with pytest.raises(WrongPaymentState):
        desk.do(UnmatchPayment(payment_id=paid.id, reason="znowu"))


def test_matching_by_hand_never_settles_more_than_there_is(desk: Desk, mill: str) -> None:
    first, second = make_invoice(desk, mill), make_invoice(desk, mill)
    bring(desk, Line("300.00", "przelew"))
    key = only_payment(desk).id

    with pytest.raises(SettlesTooMuch):
        desk.do(MatchPayment(payment_id=key, portions=(Portion(invoice_id=first.id, amount=Decimal(250)),)))
    portions = tuple(Portion(invoice_id=each.id, amount=Decimal(200)) for each in (first, second))
    with pytest.raises(PaymentTooSmall):
        desk.do(MatchPayment(payment_id=key, portions=portions))

    assert desk.ask(payment, key).unallocated == Decimal(300)


def test_what_is_for_no_invoice_is_put_aside_with_a_reason(desk: Desk) -> None:
    bring(desk, Line("3.14", "odsetki", None))
    key = only_payment(desk).id

    desk.do(PutPaymentAside(payment_id=key, reason="odsetki bankowe"))

    assert (desk.ask(payment, key).note, all_payments(desk, "unmatched")) == ("odsetki bankowe", [])


def test_cash_is_entered_once_however_often_it_is_sent(desk: Desk, mill: str) -> None:
    make_invoice(desk, mill)
    command = PostPayment(
        amount=Decimal(246), currency="PLN", booked_on=date(2026, 1, 5), reference="INV-2026-0001", key="KP/1"
    )

    keys = {desk.do(command) for _ in range(3)}

    assert (len(keys), only_payment(desk).state, only_payment(desk).payer_account) == (1, "matched", None)


def test_who_may_not_book_does_not(desk: Desk) -> None:
    with pytest.raises(Forbidden):
        desk.do(ImportStatements(content=mt940(Line("1.00", payer=MILL))), actor=STRANGER)
    with pytest.raises(Forbidden):
        desk.ask(payments, actor=STRANGER)


def test_an_account_that_is_entered_at_the_customer_is_known_at_once(desk: Desk) -> None:
    mill = desk.make_customer(bank_accounts=(BankAccount(iban=MILL),))
    made = make_invoice(desk, mill)

    bring(desk, Line("246.00", "przelew"))

    assert desk.ask(invoice, made.id).settlements[0].rule == "iban"


def test_who_may_see_customers_but_no_debts_sees_no_invoice_and_no_payment(desk: Desk, mill: str) -> None:
    made = make_invoice(desk, mill)
    clerk = Actor(id="rita", name="Rita", permissions=frozenset({"customer.read"}))

    with pytest.raises(Forbidden, match=r"customer\.finance"):
        desk.ask(invoice, made.id, actor=clerk)
    with pytest.raises(Forbidden, match=r"customer\.finance"):
        desk.ask(payments, actor=clerk)
