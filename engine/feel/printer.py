"""Writes a syntax tree as FEEL text again, with brackets wherever precedence could be misread."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from engine.feel import nodes
from engine.feel.lexer import escape, words_of


def to_text(node: nodes.Node) -> str:
    """FEEL text from which the same tree is read."""
    return _PRINTERS[type(node)](node)


def _literal(node: nodes.Literal) -> str:
    value = node.value
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, Decimal):
        return format(value, "f") if -40 < value.adjusted() < 40 else str(value)
    return escape(value)


def _operand(node: nodes.Node) -> str:
    simple = (nodes.Literal, nodes.AtLiteral, nodes.Name, nodes.Path, nodes.Filter, nodes.Call)
    boxed = (nodes.ListOf, nodes.Context, nodes.RangeOf)
    text = to_text(node)
    return text if isinstance(node, simple + boxed) else f"({text})"


def _target(node: nodes.Node) -> str:
    text = to_text(node)
    return text if isinstance(node, nodes.Name | nodes.Path | nodes.Filter | nodes.Call) else f"({text})"


def _arithmetic(node: nodes.Arithmetic) -> str:
    parts = [_operand(node.operands[0])]
    for sign, operand in zip(node.operators, node.operands[1:], strict=True):
        parts += [sign, _operand(operand)]
    return " ".join(parts)


def _list(items: list[nodes.Node]) -> str:
    return ", ".join(to_text(item) for item in items)


def _iterators(iterators: list[nodes.Iterator]) -> str:
    return ", ".join(
        f"{item.name} in {_operand(item.domain)}" + (f"..{_operand(item.last)}" if item.last else "")
        for item in iterators
    )


def _function(node: nodes.FunctionDefinition) -> str:
    parameters = ", ".join(f"{name}: {kind}" if kind else name for name, kind in node.parameters)
    return f"function({parameters}) {to_text(node.body)}"


def _call(node: nodes.Call) -> str:
    arguments = [to_text(argument) for argument in node.arguments]
    if node.names is not None:
        arguments = [f"{name}: {text}" for name, text in zip(node.names, arguments, strict=True)]
    return f"{_target(node.function)}({', '.join(arguments)})"


def _context(node: nodes.Context) -> str:
    entries = (f"{key if words_of(key) else escape(key)}: {to_text(value)}" for key, value in node.entries)
    return f"{{{', '.join(entries)}}}"


def _range(node: nodes.RangeOf) -> str:
    opening, closing = "[" if node.low_included else "(", "]" if node.high_included else ")"
    return f"{opening}{_operand(node.low)}..{_operand(node.high)}{closing}"


def _unary(node: nodes.UnaryTests) -> str:
    if not node.tests:
        return "-"
    return f"not({_tests(node.tests)})" if node.negated else _tests(node.tests)


def _tests(tests: list[nodes.Node]) -> str:
    return ", ".join(_test(test) if isinstance(test, nodes.Test) else to_text(test) for test in tests)


def _test(node: nodes.Test) -> str:
    return f"{node.operator} {_operand(node.operand)}"


_PRINTERS: dict[type[nodes.Node], Callable[[Any], str]] = {
    nodes.Literal: _literal,
    nodes.AtLiteral: lambda node: f"@{escape(node.text)}",
    nodes.Name: lambda node: node.name,
    nodes.Path: lambda node: f"{_target(node.target)}.{node.name}",
    nodes.Filter: lambda node: f"{_target(node.target)}[{to_text(node.condition)}]",
    nodes.Negation: lambda node: f"-{_operand(node.operand)}",
    nodes.Arithmetic: _arithmetic,
    nodes.Comparison: lambda node: f"{_operand(node.left)} {node.operator} {_operand(node.right)}",
    nodes.Logic: lambda node: f" {node.operator} ".join(_operand(operand) for operand in node.operands),
    nodes.Between: lambda node: f"{_operand(node.value)} between {_operand(node.low)} and {_operand(node.high)}",
    nodes.In: lambda node: f"{_operand(node.value)} in ({_tests(node.tests)})",
    nodes.InstanceOf: lambda node: f"{_operand(node.value)} instance of {node.type}",
    nodes.If: lambda node: f"if {to_text(node.condition)} then {to_text(node.yes)} else {to_text(node.no)}",
    nodes.For: lambda node: f"for {_iterators(node.iterators)} return {to_text(node.body)}",
    nodes.Quantified: lambda node: (
        f"{node.quantifier} {_iterators(node.iterators)} satisfies {to_text(node.condition)}"
    ),
    nodes.FunctionDefinition: _function,
    nodes.Call: _call,
    nodes.ListOf: lambda node: f"[{_list(node.items)}]",
    nodes.Context: _context,
    nodes.RangeOf: _range,
    nodes.Test: lambda node: f"({_test(node)})",
    nodes.UnaryTests: _unary,
}
