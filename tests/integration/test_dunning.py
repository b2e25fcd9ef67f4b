"""Dunning as the design's acceptance set asks for it: payments, disputes, promises, reversals, and time that jumps."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import select

from core.clock import FixedClock
from core.errors import Unavailable
from core.identity import SYSTEM
from core.settings import Settings
from crm.customers import UpdateCustomer
from crm.outbox.batches import PostBatch
from crm.outbox.errors import ChannelRefused
from crm.payments.allocating import UnmatchPayment
from crm.sales.crediting import CreditInvoice
from crm.sales.settling import DisputeInvoice
from processes.dunning import days
from processes.dunning.errors import BankDataOld, NotDunned
from processes.dunning.models import DunningNightRow
from processes.dunning.news import DeclareInsolvent, MakePromise, NoteReturned, StopDunning
from processes.dunning.nightly import BeginNight, StartDunnings
from tests.dunning_desk import CLERK, FINANCE, LAWYER, DunningDesk
from webapp.bootstrap import build
from webapp.outbox.delivery import send_due

GROSS = "1230.00"
FILE = ("invoice_pdf", "contract_or_order", "delivery_proof", "posting_receipt")
DISPUTED = {"kind": "quality", "undisputed_amount": 0, "result": "unjustified", "dispute_answer": "Sprawdzono."}


@pytest.fixture
def desk(database_url: str, tmp_path: Path, clock: FixedClock) -> Iterator[DunningDesk]:
    settings = Settings(database_url=database_url, data=tmp_path / "data", dunning_bank_days=0)
    built = build(settings, clock=clock)
    yield DunningDesk(built, clock)
    built.close()


@pytest.fixture
def late(desk: DunningDesk) -> str:
    """An invoice that is late, with its case; the clock stands at the night in which that began."""
    invoice = desk.invoice(desk.customer())
    desk.clock.advance(timedelta(days=20))
    desk.night()
    return invoice


def to_the_first_letter(desk: DunningDesk) -> None:
    """Until the letter waits and nothing was printed."""
    desk.clock.advance(timedelta(days=3))
    desk.fire()


def test_a_payment_one_minute_before_the_print_run_keeps_the_letter_here(desk: DunningDesk, late: str) -> None:
    to_the_first_letter(desk)
    assert desk.letters(late) == [("L1", "waiting")]
    desk.clock.advance(timedelta(minutes=59))
    desk.pay(late, GROSS)

    desk.clock.advance(timedelta(minutes=1))
    printed = [each for each in [desk.print_letters()] if each]

    assert printed == []
    assert desk.letters(late) == [("L1", "withdrawn")]
    assert (desk.case(late).state, desk.case(late).outcome) == ("completed", "settled")


def test_the_payment_of_another_invoice_changes_nothing(desk: DunningDesk, late: str) -> None:
    other = desk.invoice(desk.customer(name="Inny"), "500")
    to_the_first_letter(desk)

    desk.pay(other, "615.00")
    desk.work()

    assert desk.letters(late) == [("L1", "waiting")]
    assert len(desk.print_letters()) == 1
    assert desk.row(late).level == 1


def test_disputes_promises_and_part_payments_on_the_way_to_the_lawyer(desk: DunningDesk, late: str) -> None:
    desk.pass_days(5)
    assert desk.row(late).level == 1
    for reason in ("Uszkodzone", "Zły kolor"):
        desk.do(DisputeInvoice(invoice_id=late, reason=reason))
        desk.work()
        desk.complete(late, "clarify_dispute", CLERK, "dispute_letter", **DISPUTED)
    promised = desk.clock.now().date() + timedelta(days=10)
    desk.do(MakePromise(invoice_id=late, day=promised, amount=Decimal(1000)))
    desk.work()
    desk.pay(late, "100.00")
    desk.work()
    assert desk.case(late).stage == "promise"
    desk.pass_days(20)
    assert desk.row(late).broken_promises == 1
    desk.pass_days(10)
    desk.complete(late, "call_debtor", CLERK, outcome="refuses")
    desk.pay(late, "100.00")
    desk.work()
    desk.pass_days(60)
    assert desk.row(late).level == 5
    desk.complete(late, "assemble_file", CLERK, *FILE)
    desk.complete(late, "decide_hand_over", FINANCE, decision="lawyer", reason="brak odpowiedzi")
    assert [each.element_id for each in desk.tasks(late)] == ["accept_file"]

    desk.pay(late, "1030.00")
    desk.work()

    assert desk.tasks(late) == []
    assert desk.case(late).outcome == "settled"
    sent = [template for template, _ in desk.letters(late, "sent")]
    assert sent == ["L1", "L2", "L4", "L5"]


def test_a_reversed_payment_takes_the_dunning_up_at_the_level_that_it_had(desk: DunningDesk, late: str) -> None:
    desk.pass_days(14)
    assert desk.row(late).level == 2
    payment = desk.pay(late, GROSS)
    desk.work()
    first = desk.case(late)
    assert first.state == "completed"

    desk.do(UnmatchPayment(payment_id=payment, reason="the bank took it back"))
    assert desk.night() == 1

    second = desk.case(late)
    assert second.id != first.id
    assert second.variables["level"] == 2
    assert desk.row(late).level == 2


def test_a_payment_taken_back_while_the_case_runs_raises_what_it_claims(desk: DunningDesk, late: str) -> None:
    payment = desk.pay(late, "230.00")
    desk.work()
    assert Decimal(str(desk.case(late).variables["balance"])) == 1000

    desk.do(UnmatchPayment(payment_id=payment, reason="wrong invoice"))
    desk.work()

    assert Decimal(str(desk.case(late).variables["balance"])) == Decimal(GROSS)


def test_a_full_credit_note_settles_without_interest(desk: DunningDesk, late: str) -> None:
    desk.pass_days(14)

    desk.do(CreditInvoice(invoice_id=late, reason="returned"))
    desk.work()

    case = desk.case(late)
    assert (case.outcome, case.variables["residual"]) == ("settled", 0)
    assert "INT" not in [template for template, _ in desk.letters(late)]


def test_the_nightly_run_twice_starts_one_case(desk: DunningDesk, late: str) -> None:
    case = desk.case(late).id

    assert desk.night() == 0
    desk.do(StartDunnings())
    desk.work()

    assert desk.case(late).id == case


def test_after_sixty_days_of_silence_levels_come_one_at_a_time(desk: DunningDesk, late: str) -> None:
    desk.clock.advance(timedelta(days=60))
    sent: list[tuple[date, str]] = []
    for _ in range(30):
        before = len(desk.letters(late, "sent"))
        desk.pass_days(1)
        for template, _ in desk.letters(late, "sent")[before:]:
            sent.append((desk.clock.now().date(), template))
        if any(each.element_id == "call_debtor" for each in desk.tasks(late)):
            desk.complete(late, "call_debtor", CLERK, outcome="reached")

    assert [template for _, template in sent] == ["L1", "L2", "L4", "L5"]
    gaps = [days.between(first, second) for (first, _), (second, _) in pairwise(sent)]
    assert min(gaps) >= 5, sent


def test_invoices_of_one_customer_share_a_letter(desk: DunningDesk) -> None:
    buyer = desk.customer()
    invoices = [desk.invoice(buyer), desk.invoice(buyer, "200"), desk.invoice(buyer, "300")]
    desk.clock.advance(timedelta(days=20))
    assert desk.night() == 3
    to_the_first_letter(desk)
    desk.pay(invoices[1], "246.00")

    (document,) = desk.print_letters()

    assert [desk.letters(each)[0][1] for each in invoices] == ["sent", "withdrawn", "sent"]
    said = desk.text_of(document)
    assert "Przypomnienie o płatności" in said
    assert "Razem do zapłaty: 1 599.00 PLN" in said  # 1 230 and 369
    assert [desk.row(each).level for each in invoices] == [1, 0, 1]


def test_a_letter_that_was_printed_is_taken_out_of_the_pile_when_the_money_comes(desk: DunningDesk) -> None:
    buyer = desk.customer(emails=(), phones=())
    paid, open_one = desk.invoice(buyer), desk.invoice(buyer, "200")
    desk.clock.advance(timedelta(days=20))
    desk.night()
    to_the_first_letter(desk)
    desk.make_letters()
    batch = desk.print_batch()
    assert batch is not None
    desk.pay(paid, GROSS)

    posted = [desk.do(PostBatch(batch_id=batch), SYSTEM) for _ in range(2)]
    desk.work()
    desk.print_letters()

    assert posted == [0, 0]
    assert desk.letters(paid) == [("L1", "withdrawn")]
    assert desk.letters(open_one) == [("L1", "sent")]
    assert [desk.row(each).level for each in (paid, open_one)] == [0, 1]


def test_a_mail_that_waits_for_its_server_is_taken_back_when_the_money_comes(desk: DunningDesk, late: str) -> None:
    to_the_first_letter(desk)
    desk.make_letters()
    desk.sink.trouble = Unavailable("The server is away.")
    send_due(desk.application)
    desk.pay(late, GROSS)
    desk.work()
    desk.sink.trouble = None
    desk.clock.advance(timedelta(hours=1))

    send_due(desk.application)

    assert desk.sink.parcels == []
    assert desk.letters(late) == [("L1", "withdrawn")]
    assert desk.case(late).outcome == "settled"


def test_without_any_address_a_person_decides(desk: DunningDesk) -> None:
    invoice = desk.invoice(desk.customer(emails=(), phones=(), addresses=()))
    desk.clock.advance(timedelta(days=20))
    desk.night()
    to_the_first_letter(desk)

    assert desk.make_letters() == []
    desk.work()

    assert desk.row(invoice).stuck == "unreachable"
    assert [each.element_id for each in desk.tasks(invoice)] == ["decide_step"]


def test_a_mail_that_bounces_is_followed_by_a_letter(desk: DunningDesk, late: str) -> None:
    to_the_first_letter(desk)
    desk.make_letters()
    desk.sink.trouble = ChannelRefused("550 no such person", ("biuro@zuraw.example",))
    send_due(desk.application)
    desk.work()

    desk.fire()
    desk.print_letters()

    assert desk.letters(late) == [("L1", "withdrawn"), ("L1", "sent")]
    assert desk.row(late).level == 1


def test_customers_abroad_are_written_to_in_english(desk: DunningDesk) -> None:
    desk.invoice(desk.customer(name="Crane Ltd", country="IE"))
    desk.clock.advance(timedelta(days=20))
    desk.night()
    to_the_first_letter(desk)

    (document,) = desk.print_letters()

    assert "Reminder of payment" in desk.text_of(document)


def test_old_bank_data_start_nothing(database_url: str, tmp_path: Path, clock: FixedClock) -> None:
    built = build(Settings(database_url=database_url, data=tmp_path / "data"), clock=clock)
    desk = DunningDesk(built, clock)
    desk.invoice(desk.customer())
    clock.advance(timedelta(days=30))

    with pytest.raises(BankDataOld, match="was never imported"):
        desk.do(StartDunnings())
    assert not desk.do(BeginNight(), SYSTEM)
    with built.units.reading(SYSTEM) as view:
        (refusal,) = view.session.scalars(select(DunningNightRow.refusal))
    assert "was never imported" in str(refusal)

    built.close()


def test_the_clock_begins_one_run_on_each_business_day_from_five_o_clock(desk: DunningDesk) -> None:
    desk.invoice(desk.customer())
    desk.clock.set(datetime(2026, 1, 31, 9, tzinfo=UTC))  # a Saturday
    begun = [desk.do(BeginNight(), SYSTEM)]
    for hour, minute in ((3, 59), (4, 0), (4, 5)):  # in Warsaw it is an hour later
        desk.clock.set(datetime(2026, 2, 2, hour, minute, tzinfo=UTC))
        begun.append(desk.do(BeginNight(), SYSTEM))

    assert begun == [False, False, True, False]


def test_cus_23_grace_depends_on_how_reliably_a_customer_pays(desk: DunningDesk) -> None:
    customers = {each: desk.customer(name=each, reliability="A" if each == "C" else each) for each in "ABCD"}
    due = {each: desk.invoice(customer) for each, customer in customers.items()}
    desk.do(UpdateCustomer(customer_id=customers["C"], changes={"reliability": "C"}))
    desk.clock.advance(timedelta(days=15))  # the day after the due day, a Tuesday

    found = []
    for _ in range(10):
        found.append(desk.night())
        desk.clock.advance(timedelta(days=1))

    assert sum(found) == len(due)
    assert [place for place, count in enumerate(found) if count] == [0, 1, 3, 7]


def test_a_letter_that_came_back_waits_for_a_person(desk: DunningDesk, late: str) -> None:
    desk.pass_days(14)

    desk.do(NoteReturned(invoice_id=late, channel="letter", reason="unknown"))
    desk.work()

    assert desk.row(late).level == 1
    desk.complete(late, "decide_step", CLERK, go_on="go_on", reason="Poprawiony")
    desk.pass_days(2)
    assert [template for template, _ in desk.letters(late, "sent")] == ["L1", "L2", "L2"]


def test_an_insolvent_customer_goes_to_the_lawyer(desk: DunningDesk, late: str) -> None:
    assert desk.do(DeclareInsolvent(customer_id=desk.row(late).customer_id, reason="KRZ")) == 1
    desk.work()

    desk.complete(late, "file_insolvency", LAWYER, "claim_filing", court="SR Warszawa", claim_deadline="2026-03-01")

    assert desk.case(late).outcome == "insolvency"
    assert desk.night() == 0


def test_the_filing_in_an_insolvency_is_due_five_business_days_before_its_deadline(
    desk: DunningDesk, late: str
) -> None:
    desk.do(DeclareInsolvent(customer_id=desk.row(late).customer_id, reason="KRZ", claim_deadline=date(2026, 3, 13)))
    desk.work()

    (task,) = desk.tasks(late)

    assert task.element_id == "file_insolvency"
    assert task.due_at is not None
    assert task.due_at.date() == date(2026, 3, 6)


def test_dunning_that_was_stopped_is_not_started_by_night(desk: DunningDesk, late: str) -> None:
    to_the_first_letter(desk)

    desk.do(StopDunning(invoice_id=late, reason="our mistake"))
    desk.work()

    assert desk.case(late).outcome == "stopped"
    assert desk.letters(late) == [("L1", "withdrawn")]
    assert desk.night() == 0
    with pytest.raises(NotDunned):
        desk.do(StopDunning(invoice_id=late, reason="again"))


def test_what_nobody_pays_is_written_off_and_stays_written_off(desk: DunningDesk) -> None:
    small = desk.invoice(desk.customer(), "100")
    desk.clock.advance(timedelta(days=20))
    desk.night()
    desk.pass_days(40)
    desk.complete(small, "call_debtor", CLERK, outcome="refuses")
    desk.pass_days(40)
    desk.complete(small, "assemble_file", CLERK, *FILE)

    desk.complete(small, "decide_hand_over", FINANCE, decision="write_off", reason="za mała kwota")

    assert desk.case(small).outcome == "written_off"
    assert desk.night() == 0


def test_interest_is_claimed_once_the_invoice_is_paid_late(desk: DunningDesk) -> None:
    big = desk.invoice(desk.customer(), "20000")
    desk.clock.advance(timedelta(days=20))
    desk.night()
    desk.pass_days(14)

    desk.pay(big, "24600.00")
    desk.work()
    assert desk.case(big).outcome == "settled"

    assert len(desk.print_letters()) == 1
    assert desk.letters(big)[-1] == ("INT", "sent")
