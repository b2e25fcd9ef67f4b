"""The decisions of the repair row by row, its scenarios, and its forms' shape."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from engine.dmn import Model, read_model
from engine.feel.values import plain
from engine.scenarios import Played, play
from processes import PACKAGES
from processes.service_repair.package import PACKAGE

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)
SEEN = {
    "recalled": False,
    "serial_match": True,
    "seal": "ok",
    "repeat": False,
    "claim_basis": "guarantee",
    "consumer": False,
    "months": 12,
    "guarantee_valid": True,
    "cause": "manufacturing",
}
BROKEN = {
    "coverage": "conformity",
    "claim_basis": "conformity",
    "failed_repairs": 0,
    "repairable": False,
    "parts_late": False,
    "replacement_available": False,
    "demand": "repair",
}
OVER = {"guarantee_valid": False, "claim_basis": "conformity", "consumer": True}


@pytest.fixture(scope="module")
def models() -> dict[str, Model]:
    return {path.stem: read_model(path.read_bytes()) for path in PACKAGE.folder.glob("*.dmn")}


@pytest.fixture(scope="module")
def played() -> Played:
    (file,) = PACKAGE.scenarios()
    return play(file)


def decide(model: Model, key: str, facts: dict[str, Any]) -> dict[str, Any]:
    inputs = {
        name: Decimal(str(value)) if isinstance(value, int | float) and not isinstance(value, bool) else value
        for name, value in facts.items()
    }
    found: dict[str, Any] = plain(model.decide(key, inputs, now=NOW).value)
    return found


@pytest.mark.parametrize(
    ("facts", "priority", "within", "rule"),
    [
        ({"contract": "gold", "key_account": True}, "P1", "PT2H", 1),
        ({"contract": "standard", "key_account": True}, "P2", "PT4H", 2),
        ({"abc_class": "A", "safety": True}, "P2", "PT4H", 2),
        ({"safety": True, "consumer_complaint": True}, "P1", "PT2H", 3),
        ({"consumer_complaint": True}, "P2", "PT4H", 4),
        ({}, "P3", "P1D", "default"),
    ],
)
def test_d_r1_says_how_urgent_it_is(
    models: dict[str, Model], facts: dict[str, Any], priority: str, within: str, rule: int | str
) -> None:
    usual = {"contract": None, "key_account": False, "abc_class": "B", "safety": False, "consumer_complaint": False}

    found = decide(models["repair_priority"], "repair_priority", usual | facts)

    assert (found["priority"], found["first_response"], found["rule"]) == (priority, within, f"D-R1.{rule}")


@pytest.mark.parametrize(
    ("facts", "coverage", "payer", "code", "rule"),
    [
        ({"recalled": True, "serial_match": False}, "recall", "us", "REC", "recall"),
        ({"serial_match": False, "cause": "no_fault"}, "refuse", "customer", "SER", 1),
        ({"cause": "no_fault", "repeat": True}, "test_fee", "customer", "NFF", 2),
        ({"seal": "liquid", "cause": "liquid", "repeat": True}, "paid", "customer", "MIS", 3),
        ({"repeat": True, "cause": "wear"}, "repair_warranty", "us", "REP", 4),
        (OVER | {"months": 24}, "conformity", "us", "CON", 5),
        (OVER | {"months": 24, "cause": "unknown"}, "conformity", "us", "CON", 5),
        ({}, "guarantee", "us", "GUA", 6),
        ({"cause": "wear_listed"}, "guarantee", "us", "GUA", 6),
        ({"cause": "wear"}, "paid", "customer", "WEA", 7),
        (OVER | {"months": 24.01}, "goodwill", "us", "GOO", 8),
        (OVER | {"months": 27}, "goodwill", "us", "GOO", 8),
        (OVER | {"months": 27.01}, "paid", "customer", "PAI", 9),
        (OVER | {"months": 12, "consumer": False}, "paid", "customer", "PAI", 9),
        ({"claim_basis": "paid"}, "paid", "customer", "ASK", "default"),
        ({"seal": "misuse"}, "paid", "customer", "ASK", "default"),
    ],
)
def test_srv_01_d_r2_says_who_pays_and_why_on_each_side_of_every_limit(
    models: dict[str, Model], facts: dict[str, Any], coverage: str, payer: str, code: str, rule: int | str
) -> None:
    found = decide(models["repair_coverage"], "repair_coverage", SEEN | facts)

    known = {"coverage": coverage, "payer": payer, "code": code, "ask": rule in {8, "default"}}
    assert found == known | {"rule": f"D-R2.{rule}"}


@pytest.mark.parametrize(
    ("facts", "consent", "new", "rule"),
    [
        ({"payer": "us", "cost": 900}, False, False, 1),
        ({"cost": 100}, False, False, 2),
        ({"cost": 100.01, "cost_share": 60}, True, False, "default"),
        ({"cost": 700, "cost_share": 60.01}, True, True, 3),
        ({"cost": 700, "cost_share": None}, True, False, "default"),
    ],
)
def test_d_r3_asks_the_customer_above_the_limit(
    models: dict[str, Model], facts: dict[str, Any], *, consent: bool, new: bool, rule: int | str
) -> None:
    usual = {"payer": "customer", "cost": 100, "cost_share": 10, "cost_limit": 100}

    found = decide(models["repair_quote"], "repair_quote", usual | facts)

    assert found == {"consent": consent, "propose_new": new, "rule": f"D-R3.{rule}"}


@pytest.mark.parametrize(
    ("facts", "remedy", "rule"),
    [
        ({"coverage": "refuse", "repairable": True}, "refuse", 1),
        ({"coverage": "test_fee"}, "refuse", 1),
        ({"failed_repairs": 2, "repairable": True}, "refund", 2),
        ({"failed_repairs": 1, "repairable": True}, "repair", 3),
        ({"repairable": True, "parts_late": True, "replacement_available": True}, "replace", 4),
        ({"demand": "price_reduction"}, "price_reduction", 5),
        ({}, "refund", 6),
        ({"coverage": "goodwill"}, "replace", 7),
        ({"coverage": "paid", "claim_basis": "paid"}, "refuse", "default"),
    ],
)
def test_srv_02_d_r4_proposes_repair_another_device_or_the_money_back(
    models: dict[str, Model], facts: dict[str, Any], remedy: str, rule: int | str
) -> None:
    found = decide(models["repair_remedy"], "repair_remedy", BROKEN | facts)

    assert found == {"remedy": remedy, "rule": f"D-R4.{rule}"}


@pytest.mark.parametrize(
    ("facts", "device", "part", "rule"),
    [
        ({"result": "replaced", "essential_repair": True}, "new", "none", 1),
        ({"result": "repaired_paid", "essential_repair": True}, "repair_warranty", "none", 2),
        ({"essential_repair": True, "parts_replaced": True}, "new", "none", 3),
        ({"parts_replaced": True}, "none", "new", 4),
        ({}, "extend", "none", 5),
        ({"result": "refunded", "essential_repair": True}, "none", "none", "default"),
    ],
)
def test_d_r5_says_how_the_guarantee_goes_on(
    models: dict[str, Model], facts: dict[str, Any], device: str, part: str, rule: int | str
) -> None:
    usual = {"result": "repaired_warranty", "essential_repair": False, "parts_replaced": False}

    found = decide(models["guarantee_clock"], "guarantee_clock", usual | facts)

    assert (found["device"], found["part"], found["rule"]) == (device, part, f"D-R5.{rule}")
    assert found["months"] == (3 if rule == 2 else None)


def test_every_scenario_passes_and_together_they_use_all_of_the_diagram(played: Played) -> None:
    assert {result.name: result.failures for result in played.results if not result.ok} == {}
    assert played.unused() == ([], [])


def test_the_package_is_one_of_the_product() -> None:
    assert PACKAGE in PACKAGES


def test_every_field_of_a_form_has_a_row_of_its_own_as_a_phone_needs_it() -> None:
    for path in PACKAGE.folder.glob("forms/*.form"):
        rows = [each["layout"]["row"] for each in json.loads(path.read_bytes())["components"]]

        assert len(rows) == len(set(rows)), path.name
