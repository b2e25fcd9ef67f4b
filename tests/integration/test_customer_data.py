"""What is kept about customers and the people there: each test bears the row of the requirements that it holds."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Engine

from core.clock import FixedClock
from core.errors import Forbidden
from core.identity import Actor
from crm.cards import card, customer_of_iban
from crm.contacts import CreateContact, MoveContact, PlaceContact, UpdateContact, WithdrawContact
from crm.customers import CreateCustomer, UpdateCustomer
from crm.errors import ChangedMeanwhile, NoteNotFound, WrongFields
from crm.notes import EditNote, WriteNote, note, notes
from crm.people import people, person
from crm.profile_parts import BankAccount, Identifier
from crm.profiles import Address, Email, Phone, Profile
from crm.satisfaction import RecordSatisfaction, average_satisfaction, satisfaction
from tests.crm_desk import MANAGER, REP, Desk, open_desk

CLERK = Actor(id="ola", name="Ola Sowa", permissions=frozenset({"customer.read", "customer.edit"}))
IBAN = "PL61109010140000071219812874"


@pytest.fixture
def desk(engine: Engine, clock: FixedClock) -> Desk:
    return open_desk(engine, clock)


def refused(desk: Desk, **values: Any) -> dict[str, str]:
    with pytest.raises(WrongFields) as caught:
        desk.make_customer(**values)
    fields: dict[str, str] = caught.value.details["fields"]
    return fields


def test_cus_06_an_account_whose_check_digits_do_not_fit_is_refused(desk: Desk) -> None:
    fields = refused(desk, bank_accounts=(BankAccount(iban="PL61 1090 1014 0000 0712 1981 2875"),))

    assert "check digits" in fields["/bank_accounts/0/iban"]


@pytest.mark.parametrize("iban", ["", "PL12", "XX61109010140000071219812874", "<script>", "DE8937040044053201300"])
def test_cus_06_what_is_no_iban_is_refused_with_a_sentence(desk: Desk, iban: str) -> None:
    assert refused(desk, bank_accounts=(BankAccount(iban=iban),))["/bank_accounts/0/iban"]


def test_cus_06_two_accounts_in_one_currency_cannot_both_be_usual(desk: Desk) -> None:
    other = BankAccount(iban="DE89370400440532013000", is_default=True)

    fields = refused(desk, bank_accounts=(BankAccount(iban=IBAN, is_default=True), other))

    assert "Only one account in PLN" in fields["/bank_accounts/1/is_default"]


def test_cus_06_a_payer_is_found_by_iban(desk: Desk) -> None:
    account = BankAccount(iban=IBAN, valid_from=date(2026, 1, 1))
    key = desk.make_customer(bank_accounts=(account,))
    desk.make_customer(name="Inna")

    assert desk.ask(customer_of_iban, "PL61 1090 1014 0000 0712 1981 2874") == key
    assert desk.ask(customer_of_iban, "DE89370400440532013000") is None
    assert desk.ask(card, key).profile["bank_accounts"] == (account,)


@pytest.mark.parametrize(
    ("country", "kind", "right", "wrong"),
    [
        ("PL", "regon", "123456785", "123456786"),
        ("PL", "nip", "856-734-62-15", "8567346216"),
        ("DE", "vat", "DE136695976", "DE136695977"),
        ("RO", "cui", "18547290", "18547291"),
        ("RU", "inn", "7707083893", "7707083894"),
        ("UA", "edrpou", "32855961", "32855968"),
    ],
)
def test_cus_22_register_numbers_are_checked_and_the_rule_is_named(
    desk: Desk, country: str, kind: str, right: str, wrong: str
) -> None:
    key = desk.make_customer(country=country, identifiers=(Identifier(kind=kind, number=right),))

    assert desk.ask(card, key).profile["identifiers"][0].kind == kind
    fields = refused(desk, name="B", country=country, identifiers=(Identifier(kind=kind, number=wrong),))
    assert "digit" in fields["/identifiers/0/number"]


@pytest.mark.parametrize(("country", "number"), [("RO", "18547291"), ("RU", "7707083894"), ("PL", "8567346216")])
def test_cus_22_a_mistyped_tax_number_is_refused(desk: Desk, country: str, number: str) -> None:
    assert "digit" in refused(desk, country=country, tax_id=number)["/tax_id"]


def test_cus_09_delivery_terms_and_limits_read_back(desk: Desk) -> None:
    terms: dict[str, Any] = {
        "incoterm": "DAP",
        "carrier": "Raben",
        "least_order": Decimal("500.00"),
        "largest_order": Decimal("90000.00"),
        "largest_weight": Decimal("1200.5000"),
        "delivery_weekdays": (1, 3),
        "lead_days": 5,
    }
    key = desk.make_customer(**terms)

    profile = desk.ask(card, key).profile

    assert {name: profile[name] for name in terms} == terms


def test_cus_09_every_wrong_term_has_its_sentence(desk: Desk) -> None:
    fields = refused(
        desk,
        incoterm="XXX",
        least_order=Decimal(10),
        largest_order=Decimal(5),
        delivery_weekdays=(0, 8),
        lead_days=-1,
        website="javascript:alert(1)",
    )

    assert fields.keys() == {"/incoterm", "/largest_order", "/delivery_weekdays", "/lead_days", "/website"}


def test_cus_12_without_the_right_to_finance_the_card_has_none(desk: Desk) -> None:
    key = desk.make_customer(credit_limit=Decimal(5000), payment_days=30, bank_accounts=(BankAccount(iban=IBAN),))

    seen = desk.ask(card, key, actor=CLERK)

    assert {"credit_limit", "payment_days", "bank_accounts", "grace_days"} & seen.profile.keys() == set()
    assert seen.standing is None
    with pytest.raises(Forbidden):
        desk.do(UpdateCustomer(customer_id=key, changes={"credit_limit": Decimal(9)}), CLERK)
    with pytest.raises(Forbidden):
        desk.do(CreateCustomer(profile=Profile(name="X", country="PL", payment_days=99)), CLERK)


def test_cus_19_the_second_of_two_users_gets_both_versions_and_nothing_is_lost(desk: Desk) -> None:
    key = desk.make_customer(name="Młyn", carrier="Raben")
    desk.do(UpdateCustomer(customer_id=key, changes={"carrier": "DHL"}, expected_version=1), MANAGER)

    with pytest.raises(ChangedMeanwhile) as caught:
        desk.do(UpdateCustomer(customer_id=key, changes={"carrier": "GLS", "name": "Młyn"}, expected_version=1))

    assert caught.value.details["differences"] == {"carrier": {"yours": "GLS", "theirs": "DHL"}}
    assert caught.value.details["changed_by"] == "jan"
    assert desk.ask(card, key).profile["carrier"] == "DHL"


def test_cus_28_the_first_source_of_advertising_is_kept(desk: Desk) -> None:
    key = desk.make_customer()
    desk.do(UpdateCustomer(customer_id=key, changes={"ad_source": "trade_fair"}))

    with pytest.raises(WrongFields, match="set once"):
        desk.do(UpdateCustomer(customer_id=key, changes={"ad_source": "search_engine"}))

    assert desk.ask(card, key).profile["ad_source"] == "trade_fair"


def test_cus_08_both_levels_of_satisfaction_are_kept_and_averaged(desk: Desk, clock: FixedClock) -> None:
    key = desk.make_customer(region="Łódzkie")
    desk.do(RecordSatisfaction(customer_id=key, level=3, source="survey"))
    clock.advance(timedelta(days=1))
    desk.do(RecordSatisfaction(customer_id=key, level=5, cause="service"))

    found = desk.ask(satisfaction, key).items
    months = desk.ask(average_satisfaction, by="region", since=date(2026, 1, 1), until=date(2026, 2, 1))

    assert [(each.level, each.source, each.recorded_at.day) for each in found] == [(5, "call", 6), (3, "survey", 5)]
    assert [(each.month, each.group, each.average) for each in months] == [(date(2026, 1, 1), "Łódzkie", 4)]


@pytest.mark.parametrize("level", [0, 6, -1])
def test_cus_08_a_level_that_does_not_exist_is_refused(desk: Desk, level: int) -> None:
    with pytest.raises(WrongFields, match="from 1"):
        desk.do(RecordSatisfaction(customer_id=desk.make_customer(), level=level))


def test_cus_07_a_private_note_is_its_authors_alone(desk: Desk) -> None:
    key = desk.make_customer()
    mine = desk.do(WriteNote(customer_id=key, text="Tajne: zmieniają dostawcę", visibility="private"))
    desk.do(WriteNote(customer_id=key, text="Lubią kawę"))

    assert [each.text for each in desk.ask(notes, key, actor=MANAGER).items] == ["Lubią kawę"]
    assert desk.ask(notes, key, q="Tajne", actor=MANAGER).total == 0
    assert desk.ask(notes, key, q="tajne").total == 1
    with pytest.raises(NoteNotFound):
        desk.ask(note, mine, actor=MANAGER)
    with pytest.raises(NoteNotFound):
        desk.do(EditNote(note_id=mine, text="x"), MANAGER)


def test_cus_07_an_edited_note_keeps_what_it_said(desk: Desk) -> None:
    key = desk.make_customer()
    written = desk.do(WriteNote(customer_id=key, text="Dzwonić po 10"))

    desk.do(EditNote(note_id=written, text="Dzwonić po 12", expected_version=1))

    found = desk.ask(note, written)
    assert (found.text, [each.text for each in found.earlier]) == ("Dzwonić po 12", ["Dzwonić po 10"])
    with pytest.raises(ChangedMeanwhile):
        desk.do(EditNote(note_id=written, text="Dzwonić po 14", expected_version=1))


def test_cus_07_the_trail_does_not_tell_what_a_note_says(desk: Desk) -> None:
    desk.do(WriteNote(customer_id=desk.make_customer(), text="Tajne"))

    assert "Tajne" not in str(desk.events[-1].payload())


def test_cus_02_a_person_moves_to_another_customer_and_keeps_the_history(desk: Desk) -> None:
    old, new = desk.make_customer(), desk.make_customer(name="Nowa")
    who = desk.do(CreateContact(customer_id=old, name="Anna Wąs"))
    desk.do(WriteNote(customer_id=old, contact_id=who, text="Poznana na targach"))

    desk.do(MoveContact(contact_id=who, customer_id=new))

    assert desk.ask(person, who).customer_id == new
    assert desk.ask(notes, old, contact_id=who).total == 1
    assert {each.stream for each in desk.events if each.type == "contact.moved"} == {
        f"customer:{old}",
        f"customer:{new}",
    }


def test_cus_15_a_person_has_roles_at_several_firms(desk: Desk) -> None:
    first, second = desk.make_customer(), desk.make_customer(name="Druga")
    who = desk.do(CreateContact(customer_id=first, name="Ewa Lis", role="accountant"))
    position = desk.do(PlaceContact(contact_id=who, customer_id=second, role="accountant", since=date(2026, 1, 1)))

    assert [each.customer_name for each in desk.ask(person, who).positions] == ["Druga"]
    assert [each.contact_name for each in desk.ask(card, second).positions] == ["Ewa Lis"]
    with pytest.raises(WrongFields, match="is that at this customer already"):
        desk.do(PlaceContact(contact_id=who, customer_id=second, role="accountant"))

    desk.do(WithdrawContact(position_id=position))

    assert desk.ask(person, who).positions == []


def test_cus_31_five_hundred_contacts_come_page_by_page(desk: Desk) -> None:
    key = desk.make_customer()
    for index in range(45):
        desk.do(CreateContact(customer_id=key, name=f"Osoba {index % 7}"))

    first = desk.ask(people, key)
    second = desk.ask(people, key, after=first.next)
    third = desk.ask(people, key, after=second.next)

    names = [each.name for each in (*first.items, *second.items, *third.items)]
    assert (len(first.items), first.total, third.next) == (20, 45, None)
    assert names == sorted(names)
    assert len({each.id for each in (*first.items, *second.items, *third.items)}) == 45


@pytest.mark.parametrize("birthday", ["1980-05-31", "--05-31", "--02-29", None])
def test_cus_32_a_birthday_may_lack_its_year(desk: Desk, birthday: str | None) -> None:
    who = desk.do(CreateContact(customer_id=desk.make_customer(), name="Jan", birthday=birthday, mobile="601 100 200"))

    found = desk.ask(person, who)

    assert (found.birthday, found.mobile) == (birthday, "+48601100200")


@pytest.mark.parametrize("birthday", ["31.05.1980", "1980-02-30", "--13-01", "1980", "2026-W01-1"])
def test_cus_32_what_is_no_day_is_refused(desk: Desk, birthday: str) -> None:
    with pytest.raises(WrongFields, match="is no day"):
        desk.do(CreateContact(customer_id=desk.make_customer(), name="Jan", birthday=birthday))


def test_cus_33_what_people_told_of_themselves_needs_a_right(desk: Desk) -> None:
    key = desk.make_customer()
    who = desk.do(CreateContact(customer_id=key, name="Jan", family="dwie córki", interests=("travel",)))

    seen, hidden = desk.ask(person, who), desk.ask(person, who, actor=CLERK)

    assert (seen.family, seen.interests) == ("dwie córki", ["travel"])
    assert (hidden.family, hidden.interests, hidden.preferences) == (None, [], None)
    with pytest.raises(Forbidden):
        desk.do(UpdateContact(contact_id=who, changes={"family": None}), CLERK)
    desk.do(UpdateContact(contact_id=who, changes={"job_title": "Prezes"}), CLERK)
    assert desk.ask(person, who).family == "dwie córki"


def test_cus_40_a_group_of_firms_is_a_tree(desk: Desk) -> None:
    top = desk.make_customer(name="Holding")
    middle = desk.make_customer(name="Grupa", parent_id=top)
    low = desk.make_customer(name="Zakład", parent_id=middle)

    assert [each.name for each in desk.ask(card, low).above] == ["Grupa", "Holding"]
    assert [(each.name, each.depth) for each in desk.ask(card, top).below] == [("Grupa", 1), ("Zakład", 2)]
    for wrong in (top, low):
        with pytest.raises(WrongFields, match="cannot belong to itself"):
            desk.do(UpdateCustomer(customer_id=top, changes={"parent_id": wrong}))
    with pytest.raises(WrongFields, match="does not exist"):
        desk.do(UpdateCustomer(customer_id=top, changes={"parent_id": "nobody"}))


def test_cus_36_an_exception_for_one_customer_is_in_the_trail(desk: Desk) -> None:
    key = desk.make_customer()

    desk.do(UpdateCustomer(customer_id=key, changes={"grace_days": 7, "no_sms": True}))

    assert desk.events[-1].payload()["changes"] == {"grace_days": [0, 7], "no_sms": [False, True]}


def test_cus_38_numbers_follow_one_another(desk: Desk) -> None:
    keys = [desk.make_customer(name=f"F{index}") for index in range(3)]

    assert [desk.ask(card, key).number for key in keys] == ["C-000001", "C-000002", "C-000003"]


def test_cus_01_everything_entered_reads_back_from_the_card(desk: Desk) -> None:
    profile = Profile(
        name="Młyn",
        country="PL",
        website="https://mlyn.example/kontakt",
        founded_on=date(1990, 5, 1),
        needs="Dostawa przed 8:00",
        owner=REP.id,
        owner_team="key_accounts",
        key_account=True,
        addresses=(
            Address(street="Polna 1", city="Łódź", country="PL"),
            Address(kind="delivery", street="Leśna 2", city="Kutno", country="PL"),
        ),
        phones=(Phone(number="22 123-45-67"), Phone(number="601 100 200", kind="mobile"), Phone(number="+4930123456")),
        emails=(Email(address="a@mlyn.example"), Email(address="b@mlyn.example", kind="billing")),
    )
    key = desk.do(CreateCustomer(profile=profile)).id

    found = desk.ask(card, key)

    assert replace(profile) == Profile(**found.profile)
    assert found.dialled == ["+48221234567", "+48601100200", "+4930123456"]
