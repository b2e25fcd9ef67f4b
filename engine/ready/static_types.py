"""What type an expression has for certain, as far as its text alone tells; None where only its variables tell."""

from collections.abc import Callable
from typing import Any

from engine.feel import nodes
from engine.feel.kinds import kind
from engine.feel.types import Type

NUMBER, STRING, BOOLEAN = Type("number"), Type("string"), Type("boolean")
LIST, CONTEXT, RANGE = Type("list"), Type("context"), Type("range")
_TEXTS = "string, substring, upper case, lower case, substring before, substring after, replace, string join"
_NUMBERS = (
    "number, count, sum, mean, median, floor, ceiling, abs, round up, round down, round half up, round half down, "
    "modulo, sqrt, string length, decimal, exp, log, stddev, product"
)
_TRUTHS = "not, contains, starts with, ends with, matches, list contains, all, any, is, even, odd"
_LISTS = (
    "append, concatenate, distinct values, union, sublist, reverse, sort, split, index of, flatten, insert before, "
    "remove, get entries, mode"
)
_RESULTS: dict[str, Type] = {  # of built-in functions that always give the same type, or null
    **dict.fromkeys(_TEXTS.split(", "), STRING),
    **dict.fromkeys(_NUMBERS.split(", "), NUMBER),
    **dict.fromkeys(_TRUTHS.split(", "), BOOLEAN),
    **dict.fromkeys(_LISTS.split(", "), LIST),
    **dict.fromkeys(("context", "context put", "context merge"), CONTEXT),
    **dict.fromkeys(("date", "today"), Type("date")),
    **dict.fromkeys(("date and time", "now"), Type("date and time")),
    "time": Type("time"),
}
_CONSTANT: dict[type[nodes.Node], Type] = {
    nodes.Comparison: BOOLEAN,
    nodes.Logic: BOOLEAN,
    nodes.Between: BOOLEAN,
    nodes.In: BOOLEAN,
    nodes.InstanceOf: BOOLEAN,
    nodes.Quantified: BOOLEAN,
    nodes.For: LIST,
    nodes.Context: CONTEXT,
    nodes.RangeOf: RANGE,
    nodes.Test: RANGE,
    nodes.FunctionDefinition: Type("function"),
}


def static_type(node: nodes.Node) -> Type | None:
    """The type that a value of this expression has, unless it is null; None where it cannot be told."""
    constant = _CONSTANT.get(type(node))
    if constant is not None:
        return constant
    read = _READERS.get(type(node))
    return None if read is None else read(node)


def _literal(node: Any) -> Type | None:
    return None if node.value is None else Type(kind(node.value))


def _negation(node: nodes.Negation) -> Type | None:
    return NUMBER if static_type(node.operand) == NUMBER else None


def _arithmetic(node: nodes.Arithmetic) -> Type | None:
    types = [static_type(each) for each in node.operands]
    if all(each == NUMBER for each in types):
        return NUMBER
    return STRING if STRING in types and set(node.operators) == {"+"} else None


def _if(node: nodes.If) -> Type | None:
    yes, no = static_type(node.yes), static_type(node.no)
    if _is_null(node.no) or _is_null(node.yes):
        return yes or no
    return yes if yes == no else None


def _is_null(node: nodes.Node) -> bool:
    return isinstance(node, nodes.Literal) and node.value is None


def _list(node: nodes.ListOf) -> Type:
    types = {static_type(each) for each in node.items}
    (only,) = types if len(types) == 1 else (None,)
    return LIST if only is None else Type("list", (only,))


def _call(node: nodes.Call) -> Type | None:
    return _RESULTS.get(node.function.name) if isinstance(node.function, nodes.Name) else None


_READERS: dict[type[nodes.Node], Callable[[Any], Type | None]] = {
    nodes.Literal: _literal,
    nodes.AtLiteral: _literal,
    nodes.Negation: _negation,
    nodes.Arithmetic: _arithmetic,
    nodes.If: _if,
    nodes.ListOf: _list,
    nodes.Call: _call,
}
