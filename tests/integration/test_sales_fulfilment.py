"""A sale goes on with the delivery and the invoice that come back from the ERP, each found by its order."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from core.clock import FixedClock
from core.identity import SYSTEM
from core.settings import Settings
from crm.approvals import MarkOfferSent
from crm.erp.arriving import Arrived, TakeArrival
from crm.models import OrderRow
from crm.queries import order
from crm.sales.accepting import AcceptOffer, MoveOrder
from engine.errors import StepRefused
from engine.timers import FireDueTimers
from tests.sales_desk import CLERK, ORDER, SalesDesk
from webapp.bootstrap import build


@pytest.fixture
def desk(database_url: str, tmp_path: Path, clock: FixedClock) -> Iterator[SalesDesk]:
    built = build(Settings(database_url=database_url, data=tmp_path / "data"), clock=clock)
    yield SalesDesk(built, clock)
    built.close()


class Sold:
    """A sale whose order the ERP has confirmed."""

    def __init__(self, desk: SalesDesk) -> None:
        self.desk = desk
        self.case = desk.start(customer_id=desk.customer())
        offer_id = desk.to_the_offer(self.case)
        desk.do(MarkOfferSent(offer_id=offer_id))
        made = desk.do(AcceptOffer(offer_id=offer_id))
        self.order_id, self.number = made.id, made.number
        desk.work()
        desk.complete("check_order", CLERK, "customer_order", **ORDER)

    def confirmed(self) -> Sold:
        self.desk.tell("erp.order_confirmed", order_id=self.order_id)
        return self

    def say(self, key: str, kind: str, **content: Any) -> Arrived:
        """As the ERP."""
        told: Arrived = self.desk.do(TakeArrival(key=key, kind=kind, content={"order": self.number} | content), SYSTEM)
        self.desk.work()
        return told

    def invoice(self, key: str = "I-1", number: str = "FV/1/2026") -> Arrived:
        return self.say(key, "invoice", number=number, issued_on="2026-01-09", net="1000.00", vat="230.00")

    def stands_at(self) -> list[str]:
        return sorted(each.element_id for each in self.desk.case(self.case).tokens)

    def wait(self, days: int) -> None:
        self.desk.clock.advance(timedelta(days=days))
        self.desk.do(FireDueTimers(), SYSTEM)
        self.desk.work()


def test_erp_05_the_delivery_and_the_invoice_that_the_erp_tells_advance_the_sale(desk: SalesDesk) -> None:
    sold = Sold(desk).confirmed()
    other = Sold(desk).confirmed()
    assert sold.stands_at() == ["await_delivery"]

    part = sold.say("D-1", "delivery", delivered_on="2026-01-07", complete=False)
    assert (part.state, sold.stands_at()) == ("taken", ["await_delivery"])
    sold.say("D-2", "delivery", delivered_on="2026-01-08")
    assert sold.stands_at() == ["await_invoice"]
    sold.say("D-2", "delivery", delivered_on="2026-01-08")
    sold.invoice()

    done = desk.case(sold.case)
    assert (done.state, done.outcome) == ("completed", "won")
    assert done.variables["invoice_number"] == "FV/1/2026"
    assert "crm.invoice" in {link.entity for link in done.links}
    assert other.stands_at() == ["await_delivery"]  # each message finds the case of its own order


def test_erp_05_an_invoice_in_advance_waits_for_the_delivery_for_months(desk: SalesDesk) -> None:
    sold = Sold(desk).confirmed()
    sold.invoice()
    sold.invoice("I-2", "FV/2/2026")
    for _ in range(3):
        sold.wait(30)
        desk.complete("chase_delivery", CLERK, delivery_step="wait")

    sold.say("D-1", "delivery", delivered_on="2026-04-08")

    assert desk.case(sold.case).outcome == "won"


def test_erp_05_what_comes_before_the_order_is_confirmed_counts_afterwards(desk: SalesDesk) -> None:
    sold = Sold(desk)
    sold.say("D-1", "delivery", delivered_on="2026-01-08")
    sold.invoice()
    assert sold.stands_at() == ["await_erp"]

    sold.confirmed()
    desk.work()  # the clock looks again for messages that were too early

    assert desk.case(sold.case).outcome == "won"


def test_erp_05_the_order_desk_asks_after_a_delivery_that_does_not_come_and_notes_it(desk: SalesDesk) -> None:
    sold = Sold(desk).confirmed()
    sold.wait(20)
    assert desk.open() == ["chase_delivery"]

    desk.complete("chase_delivery", CLERK, delivery_step="delivered", delivery_note="podpisany list przewozowy")

    with desk.application.units.reading(SYSTEM) as view:
        assert order(view, sold.order_id).state == "done"
    assert sold.stands_at() == ["await_invoice"]
    sold.wait(10)
    assert desk.open() == ["chase_invoice"]
    sold.invoice()
    assert (desk.open(), desk.case(sold.case).outcome) == ([], "won")


def test_erp_05_an_order_that_is_cancelled_ends_as_a_loss(desk: SalesDesk) -> None:
    sold = Sold(desk).confirmed()

    desk.do(MoveOrder(order_id=sold.order_id, state="cancelled", reason="klient zrezygnował"), SYSTEM)
    desk.work()
    desk.complete("record_loss", loss_reason="other", loss_note="klient zrezygnował")

    assert desk.case(sold.case).outcome == "lost"


def test_erp_05_who_chases_a_delivery_reads_why_the_order_cannot_be_cancelled(desk: SalesDesk) -> None:
    sold = Sold(desk).confirmed()
    sold.wait(20)
    with desk.application.units.begin(SYSTEM) as unit:  # somebody else was faster, and the news is on its way
        unit.session.get_one(OrderRow, sold.order_id).state = "done"
        unit.commit()

    with pytest.raises(StepRefused, match="done"):
        desk.complete("chase_delivery", CLERK, delivery_step="cancelled")
