"""What people tell running cases: only what the case waits for, only who may, and it goes on at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from audit.queries import trail
from core.clock import FixedClock
from core.errors import Forbidden, NotFound
from core.identity import SYSTEM, Actor
from core.settings import Settings
from crm.errors import WrongFields
from engine.errors import NotAwaited
from engine.queries import history
from engine.tasks import ClaimTask
from processes.notices import NoSuchNotice, TellCase, notices_of
from tests.dunning_desk import CLERK, DunningDesk
from tests.offer_case import REP
from tests.repair_desk import BOSS, DESK, LOGISTICS, TAKEN, TECH, RepairDesk
from tests.sales_desk import SalesDesk
from tests.web import PASSWORD, Program, form_token, log_in
from webapp.bootstrap import Application, build


@pytest.fixture
def application(database_url: str, tmp_path: Path, clock: FixedClock) -> Iterator[Application]:
    built = build(Settings(database_url=database_url, data=tmp_path / "data", dunning_bank_days=0), clock=clock)
    yield built
    built.close()


@pytest.fixture
def repairs(application: Application, clock: FixedClock) -> RepairDesk:
    return RepairDesk(application, clock)


@pytest.fixture
def sales(application: Application, clock: FixedClock) -> SalesDesk:
    return SalesDesk(application, clock)


@pytest.fixture
def taken_in(repairs: RepairDesk) -> str:
    """A repair that waits for its device."""
    repairs.device(repairs.customer(), bought=date(2025, 1, 5))
    case = repairs.report()
    repairs.fill("take_in", DESK, **TAKEN | {"serial_number": "SN-1"})
    return case


def offered(desk: SalesDesk, case: str, actor: Actor) -> list[str]:
    with desk.application.units.reading(actor) as view:
        return [each.key for each in notices_of(view, case)]


def test_a_device_that_arrives_is_said_on_its_case_and_received_at_once(repairs: RepairDesk, taken_in: str) -> None:
    assert "device" in offered(repairs, taken_in, DESK)

    repairs.do(TellCase(instance_id=taken_in, notice="device"), DESK)

    assert repairs.open() == ["receive"]
    assert "device" not in offered(repairs, taken_in, DESK)
    with repairs.application.units.reading(SYSTEM) as view:
        told = [each for each in trail(view, taken_in, limit=100).items if each.type == "case.told"]
    assert [each.actor for each in told] == [DESK.name]


def test_what_the_case_does_not_wait_for_is_refused(repairs: RepairDesk, taken_in: str) -> None:
    with pytest.raises(NotAwaited, match=r"does not wait for parts\.received"):
        repairs.do(TellCase(instance_id=taken_in, notice="parts"), DESK)


def test_what_cases_of_a_process_are_not_told_is_refused_with_what_they_are(repairs: RepairDesk, taken_in: str) -> None:
    with pytest.raises(NoSuchNotice, match="they are told device, parts"):
        repairs.do(TellCase(instance_id=taken_in, notice="thunder"), DESK)


def test_only_whose_work_it_is_may_say_it(repairs: RepairDesk, taken_in: str) -> None:
    with pytest.raises(NotFound):
        repairs.do(TellCase(instance_id=taken_in, notice="device"), REP)  # has nothing to do with the case
    repairs.do(TellCase(instance_id=taken_in, notice="device"), LOGISTICS)  # neither has, but devices come to them

    assert offered(repairs, taken_in, TECH) == []
    with pytest.raises(Forbidden, match="customer wants it back"):
        repairs.do(TellCase(instance_id=taken_in, notice="withdrawn", values={"note": "–"}), TECH)


def test_a_customer_who_wants_the_device_back_gets_it_as_it_is(repairs: RepairDesk) -> None:
    repairs.device(repairs.customer(), bought=date(2025, 1, 5))
    case = repairs.report()
    repairs.to_the_diagnosis(case)

    repairs.do(TellCase(instance_id=case, notice="withdrawn", values={"note": "Kupił nową"}), DESK)

    assert repairs.open() == ["return_unrepaired"]


def test_a_recall_that_is_said_on_one_repair_makes_it_ours_to_pay(repairs: RepairDesk, taken_in: str) -> None:
    values = {"note": "R-7"}

    repairs.do(TellCase(instance_id=taken_in, notice="recall", values=values), BOSS)
    repairs.work()

    with repairs.application.units.reading(SYSTEM) as view:
        visited = {each.element_id for each in history(view, taken_in)}
    assert "note_recall" in visited
    assert "recall" not in offered(repairs, taken_in, DESK)


def test_a_complaint_rests_the_sale_until_it_is_settled(sales: SalesDesk) -> None:
    case = sales.start(customer_id=sales.customer())
    before = sales.open()

    sales.do(TellCase(instance_id=case, notice="complaint", values={"note": "Zła faktura"}))
    resting = sales.open()
    sales.do(TellCase(instance_id=case, notice="complaint_settled", values={"note": "Korekta"}))

    assert (before, resting, sales.open()) == (["qualify_lead"], [], ["qualify_lead"])


def test_an_opportunity_that_is_stopped_needs_a_reason(sales: SalesDesk) -> None:
    case = sales.start(customer_id=sales.customer())

    with pytest.raises(WrongFields) as refusal:
        sales.do(TellCase(instance_id=case, notice="stop", values={"note": " "}))
    sales.do(TellCase(instance_id=case, notice="stop", values={"note": "Konkurs odwołany"}))

    assert refusal.value.details["fields"] == {"/values/note": "Why is missing."}
    assert sales.open() == ["record_loss"]


def test_a_promise_is_told_on_the_case_and_holds_everything_until_its_day(
    application: Application, clock: FixedClock
) -> None:
    desk = DunningDesk(application, clock)
    late = desk.invoice(desk.customer())
    desk.pass_days(25)
    desk.night()
    desk.work()
    case = desk.row(late).instance_id
    values = {"day": clock.now().date().isoformat(), "amount": "1230", "settlement": "true"}

    desk.do(TellCase(instance_id=case, notice="promise", values=values), CLERK)
    desk.work()

    assert desk.row(late).promised_on == clock.now().date()
    with pytest.raises(WrongFields, match="write a day such as"):
        desk.do(TellCase(instance_id=case, notice="promise", values=values | {"day": "soon"}), CLERK)


def test_the_page_of_a_case_offers_what_it_waits_for_and_tells_it(
    application: Application, anna: FlaskClient, clock: FixedClock
) -> None:
    sales = SalesDesk(application, clock)
    log_in(anna)
    case = sales.start(customer_id=sales.customer())
    sales.do(ClaimTask(task_id=sales.task("qualify_lead").id), replace(REP, id="anna"))

    page = anna.get(f"/cases/{case}").text
    answer = anna.post(
        f"/cases/{case}/notices/stop", data={"note": "Odwołane"}, headers={"X-CSRF-Token": form_token(anna)}
    )

    assert "Stop the opportunity" in page
    assert "The complaint is settled" not in page
    assert answer.status_code == 204
    assert sales.open() == ["record_loss"]


def test_the_page_of_an_invoice_tells_its_dunning(
    application: Application, anna: FlaskClient, add_account: Callable[..., str], clock: FixedClock
) -> None:
    desk = DunningDesk(application, clock)
    late = desk.invoice(desk.customer())
    desk.pass_days(25)
    desk.night()
    desk.work()
    add_account("ksenia", "credit_controller", password=PASSWORD)
    log_in(anna, name="ksenia")

    page = anna.get(f"/invoices/{late}").text

    assert "The customer promised to pay" in page
    assert f"/cases/{desk.row(late).instance_id}/notices/promise" in page


def test_programs_are_told_what_a_case_waits_for_and_tell_it(
    application: Application, program: Callable[..., Program], clock: FixedClock
) -> None:
    repairs = RepairDesk(application, clock)
    repairs.device(repairs.customer(), bought=date(2025, 1, 5))
    case = repairs.report()
    repairs.fill("take_in", DESK, **TAKEN | {"serial_number": "SN-1"})
    gate = program("gate", "logistics")

    found = gate.get(f"/instances/{case}/notices")
    told = gate.post(f"/instances/{case}/notices", json={"notice": "device"})
    again = gate.post(f"/instances/{case}/notices", json={"notice": "device"})

    assert [each["key"] for each in found.json["items"]] == ["device"]
    assert (told.status_code, again.status_code) == (200, 409)
    assert again.json["code"] == "not_awaited"
