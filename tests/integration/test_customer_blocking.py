"""Blocked customers: nothing new is offered or sold to them, nobody greets them, and what runs goes on."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine

from core.clock import FixedClock
from core.errors import Forbidden
from core.identity import Actor
from crm.blocking import BlockCustomer, UnblockCustomer, block_of, blocks
from crm.cards import card
from crm.customer_search import Condition, Criteria, find_customers
from crm.errors import CustomerBlocked, CustomerMerged, CustomerNotBlocked, WrongFields
from crm.imports.arranging import lines, one_import
from crm.imports.blocking import TAKEN_BACK
from crm.imports.undoing import RecordUse, UndoImport
from crm.merging import MergeCustomers, UndoMerge
from crm.offer_queries import offer
from crm.offers import CreateOffer, UpdateOffer
from crm.orders import EnterOrder
from crm.outbox.reaching import reached, ways
from crm.outbox.words import BUSINESS, GREETING, LETTER, MARKETING
from crm.profiles import Address, Email
from crm.reorders import OfferFromOrder
from tests.crm_desk import MANAGER, Desk, make_line, open_desk
from tests.import_files import open_import_desk
from tests.web import PASSWORD, WHOLE_FIRM, Program, form_token, log_in
from webapp.record_use import UsedRecords

REASON = "Three invoices are unpaid."
DAY = date(2026, 1, 5)
FIRM = {"name": "Młyn", "country": "PL", "reliability": "B", "currency": "PLN", "grace_days": "0"}


@pytest.fixture
def desk(engine: Engine, clock: FixedClock) -> Desk:
    return open_desk(engine, clock)


@pytest.fixture
def browser(app: Flask, add_account: Callable[..., str]) -> FlaskClient:
    add_account("root", *WHOLE_FIRM, password=PASSWORD)
    client = app.test_client()
    log_in(client, name="root")
    return client


def send(browser: FlaskClient, address: str, **fields: Any) -> Any:
    return browser.post(address, data={"csrf_token": form_token(browser)} | fields)


def order(customer: str, state: str = "open") -> EnterOrder:
    return EnterOrder(customer_id=customer, lines=(make_line(),), ordered_on=DAY, state=state, currency="PLN")


def test_a_blocked_customer_gets_no_new_offer_and_no_new_order_until_the_block_is_lifted(desk: Desk) -> None:
    customer = desk.make_customer()
    before = desk.do(order(customer))
    desk.do(BlockCustomer(customer_id=customer, reason="Three invoices are unpaid"), MANAGER)

    for command in (CreateOffer(customer_id=customer), order(customer), OfferFromOrder(order=before)):
        with pytest.raises(CustomerBlocked, match="is blocked: Three invoices are unpaid\\. Have whoever"):
            desk.do(command)
    desk.do(UnblockCustomer(customer_id=customer, reason="Paid."), MANAGER)

    desk.do(CreateOffer(customer_id=customer))
    desk.do(order(customer))


def test_what_was_offered_before_the_block_is_edited_and_orders_of_the_past_are_entered(desk: Desk) -> None:
    made = desk.make_offer()
    customer = desk.ask(offer, made).customer_id
    desk.do(BlockCustomer(customer_id=customer, reason=REASON))

    desk.do(UpdateOffer(offer_id=made, lines=(make_line(quantity=Decimal(3)),)))
    desk.do(order(customer, "done"))


def test_who_blocks_needs_the_right_and_a_reason_and_the_trail_tells_both(desk: Desk) -> None:
    customer = desk.make_customer()
    clerk = Actor(id="ola", name="Ola", permissions=frozenset({"customer.edit"}))

    with pytest.raises(Forbidden):
        desk.do(BlockCustomer(customer_id=customer, reason=REASON), clerk)
    with pytest.raises(WrongFields):
        desk.do(BlockCustomer(customer_id=customer, reason="  "))
    with pytest.raises(CustomerNotBlocked):
        desk.do(UnblockCustomer(customer_id=customer, reason="Paid."))
    desk.do(BlockCustomer(customer_id=customer, reason=REASON))
    with pytest.raises(CustomerBlocked):
        desk.do(BlockCustomer(customer_id=customer, reason="Again."))
    with pytest.raises(Forbidden):
        desk.do(UnblockCustomer(customer_id=customer, reason="Paid."), clerk)
    desk.do(UnblockCustomer(customer_id=customer, reason="Paid."), MANAGER)

    assert desk.told()[-2:] == ["customer.blocked", "customer.unblocked"]
    (past,) = desk.ask(blocks, customer)
    assert (past.reason, past.blocked_by, past.lifted_by, past.lifted_because) == (REASON, "ewa", "jan", "Paid.")
    assert desk.ask(block_of, customer) is None


@pytest.mark.parametrize("is_kept_blocked", [True, False])
def test_a_merge_keeps_a_block_of_either_and_undoing_it_gives_the_block_back(
    desk: Desk, *, is_kept_blocked: bool
) -> None:
    kept, absorbed = desk.make_customer(name="Młyn"), desk.make_customer(name="Młyny")
    blocked, free = (kept, absorbed) if is_kept_blocked else (absorbed, kept)
    desk.do(BlockCustomer(customer_id=blocked, reason=REASON))

    merge = desk.do(MergeCustomers(kept_id=kept, absorbed_id=absorbed))

    for customer in (kept, absorbed):
        with pytest.raises(CustomerBlocked):
            desk.do(CreateOffer(customer_id=customer))
    with pytest.raises(CustomerMerged):
        desk.do(UnblockCustomer(customer_id=absorbed, reason="Paid."))
    desk.do(UndoMerge(merge_id=merge))
    desk.do(CreateOffer(customer_id=free))
    with pytest.raises(CustomerBlocked):
        desk.do(CreateOffer(customer_id=blocked))


def test_a_customer_that_was_merged_out_of_two_blocked_ones_is_free_after_one_lifting(desk: Desk) -> None:
    kept, absorbed = desk.make_customer(name="Młyn"), desk.make_customer(name="Młyny")
    for customer in (kept, absorbed):
        desk.do(BlockCustomer(customer_id=customer, reason=REASON))
    desk.do(MergeCustomers(kept_id=kept, absorbed_id=absorbed))

    desk.do(UnblockCustomer(customer_id=kept, reason="Paid."))

    desk.do(CreateOffer(customer_id=kept))


def test_blocked_customers_get_no_advertising_and_no_greetings_but_mail_on_business(desk: Desk) -> None:
    home = (Address(street="Polna 1", city="Łódź", country="PL"),)
    customer = desk.make_customer(addresses=home, emails=(Email(address="a@x.example"),))
    desk.do(BlockCustomer(customer_id=customer, reason=REASON))

    open_ways = {
        purpose: len(desk.ask(lambda view, each: ways(view, reached(view, customer, None), purpose=each), purpose).open)
        for purpose in (BUSINESS, MARKETING, GREETING)
    }
    letters = desk.ask(
        lambda view: ways(view, reached(view, customer, None), purpose=MARKETING, channel=LETTER).closed[LETTER]
    )

    assert open_ways == {BUSINESS: 2, MARKETING: 0, GREETING: 0}
    assert letters == "Młyn is blocked: no marketing and no greetings go there."


def test_blocked_customers_are_found_and_their_page_says_why(desk: Desk) -> None:
    free, blocked = desk.make_customer(name="Wolny"), desk.make_customer(name="Zły")
    desk.do(BlockCustomer(customer_id=blocked, reason=REASON))

    def found(*, value: bool) -> list[str]:
        criteria = Criteria(conditions=(Condition(field="is_blocked", value=value),))
        return [each.id for each in desk.ask(find_customers, criteria).items]

    assert (found(value=True), found(value=False)) == ([blocked], [free])
    shown = desk.ask(card, blocked).block
    assert shown is not None
    assert (shown.reason, shown.lifted_at) == (REASON, None)


FILE = "Kod;Nazwa;Powód blokady\nA1;Młyn;Nie płaci\nA2;Piekarnia;\nA3;Tartak;Nie płaci\nA4;Browar;Nie płaci\n".encode()


def test_imp_02_a_column_says_why_customers_are_blocked_and_taking_the_import_back_frees_them(engine: Engine) -> None:
    desk = open_import_desk(engine, FixedClock(datetime(2026, 1, 5, 7, 0, tzinfo=UTC)))
    desk.units.ports[RecordUse] = UsedRecords()
    known = desk.desk.make_customer(name="Tartak", external_reference="A3")
    blocked = desk.desk.make_customer(name="Browar", external_reference="A4")
    desk.desk.do(BlockCustomer(customer_id=blocked, reason=REASON))

    made = desk.bring("customers", FILE)

    reasons = [desk.desk.ask(card, key).block for key in ("A1", "A2", "A3", "A4")]
    assert [each and each.reason for each in reasons] == ["Nie płaci.", None, "Nie płaci.", REASON]
    found = desk.desk.ask(lines, made).items
    assert [each.outcome for each in found] == ["created", "created", "updated", "unchanged"]
    again = desk.bring("customers", FILE)
    assert {each.outcome for each in desk.desk.ask(lines, again).items} == {"unchanged"}
    desk.desk.do(UndoImport(import_id=made, reason="wrong file"))
    desk.run()
    assert desk.desk.ask(one_import, made).undone == 3
    assert desk.desk.ask(block_of, known) is None
    assert [each.lifted_because for each in desk.desk.ask(blocks, known)] == [TAKEN_BACK]
    assert desk.desk.ask(block_of, blocked) is not None


def test_imp_02_a_column_of_blocks_needs_the_right_and_reasons_that_are_short_enough(engine: Engine) -> None:
    desk = open_import_desk(engine, FixedClock(datetime(2026, 1, 5, 7, 0, tzinfo=UTC)))
    clerk = Actor(id="ola", name="Ola", permissions=frozenset({"customer.edit", "customer.read"}))

    refused = desk.desk.ask(one_import, desk.bring("customers", FILE, clerk), actor=clerk)
    long = desk.bring("customers", FILE.replace("Nie płaci".encode(), b"x" * 1001))

    assert (refused.state, refused.done) == ("failed", 0)
    assert "right to block customers" in str(refused.reason)
    assert [each.outcome for each in desk.desk.ask(lines, long).items] == [
        "rejected",
        "created",
        "rejected",
        "rejected",
    ]


def test_a_customer_is_blocked_and_unblocked_by_rest(program: Callable[..., Program]) -> None:
    boss, rep = program("jan", "sales_manager"), program("ewa", "sales_rep")
    customer = boss.post("/customers", json={"name": "Młyn", "country": "PL"}).json["id"]
    at = f"/customers/{customer}"

    refused = rep.post(f"{at}/block", json={"reason": REASON})
    blocked = boss.post(f"{at}/block", json={"reason": REASON})
    offered = rep.post("/offers", json={"customer_id": customer, "lines": []})
    freed = boss.post(f"{at}/unblock", json={"reason": "Paid."})

    assert refused.status_code == 403
    assert (blocked.status_code, blocked.json["block"]["reason"]) == (200, REASON)
    assert (offered.status_code, offered.json["code"]) == (409, "customer_blocked")
    assert freed.json["block"] is None
    assert [each["lifted_because"] for each in rep.get(f"{at}/blocks").json] == ["Paid."]
    assert boss.post(f"{at}/unblock", json={"reason": "Paid."}).json["code"] == "customer_not_blocked"


def test_the_page_of_a_customer_blocks_says_why_and_lifts(browser: FlaskClient) -> None:
    place = send(browser, "/customers", **FIRM).location

    send(browser, f"{place}/block", reason=REASON)
    blocked = browser.get(place).text
    again = send(browser, f"{place}/block", reason="Again.")
    listed = browser.get("/customers?is_blocked=yes").text
    send(browser, f"{place}/block", reason="Paid.", is_lifted="yes")

    assert f"by root: {REASON}" in blocked
    assert "New offer" not in blocked
    assert (again.status_code, "Młyn" in listed) == (409, True)
    assert "New offer" in browser.get(place).text
    assert "Młyn" not in browser.get("/customers?is_blocked=yes").text
