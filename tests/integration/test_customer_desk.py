"""What whoever serves a customer does on its page: everything in one piece, trade, special offers, separate cases."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from audit.models import AuditEntryRow
from core.clock import FixedClock
from core.identity import SYSTEM
from crm.activities.content import Content, Participant
from crm.activities.registering import RegisterActivity
from crm.contacts import CreateContact
from crm.devices.contracts import SaveContract
from crm.merging import MergeCustomers
from crm.notes import WriteNote
from crm.offer_content import Line
from crm.orders import EnterOrder
from crm.planning.rules import Rule, WriteRule
from crm.pricing.lists import ListedPrice, SavePriceList
from crm.products import Article, CreateProduct
from crm.profile_parts import BankAccount, Identifier
from crm.profiles import Address, Email, Phone
from crm.sales.issuing import InvoiceOrder
from crm.satisfaction import RecordSatisfaction
from engine.instances import CancelInstance
from tests.offer_case import MANAGER, OfferDesk
from tests.repair_desk import RepairDesk
from tests.sales_desk import SalesDesk
from tests.web import PASSWORD, Program, form_token, log_in
from webapp.activity_rules import apply_rules
from webapp.bootstrap import Application

DAY = date(2026, 1, 2)


def told(application: Application, type_: str) -> list[dict[str, Any]]:
    """What the trail has of events of a type, in its order."""
    wanted = select(AuditEntryRow.content).where(AuditEntryRow.type == type_).order_by(AuditEntryRow.id)
    with application.units.reading(SYSTEM) as view:
        return [json.loads(each)["data"] for each in view.session.scalars(wanted)]


def product(desk: OfferDesk | SalesDesk, sku: str, price: str) -> str:
    article = Article(
        sku=sku, name=f"Towar {sku}", unit="pc", price=Decimal(price), currency="PLN", vat_rate=Decimal(23)
    )
    made: str = desk.do(CreateProduct(article=article), MANAGER)
    return made


def order(desk: OfferDesk, customer: str, quantity: str, **values: Any) -> str:
    line = Line(quantity=Decimal(quantity), description="Pompa", unit_price=Decimal(100), vat_rate=Decimal(23))
    command = EnterOrder(**{"customer_id": customer, "lines": (line,), "ordered_on": DAY, "currency": "PLN"} | values)
    made: str = desk.do(command, MANAGER)
    return made


def personal_list(desk: OfferDesk, customer: str, *prices: ListedPrice) -> None:
    command = SavePriceList(name=customer, currency="PLN", valid_from=DAY, prices=prices, customer_id=customer)
    desk.do(command, SYSTEM)


def test_cus_35_contracts_orders_deliveries_and_goods_have_totals_and_lists_that_open(
    application: Application, app: Flask, add_account: Callable[..., str], program: Callable[..., Program]
) -> None:
    desk = OfferDesk(application)
    customer, other = desk.make_customer(), desk.make_customer(name="Inny")
    order(desk, customer, "2")
    done = order(desk, customer, "3", state="done", delivered_on=DAY + timedelta(days=3))
    order(desk, customer, "1", currency="EUR", exchange_rate=Decimal(4))
    order(desk, customer, "9", state="cancelled")
    order(desk, other, "50")
    contract = SaveContract(
        customer_id=customer, name="Opieka", starts_on=DAY, response_hours=Decimal(8), fee=Decimal(75)
    )
    agreed = desk.do(contract, MANAGER)

    found = program("anna", "sales_rep").get(f"/customers/{customer}/trade?limit=2").json
    add_account("ewa", "sales_rep", password=PASSWORD)
    browser = app.test_client()
    log_in(browser, name="ewa")
    page = browser.get(f"/customers/{customer}/trade").text

    worth = {
        name: (each["count"], {it["currency"]: it["amount"] for it in each["sums"]}) for name, each in found.items()
    }
    assert worth == {
        "contracts": (1, {"PLN": 75}),
        "orders": (3, {"EUR": 100, "PLN": 500}),
        "deliveries": (1, {"PLN": 300}),
        "purchases": (2, {"EUR": 100, "PLN": 500}),
    }
    assert [each["id"] for each in found["deliveries"]["items"]] == [done]
    assert len(found["orders"]["items"]) == 2
    assert {(each["quantity"], each["times"]) for each in found["purchases"]["items"]} == {(5, 2), (1, 1)}
    for address in (f"/service-contracts/{agreed}", f"/orders/{done}"):
        assert f'href="{address}"' in page
        assert browser.get(address).status_code == 200
    assert program("erp", "erp").get(f"/customers/{customer}/trade").status_code == 403


PARTS = {  # row of the requirements: where the whole record has it
    "01": ("customer", "profile", "addresses"),
    "02": ("people",),
    "03": ("customer", "profile", "industry"),
    "04": ("customer", "profile", "credit_limit"),
    "06": ("customer", "profile", "bank_accounts"),
    "07": ("notes",),
    "08": ("satisfaction",),
    "09": ("customer", "profile", "least_order"),
    "14": ("customer", "profile", "needs"),
    "16": ("history",),
    "22": ("customer", "profile", "identifiers"),
    "23": ("customer", "profile", "reliability"),
    "25": ("customer", "profile", "lead_days"),
    "26": ("customer", "profile", "region"),
    "27": ("price_lists",),
    "28": ("customer", "profile", "ad_source"),
    "29": ("customer", "profile", "founded_on"),
    "35": ("trade", "orders", "items"),
    "36": ("customer", "profile", "grace_days"),
    "38": ("customer", "number"),
    "40": ("customer", "profile", "key_account"),
    "invoices": ("invoices",),
}


def test_cus_21_everything_about_a_customer_is_one_file_as_far_as_the_reader_may_see_it(
    application: Application, app: Flask, add_account: Callable[..., str], program: Callable[..., Program]
) -> None:
    desk = OfferDesk(application)
    customer = desk.make_customer(
        industry="machinery",
        credit_limit=Decimal(5000),
        least_order=Decimal(10),
        needs="Cicha pompa",
        lead_days=5,
        region="Pomorze",
        ad_source="trade_fair",
        founded_on=date(1990, 5, 1),
        grace_days=3,
        key_account=True,
        addresses=(Address(kind="registered", street="Portowa 1", city="Gdynia", country="PL"),),
        phones=(Phone(number="22 123-45-67"),),
        emails=(Email(address="biuro@zuraw.example"),),
        bank_accounts=(BankAccount(iban="PL61109010140000071219812874"),),
        identifiers=(Identifier(kind="krs", number="0000127206"),),
    )
    desk.do(CreateContact(customer_id=customer, name="Ola Sowa", interests=("travel",)), MANAGER)
    for index in range(201):  # more than a page
        desk.do(WriteNote(customer_id=customer, text=f"Notatka {index}"), MANAGER)
    desk.do(RecordSatisfaction(customer_id=customer, level=4), MANAGER)
    desk.do(InvoiceOrder(order_id=order(desk, customer, "2")), SYSTEM)
    personal_list(desk, customer, ListedPrice(product_id=product(desk, "P-1", "100"), price=Decimal(80)))
    add_account("ewa", "sales_rep", password=PASSWORD)
    browser = app.test_client()
    log_in(browser, name="ewa")

    answer = browser.get(f"/customers/{customer}/record.json")
    found = json.loads(answer.data)
    poorer = program("leon", "logistics").get(f"/customers/{customer}/record").json

    for row, path in PARTS.items():
        part = found
        for name in path:
            part = part[name]
        assert part, row
    assert (len(found["notes"]), found["is_whole"]) == (201, True)
    assert {"note", "purchase", "invoice", "satisfaction"} <= {each["kind"] for each in found["history"]}
    assert answer.headers["Content-Disposition"] == f"attachment; filename={found['customer']['number']}.json"
    assert found["people"][0]["interests"] == ["travel"]
    assert poorer["people"][0]["interests"] == []
    assert (poorer["invoices"], poorer["customer"]["standing"]) == (None, None)
    assert not {"credit_limit", "bank_accounts"} & poorer["customer"]["profile"].keys()
    given = [each for each in told(application, "audit.data_given_out") if each["what"] == "customer"]
    assert [each["subject"] for each in given] == [customer, customer]
    assert program("erp", "erp").get(f"/customers/{customer}/record").status_code == 403


def test_cus_40_one_click_begins_a_special_offer_with_the_prices_of_the_customers_own_list(
    application: Application, app: Flask, add_account: Callable[..., str], program: Callable[..., Program]
) -> None:
    desk = OfferDesk(application)
    customer = desk.make_customer(key_account=True)
    ordinary = desk.make_customer(name="Zwykły")
    pump, valve = product(desk, "P-1", "100"), product(desk, "Z-1", "10")
    product(desk, "Q-1", "7")
    rep = program("anna", "sales_rep")
    unlisted = rep.post(f"/customers/{customer}/special-offer")
    personal_list(
        desk,
        customer,
        ListedPrice(product_id=pump, price=Decimal(80)),
        ListedPrice(product_id=pump, price=Decimal(70), from_quantity=Decimal(50)),
        ListedPrice(product_id=valve, price=Decimal(8), from_quantity=Decimal(10)),
    )
    add_account("ewa", "sales_rep", password=PASSWORD)
    browser = app.test_client()
    log_in(browser, name="ewa")

    page = browser.get(f"/customers/{customer}").text
    clicked = browser.post(f"/customers/{customer}/special-offer", data={"csrf_token": form_token(browser)})
    again = rep.post(f"/customers/{customer}/special-offer").json

    assert "Special offer" in page
    assert "Special offer" not in browser.get(f"/customers/{ordinary}").text
    assert clicked.headers["Location"] == f"/cases/{again['case_id']}"
    assert again["is_new"] is False
    lines = [(each.sku, each.quantity, each.unit_price) for each in desk.offer(again["offer_id"]).lines]
    assert lines == [("P-1", Decimal(1), Decimal(80)), ("Z-1", Decimal(10), Decimal(8))]
    assert [each.instance_id for each in desk.inbox(desk_person("ewa", application))] == [again["case_id"]]
    assert unlisted.json["code"] == "no_personal_prices"
    assert rep.post(f"/customers/{ordinary}/special-offer").json["code"] == "no_key_account"
    assert program("tom", "technician").post(f"/customers/{customer}/special-offer").status_code == 403


def test_cus_40_a_special_offer_for_a_merged_customer_is_one_for_the_customer_that_was_kept(
    application: Application, program: Callable[..., Program]
) -> None:
    desk = OfferDesk(application)
    kept, absorbed = desk.make_customer(), desk.make_customer(name="Dźwig", key_account=True)
    listed = ListedPrice(product_id=product(desk, "P-1", "100"), price=Decimal(80))
    personal_list(desk, absorbed, listed)
    rep = program("anna", "sales_rep")
    before = rep.post(f"/customers/{absorbed}/special-offer").json
    desk.do(MergeCustomers(kept_id=kept, absorbed_id=absorbed, take=frozenset({"key_account"})), SYSTEM)

    by_kept = rep.post(f"/customers/{kept}/special-offer").json
    by_absorbed = rep.post(f"/customers/{absorbed}/special-offer").json
    desk.do(CancelInstance(instance_id=before["case_id"], reason="Nowa oferta"), SYSTEM)
    anew = rep.post(f"/customers/{absorbed}/special-offer").json

    assert before["is_new"], before
    assert by_kept == by_absorbed == {**before, "is_new": False}
    assert anew["is_new"], anew
    assert desk.offer(anew["offer_id"]).customer_id == kept


def desk_person(name: str, application: Application) -> Any:
    """An actor with the id of an account."""
    from tests.offer_case import person
    from webapp.accounts.queries import account_named

    with application.units.reading(SYSTEM) as view:
        account = account_named(view, name)
    made = person(name, "sales_rep")
    return type(made)(id=account.id, name=made.name, roles=made.roles, permissions=made.permissions)


def test_cus_20_a_repeated_enquiry_joins_the_open_case_and_a_second_one_needs_a_reason(
    application: Application, clock: FixedClock, program: Callable[..., Program]
) -> None:
    desk = SalesDesk(application, clock)
    customer = desk.customer()
    rule = desk.do(WriteRule(rule=Rule(name="Zapytanie", effect="start", target="sales_cycle", type="sale")), SYSTEM)
    rep = program("anna", "sales_rep")
    calls = []
    for subject in ("Pompa", "Znowu pompa"):
        content = Content(
            employee="ewa",
            method="phone",
            direction="incoming",
            status="held",
            subject=subject,
            type="sale",
            customer_id=customer,
            participants=(Participant(side="customer", name="kierownik"),),
            state="done",
            held_from=clock.now(),
        )
        calls.append(desk.do(RegisterActivity(content=content)))
        apply_rules(application, {"activity_id": calls[-1]})

    def begin(activity: str, reason: str) -> Any:
        return rep.post(f"/activities/{activity}/separate-case", json={"rule_id": rule, "reason": reason})

    before = cases_of(desk, customer)
    unreasoned, first = begin(calls[1], " "), begin(calls[0], "Inny projekt")
    made = begin(calls[1], "Inny projekt")
    twice = begin(calls[1], "Inny projekt")

    assert len(before) == 1
    assert (unreasoned.status_code, first.json["code"]) == (422, "nothing_joined")
    assert made.status_code == 201, made.json
    assert (twice.status_code, twice.json["details"]["case_id"]) == (409, made.json["id"])
    assert cases_of(desk, customer) == {*before, made.json["id"]}
    (noted,) = told(application, "activity.case_begun_beside")
    assert (noted["running"], noted["case_id"]) == (*before, made.json["id"])
    assert "Inny projekt" not in json.dumps(noted)  # erasable: the trail keeps it apart, sealed
    assert "reason" in sealed(application, "activity.case_begun_beside")
    assert program("tom", "technician").post(
        f"/activities/{calls[1]}/separate-case", json={"rule_id": rule, "reason": "x"}
    ).status_code in {403, 409}


def sealed(application: Application, type_: str) -> set[str]:
    """The personal fields that an entry of the trail has sealed."""
    wanted = select(AuditEntryRow.content).where(AuditEntryRow.type == type_)
    with application.units.reading(SYSTEM) as view:
        return set(json.loads(view.session.scalars(wanted).one())["personal"])


def cases_of(desk: SalesDesk, customer: str) -> set[str]:
    """The running sales of a customer."""
    from engine.queries import InstanceFilter, instances

    wanted = InstanceFilter(definition_key="sales_cycle", state="running", entity="crm.customer", entity_id=customer)
    with desk.application.units.reading(SYSTEM) as view:
        return {each.id for each in instances(view, wanted, limit=10).items}


@pytest.mark.parametrize("path", ["/customers/{customer}", "/devices/{device}"])
def test_srv_06_the_page_of_a_customer_and_of_a_device_names_the_repairs_of_the_device(
    application: Application,
    clock: FixedClock,
    app: Flask,
    add_account: Callable[..., str],
    program: Callable[..., Program],
    path: str,
) -> None:
    desk = RepairDesk(application, clock)
    customer = desk.customer()
    device = desk.device(customer, bought=date(2025, 1, 5))
    case = desk.report()
    desk.to_the_diagnosis(case)
    add_account("szef", "auditor", password=PASSWORD)
    browser = app.test_client()
    log_in(browser, name="szef")

    page = browser.get(path.format(customer=customer, device=device)).text
    panel = page.split('id="devices"')[-1].split("</section>")[0] if "customers" in path else page
    found = program("adam", "auditor").get(f"/devices/{device}/cases").json
    others = program("kinga", "sales_rep").get(f"/devices/{device}/cases").json

    assert "SN-1" in panel
    assert f'href="/cases/{case}"' in panel
    assert [(each["device_id"], each["id"], each["state"]) for each in found] == [(device, case, "running")]
    assert others == []
