"""The approval matrix row by row, at its boundaries, and the scenarios of the process."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from crm.money import HUNDRED
from engine.dmn import Model, read_model
from engine.scenarios import Played, play
from processes import PACKAGES
from processes.offer_approval.facts import NO_CREDIT, credit_ratio, separated
from processes.offer_approval.handlers import changed_terms
from processes.offer_approval.package import PACKAGE
from processes.offer_approval.stand_ins import FACTS

NOW = datetime(2026, 1, 5, tzinfo=UTC)


@pytest.fixture(scope="module")
def matrix() -> Model:
    return read_model((PACKAGE.folder / "approval_matrix.dmn").read_bytes())


@pytest.fixture(scope="module")
def played() -> Played:
    (file,) = PACKAGE.scenarios()
    return play(file)


def asked(matrix: Model, **facts: Any) -> list[tuple[int, int, str]]:
    """Rule, level and group of every rule that fires for an offer within all limits but for these facts."""
    inputs = FACTS | {name: Decimal(value) if isinstance(value, int) else value for name, value in facts.items()}
    inputs |= {name: value for name, value in facts.items() if isinstance(value, bool)}
    rows = matrix.decide("approval_matrix", inputs, now=NOW).value or []
    return [(int(row["rule"].removeprefix("D-O1.")), int(row["level"]), row["group"]) for row in rows]


D = Decimal


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({}, []),
        ({"max_discount": 10}, []),
        ({"max_discount": D("10.01")}, [(1, 1, "sales_manager")]),
        ({"max_discount": 20}, [(1, 1, "sales_manager")]),
        ({"max_discount": D("20.01")}, [(2, 2, "sales_director")]),
        ({"margin": 25}, []),
        ({"margin": D("24.999999999")}, [(3, 1, "sales_manager")]),
        ({"margin": 15}, [(3, 1, "sales_manager")]),
        ({"margin": D("14.999999999")}, [(4, 2, "finance_director")]),
        ({"margin": -3}, [(4, 2, "finance_director")]),
        ({"margin": None}, []),
        ({"net_value": 50000}, []),
        ({"net_value": D("50000.01")}, [(5, 1, "sales_manager")]),
        ({"net_value": 250000}, [(5, 1, "sales_manager")]),
        ({"net_value": D("250000.01")}, [(6, 3, "board")]),
        ({"payment_days": 30, "payment_limit": 30}, []),
        ({"payment_days": 31, "payment_limit": 30}, [(7, 1, "credit_controller")]),
        ({"credit_ratio": 1}, []),
        ({"credit_ratio": D("1.0000001")}, [(8, 1, "credit_controller")]),
        ({"credit_ratio": D("1.2")}, [(8, 1, "credit_controller")]),
        ({"credit_ratio": D("1.2000001")}, [(8, 1, "credit_controller"), (9, 2, "finance_director")]),
        ({"credit_ratio": 2, "prepaid": True}, []),
        ({"credit_ratio": None}, []),
        ({"reliability": "B"}, []),
        ({"reliability": "C"}, [(10, 1, "credit_controller")]),
        ({"reliability": "D"}, [(10, 1, "credit_controller")]),
        ({"reliability": "D", "prepaid": True}, []),
        ({"special_terms": True}, [(11, 1, "legal")]),
        ({"special_build": True}, [(12, 1, "technical_reviewer")]),
        ({"overdue_days": 30}, []),
        ({"overdue_days": 31}, [(13, 2, "finance_director")]),
        ({"logistics_ok": False}, [(14, 1, "sales_manager")]),
        ({"logistics_ok": None}, []),
    ],
    ids=str,
)
def test_each_row_fires_at_its_boundary_and_not_before(
    matrix: Model, facts: dict[str, Any], expected: list[tuple[int, int, str]]
) -> None:
    assert asked(matrix, **facts) == expected


def test_all_rows_can_fire_and_several_do_at_once(matrix: Model) -> None:
    worst = asked(
        matrix,
        max_discount=50,
        margin=-10,
        net_value=1_000_000,
        payment_days=90,
        credit_ratio=NO_CREDIT,
        reliability="D",
        special_terms=True,
        special_build=True,
        overdue_days=400,
        logistics_ok=False,
    )

    assert [rule for rule, _, _ in worst] == [2, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14]


@pytest.mark.parametrize(
    ("limit", "claimed", "ratio"),
    [
        (None, D(100), None),
        (D(0), D("0.01"), NO_CREDIT),
        (D(0), D(0), D(0)),
        (HUNDRED, D(100), D(1)),
        (HUNDRED, D("100.01"), D("1.0001")),
    ],
)
def test_credit_is_measured_against_the_limit(limit: Decimal | None, claimed: Decimal, ratio: Decimal | None) -> None:
    assert credit_ratio(limit, claimed) == ratio


def test_every_scenario_passes_and_together_they_use_the_whole_diagram(played: Played) -> None:
    failures = {result.name: result.failures for result in played.results if not result.ok}

    assert failures == {}
    assert played.unused() == ([], [])


def test_every_rule_of_the_matrix_is_visited_by_a_scenario(played: Played) -> None:
    rules = {row["rule"] for result in played.results for row in result.variables.get("matrix") or ()}

    assert rules == {f"D-O1.{number}" for number in range(1, 15)}


def test_a_package_lists_what_is_deployed_together() -> None:
    names = {package.key: {path.name for path in package.files()} for package in PACKAGES}

    assert names["offer_approval"] == {
        "approval_matrix.dmn",
        "approval_stand_ins.dmn",
        "approve_offer.form",
        "assemble_package.form",
        "fix_address.form",
        "prepare_offer.form",
        "revise_offer.form",
        "offer_approval.bpmn",
    }
    assert [key for key, files in names.items() if f"{key}.bpmn" not in files] == []


def test_only_terms_that_were_changed_in_the_form_are_applied() -> None:
    filled_with = {"payment_days": D(14), "note": None, "prepaid": False, "valid_until": None}
    submitted = {"payment_days": D(14), "note": "", "prepaid": True, "valid_until": "2026-02-01"}

    changes = changed_terms({**submitted, "terms": filled_with})

    assert changes.pop("valid_until").isoformat() == "2026-02-01"
    assert changes == {"is_prepaid": True}


def test_amounts_are_shown_with_separated_thousands() -> None:
    assert separated(D("1234567.895")) == "1,234,567.90"
