"""Value lists and a firm's own fields: each test bears the row of the requirements that it holds."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Engine

from core.clock import FixedClock
from core.errors import Forbidden
from crm.cards import card
from crm.contacts import CreateContact
from crm.custom_fields import DefineField, custom_fields, typed
from crm.customers import UpdateCustomer
from crm.dictionaries import DefineDictionary, OrderValues, RetireValue, WriteValue, dictionaries, dictionary, label
from crm.errors import DictionaryFixed, DictionaryNotFound, WrongFields
from crm.queries import customers
from engine.feel import compile_expression
from tests.crm_desk import STRANGER, Desk, open_desk
from tests.web import WHOLE_FIRM, Program

NAMES = {"pl": "Kolor", "en": "Colour"}


@pytest.fixture
def desk(engine: Engine, clock: FixedClock) -> Desk:
    return open_desk(engine, clock)


def define(desk: Desk, key: str, type_: str, **values: Any) -> None:
    desk.do(DefineField(**{"entity": "crm.customer", "key": key, "labels": {"en": key}, "type": type_} | values))


def test_cus_03_a_value_that_was_added_can_be_chosen_at_once(desk: Desk) -> None:
    key = desk.make_customer()
    with pytest.raises(WrongFields, match="has no value space"):
        desk.do(UpdateCustomer(customer_id=key, changes={"industry": "space"}))

    desk.do(WriteValue(dictionary="industry", code="space", labels={"pl": "Kosmos"}))
    chosen = {
        "industry": "space",
        "business_profile": "trade",
        "company_category": "small",
        "customer_kind": "reseller",
    }
    desk.do(UpdateCustomer(customer_id=key, changes=chosen))

    profile = desk.ask(card, key).profile
    assert {name: profile[name] for name in chosen} == chosen


def test_cfg_01_values_are_added_renamed_ordered_and_retired(desk: Desk) -> None:
    desk.do(DefineDictionary(key="colour", labels=NAMES))
    for code in ("red", "green", "blue"):
        desk.do(WriteValue(dictionary="colour", code=code, labels={"en": code}))

    desk.do(WriteValue(dictionary="colour", code="red", labels={"en": "Crimson", "pl": "Karmazyn"}))
    desk.do(OrderValues(dictionary="colour", codes=("blue", "red")))
    desk.do(RetireValue(dictionary="colour", code="green"))

    found = desk.ask(dictionary, "colour")
    assert [(each.code, each.is_retired) for each in found.values] == [("blue", False), ("red", False), ("green", True)]
    assert label(found.values[1].labels, "pl", "red") == "Karmazyn"
    assert desk.told()[-2:] == ["dictionary.ordered", "dictionary.value_retired"]


def test_cfg_01_a_retired_value_stays_on_old_records_and_is_not_offered(desk: Desk) -> None:
    old = desk.make_customer(industry="food")

    desk.do(RetireValue(dictionary="industry", code="food"))
    desk.do(UpdateCustomer(customer_id=old, changes={"carrier": "DHL"}))

    assert desk.ask(card, old).profile["industry"] == "food"
    with pytest.raises(WrongFields, match="is retired"):
        desk.make_customer(industry="food")


def test_cfg_01_lists_that_decisions_rely_on_can_be_renamed_only(desk: Desk) -> None:
    with pytest.raises(DictionaryFixed):
        desk.do(WriteValue(dictionary="reliability", code="x", labels={"en": "x"}))
    with pytest.raises(DictionaryFixed):
        desk.do(RetireValue(dictionary="reliability", code="A"))
    with pytest.raises(DictionaryNotFound):
        desk.do(WriteValue(dictionary="nothing", code="x", labels={"en": "x"}))


def test_cfg_01_whoever_may_not_administer_may_not_change_lists(desk: Desk) -> None:
    with pytest.raises(Forbidden):
        desk.do(WriteValue(dictionary="industry", code="x", labels={"en": "x"}), STRANGER)


def test_cfg_03_every_shipped_value_has_its_label_in_four_languages(desk: Desk) -> None:
    shipped = desk.ask(dictionaries)

    assert len(shipped) >= 20
    for each in shipped:
        for labels in (each.labels, *(value.labels for value in each.values)):
            assert {language for language, text in labels.items() if text} == {"pl", "en", "ro", "ru"}


VALUES: dict[str, tuple[dict[str, Any], Any, Any]] = {  # type: (definition, a right value, a wrong one)
    "text": ({"maximum": Decimal(5)}, "Żabka", "za długie"),
    "long_text": ({}, "a\nb", 7),
    "whole": ({"minimum": Decimal(1), "maximum": Decimal(9)}, 7, "7.5"),
    "decimal": ({"maximum": Decimal(100)}, "12.5", "many"),
    "yes_no": ({}, True, "yes"),
    "date": ({}, "2026-02-28", "2026-02-30"),
    "choice": ({"dictionary": "industry"}, "food", "nonsense"),
    "choices": ({"dictionary": "industry"}, ["food", "it"], ["food", "nonsense"]),
    "email": ({}, "a@b.example", "a@"),
    "link": ({}, "https://a.example/x", "javascript:alert(1)"),
}


@pytest.fixture
def filled(desk: Desk) -> Desk:
    for type_, (more, _, _) in VALUES.items():
        define(desk, f"own_{type_}", type_, **more)
    return desk


def test_cfg_02_a_field_of_every_type_is_kept_and_found_again(filled: Desk) -> None:
    given = {f"own_{type_}": right for type_, (_, right, _) in VALUES.items()}

    key = filled.make_customer(custom=given)

    assert filled.ask(card, key).profile["custom"] == given
    assert filled.ask(customers, "zabka").total == 1


def test_cfg_02_every_wrong_value_has_its_sentence(filled: Desk) -> None:
    with pytest.raises(WrongFields) as caught:
        filled.make_customer(custom={f"own_{type_}": wrong for type_, (_, _, wrong) in VALUES.items()} | {"x": 1})

    fields = caught.value.details["fields"]
    assert fields.keys() >= {f"/custom/own_{type_}" for type_ in VALUES if type_ != "choices"} | {"/custom/x"}
    assert "/custom/own_choices/1" in fields


def test_cfg_02_decisions_get_numbers_and_days_not_texts(filled: Desk) -> None:
    fields = filled.ask(custom_fields, "crm.customer")

    values = typed(fields, {"own_decimal": "12.5", "own_date": "2026-02-28", "own_yes_no": True})

    assert (values["own_decimal"], values["own_date"], values["own_text"]) == (Decimal("12.5"), date(2026, 2, 28), None)
    asked = compile_expression('own_decimal * 2 = 25 and own_date < date("2026-03-01") and own_yes_no')
    assert asked.evaluate(values).value is True


def test_cfg_02_a_required_field_is_asked_for(desk: Desk) -> None:
    define(desk, "branch", "text", is_required=True)

    with pytest.raises(WrongFields, match="branch is missing"):
        desk.make_customer()


def test_cfg_02_a_field_keeps_its_type_and_a_retired_one_its_values(desk: Desk) -> None:
    define(desk, "branch", "text")
    key = desk.make_customer(custom={"branch": "Łódź"})
    with pytest.raises(WrongFields, match="keeps its type"):
        define(desk, "branch", "date")

    define(desk, "branch", "text", is_retired=True)
    desk.do(UpdateCustomer(customer_id=key, changes={"custom": {}}))

    assert desk.ask(card, key).profile["custom"] == {"branch": "Łódź"}
    assert desk.ask(custom_fields, "crm.customer") == []


def test_cfg_02_people_have_own_fields_too(desk: Desk) -> None:
    desk.do(DefineField(entity="crm.contact", key="shoe", labels=NAMES, type="whole", maximum=Decimal(60)))

    with pytest.raises(WrongFields, match="at most"):
        desk.do(CreateContact(customer_id=desk.make_customer(), name="Jan", custom={"shoe": 61}))


def test_cfg_02_lists_fields_and_customers_over_the_api(program: Callable[..., Program]) -> None:
    admin = program("root", *WHOLE_FIRM)
    admin.post("/dictionaries", json={"key": "colour", "labels": NAMES})
    admin.post("/dictionaries/colour/values", json={"code": "red", "labels": {"en": "Red"}})
    field = {"entity": "crm.customer", "key": "tint", "labels": NAMES, "type": "choice", "dictionary": "colour"}
    assert admin.post("/fields", json=field).status_code == 201

    made = admin.post("/customers", json={"name": "Młyn", "country": "PL", "custom": {"tint": "red"}})
    wrong = admin.post("/customers", json={"name": "Inny", "country": "PL", "custom": {"tint": "blue"}})

    assert made.json["profile"]["custom"] == {"tint": "red"}
    assert wrong.status_code == 422
    assert "/custom/tint" in wrong.json["details"]["fields"]
    assert program("ewa", "sales_rep").post("/fields", json=field).status_code == 403
    seen = program("tom", "technical_reviewer").get(f"/customers/{made.json['id']}").json
    assert seen["standing"] is None
    assert "credit_limit" not in seen["profile"]
