"""Records reach an ERP once, whatever fails on the way, and what it says comes back once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from core.clock import FixedClock
from core.errors import Forbidden
from core.identity import SYSTEM
from core.settings import Settings
from crm.customers import CreateCustomer, UpdateCustomer
from crm.erp import queries
from crm.erp.arriving import RetryArrival, TakeArrival
from crm.erp.errors import ArrivalDiffers, NothingToExport, WrongHandoverState
from crm.erp.files import ExportHandovers, TakeAnswers, batch_csv
from crm.erp.queries import Handover, HandoverFilter
from crm.erp.queueing import HandOver
from crm.erp.sending import LEASE, MOST_TRIES, CancelHandover, ClaimHandover, RetryHandover
from crm.erp.systems import Erp
from crm.offer_content import Line
from crm.orders import EnterOrder
from crm.profiles import Profile
from crm.queries import order
from crm.sales.queries import InvoiceFilter, invoices
from storage.jobs.worker import Worker
from tests.fake_erp import FakeErp
from tests.post_office import person
from tests.web import WHOLE_FIRM
from webapp.background import make_clock
from webapp.bootstrap import Application
from webapp.erp.delivery import ask_for_handing_over, hand_over_due, take_offered
from webapp.erp.http import HttpErp

KEEPER = person("zofia", *WHOLE_FIRM)


class Office:
    """The firm with its ERP."""

    def __init__(self, application: Application, erp: FakeErp) -> None:
        self.application, self.erp = application, erp

    def do(self, command: Any) -> Any:
        return self.application.executor.execute(command, actor=KEEPER)

    def ask(self, query: Any, *arguments: Any) -> Any:
        with self.application.units.reading(KEEPER) as view:
            return query(view, *arguments)

    def customer(self, **values: Any) -> str:
        profile = Profile(**({"name": "Żółw Pompy", "country": "PL"} | values))
        return str(self.do(CreateCustomer(profile=profile)).id)

    def order(self, customer_id: str | None = None, **values: Any) -> str:
        line = Line(quantity=Decimal(2), description="Pompa", unit_price=Decimal(100), vat_rate=Decimal(23))
        day = date(2026, 1, 5)
        return str(
            self.do(EnterOrder(customer_id=customer_id or self.customer(), lines=(line,), ordered_on=day, **values))
        )

    def handed(self, record_id: str, entity: str = "crm.order") -> Handover:
        found = self.ask(queries.handovers, HandoverFilter(entity=entity, record_id=record_id)).items
        one: Handover = self.ask(queries.handover, found[0].id)
        return one

    def send(self) -> int:
        return hand_over_due(self.application)


@pytest.fixture
def erp() -> Iterator[FakeErp]:
    running = FakeErp()
    yield running
    running.close()


@pytest.fixture
def office(application: Application, erp: FakeErp) -> Office:
    settings = replace(
        application.settings,
        erp_url=erp.url,
        erp_orders=True,
        erp_timeout=60,
        erp_headers=(("Authorization", "Bearer abc"),),
    )
    application.settings = settings
    application.units.ports[Settings] = settings
    application.units.ports[Erp] = HttpErp(settings)
    return Office(application, erp)


def test_erp_04_an_order_is_handed_over_once_after_its_customer_and_its_number_comes_back(office: Office) -> None:
    made = office.order()

    office.send()

    paths = [path for _, path, _ in office.erp.calls]
    assert paths == ["/obieg/customers", "/obieg/orders"]
    customer, sent = office.erp.taken.values()
    assert customer["name"] == "Żółw Pompy"
    assert (sent["customer"], sent["customer_erp_number"]) == (customer["number"], "R3-1")
    assert [(each["quantity"], each["unit_price"]) for each in sent["lines"]] == [("2", "100")]
    assert office.erp.calls[0][2]["authorization"] == "Bearer abc"
    assert (office.handed(made).state, office.handed(made).erp_number) == ("acknowledged", "R3-2")
    assert office.ask(order, made).erp_number == "R3-2"
    office.do(HandOver(entity="crm.order", record_id=made))
    assert office.send() == 0


def test_erp_04_a_second_order_does_not_send_its_customer_again_unless_it_changed(office: Office) -> None:
    customer = office.customer()
    office.order(customer)
    office.send()
    office.order(customer)
    office.send()
    assert [path for _, path, _ in office.erp.calls].count("/obieg/customers") == 1

    office.do(UpdateCustomer(customer_id=customer, changes={"legal_name": "Żółw Pompy sp. z o.o."}))
    office.order(customer)
    office.send()

    assert [path for _, path, _ in office.erp.calls].count("/obieg/customers") == 2
    assert len(office.erp.taken) == 5


def test_erp_02_an_erp_that_is_away_for_hours_loses_nothing(office: Office, clock: FixedClock) -> None:
    office.erp.is_away = True
    made = [office.order() for _ in range(3)]
    for _ in range(12):
        office.send()
        clock.advance(timedelta(minutes=15))
    assert {office.handed(each).state for each in made} == {"held"}
    office.erp.is_away = False

    for _ in range(3):
        clock.advance(timedelta(hours=2))
        office.send()

    assert {office.handed(each).state for each in made} == {"acknowledged"}
    assert sorted(path for path in {key.partition(":")[0] for key in office.erp.taken}) == ["customer", "order"]
    assert len(office.erp.taken) == 6


def test_erp_02_pauses_grow_and_one_that_never_goes_can_be_tried_again(office: Office, clock: FixedClock) -> None:
    customer = office.customer()
    office.do(HandOver(entity="crm.customer", record_id=customer))
    office.erp.is_away = True
    pauses = []
    for _ in range(MOST_TRIES):
        office.send()
        waiting = office.handed(customer, "crm.customer")
        pauses.append((waiting.due_at - clock.now()).total_seconds())
        clock.advance(timedelta(hours=2))
    assert pauses[0] < pauses[1] < pauses[2]
    assert waiting.state == "failed"
    assert waiting.reason is not None
    assert "come again" in waiting.reason
    office.erp.is_away = False

    office.do(RetryHandover(handover_id=waiting.id))
    office.send()

    assert office.handed(customer, "crm.customer").state == "acknowledged"


@pytest.mark.parametrize("trouble", ["break", "silent"])
def test_erp_04_an_answer_that_is_lost_makes_no_second_record(office: Office, clock: FixedClock, trouble: str) -> None:
    customer = office.customer()
    office.do(HandOver(entity="crm.customer", record_id=customer))
    office.erp.troubles = [trouble]
    patient = office.application.units.ports[Erp]
    office.application.units.ports[Erp] = HttpErp(replace(office.application.settings, erp_timeout=2))
    office.send()
    office.application.units.ports[Erp] = patient
    assert office.handed(customer, "crm.customer").state == "waiting"

    clock.advance(timedelta(minutes=5))
    office.send()

    found = office.handed(customer, "crm.customer")
    assert (found.state, found.erp_number, len(office.erp.taken), len(office.erp.calls)) == (
        "acknowledged",
        "R3-1",
        1,
        2,
    )
    assert len({headers["idempotency-key"] for _, _, headers in office.erp.calls}) == 1
    assert [each.outcome for each in found.tries] == ["later", "taken"]


def test_erp_04_a_worker_that_dies_leaves_its_record_to_the_next(office: Office, clock: FixedClock) -> None:
    customer = office.customer()
    office.do(HandOver(entity="crm.customer", record_id=customer))
    claimed = office.application.executor.execute(ClaimHandover(), actor=SYSTEM)
    assert claimed is not None
    assert office.send() == 0

    clock.advance(LEASE + timedelta(seconds=1))

    assert office.send() == 1
    assert office.handed(customer, "crm.customer").state == "acknowledged"


def test_erp_02_a_refusal_is_told_and_the_corrected_record_goes_with_the_order_behind_it(office: Office) -> None:
    customer = office.customer()
    office.erp.troubles = ["refuse"]
    made = office.order(customer)
    office.send()
    refused = office.handed(customer, "crm.customer")
    assert (refused.state, refused.reason) == ("refused", "The ERP refuses it: The tax number is missing.")
    assert office.handed(made).state == "held"
    assert len(office.erp.calls) == 1

    office.do(UpdateCustomer(customer_id=customer, changes={"tax_id": "5260250274"}))
    office.do(RetryHandover(handover_id=refused.id))
    office.send()

    assert [each.get("tax_id") for each in office.erp.taken.values()] == ["5260250274", None]
    assert office.handed(made).state == "acknowledged"


def test_what_the_erp_takes_and_numbers_later_is_acknowledged_by_what_it_says(office: Office) -> None:
    customer = office.customer()
    office.do(HandOver(entity="crm.customer", record_id=customer))
    office.erp.troubles = ["later"]
    office.send()
    sent = office.handed(customer, "crm.customer")
    assert sent.state == "sent"

    told = TakeArrival(key="A-1", kind="acknowledgement", content={"handover": sent.key, "number": "K-77"})
    first, second = office.do(told), office.do(told)

    assert (first.state, first.is_new, second.is_new) == ("taken", True, False)
    assert office.handed(customer, "crm.customer").erp_number == "K-77"
    other = office.do(TakeArrival(key="A-2", kind="acknowledgement", content={"handover": sent.key, "number": "K-78"}))
    assert (other.state, office.handed(customer, "crm.customer").erp_number) == ("refused", "K-77")
    assert "K-77" in other.reason


def test_erp_05_deliveries_and_invoices_come_back_once_and_move_the_order(office: Office) -> None:
    made = office.order()
    office.send()
    number = office.ask(order, made).number
    office.erp.documents = [
        {"key": "D-1", "kind": "delivery", "order": number, "delivered_on": "2026-01-08", "complete": True},
        {
            "key": "F-1",
            "kind": "invoice",
            "order": number,
            "number": "FV/1/2026",
            "issued_on": "2026-01-09",
            "due_on": "2026-01-23",
            "net": "200.00",
            "vat": "46.00",
        },
        {"key": "F-2", "kind": "invoice", "order": "SO-none", "number": "FV/2/2026", "issued_on": "2026-01-09"},
        {"kind": "invoice", "number": "without a key"},
        {"key": "D-2", "kind": "delivery", "order": number, "complete": True},
    ]

    taken = take_offered(office.application)
    again = take_offered(office.application)

    assert (taken, again) == (5, 0)
    found = office.ask(order, made)
    assert (found.state, found.delivered_on, found.invoiced) == ("done", date(2026, 1, 8), Decimal(246))
    (issued,) = office.ask(invoices, InvoiceFilter(order_id=made)).items
    assert (issued.number, issued.gross, issued.due_on) == ("FV/1/2026", Decimal(246), date(2026, 1, 23))
    states = {each.key: each.state for each in office.ask(queries.arrivals).items}
    assert states == {"D-1": "taken", "F-1": "taken", "F-2": "refused", "D-2": "taken"}


def test_erp_02_news_wait_while_the_erp_is_away_and_what_was_in_the_way_is_told(office: Office) -> None:
    office.erp.is_away = True
    take_offered(office.application)
    looked = office.ask(queries.looked)
    assert "come again later" in looked.trouble
    office.erp.is_away = False

    take_offered(office.application)

    assert office.ask(queries.looked).trouble is None


def test_what_could_not_be_taken_over_is_tried_again_once_it_is_set_right(office: Office) -> None:
    content = {
        "customer": "K-9",
        "number": "FV/3/2026",
        "issued_on": "2026-01-05",
        "due_on": "2026-01-19",
        "net": "10",
        "vat": "2.30",
    }
    refused = office.do(TakeArrival(key="F-3", kind="invoice", content=content))
    assert refused.state == "refused"
    assert "K-9" in refused.reason
    office.customer(external_reference="K-9")

    again = office.do(RetryArrival(arrival_id=refused.id))

    assert again.state == "taken"
    assert [each.number for each in office.ask(invoices, InvoiceFilter()).items] == ["FV/3/2026"]
    with pytest.raises(ArrivalDiffers):
        office.do(TakeArrival(key="F-3", kind="invoice", content=content | {"net": "11"}))


def test_erp_04_without_a_connection_orders_leave_as_a_file_and_are_acknowledged_by_one(
    office: Office, clock: FixedClock
) -> None:
    settings = replace(office.application.settings, erp_url="")
    office.application.units.ports[Erp] = HttpErp(settings)
    made = office.order()
    customers = office.do(ExportHandovers(entity="crm.customer"))
    key = office.handed(office.ask(order, made).customer_id, "crm.customer").key
    with pytest.raises(NothingToExport):
        office.do(ExportHandovers(entity="crm.order"))  # held until the customer is acknowledged
    done = office.do(TakeAnswers(content=f"kind;handover;number\nacknowledgement;{key};K-1\n".encode()))
    assert (done.taken, done.known, done.refused) == (1, 0, [])

    exported = office.do(ExportHandovers(entity="crm.order"))

    name, pieces = office.ask(batch_csv, exported.batch)
    head, *rows = "".join(pieces).splitlines()
    assert (customers.records, exported.records, len(rows)) == (1, 1, 1)
    assert name.startswith("orders-")
    assert rows[0].startswith(f"order:{made};{office.ask(order, made).number};")
    assert head.startswith("\ufeffhandover;number;customer")
    answers = f"kind,handover,number\nacknowledgement,order:{made},Z-5\nacknowledgement,order:none,Z-6\n".encode()
    first, second = (office.do(TakeAnswers(content=answers)) for _ in range(2))
    assert (first.taken, second.taken, second.known) == (1, 0, 1)
    assert [each.line for each in first.refused] == [3]
    assert office.ask(order, made).erp_number == "Z-5"


def test_an_order_that_came_from_elsewhere_or_is_cancelled_does_not_go_by_itself(office: Office) -> None:
    office.order(external_reference="OLD-1")
    cancelled = office.order(state="cancelled")

    assert office.ask(queries.handovers, HandoverFilter()).items == []
    with pytest.raises(WrongHandoverState):
        office.do(HandOver(entity="crm.order", record_id=cancelled))


def test_a_record_that_is_not_to_go_is_left_with_a_reason(office: Office) -> None:
    customer = office.customer()
    handover = office.do(HandOver(entity="crm.customer", record_id=customer))

    office.do(CancelHandover(handover_id=handover, reason="a trial"))

    assert office.send() == 0
    assert (office.handed(customer, "crm.customer").state, office.erp.calls) == ("cancelled", [])
    with office.application.units.reading(person("ewa", "sales_rep")) as view, pytest.raises(Forbidden):
        queries.handover(view, handover)


def test_workers_hand_over_and_the_clock_looks_after_what_waits(office: Office, clock: FixedClock) -> None:
    customer = office.customer()
    office.erp.troubles = ["busy"]
    office.do(HandOver(entity="crm.customer", record_id=customer))
    worker = Worker(office.application.database.engine, office.application)
    worker.drain()
    assert office.handed(customer, "crm.customer").state == "waiting"
    clock.advance(timedelta(minutes=5))

    ask_for_handing_over(office.application)
    worker.drain()

    assert office.handed(customer, "crm.customer").state == "acknowledged"
    assert {"erp", "erp_news"} <= {each.name for each in make_clock(office.application)._ticks}


def test_the_trail_of_a_record_tells_of_its_way(office: Office) -> None:
    made = office.order()
    office.send()

    with office.application.database.engine.connect() as connection:
        told = connection.exec_driver_sql(
            f"SELECT type FROM audit_entry WHERE stream = 'order:{made}' ORDER BY id"
        ).all()

    assert [each for (each,) in told] == ["order.entered", "erp.queued", "erp.acknowledged"]
