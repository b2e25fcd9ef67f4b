"""Expressions with the values that DMN 1.5 gives them, one a line in `feel_standard.txt`: EXPRESSION ==> VALUE."""

from pathlib import Path

import pytest

from engine.feel import compile_expression
from engine.feel.builtins.strings import written
from engine.feel.run import Run

LINES = [
    line
    for line in Path(__file__).with_name("feel_standard.txt").read_text().splitlines()
    if line and not line.startswith("#")
]


def text_of(expression: str) -> str:
    return written(Run({}), compile_expression(expression).evaluate({}).value)


@pytest.mark.parametrize("line", LINES)
def test_an_expression_is_what_the_standard_says(line):
    expression, arrow, value = line.rpartition(" ==> ")

    assert arrow
    assert text_of(expression) == text_of(value)
