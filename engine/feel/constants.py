"""Parts of expressions that need no variables: computed once, when they are compiled."""

from collections.abc import Callable
from decimal import Decimal
from operator import ge, gt, le, lt
from typing import Any

from engine.feel import nodes
from engine.feel.builtins import BUILTINS
from engine.feel.errors import Fault, LimitExceeded
from engine.feel.kinds import Range
from engine.feel.run import Run, Scope

_PURE = frozenset({"date", "time", "date and time", "duration", "number"}) & BUILTINS.keys()
_SIZE = 200  # items; larger lists are built when they are needed

Relation = Callable[[Any, Any], bool]
RELATIONS: dict[str, Relation] = {"<": lt, "<=": le, ">": gt, ">=": ge}


def is_constant(node: Any) -> bool:
    """Whether the value of a part is the same for all variables."""
    if isinstance(node, nodes.Call):
        named = isinstance(node.function, nodes.Name) and node.function.name in _PURE
        return named and all(is_constant(argument) for argument in node.arguments)
    if isinstance(node, nodes.Literal | nodes.AtLiteral):
        return True
    if isinstance(node, nodes.RangeOf):
        return is_constant(node.low) and is_constant(node.high)
    if isinstance(node, nodes.Test | nodes.Negation):
        return is_constant(node.operand)
    return isinstance(node, nodes.ListOf) and len(node.items) < _SIZE and all(map(is_constant, node.items))


def value_of(closure: Callable[[Scope], Any]) -> Any:
    """The value of a constant part, None when it has none or its value is a problem."""
    run = Run({})
    try:
        value = closure(Scope({}, None, run))
    except (Fault, LimitExceeded, ArithmeticError):
        return None
    return None if run.problems else value


def number_limits(limits: Range) -> Callable[[Decimal], bool] | None:
    """A fast check of numbers against a range, None when its ends are no numbers."""
    low, high = limits.low, limits.high
    if (low is not None and low.__class__ is not Decimal) or (high is not None and high.__class__ is not Decimal):
        return None
    above = RELATIONS[">=" if limits.low_included else ">"]
    below = RELATIONS["<=" if limits.high_included else "<"]
    if low is None:
        return lambda value: below(value, high)
    if high is None:
        return lambda value: above(value, low)
    return lambda value: above(value, low) and below(value, high)
