"""Customers that are the same, and data that are missing or wrong; rows of the requirements in the names."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Engine, text

from core.clock import FixedClock
from core.errors import Forbidden
from core.identity import Actor
from crm import matching
from crm.cards import card
from crm.contacts import CreateContact
from crm.customers import UpdateCustomer
from crm.duplicates import CompareCustomers, TellApart, duplicates
from crm.errors import CustomerMerged, MergeNotFound, WrongFields
from crm.merging import STAYING, MergeCustomers, UndoMerge, family, places
from crm.notes import WriteNote, notes
from crm.offer_queries import offer
from crm.people import people
from crm.profile_parts import BankAccount
from crm.profiles import Address, Email, Phone
from crm.quality import NoteBounce, quality
from crm.queries import customer, customers
from crm.samples import LoadSamples
from tests.crm_desk import Desk, open_desk
from tests.web import Program
from webapp.bootstrap import load_contexts

LODZ = (Address(street="Polna 1", city="Łódź", country="PL"),)
IBAN = "PL61109010140000071219812874"


@pytest.fixture
def desk(engine: Engine, clock: FixedClock) -> Desk:
    return open_desk(engine, clock)


def pair(desk: Desk, **values: Any) -> tuple[str, str]:
    one = desk.make_customer(name="Zakłady Mechaniczne Żuraw sp. z o.o.", addresses=LODZ)
    return one, desk.make_customer(**{"name": "Zaklady Mechaniczne ZURAW", "addresses": LODZ} | values)


@pytest.mark.parametrize(
    ("name", "values", "found"),
    [
        ("ŻURAW Zakłady Mechaniczne S.A.", {"addresses": LODZ}, 1),
        ("Zaklady Mechanicze Zuraw", {"addresses": LODZ}, 1),
        ("Zakłady Żuraw", {"phones": (Phone(number="42 630 00 00"),)}, 1),
        ("Piekarnia Kłos", {"addresses": LODZ}, 0),
        ("Zakłady Mechaniczne Bocian", {}, 0),
    ],
)
def test_cus_39_a_customer_that_is_there_already_is_found_when_it_is_saved(
    desk: Desk, name: str, values: dict[str, Any], found: int
) -> None:
    desk.make_customer(
        name="Zakłady Mechaniczne Żuraw sp. z o.o.", addresses=LODZ, phones=(Phone(number="+48426300000"),)
    )

    desk.make_customer(name=name, **values)

    assert len(desk.ask(duplicates).items) == found


def test_cus_39_forty_firms_of_the_samples_are_no_duplicates_of_one_another(desk: Desk) -> None:
    desk.do(LoadSamples())

    assert [each.reasons for each in desk.ask(duplicates).items] == []


def test_cus_39_a_customer_is_compared_with_a_hundred_others_at_most(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crm.duplicates.CANDIDATES", 3)
    for _ in range(6):
        desk.make_customer(name="Żuraw", addresses=LODZ)

    assert len(desk.ask(duplicates, limit=200).items) == 1 + 2 + 3 + 3 + 3


def test_cus_39_what_was_told_apart_is_not_shown_again(desk: Desk) -> None:
    _, second = pair(desk)
    (found,) = desk.ask(duplicates).items

    desk.do(TellApart(pair_id=found.id))
    desk.do(UpdateCustomer(customer_id=second, changes={"name": "Zakłady Mechaniczne ZURAW"}))

    assert desk.ask(duplicates).items == []
    assert desk.told()[-2:] == ["customer.told_apart", "customer.changed"]


def test_cus_39_customers_that_came_in_another_way_are_compared_in_batches(desk: Desk, engine: Engine) -> None:
    first, second = pair(desk)
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM duplicate_pair"))
        connection.execute(text("UPDATE customer SET match_keys = '{}', completeness = 0, findings = '[]'"))

    after = desk.do(CompareCustomers(limit=1))
    while after is not None:
        after = desk.do(CompareCustomers(after=after, limit=1))

    (found,) = desk.ask(duplicates).items
    assert {found.first.id, found.second.id} == {first, second}
    assert desk.ask(card, first).completeness > 0


def test_cus_39_a_merge_loses_nothing(desk: Desk) -> None:
    kept, lost = pair(
        desk,
        tax_id="8567346215",
        carrier="DHL",
        emails=(Email(address="b@zuraw.example"),),
        bank_accounts=(BankAccount(iban=IBAN, is_default=True),),
    )
    desk.do(CreateContact(customer_id=lost, name="Anna Wąs"))
    desk.do(WriteNote(customer_id=lost, text="Lubią kawę"))
    made = desk.make_offer(customer_id=lost)
    below = desk.make_customer(name="Oddział", parent_id=lost)
    number = desk.ask(card, lost).number

    desk.do(MergeCustomers(kept_id=kept, absorbed_id=lost, reason="ta sama firma"))

    profile = desk.ask(card, kept).profile
    assert (profile["tax_id"], profile["carrier"]) == ("8567346215", "DHL")
    assert profile["name"] == "Zakłady Mechaniczne Żuraw sp. z o.o."
    assert [each.address for each in profile["emails"]] == ["b@zuraw.example"]
    assert desk.ask(people, kept).total == 1
    assert desk.ask(notes, kept).total == 1
    assert desk.ask(offer, made).customer_id == kept
    assert desk.ask(card, below).above[0].id == kept
    assert desk.ask(customer, lost).id == desk.ask(customer, number).id == kept
    assert set(desk.ask(family, kept)) == {kept, lost}
    assert lost not in [each.id for each in desk.ask(customers).items]
    assert [each.type for each in desk.events[-2:]] == ["customer.merged", "customer.absorbed"]
    with pytest.raises(CustomerMerged):
        desk.do(UpdateCustomer(customer_id=lost, changes={"carrier": "GLS"}))


def test_cus_39_a_merge_can_be_undone(desk: Desk) -> None:
    kept, lost = pair(desk, tax_id="8567346215", carrier="DHL")
    desk.do(CreateContact(customer_id=lost, name="Anna Wąs"))
    mine = desk.do(CreateContact(customer_id=kept, name="Jan Lis"))
    before = {key: desk.ask(card, key).profile for key in (kept, lost)}
    merge = desk.do(MergeCustomers(kept_id=kept, absorbed_id=lost))

    desk.do(UndoMerge(merge_id=merge))

    assert {key: desk.ask(card, key).profile for key in (kept, lost)} == before
    assert [each.id for each in desk.ask(people, kept).items] == [mine]
    assert desk.ask(people, lost).total == 1
    with pytest.raises(MergeNotFound):
        desk.do(UndoMerge(merge_id=merge))


def test_cus_39_what_changed_after_a_merge_is_not_undone(desk: Desk) -> None:
    kept, lost = pair(desk, tax_id="8567346215")
    merge = desk.do(MergeCustomers(kept_id=kept, absorbed_id=lost))
    desk.do(UpdateCustomer(customer_id=kept, changes={"carrier": "GLS"}))

    desk.do(UndoMerge(merge_id=merge))

    assert desk.ask(card, kept).profile["carrier"] == "GLS"
    assert desk.ask(card, kept).profile["tax_id"] == "8567346215"
    assert desk.ask(card, lost).profile["tax_id"] is None


def test_cus_39_what_cannot_be_merged_is_refused(desk: Desk) -> None:
    kept, lost = pair(desk)
    with pytest.raises(WrongFields, match="with itself"):
        desk.do(MergeCustomers(kept_id=kept, absorbed_id=kept))
    with pytest.raises(WrongFields, match="no field colour"):
        desk.do(MergeCustomers(kept_id=kept, absorbed_id=lost, take=frozenset({"colour"})))
    clerk = Actor(id="ola", name="Ola", permissions=frozenset({"customer.edit"}))
    with pytest.raises(Forbidden):
        desk.do(MergeCustomers(kept_id=kept, absorbed_id=lost), clerk)

    desk.do(MergeCustomers(kept_id=kept, absorbed_id=lost))

    with pytest.raises(CustomerMerged):
        desk.do(MergeCustomers(kept_id=kept, absorbed_id=lost))


def test_cus_39_every_table_that_names_a_customer_is_thought_of() -> None:
    load_contexts()

    known = {
        "activity.customer_id",
        "call_item.customer_id",
        "contact.customer_id",
        "customer.parent_id",
        "customer_block.customer_id",
        "customer_note.customer_id",
        "customer_order.customer_id",
        "customer_satisfaction.customer_id",
        "device.customer_id",
        "device_owner.customer_id",
        "offer.customer_id",
        "opportunity.customer_id",
        "outbox_message.customer_id",
        "price_list.customer_id",
        "segment_member.customer_id",
        "service_contract.customer_id",
        "ticket.customer_id",
    }
    assert set(places()) - STAYING == known


def test_cus_11_the_report_tells_what_is_missing_and_wrong(desk: Desk, engine: Engine) -> None:
    whole = {
        "legal_name": "Młyn sp. z o.o.",
        "tax_id": "8567346215",
        "owner": "ewa",
        "industry": "food",
        "customer_kind": "buyer",
        "payment_days": 14,
        "phones": (Phone(number="42 630 00 00"),),
        "emails": (Email(address="a@mlyn.example"),),
    }
    bad = desk.make_customer(**whole)
    desk.make_customer(**whole | {"name": "Dobra", "tax_id": "5260250995", "addresses": LODZ})
    with engine.begin() as connection:  # as an old system handed it over
        connection.execute(text("UPDATE customer SET tax_id = '8567346216' WHERE id = :id"), {"id": bad})

    assert desk.do(NoteBounce(address="a@mlyn.example")) == 2

    line = next(each for each in desk.ask(quality).items if each.id == bad)
    assert sorted(each["field"] for each in line.findings) == ["addresses", "emails", "tax_id"]
    assert line.completeness == 90


def test_cus_39_merging_over_the_api(program: Callable[..., Program]) -> None:
    boss = program("jan", "sales_manager")
    made = [
        boss.post("/customers", json={"name": "Żuraw", "country": "PL", "phones": [{"number": "+48426300000"}]})
        for _ in "ab"
    ]
    kept, lost = (each.json["id"] for each in made)

    (found,) = boss.get("/duplicates").json["items"]
    merged = boss.post(f"/customers/{kept}/merge", json={"absorbed_id": lost})
    shown = boss.get(f"/customers/{lost}").json["id"]
    undone = boss.post(f"/merges/{merged.json['merge_id']}/undo", json={})

    assert found["score"] == 100
    assert (merged.status_code, shown, undone.status_code) == (201, kept, 200)
    assert boss.get(f"/customers/{lost}").json["id"] == lost
    assert program("ewa", "sales_rep").post(f"/customers/{kept}/merge", json={"absorbed_id": lost}).status_code == 403


def test_cus_39_names_are_compared_without_legal_forms() -> None:
    assert matching.bare_name("Żuraw Sp. z o.o.") == matching.bare_name("ZURAW S.A.") == "zuraw"
    assert matching.bare_name("Firma") == "firma"
