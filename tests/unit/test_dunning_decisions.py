"""The decisions of dunning row by row, its scenarios, its letters and its claims."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from engine.dmn import Model, read_model
from engine.feel.values import plain
from engine.scenarios import Played, play
from processes import PACKAGES
from processes.dunning import days
from processes.dunning.package import PACKAGE

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)
STEP = {
    "balance": 1000,
    "insolvent": False,
    "letter_stuck": False,
    "dispute_open": False,
    "promise_open": False,
    "level": 0,
    "reliability": "B",
    "broken_promises": 0,
    "owner_to_ask": False,
    "days_since_step": 20,
    "file_complete": True,
    "overdue_days": 60,
}
WAY = {"planned": "email", "mail_ok": True, "mobile_ok": True, "consumer": False, "hour": 8}
PROMISE = {"promise_days": 10, "promise_share": 60, "broken_promises": 0, "settlement": False}


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
    ("reliability", "count", "rule"), [("A", 5, 1), ("B", 3, 2), ("C", 1, 3), ("D", 0, 4), (None, 3, "default")]
)
def test_grace_depends_on_reliability(
    models: dict[str, Model], reliability: str | None, count: int, rule: int | str
) -> None:
    assert decide(models["grace"], "dunning_grace", {"reliability": reliability}) == {
        "days": count,
        "rule": f"D0.{rule}",
    }


@pytest.mark.parametrize(
    ("facts", "rule", "action"),
    [
        ({"balance": 0}, 1, "settled"),
        ({"balance": -5}, 1, "settled"),
        ({"insolvent": True}, 2, "insolvency"),
        ({"dispute_open": True}, 3, "dispute"),
        ({"promise_open": True}, 4, "promise"),
        ({"letter_stuck": True}, 5, "ask"),
        ({"balance": 49.99, "level": 1}, 6, "write"),
        ({"balance": 50, "level": 1}, 10, "write"),
        ({"balance": 49.99}, 7, "write"),
        ({"reliability": "A"}, 7, "write"),
        ({"reliability": "C"}, 8, "write"),
        ({"reliability": "D"}, 9, "write"),
        ({"level": 1}, 10, "write"),
        ({"level": 1, "reliability": "C"}, 11, "write"),
        ({"level": 2, "broken_promises": 2}, 12, "write"),
        ({"level": 2, "broken_promises": 1}, 13, "call"),
        ({"level": 2, "reliability": "D"}, 14, "call"),
        ({"level": 3, "owner_to_ask": True}, 15, "owner"),
        ({"level": 3}, 16, "write"),
        ({"level": 3, "reliability": "D"}, 17, "write"),
        ({"level": 4}, 18, "write"),
        ({"level": 4, "reliability": "C"}, 19, "write"),
        ({"level": 5, "days_since_step": 9}, 20, "wait"),
        ({"level": 5, "days_since_step": 10}, 21, "legal"),
        ({"level": 5, "balance": 499.99}, 22, "legal"),
        ({"level": 6}, "default", "ask"),
        ({"level": 0, "reliability": "E"}, "default", "ask"),
    ],
)
def test_each_row_of_the_next_step_is_reached(
    models: dict[str, Model], facts: dict[str, Any], rule: int | str, action: str
) -> None:
    found = decide(models["next_step"], "next_dunning_step", STEP | facts)

    assert (found["rule"], found["action"]) == (f"D1.{rule}", action)


@pytest.mark.parametrize(
    ("facts", "rule", "route"),
    [
        ({"dispute_open": True}, 1, "none"),
        ({"balance": 499.99, "reliability": "D"}, 2, "collector"),
        ({"balance": 499.99}, 3, "write_off"),
        ({"overdue_days": 913}, 4, "sue_urgently"),
        ({"overdue_days": 912, "file_complete": False}, 5, "complete_file"),
        ({"balance": 500}, "default", "sue"),
        ({"balance": 500.01}, 6, "collector"),
        ({"balance": 667}, "default", "sue"),
        ({"balance": 100_000}, "default", "sue"),
    ],
)
def test_each_row_of_the_legal_route_is_reached(
    models: dict[str, Model], facts: dict[str, Any], rule: int | str, route: str
) -> None:
    assert decide(models["next_step"], "legal_route", STEP | facts) == {"route": route, "rule": f"D4.{rule}"}


@pytest.mark.parametrize(
    ("debtor", "agreed", "rule", "difference"),
    [
        ("business", 12, 1, 0),
        ("business", None, 2, 0),
        ("public_medical", None, 3, -2),
        ("foreign_business", None, 4, -2),
        ("consumer", 12, 5, -4.5),
        ("somebody", None, "default", None),
    ],
)
def test_each_law_is_reached(
    models: dict[str, Model], debtor: str, agreed: int | None, rule: int | str, difference: float | None
) -> None:
    found = decide(models["claim_law"], "claim_law", {"debtor": debtor, "contract_rate": agreed})

    assert (found["rule"], found["difference"]) == (f"D2.{rule}", difference)
    assert found["compensation"] == (debtor not in {"consumer", "somebody"})


@pytest.mark.parametrize(
    ("facts", "rule", "channel"),
    [
        ({"planned": "registered_receipt"}, 1, "registered_receipt"),
        ({"planned": "registered"}, 2, "registered"),
        ({"planned": "letter_email"}, 3, "letter_email"),
        ({"planned": "email_sms", "consumer": True, "hour": 8}, 4, "email"),
        ({"planned": "email_sms", "consumer": True, "hour": 9}, 5, "email_sms"),
        ({"planned": "email_sms"}, 5, "email_sms"),
        ({"planned": "email_sms", "mobile_ok": False}, 6, "email"),
        ({}, 7, "email"),
        ({"mail_ok": False}, "default", "letter"),
        ({"planned": "letter_email", "mail_ok": False}, "default", "letter"),
    ],
)
def test_each_way_is_reached(models: dict[str, Model], facts: dict[str, Any], rule: int | str, channel: str) -> None:
    found = decide(models["channel"], "dunning_channel", WAY | facts)

    assert found == {"channel": channel, "rule": f"D3.{rule}"}


@pytest.mark.parametrize(
    ("facts", "rule", "answer"),
    [
        ({"settlement": True, "broken_promises": 5}, 1, "accept"),
        ({"broken_promises": 2}, 2, "refuse"),
        ({"promise_days": 31}, 3, "refuse"),
        ({"promise_days": 14, "promise_share": 50}, 4, "accept"),
        ({"promise_days": 15}, 5, "approve"),
        ({"promise_share": 49.99}, 5, "approve"),
        ({"broken_promises": 1}, 5, "approve"),
        ({"promise_days": -1}, "default", "refuse"),
    ],
)
def test_each_answer_to_a_promise_is_reached(
    models: dict[str, Model], facts: dict[str, Any], rule: int | str, answer: str
) -> None:
    found = decide(models["promise"], "promise_to_pay", PROMISE | facts)

    assert found == {"answer": answer, "rule": f"D5.{rule}"}


@pytest.mark.parametrize(
    ("residual", "abc", "first", "rule", "action"),
    [
        (0, "A", True, 1, "none"),
        (19.99, "A", True, 2, "waive"),
        (20, "A", True, 3, "propose"),
        (20, "A", False, "default", "note"),
        (500, "C", True, "default", "note"),
    ],
)
def test_each_end_of_a_residual_claim_is_reached(
    models: dict[str, Model], residual: float, abc: str, first: bool, rule: int | str, action: str
) -> None:
    facts = {"residual": residual, "abc_class": abc, "first_time": first}

    found = decide(models["residual"], "residual_claim", facts)

    assert found == {"residual_action": action, "rule": f"D6.{rule}"}


def test_every_scenario_passes_and_together_they_use_all_of_the_diagram(played: Played) -> None:
    assert {result.name: result.failures for result in played.results if not result.ok} == {}
    assert played.unused() == ([], [])


def test_the_package_is_one_of_the_product() -> None:
    assert PACKAGE in PACKAGES


def test_business_days_pass_over_holidays() -> None:
    monday = date(2026, 1, 5)  # the 6th is a holiday

    assert days.later(monday, 2) == date(2026, 1, 8)
    assert days.earlier(date(2026, 1, 8), 2) == monday
    assert days.between(monday, date(2026, 1, 8)) == 2
