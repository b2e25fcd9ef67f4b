"""Reminders of days in fields: any of them, set on a page, told once to those who may see the record."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from core.clock import FixedClock
from core.errors import Forbidden
from core.identity import SYSTEM
from crm.custom_fields import DefineField
from crm.customers import UpdateCustomer
from crm.date_reminders.fields import date_fields, with_day_between
from crm.date_reminders.rules import DateReminder, WriteDateReminder, date_reminders
from crm.devices.contracts import SaveContract
from crm.devices.registering import ChangeDevice, DeviceData, RegisterDevice
from crm.errors import ChangedMeanwhile, WrongFields
from crm.planning.models import NotificationRow
from crm.products import Article, CreateProduct
from tests.offer_case import REP, OfferDesk
from tests.web import PASSWORD, Program, log_in, post
from webapp.bootstrap import Application
from webapp.date_reminders import EVERY, date_ticks, deliver

TODAY = date(2026, 1, 5)
WARRANTY = DateReminder(name="Koniec gwarancji", field="crm.device.warranty_until", days=30)


@pytest.fixture
def desk(application: Application, add_account: Callable[..., str]) -> OfferDesk:
    for name, role in (("ewa", "sales_rep"), ("jan", "sales_manager"), ("olek", "operator")):
        add_account(name, role)
    return OfferDesk(application)


def write(desk: OfferDesk, reminder: DateReminder, **values: Any) -> str:
    made: str = desk.do(WriteDateReminder(reminder=reminder, **values), SYSTEM)
    return made


def pump(desk: OfferDesk, customer_id: str, until: date, serial: str = "SN-1") -> str:
    """A device whose warranty ends on a day: a month after it was bought."""
    article = Article(sku=f"P-{serial}", name="Pompa", price=Decimal(10))
    product = desk.do(CreateProduct(article=article))
    data = DeviceData(
        product_id=product,
        customer_id=customer_id,
        serial_number=serial,
        purchased_on=until.replace(year=until.year - 1),
        warranty_months=12,
    )
    made: str = desk.do(RegisterDevice(device=data))
    return made


def told(desk: OfferDesk) -> list[tuple[str, str]]:
    deliver(desk.application)
    with desk.application.units.reading(SYSTEM) as view:
        rows = view.session.scalars(select(NotificationRow).order_by(NotificationRow.id))
        return [(row.account, row.title) for row in rows if row.kind == "date"]


def test_act_30_the_end_of_a_warranty_is_told_once_and_another_day_anew(desk: OfferDesk, clock: FixedClock) -> None:
    write(desk, WARRANTY)
    device = pump(desk, desk.make_customer(), TODAY + timedelta(days=31))
    assert told(desk) == []
    clock.advance(timedelta(days=1))

    assert told(desk) == [("ewa", "Koniec gwarancji: SN-1, Żuraw, 05.02.2026")]
    assert len(told(desk)) == 1
    desk.do(ChangeDevice(device_id=device, changes={"extended_days": 2}))
    clock.advance(timedelta(days=2))
    assert [title for _, title in told(desk)][1:] == ["Koniec gwarancji: SN-1, Żuraw, 07.02.2026"]


def test_act_30_the_end_of_a_contract_is_told_to_its_keeper_and_a_role(desk: OfferDesk) -> None:
    write(
        desk,
        DateReminder(
            name="Umowa", field="crm.service_contract.ends_on", days=60, goes_to="both", group="sales_manager"
        ),
    )
    key = desk.make_customer()
    terms: dict[str, Any] = {
        "customer_id": key,
        "name": "Serwis",
        "response_hours": Decimal(8),
        "devices": (pump(desk, key, TODAY),),
    }
    desk.do(SaveContract(starts_on=TODAY - timedelta(days=300), ends_on=TODAY + timedelta(days=60), **terms))

    accounts = [account for account, title in told(desk) if title.startswith("Umowa: ")]

    assert accounts == ["ewa", "jan"]


def test_act_30_a_field_of_the_firm_s_own_is_reminded_of_without_code(desk: OfferDesk) -> None:
    desk.do(
        DefineField(entity="crm.customer", key="audit_on", labels={"pl": "Audyt", "en": "Audit"}, type="date"), SYSTEM
    )
    write(desk, DateReminder(name="Audyt", field="crm.customer.custom.audit_on", days=7))
    desk.make_customer(custom={"audit_on": "2026-01-12"})
    desk.make_customer(name="Tartak", custom={"audit_on": "2026-01-13"})

    assert told(desk) == [("ewa", "Audyt: Żuraw, 12.01.2026")]
    assert len(told(desk)) == 1


def test_act_30_every_field_with_a_day_can_be_chosen_and_asked_for(desk: OfferDesk) -> None:
    desk.do(DefineField(entity="crm.contact", key="met_on", labels={"pl": "Poznany"}, type="date"), SYSTEM)

    with desk.application.units.reading(REP) as view:
        known = {each.key: each.label for each in date_fields(view)}
        for key in known:
            with_day_between(
                view, key, TODAY, TODAY, limit=1, but=lambda record, day: (record != "") & day.is_not(None)
            )

    assert {
        "crm.service_contract.ends_on": "Service contract: ends",
        "crm.device.warranty_until": "Device: warranty until",
        "crm.offer.valid_until": "Offer: valid until",
        "crm.order.due_on": "Order: due",
        "crm.invoice.due_on": "Invoice: due",
        "crm.campaign.ends_on": "Campaign: ends",
        "crm.contact.custom.met_on": "Contact: Poznany",
    }.items() <= known.items()


def test_act_30_who_may_not_see_the_record_is_not_told_and_nobody_is_left_out(desk: OfferDesk) -> None:
    write(
        desk,
        DateReminder(name="Gwarancja", field="crm.device.warranty_until", days=9, goes_to="group", group="operator"),
    )
    key = desk.make_customer()
    desk.do(UpdateCustomer(customer_id=key, changes={"owner": None}))
    write(desk, WARRANTY)
    pump(desk, key, TODAY + timedelta(days=5))

    assert {account for account, _ in told(desk)} == {SYSTEM.id}


def test_act_30_what_was_over_before_the_reminder_began_is_not_told_and_what_was_missed_comes_late(
    desk: OfferDesk, clock: FixedClock
) -> None:
    key = desk.make_customer()
    pump(desk, key, TODAY - timedelta(days=1), "SN-0")
    write(desk, DateReminder(name="Dziś", field="crm.device.warranty_until", days=0))
    pump(desk, key, TODAY + timedelta(days=1), "SN-1")
    clock.advance(timedelta(days=3))

    assert [title for _, title in told(desk)] == ["Dziś: SN-1, Żuraw, 06.01.2026"]
    with desk.application.units.reading(SYSTEM) as view:
        assert view.session.scalars(select(NotificationRow.is_late)).all() == [True]


def test_act_30_what_does_not_matter_any_more_and_what_is_switched_off_is_not_told(desk: OfferDesk) -> None:
    rule = write(desk, WARRANTY)
    key = desk.make_customer()
    gone = pump(desk, key, TODAY + timedelta(days=5))
    desk.do(ChangeDevice(device_id=gone, changes={"state": "out_of_use"}))
    assert told(desk) == []

    pump(desk, key, TODAY + timedelta(days=6), "SN-2")
    off = DateReminder(name="Koniec gwarancji", field=WARRANTY.field, days=30, is_active=False)
    write(desk, off, rule_id=rule)

    assert told(desk) == []


def test_act_30_reminders_are_checked_and_kept_by_who_administers(desk: OfferDesk) -> None:
    with pytest.raises(WrongFields) as refused:
        write(desk, DateReminder(name=" ", field="crm.device.serial_number", days=-1, goes_to="group"))
    assert set(refused.value.details["fields"]) == {"/name", "/field", "/days", "/group"}
    with pytest.raises(Forbidden):
        desk.do(WriteDateReminder(reminder=WARRANTY))
    rule = write(desk, WARRANTY)
    write(desk, WARRANTY, rule_id=rule)
    later = DateReminder(name="Inaczej", field=WARRANTY.field, days=10)
    write(desk, later, rule_id=rule, expected_version=1)

    with pytest.raises(ChangedMeanwhile):
        write(desk, WARRANTY, rule_id=rule, expected_version=1)
    with desk.application.units.reading(REP) as view:
        assert [(each.name, each.days) for each in date_reminders(view)] == [("Inaczej", 10)]


def test_act_30_a_page_sets_reminders_and_the_clock_tells_them(
    desk: OfferDesk, anna: FlaskClient, add_account: Callable[..., str]
) -> None:
    add_account("ola", "sales_director", password=PASSWORD)
    log_in(anna, name="ola")
    form = {"name": "Gwarancja", "field": "crm.device.warranty_until", "days": "30", "goes_to": "keeper", "group": ""}

    refused = post(anna, "/date-reminders", **form | {"days": "-5"})
    kept = post(anna, "/date-reminders", **form)

    assert (refused.status_code, kept.status_code) == (422, 302)
    assert "whole number of days" in refused.text
    page = anna.get("/date-reminders").text
    assert "30 days before" in page
    assert "Device: warranty until" in page
    with desk.application.units.reading(SYSTEM) as view:
        (known,) = date_reminders(view)
    assert f'name="rule_id" value="{known.id}"' in anna.get(f"/date-reminders?reminder={known.id}").text
    pump(desk, desk.make_customer(owner="ola"), TODAY + timedelta(days=5))
    (tick,) = date_ticks(desk.application)
    tick.action()
    assert "Gwarancja: SN-1, Żuraw" in anna.get("/notifications").text
    assert EVERY == 900


def test_act_30_programs_set_reminders(desk: OfferDesk, program: Callable[..., Program]) -> None:
    ola, rep = program("ola", "sales_director"), program("rita", "sales_rep")
    body = {"name": "Gwarancja", "field": "crm.device.warranty_until", "days": 30}

    made = ola.post("/date-reminders", json=body)

    assert (made.status_code, rep.post("/date-reminders", json=body).status_code) == (201, 403)
    off = body | {"is_active": False, "version": made.json["version"]}
    assert ola.patch(f"/date-reminders/{made.json['id']}", json=off).json["is_active"] is False
    assert [each["is_active"] for each in rep.get("/date-reminders").json] == [False]
    assert {"key": "crm.order.due_on", "label": "Order: due"} in rep.get("/date-reminders/fields").json
