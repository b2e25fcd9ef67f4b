"""The page for business users tells the truth: every example on it is run, and every function stands on it."""

import json
import re
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from engine.feel import compile_expression, decode, plain
from engine.feel.builtins import BUILTINS
from engine.feel.builtins.registry import OWN

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "feel.md"
NOW = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
ROW = re.compile(r"^\| (`.+?`) \| .*? \| `(.+)` \|$", re.MULTILINE)
BLOCK = re.compile(r"```feel\n(.*?)```", re.DOTALL)

rows = ROW.findall(PAGE.read_text().partition("## Functions")[2])


def lines():
    for block in BLOCK.findall(PAGE.read_text()):
        variables = {}
        for line in block.splitlines():
            if line.startswith("with "):
                pairs = re.findall(r"(\w+) = (\[.*\]|[^,]+)", line.removeprefix("with "))
                variables = {name: decode(json.loads(text, parse_float=Decimal)) for name, text in pairs}
            else:
                text, _, expected = line.partition("//")
                yield text.strip(), variables, expected.strip()


@pytest.mark.parametrize(("name", "example"), rows, ids=[name for name, _ in rows])
def test_the_example_of_a_function_is_true(name, example):
    outcome = compile_expression(example).evaluate({}, now=NOW)

    assert (outcome.value, outcome.problems) == (True, ()), name


@pytest.mark.parametrize(("text", "variables", "expected"), list(lines()))
def test_a_worked_example_has_the_value_that_stands_beside_it(text, variables, expected):
    assert plain(compile_expression(text).evaluate(variables, now=NOW).value) == json.loads(expected)


def test_every_function_has_an_example():
    shown = {match.strip("`") for names, _ in rows for match in re.findall(r"`([^`(]+)\(", names)}

    assert shown == (BUILTINS.keys() - {"obieg"}) | {f"obieg.{name}" for name in OWN}
