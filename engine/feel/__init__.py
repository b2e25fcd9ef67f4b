"""FEEL, the expression language of DMN 1.5 (clause 10)."""

from engine.feel.errors import FeelSyntaxError, Problem
from engine.feel.expressions import Expression, Outcome, UnaryTests, compile_expression, compile_unary_tests
from engine.feel.scripts import Script, compile_script, single_value
from engine.feel.values import Function, Range, YearsMonths, decode, encode, plain

__all__ = [
    "Expression",
    "FeelSyntaxError",
    "Function",
    "Outcome",
    "Problem",
    "Range",
    "Script",
    "UnaryTests",
    "YearsMonths",
    "compile_expression",
    "compile_script",
    "compile_unary_tests",
    "decode",
    "encode",
    "plain",
    "single_value",
]
