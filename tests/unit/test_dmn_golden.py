"""The boundary rows of the shipped tables: exactly at a limit, and a hundredth beyond it."""

from decimal import Decimal
from pathlib import Path

import pytest

from engine.dmn import check_file, read_model
from processes.offer_approval.parameters import LIMITS

MATRIX = Path(__file__).resolve().parents[2] / "processes" / "offer_approval" / "approval_matrix.dmn"
FINE = {
    "max_discount": 0,
    "margin": 40,
    "net_value": 1000,
    "payment_days": 14,
    "payment_limit": 30,
    "credit_ratio": 0,
    "reliability": "A",
    "prepaid": False,
    "special_terms": False,
    "special_build": False,
    "overdue_days": 0,
    "offer_version": 1,
    "logistics_ok": True,
    "limits": {name: value for name, (_, value) in LIMITS.items()},
}

# Directive 2011/7/EU as Polish law has it since 2020: the amount of the claim in PLN → EUR
COMPENSATION = """<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" name="c" namespace="c">
<inputData id="i" name="claim"><variable name="claim" typeRef="number"/></inputData>
<decision id="d" name="compensation"><variable name="compensation" typeRef="number"/>
<informationRequirement><requiredInput href="#i"/></informationRequirement>
<decisionTable><input><inputExpression typeRef="number"><text>claim</text></inputExpression></input>
<output typeRef="number"/>
<rule><inputEntry><text>&lt;= 5000</text></inputEntry><outputEntry><text>40</text></outputEntry></rule>
<rule><inputEntry><text>(5000..50000)</text></inputEntry><outputEntry><text>70</text></outputEntry></rule>
<rule><inputEntry><text>&gt;= 50000</text></inputEntry><outputEntry><text>100</text></outputEntry></rule>
</decisionTable></decision></definitions>"""


@pytest.fixture(scope="module")
def matrix():
    return read_model(MATRIX.read_bytes())


def fired(matrix, **changed):
    decided = matrix.decide("approval_matrix", FINE | {name: Decimal(value) for name, value in changed.items()})
    assert decided.problems == ()
    return [rule.index for rule in decided.rules]


@pytest.mark.parametrize(
    ("discount", "rules"), [("0", []), ("10", []), ("10.01", [1]), ("20", [1]), ("20.01", [2]), ("100", [2])]
)
def test_a_discount_asks_whom_the_matrix_says(matrix, discount, rules):
    assert fired(matrix, max_discount=discount) == rules


@pytest.mark.parametrize(
    ("name", "value", "rules"),
    [
        ("margin", "25", []),
        ("margin", "24.99", [3]),
        ("margin", "15", [3]),
        ("margin", "14.99", [4]),
        ("net_value", "50000", []),
        ("net_value", "50000.01", [5]),
        ("net_value", "250000", [5]),
        ("net_value", "250000.01", [6]),
        ("payment_days", "30", []),
        ("payment_days", "31", [7]),
        ("credit_ratio", "1", []),
    ],
)
def test_every_limit_of_the_matrix_is_exact(matrix, name, value, rules):
    assert fired(matrix, **{name: value}) == rules


def test_the_matrix_has_no_finding():
    assert check_file(MATRIX.read_bytes()) == ()


@pytest.mark.parametrize(
    ("claim", "euros"),
    [("0.01", 40), ("5000.00", 40), ("5000.01", 70), ("49999.99", 70), ("50000.00", 100), ("9000000", 100)],
)
def test_the_compensation_for_recovery_has_three_tiers(claim, euros):
    model = read_model(COMPENSATION.encode())

    assert model.decide("compensation", {"claim": Decimal(claim)}).value == Decimal(euros)
    assert check_file(COMPENSATION.encode()) == ()
