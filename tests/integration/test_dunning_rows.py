"""Dunning as its rows ask for it: when it begins, how it goes on, calls and promises, and the lawyer's file."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pypdfium2 as pdfium
import pytest
from sqlalchemy import select

from core.clock import FixedClock
from core.identity import SYSTEM
from core.settings import Settings
from crm.calls import queries
from crm.outbox.batches import MakeBatch, batch
from crm.outbox.handling import NoteDelivered
from crm.outbox.models import MessageRow
from documents.access import Target
from documents.models import DocumentVersionRow
from documents.queries import attached
from engine.errors import DocumentsMissing
from engine.views import TaskSummary
from processes.dunning import days
from storage.jobs.worker import Worker
from tests.dunning_desk import CLERK, FINANCE, LAWYER, DunningDesk
from webapp.bootstrap import build
from webapp.outbox.delivery import send_due

GRACE, TERM = 3, 14  # days: of a customer of reliability B, and of the invoice
START = date(2026, 1, 5)  # where the clock stands
MM = 25.4 / 72  # of a point
FILE = ("invoice_pdf", "contract_or_order", "delivery_proof", "posting_receipt")
REMINDERS = ["L1", "L2", "L4", "L5"]


@pytest.fixture
def desk(database_url: str, tmp_path: Path, clock: FixedClock) -> Iterator[DunningDesk]:
    settings = Settings(database_url=database_url, data=tmp_path / "data", dunning_bank_days=0)
    built = build(settings, clock=clock)
    yield DunningDesk(built, clock)
    built.close()


def begun(desk: DunningDesk) -> str:
    """A late invoice whose case has begun."""
    invoice = desk.invoice(desk.customer(), days=TERM)
    desk.clock.advance(timedelta(days=TERM + GRACE + 1))
    assert desk.night() == 1
    return invoice


def to_the_lawyer(desk: DunningDesk, invoice: str) -> None:
    """Days go by, calls change nothing, until the file is to be assembled."""
    for _ in range(120):
        open_ones = {each.element_id for each in desk.tasks(invoice)}
        if "assemble_file" in open_ones:
            return
        if "call_debtor" in open_ones:
            desk.complete(invoice, "call_debtor", CLERK, outcome="refuses")
        desk.pass_days(1)
    raise AssertionError(desk.tasks(invoice))


def only(desk: DunningDesk, invoice: str, element: str) -> TaskSummary:
    (found,) = [each for each in desk.tasks(invoice) if each.element_id == element]
    return found


def test_dun_03_one_case_begins_when_grace_is_over_and_a_second_run_begins_none(desk: DunningDesk) -> None:
    desk.invoice(desk.customer(), days=TERM)

    started = {}
    for day in range(1, 31):
        desk.clock.advance(timedelta(days=1))
        started[day] = [desk.night(), desk.night()]

    assert {day: each for day, each in started.items() if each != [0, 0]} == {TERM + GRACE + 1: [1, 0]}


def test_dun_05_a_letter_is_printed_with_its_address_in_the_window_and_stands_in_the_posting_book(
    desk: DunningDesk,
) -> None:
    invoice = desk.invoice(desk.customer(emails=(), phones=()), days=TERM)
    desk.clock.advance(timedelta(days=TERM + GRACE + 1))
    desk.night()
    while not desk.letters(invoice, "waiting"):
        desk.clock.advance(timedelta(days=1))
        desk.fire()
    (letter,) = desk.make_letters()

    batch_id = desk.do(MakeBatch(), SYSTEM)
    Worker(desk.application.database.engine, desk.application).drain()

    with desk.application.units.reading(SYSTEM) as view:
        printed, listed = batch(view, batch_id)
    assert [each.envelope["postal_code"] for each in listed] == ["30-102"]
    for document in (letter, printed.document_id):
        page = page_of(desk, document)
        for line in ("Żuraw", "ul. Łąkowa 5", "30-102 Kraków"):
            left, right, top, bottom = place_of(page, line)
            assert 20 <= left < right <= 105, (line, left, right)
            assert 45 <= top < bottom <= 90, (line, top, bottom)
    assert "Żuraw" in page_of(desk, printed.book_id).get_textpage().get_text_bounded()


def page_of(desk: DunningDesk, document_id: str | None) -> pdfium.PdfPage:
    """The first page of a document."""
    wanted = select(DocumentVersionRow.digest).where(DocumentVersionRow.document_id == document_id)
    with desk.application.units.reading(SYSTEM) as view:
        digest = str(view.session.scalars(wanted).one())
    with desk.application.blobs.open(digest) as stored:
        return pdfium.PdfDocument(stored.read())[0]


def place_of(page: pdfium.PdfPage, line: str) -> tuple[float, float, float, float]:
    """Left, right, top and bottom of a line of text where it stands first, in mm from the page's left and top edge."""
    text = page.get_textpage()
    found = text.search(line).get_next()
    assert found is not None, line
    begin, count = found
    boxes = [text.get_charbox(each) for each in range(begin, begin + count)]
    left, right = min(each[0] for each in boxes), max(each[2] for each in boxes)
    top, bottom = max(each[3] for each in boxes), min(each[1] for each in boxes)
    return left * MM, right * MM, (page.get_height() - top) * MM, (page.get_height() - bottom) * MM


def test_dun_06_an_sms_goes_by_day_alone_and_the_gateway_says_that_it_arrived(desk: DunningDesk) -> None:
    desk.invoice(desk.customer(reliability="C"), days=TERM)
    desk.clock.set(desk.clock.now().replace(hour=10) + timedelta(days=TERM + 2))  # by night the rules choose no SMS
    assert desk.night() == 1
    desk.clock.advance(timedelta(days=3))
    desk.fire()
    desk.clock.set(desk.clock.now().replace(hour=22))  # 23:00 in Warsaw
    desk.print_letters()
    desk.print_letters()
    by_night = [each.channel for each in desk.sink.parcels]

    desk.clock.advance(timedelta(hours=11))
    send_due(desk.application)

    assert by_night == ["email"]
    (sms,) = [each for each in desk.sink.parcels if each.channel == "sms"]
    assert (sms.recipient, "1 230.00 PLN" in sms.text) == ("+48600100200", True)
    desk.do(NoteDelivered(message_id=sms.id, answer="DELIVRD"), SYSTEM)
    with desk.application.units.reading(CLERK) as view:
        assert view.session.get_one(MessageRow, sms.id).state == "delivered"


def test_dun_07_each_measure_follows_the_one_that_had_no_effect(desk: DunningDesk) -> None:
    invoice = begun(desk)
    levels, sent = [desk.row(invoice).level], []
    for _ in range(60):
        known = len(desk.letters(invoice, "sent"))
        if any(each.element_id == "call_debtor" for each in desk.tasks(invoice)):
            desk.complete(invoice, "call_debtor", CLERK, outcome="refuses")
        desk.pass_days(1)
        sent += [(desk.clock.now().date(), each) for each, _ in desk.letters(invoice, "sent")[known:]]
        if (level := desk.row(invoice).level) != levels[-1]:
            levels.append(level)

    assert [template for _, template in sent] == REMINDERS
    assert levels == list(range(levels[-1] + 1)) == [0, 1, 2, 3, 4, 5]
    assert min(days.between(first, second) for (first, _), (second, _) in pairwise(sent)) > 0


def test_dun_08_who_does_not_pay_is_called_and_a_promise_holds_everything_until_its_day(desk: DunningDesk) -> None:
    invoice = begun(desk)
    while not any(each.element_id == "call_debtor" for each in desk.tasks(invoice)):
        desk.pass_days(1)
    task = only(desk, invoice, "call_debtor")
    with desk.application.units.reading(CLERK) as view:
        (queued,) = queries.call_queue(view).items
    assert (queued.task_id, queued.kind) == (task.id, "dunning")
    ((amount, currency, age),) = [(each.amount, each.currency, each.days) for each in queued.debts]
    due_on = desk.clock.now().date() - timedelta(days=age)
    assert (amount, currency, due_on) == (Decimal(1230), "PLN", START + timedelta(days=TERM))
    promised = desk.clock.now().date() + timedelta(days=12)
    told = {"outcome": "promise", "promise_date": promised.isoformat(), "promise_amount": 1230}
    desk.complete(invoice, "call_debtor", CLERK, **told)
    level, letters = desk.row(invoice).level, desk.letters(invoice)
    desk.pass_days(11)

    assert (desk.case(invoice).stage, desk.row(invoice).level) == ("promise", level)
    assert (desk.letters(invoice), desk.tasks(invoice), desk.row(invoice).broken_promises) == (letters, [], 0)
    desk.pass_days(8)
    assert desk.row(invoice).broken_promises == 1
    assert len(desk.letters(invoice)) + len(desk.tasks(invoice)) > len(letters)


def test_dun_09_the_lawyer_gets_the_whole_file_and_without_a_paper_it_does_not_leave(desk: DunningDesk) -> None:
    invoice = begun(desk)
    to_the_lawyer(desk, invoice)
    for paper in range(len(FILE)):
        with pytest.raises(DocumentsMissing):
            desk.complete(invoice, "assemble_file", CLERK, *FILE[paper : paper + 1] if paper < len(FILE) - 1 else ())

    desk.complete(invoice, "assemble_file", CLERK, FILE[-1])
    desk.complete(invoice, "decide_hand_over", FINANCE, decision="lawyer", reason="brak odpowiedzi")

    accept = only(desk, invoice, "accept_file")
    case = Target("case", accept.instance_id)
    with desk.application.units.reading(LAWYER) as view:
        papers = [str(each.type) for each in attached(view, [case])[case]]
    assert accept.candidate_groups == ("legal",)
    assert {*FILE, "dunning_letter"} <= set(papers)
    assert papers.count("dunning_letter") == len(REMINDERS)
    claim = desk.case(invoice).variables["claim"]
    assert Decimal(desk.case(invoice).variables["balance"]) == Decimal(1230)
    assert "interest" in str(claim) or claim["extras"]
