"""The decisions of the sales cycle row by row, its scenarios, and its forms' shape."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from engine.dmn import Model, read_model
from engine.feel.values import plain
from engine.scenarios import Played, play
from processes import PACKAGES
from processes.sales_cycle.package import PACKAGE

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)
LEAD = {
    "need": "yes",
    "decision_maker_known": True,
    "budget_known": True,
    "timeline_months": 2,
    "est_value": 20000,
}
NOBODY = {"decision_maker_known": False}


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
    ("facts", "group", "within", "rule"),
    [
        ({"key_account": True, "source": "tender", "region": "north"}, "sales_rep", "PT2H", 1),
        ({"source": "inbound_call", "region": "north"}, "call_agent", "PT1H", 2),
        ({"source": "tender", "region": "north"}, "tender_desk", "P1D", 3),
        ({"region": "north"}, "sales_north", "PT4H", 4),
        ({"region": "south"}, "sales_south", "PT4H", 5),
        ({"region": "west"}, "sales_rep", "P1D", "default"),
        ({}, "sales_rep", "P1D", "default"),
    ],
)
def test_a_lead_is_routed_by_the_first_rule_that_holds(
    models: dict[str, Model], facts: dict[str, Any], group: str, within: str, rule: int | str
) -> None:
    known = {"key_account": False, "source": None, "region": None} | facts

    found = decide(models["lead_routing"], "lead_routing", known)

    assert (found["group"], found["first_response"], found["rule"]) == (group, within, f"D-S1.{rule}")


@pytest.mark.parametrize(
    ("facts", "result", "chance", "rule"),
    [
        ({"need": "none"}, "reject", 0, 1),
        ({"timeline_months": 12.01}, "nurture", 5, 2),
        (NOBODY | {"est_value": 4999.99}, "nurture", 10, 3),
        ({"timeline_months": 3}, "qualify", 40, 4),
        ({"timeline_months": 3.01}, "qualify", 25, 5),
        ({"timeline_months": 12}, "qualify", 25, 5),
        ({"budget_known": False}, "qualify", 25, 5),
        (NOBODY | {"est_value": 5000}, "qualify", 15, 6),
        ({"need": None}, "nurture", 5, "default"),
    ],
)
def test_a_lead_is_judged_on_each_side_of_every_limit(
    models: dict[str, Model], facts: dict[str, Any], result: str, chance: int, rule: int | str
) -> None:
    found = decide(models["lead_qualification"], "lead_qualification", LEAD | facts)

    assert (found["result"], found["probability"], found["rule"]) == (result, chance, f"D-S2.{rule}")


@pytest.mark.parametrize(
    ("abc", "attempts", "attitude", "wait", "channel", "rule"),
    [
        ("A", 0, None, 2, "phone", 1),
        ("A", 3, 3, 3, "phone", 2),
        ("A", 3, 2, 5, "email", "default"),
        ("A", 1, None, 5, "email", "default"),
        ("B", 0, None, 3, "email", 3),
        ("C", 2, 1, 5, "phone", 4),
        ("A", 1, 1, 0, "manager", 5),
        ("B", 3, 1, 0, "manager", 5),
        ("A", 4, 5, 0, None, 6),
        ("C", 3, None, 0, None, 7),
    ],
)
def test_a_customer_is_asked_again_by_class_attempts_and_mood(
    models: dict[str, Model],
    abc: str,
    attempts: int,
    attitude: int | None,
    wait: int,
    channel: str | None,
    rule: int | str,
) -> None:
    facts = {"abc_class": abc, "attempts": attempts, "attitude": attitude}

    found = decide(models["follow_up"], "follow_up", facts)

    assert found == {"wait": wait, "channel": channel, "stop": rule in {6, 7}, "rule": f"D-S3.{rule}"}


def test_every_scenario_passes_and_together_they_use_all_of_the_diagram(played: Played) -> None:
    assert {result.name: result.failures for result in played.results if not result.ok} == {}
    assert played.unused() == ([], [])


def test_the_package_is_one_of_the_product() -> None:
    assert PACKAGE in PACKAGES


def test_every_field_of_a_form_has_a_row_of_its_own_as_a_phone_needs_it() -> None:
    for path in PACKAGE.folder.glob("forms/*.form"):
        rows = [each["layout"]["row"] for each in json.loads(path.read_bytes())["components"]]

        assert len(rows) == len(set(rows)), path.name
